/** What holds for workers in Node and in pages. */
import { describe, expect, expectTypeOf, test } from "vitest";
import { ArgumentError, ShapeError, WorkerError } from "../../core/errors.ts";
import * as generators from "../../data/generators/index.ts";
import { toTensor } from "../../data/collate.ts";
import { arange } from "../../tensor/create.ts";
import { setDevice } from "../../tensor/engine.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TrainingProgress } from "./progressTo.ts";
import { start, trainInWorker, type RunningWorker, type WorkerModule } from "./start.ts";
import { Net, type offered } from "./training.testing.ts";

type Offered = typeof offered;

/** @param module the built `training.testing.ts`. */
export function workerCases(module: () => WorkerModule, missing: () => WorkerModule): void {
  /** Starts a worker for a test. */
  const withWorker = async (use: (worker: RunningWorker<Offered>) => Promise<void>): Promise<void> => {
    const worker = start<Offered>(module());
    try {
      await use(worker);
    } finally {
      worker.stop();
    }
  };
  const failure = (promise: Promise<unknown>): Promise<Error> =>
    promise.then(
      () => expect.fail("it did not fail"),
      (error: Error) => error,
    );
  const points = (): { x: Tensor; y: Tensor } => {
    const { x, y } = generators.moons({ count: 200, seed: 2 });
    return { x: toTensor(x), y: toTensor(y) };
  };

  test("trains, tells how far it is, and gives the weights back, while this thread does what it wants", async () => {
    setDevice("wasm");
    const { x, y } = points();
    const told: TrainingProgress[] = [];
    const gate = typeof SharedArrayBuffer === "function" ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
    let turns = 0;
    // While the third step lasts, this thread has turns; were it the one that trains, there would be none.
    const timer = setInterval(() => {
      if (!gate || Atomics.load(gate, 0) !== 1 || ++turns < 20) return;
      Atomics.store(gate, 0, 2);
      Atomics.notify(gate, 0);
    }, 2);
    const job = { x, y, epochs: 40, gate };
    const { weights, loss } = await trainInWorker<Offered>(module(), job, {
      onProgress: (progress) => told.push(progress),
    });
    clearInterval(timer);
    if (gate) expect(turns).toBeGreaterThanOrEqual(20);

    const over = told.filter(({ epochIsOver }) => epochIsOver);
    expect(over.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect(over.map(({ means }) => means["loss"])).toEqual(loss);
    expect(over.at(-1)).toMatchObject({ epochs: 40, step: 4, totalSteps: 160, stepsPerEpoch: 4 });
    expect(told.every(({ stepsPerSecond }) => stepsPerSecond > 0)).toBe(true);

    const model = new Net();
    model.loadStateDict(weights);
    const said = await model.forward(x).argmax(-1).data();
    const right = await y.data();
    expect([...said].filter((label, at) => label === right[at]).length / 200).toBeGreaterThan(0.9);
    expectTypeOf(weights).toEqualTypeOf<Record<string, Tensor>>();
  });

  test("tensors and arrays go there and come back, halves too, and several calls run at once", async () => {
    setDevice("wasm");
    await withWorker(async (worker) => {
      const bytes = Uint8Array.of(1, 2, 3);
      const [{ values, sum, bytes: back, note }, half] = await Promise.all([
        worker.call("echo", { values: arange(6).reshape([2, 3]), bytes, note: "über" }, { transfer: [bytes.buffer] }),
        worker.call("half", undefined),
      ]);
      expect([values.shape, [...(await values.data())], await sum.item()]).toEqual([[2, 3], [0, 1, 2, 3, 4, 5], 15]);
      expect([[...back], note, bytes.length]).toEqual([[1, 2, 3], "über", 0]);
      expect([half.dtype, [...(await half.data())]]).toEqual(["f16", [0.5, -2]]);
    });
  });

  test("reports come typed and in order, with tensors in them; what the listener throws ends the call", async () => {
    await withWorker(async (worker) => {
      const told: (readonly [number, Promise<number>])[] = [];
      const to = await worker.call("count", 5, {
        onProgress({ at, square }) {
          expectTypeOf(at).toEqualTypeOf<number>();
          told.push([at, square.item()]);
        },
      });
      expect(to).toBe(5);
      const seen = await Promise.all(told.map(async ([at, square]) => [at, await square]));
      expect(seen).toEqual([1, 2, 3, 4, 5].map((at) => [at, at * at]));
      const refuse = (): never => {
        throw new RangeError("enough");
      };
      expect(await failure(worker.call("count", 1e6, { onProgress: refuse }))).toBeInstanceOf(RangeError);
      // It is not lost by that.
      expect(await worker.call("count", 1)).toBe(1);
    });
  });

  describe("errors", () => {
    test("are of their class, with their cause", async () => {
      await withWorker(async (worker) => {
        const misfit = await failure(worker.call("misfit", undefined));
        expect(misfit).toBeInstanceOf(ShapeError);
        expect(misfit).toMatchObject({ name: "ShapeError", message: expect.stringContaining("[2] and [3]") });
        expect(misfit.cause).toBeInstanceOf(RangeError);
        const foreign = await failure(worker.call("foreign", undefined));
        expect([foreign.name, foreign.message, foreign instanceof Error]).toEqual([
          "ForeignError",
          "what is this?",
          true,
        ]);
      });
    });

    test("say what cannot be copied and what is not there", async () => {
      await withWorker(async (worker) => {
        const closure = await failure(worker.call("closure", undefined));
        expect(closure).toBeInstanceOf(ArgumentError);
        expect(closure.message).toMatch(/what "closure" reports or returns cannot be copied/);
        const input = await failure(worker.call("count", (() => 1) as unknown as number));
        expect(input).toBeInstanceOf(ArgumentError);
        expect(input.message).toMatch(/an input cannot be copied/);
        const unknown = await failure(worker.call("missing" as "count", 1));
        expect(unknown).toBeInstanceOf(ArgumentError);
        expect(unknown.message).toMatch(/no function "missing"; the worker exposes train, echo/);
      });
    });

    test("say that a worker has ended, or was stopped, and nothing waits for ever", async () => {
      const worker = start<Offered>(module());
      const [first, second] = await Promise.all([
        failure(worker.call("count", 1e6)),
        failure(worker.call("end", undefined)),
      ]);
      for (const error of [first, second]) {
        expect(error).toBeInstanceOf(WorkerError);
        expect(error.message).toMatch(/the worker.* was lost: it ended by itself/);
      }
      expect(await failure(worker.call("count", 1))).toBe(first);

      const other = start<Offered>(module());
      const waiting = failure(other.call("count", 1e6));
      other.stop();
      expect((await waiting).message).toMatch(/was stopped/);
      const lost = await failure(start<Offered>(missing()).call("count", 1));
      expect(lost).toBeInstanceOf(WorkerError);
    });

    test("are the signal's reason where it ends a call, and the function learns of it", async () => {
      await withWorker(async (worker) => {
        const controller = new AbortController();
        let last = 0;
        const counting = worker.call("count", 1e6, {
          signal: controller.signal,
          onProgress({ at }) {
            last = at;
            if (at === 3) controller.abort(new RangeError("far enough"));
          },
        });
        expect(await failure(counting)).toMatchObject({ name: "RangeError", message: "far enough" });
        expect(last).toBe(3);
        expect(await worker.call("count", 2)).toBe(2);
        expect(await failure(worker.call("count", 2, { signal: AbortSignal.abort() }))).toMatchObject({
          name: "AbortError",
        });
        // Training ends after a step, for fit was given the signal.
        const { x, y } = points();
        const training = new AbortController();
        const fitted = worker.call(
          "train",
          { x, y, epochs: 1e6 },
          { signal: training.signal, onProgress: () => training.abort() },
        );
        expect(await failure(fitted)).toMatchObject({ name: "AbortError" });
      });
    });
  });
}
