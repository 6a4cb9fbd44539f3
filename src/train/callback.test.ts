import { describe, expect, test } from "vitest";
import { CallbackError } from "../core/errors.ts";
import { Dataset } from "../data/dataset.ts";
import { slices } from "../data/slices.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { tensor } from "../tensor/create.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Callback, Run, Watch } from "./callback.ts";
import { fit, type FitOptions } from "./fit.ts";

/** y = 2x₁ − x₂ + 1 at eleven points, in three batches. */
function line(): Dataset<[Tensor, Tensor]> {
  const x = Float32Array.from({ length: 22 }, (_, at) => Math.sin(at));
  const y = Float32Array.from({ length: 11 }, (_, at) => 2 * x[2 * at]! - x[2 * at + 1]! + 1);
  return Dataset.from(slices([tensor(x, [11, 2]), tensor(y, [11, 1])])).batch(4);
}

type Options = Partial<FitOptions<Tensor, Tensor, Tensor, never>>;

function train(callbacks: readonly Callback[], options: Options = {}, model: nn.Linear = new nn.Linear(2, 1)) {
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  return fit(model, line(), { optimizer, loss: losses.mse, callbacks, display: false, ...options });
}

test("what is none is refused and not passed over", async () => {
  const keras = { name: "mine", onEpochEnd: () => undefined } as Callback;
  await expect(train([keras])).rejects.toThrow(/some of begin, .*endEpoch.*, got an object with name, onEpochEnd/);
  await expect(train([() => undefined])).rejects.toThrow(/got function/);
});

describe("when callbacks are called", () => {
  const calls: string[] = [];
  const note = (what: string, { epoch, step, totalSteps }: Run): void => {
    calls.push(`${what} ${epoch}.${step} ${totalSteps}`);
  };
  const noting: Callback = {
    name: "noting",
    begin: (run) => note("begin", run),
    beginEpoch: (run) => note("beginEpoch", run),
    endStep: async (run) => note("endStep", run),
    endEpoch: (run, { epoch, lr, means }) => {
      note("endEpoch", run);
      expect([epoch, lr]).toEqual([run.epoch, 0.1]);
      expect(Object.keys(means)).toEqual(["loss", "val_loss"]);
      expect(run.means).toEqual(means);
      expect(run.history["loss"]?.length).toBe(epoch);
    },
    end: (run, error) => note(`end ${String(error)}`, run),
  };

  test("around training, epochs and steps", async () => {
    calls.length = 0;
    await train([noting], { epochs: 2, validation: line() });
    expect(calls).toEqual([
      "begin 0.0 0",
      "beginEpoch 1.0 0",
      "endStep 1.1 1",
      "endStep 1.2 2",
      "endStep 1.3 3",
      "endEpoch 1.3 3",
      "beginEpoch 2.0 3",
      "endStep 2.1 4",
      "endStep 2.2 5",
      "endStep 2.3 6",
      "endEpoch 2.3 6",
      "end undefined 2.3 6",
    ]);
  });

  test("a stop within an epoch cuts it short; one at its end ends training", async () => {
    calls.length = 0;
    const lines: string[] = [];
    const stopping: Callback = {
      name: "stopping",
      endStep: (run) => {
        if (run.totalSteps === 5) run.stop("enough");
        run.stop("once is enough");
      },
    };
    const late: Callback = { name: "late", endStep: (run) => run.totalSteps === 5 && run.stop("enough") } as Callback;
    const terminal = { columns: undefined, write: (text: string) => void lines.push(text) };
    const history = await train([noting, late], { epochs: 9, validation: line(), display: terminal });
    expect(history.loss.length).toBe(1);
    expect(calls.slice(-2)).toEqual(["endStep 2.2 5", "end undefined 2.2 5"]);
    expect(lines.at(-1)).toBe("training stopped after step 2 of epoch 2: enough\n");
    await train([stopping], { display: terminal });
    expect(lines.at(-1)).toBe("training stopped after step 1 of epoch 1: once is enough\n");
  });

  test("what one throws names it and ends training; all are told of the end", async () => {
    calls.length = 0;
    for (const method of ["begin", "beginEpoch", "endStep", "endEpoch", "end"] as const) {
      const cause = new Error("the disk is full");
      const failing: Callback = {
        name: "saving",
        [method]: async () => {
          throw cause;
        },
      };
      const error = await train([failing, noting], { validation: line() }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(CallbackError);
      expect((error as Error).message).toMatch(new RegExp(`^saving: the disk is full \\(${method}, epoch [01], step`));
      expect((error as Error).cause).toBe(cause);
      expect(calls.at(-1)).toMatch(method === "end" ? /^end undefined/ : /^end CallbackError: saving/);
    }
  });
});

describe("watches", () => {
  const watching = (every: number, seen: Record<string, number[]>[], steps: number[]): Callback => {
    const watch: Watch = {
      every,
      trace: ({ model, loss, activations }) => ({
        loss,
        gradient: (model as nn.Linear).weight.grad!,
        weight: (model as nn.Linear).weight,
        output: activations.get("")!.mean(),
      }),
      see: async (values, run) => {
        steps.push(run.totalSteps);
        seen.push(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [...value.dataSync()]])));
      },
    };
    return { name: "watching", watch };
  };

  test("see loss, gradients, weights before the update, and activations, every so many steps", async () => {
    const make = (): nn.Linear => (manualSeed(1), new nn.Linear(2, 1));
    const [seen, steps]: [Record<string, number[]>[], number[]] = [[], []];
    const model = make();
    await train([watching(2, seen, steps)], { epochs: 2 }, model);
    expect(steps).toEqual([2, 4, 6]);

    const plain = make();
    const optimizer = new optim.SGD(plain.parameters(), { lr: 0.1 });
    const expected: Record<string, number[]>[] = [];
    for (let epoch = 0; epoch < 2; epoch++)
      for await (const [x, y] of line()) {
        const outputs = plain.forward(x);
        const loss = losses.mse(outputs, y);
        optimizer.zeroGrad();
        loss.backward();
        const look = { loss, gradient: plain.weight.grad!, weight: plain.weight, output: outputs.mean() };
        expected.push(Object.fromEntries(Object.entries(look).map(([name, value]) => [name, [...value.dataSync()]])));
        optimizer.step();
      }
    for (const [at, values] of seen.entries())
      for (const [name, value] of Object.entries(values))
        for (const [i, element] of value.entries()) expect(element).toBeCloseTo(expected[2 * at + 1]![name]![i]!, 6);
    expect(model.weight.dataSync()).toEqual(plain.weight.dataSync());
  });

  test("change nothing for the steps between, and several look at once", async () => {
    const weights = async (callbacks: Callback[]): Promise<number[]> => {
      manualSeed(3);
      const model = new nn.Linear(2, 1);
      await train(callbacks, { epochs: 3 }, model);
      return [...model.weight.dataSync()];
    };
    const [a, b]: [number[], number[]] = [[], []];
    const watched = await weights([watching(2, [], a), watching(3, [], b)]);
    expect([a, b]).toEqual([
      [2, 4, 6, 8],
      [3, 6, 9],
    ]);
    expect(watched).toEqual(await weights([]));
  });

  test("a step that is not accepted changes nothing, but random numbers go on with the next", async () => {
    const model = nn.sequential(new nn.Linear(2, 4), new nn.BatchNorm1d(4), new nn.Dropout(0.5), new nn.Linear(4, 1));
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.1 });
    const before = JSON.stringify(Object.values(model.stateDict()).map((value) => [...value.dataSync()]));
    let seen = 0;
    const watch: Watch = {
      every: 1,
      accept: "accepted",
      trace: ({ loss }) => ({ accepted: loss.lt(0) }),
      see: () => void seen++,
    };
    await fit(model, line(), { optimizer, loss: losses.mse, callbacks: [{ name: "no", watch }], display: false });
    expect(seen).toBe(3);
    expect(JSON.stringify(Object.values(model.stateDict()).map((value) => [...value.dataSync()]))).toBe(before);
    const state = optimizer.stateDict().state["0"]!;
    expect([...state["exp_avg"]!.dataSync(), ...state["step"]!.dataSync()].every((value) => value === 0)).toBe(true);
  });
});
