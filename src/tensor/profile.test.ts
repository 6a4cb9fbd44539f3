import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import type { WasmDevice } from "../device/wasm/device.ts";
import * as nn from "../nn/index.ts";
import * as optim from "../optim/index.ts";
import { assign } from "./assign.ts";
import { rand, tensor } from "./create.ts";
import { deviceNamed, setDevice } from "./engine.ts";
import { explain } from "./explain.ts";
import { limitsOf } from "./machine.ts";
import { parameter } from "../nn/state.ts";
import { profile } from "./profile.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import type { Timeline, TraceEvent } from "./timeline.ts";

const layer = (x: Tensor, w: Tensor): Tensor => x.matmul(w).relu().softmax().sum(0);
const inputs = (): [Tensor, Tensor] => [rand([64, 96]), rand([96, 32])];

describe("profile", () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "myelin-profile-"))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("[C21] holds every step against what the machine can do", async () => {
    const limits = await limitsOf(deviceNamed("wasm"));
    expect(limits.gflops).toBeGreaterThan(0);
    const { steps } = await profile(layer, ...inputs());
    for (const { step, ms, share } of steps) {
      const sum = (pick: "flops" | "bytes"): number => step.launches.reduce((total, k) => total + k[pick], 0);
      const least = Math.max(sum("flops") / limits.gflops, sum("bytes") / (await limits.gbps(sum("bytes")))) / 1e6;
      expect(share).toBeCloseTo((least * step.times) / ms, 9);
    }
  });

  test("limits are measured once for each size", async () => {
    const limits = await limitsOf(deviceNamed("wasm"));
    expect(await limitsOf(deviceNamed("wasm"))).toBe(limits);
    expect(await limits.gbps(100_000)).toBe(await limits.gbps(110_000));
    for (const bytes of [0, 1e4, 1e6, 1e12]) expect(await limits.gbps(bytes)).toBeGreaterThan(0);
  });

  test("changes no state, and leaves no memory behind", async () => {
    const device = deviceNamed("wasm") as WasmDevice;
    const w = parameter(tensor(Float32Array.of(1, 2, 3), [3]), "w");
    const step = (x: Tensor): void => assign([{ cell: w.cell, value: fromNode(w.cell.leaf()).mul(x).node }]);
    const x = tensor([2, 2, 2]);
    const used = async (): Promise<number> => {
      await profile(step, x);
      return device.bytesInUse;
    };
    const before = await used();
    // What is left is a program's words, until it is collected.
    expect((await used()) - before).toBeLessThan(4096);
    expect([...w.dataSync()]).toEqual([1, 2, 3]);
    const explanation = explain(step, x);
    expect(explanation.toString({ times: await explanation.times() })).toMatch(/ms .* GFLOP\/s .* GB\/s .* % of limit/);
    expect([...w.dataSync()]).toEqual([1, 2, 3]);
  });

  test("times the steps of a loop one by one, all repetitions together", async () => {
    const lstm = new nn.LSTM(4, 8);
    const f = (x: Tensor): Tensor => lstm.forward(x)[0];
    const x = rand([12, 2, 4]);
    const { steps } = await profile(f, x);
    expect(steps.map(({ step }) => step.key)).toEqual(explain(f, x).steps.map(({ key }) => key));
    const looped = steps.filter(({ step }) => step.times === 12);
    expect(looped.length).toBeGreaterThan(0);
    for (const { step, ms, gflops } of looped)
      expect(gflops).toBeCloseTo((12 * step.launches.reduce((sum, k) => sum + k.flops, 0)) / ms / 1e6, 9);
  });

  test("a training step keeps its moments", async () => {
    const model = new nn.Linear(6, 3);
    const optimizer = new optim.Adam(model.parameters());
    const before = [...model.weight.dataSync()];
    const times = await profile(
      function train(x: Tensor) {
        optimizer.zeroGrad();
        model.forward(x).square().mean().backward();
        optimizer.step();
      },
      rand([5, 6]),
    );
    expect(times.steps.length).toBeGreaterThan(0);
    expect([...model.weight.dataSync()]).toEqual(before);
  });

  test("is refused where there are no steps", async () => {
    setDevice("reference");
    try {
      await expect(profile(layer, ...inputs())).rejects.toThrow(ArgumentError);
    } finally {
      setDevice("wasm");
    }
  });

  test("saves a timeline that trace viewers open: every run with its steps inside, in microseconds", async () => {
    const measured = await profile(layer, ...inputs());
    const path = join(folder, "trace.json");
    await measured.save(path);
    const saved = JSON.parse(await readFile(path, "utf8")) as Timeline;
    expect(saved).toEqual(JSON.parse(JSON.stringify(measured.timeline)));
    const { traceEvents } = saved;
    // The fields that the format asks of complete events and of names.
    for (const event of traceEvents) {
      expect([typeof event.name, event.pid, event.tid]).toEqual(["string", 1, 1]);
      if (event.ph === "M") expect(typeof event.args["name"]).toBe("string");
      else {
        expect(event.ph).toBe("X");
        expect(event.ts).toBeGreaterThanOrEqual(0);
        expect(event.dur).toBeGreaterThanOrEqual(0);
      }
    }
    const of = (cat: string): TraceEvent[] => traceEvents.filter((e) => e.cat === cat);
    const end = (e: TraceEvent): number => e.ts! + e.dur!;
    const runs = of("run");
    expect([of("compile").length, runs.length, of("kernel").length]).toEqual([1, 15, 15 * measured.steps.length]);
    let last = end(of("compile")[0]!);
    runs.forEach((run, r) => {
      expect(run.ts).toBeGreaterThanOrEqual(last - 1e-6);
      last = run.ts!;
      const steps = of("kernel").slice(r * measured.steps.length, (r + 1) * measured.steps.length);
      steps.forEach((step, i) => {
        expect(step.ts).toBeGreaterThanOrEqual(last - 1e-6);
        last = end(step);
        expect(step.name).toContain(measured.steps[i]!.step.launches[0]!.kind);
        expect(step.args["results"]).toEqual(measured.steps[i]!.step.launches.flatMap((k) => k.results));
      });
      expect(end(run)).toBeCloseTo(last, 6);
    });
  });
});
