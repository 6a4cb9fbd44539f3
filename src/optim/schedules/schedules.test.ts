import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError } from "../../core/errors.ts";
import { jit } from "../../tensor/jit.ts";
import { tensor } from "../../tensor/create.ts";
import { parameter } from "../../nn/state.ts";
import * as optim from "../index.ts";

const optimizerOf = (lr: number): optim.SGD => new optim.SGD([parameter(tensor(Float64Array.of(1), [1]))], { lr });

const close = (value: number): number => expect.closeTo(value, 12) as number;

describe("schedules", () => {
  it("[J2] [AI20] stepDecay: ×0.01 at epoch 20", () => {
    const schedule = optim.stepDecay({ every: 10 });
    expect([0, 9, 10, 19, 20].map((epoch) => schedule(1, epoch))).toEqual([1, 1, 0.1, 0.1, close(0.01)]);
  });
  it("[J1] [J4] halving every five epochs", () => {
    const schedule = optim.stepDecay({ every: 5, factor: 0.5 });
    expect([0, 5, 10, 19].map((epoch) => schedule(1e-3, epoch))).toEqual([1e-3, 5e-4, 2.5e-4, 1.25e-4]);
  });
  it("[J3] exponentialDecay: half at step 10,000", () => {
    const schedule = optim.exponentialDecay({ factor: 0.5, length: 10_000 });
    expect(schedule(1e-3, 10_000)).toBe(5e-4);
    expect(schedule(1e-3, 5000)).toBeCloseTo(7.0711e-4, 8);
  });
  it("[J5] [J6] cosineAnnealing", () => {
    const schedule = optim.cosineAnnealing({ length: 100, minimum: 1e-6 });
    expect([0, 50, 100].map((epoch) => schedule(1e-3, epoch))).toEqual([1e-3, close(5.005e-4), close(1e-6)]);
    expect(optim.cosineAnnealing({ length: 30 })(0.1, 30)).toBeCloseTo(0, 15);
  });
  it("[J10] [J11] [AK14] linearWarmup: from 0 (the first epoch does not learn), or from another start", () => {
    const fromZero = optim.linearWarmup({ length: 5 });
    expect([0, 1, 5, 9].map((epoch) => fromZero(1, epoch))).toEqual([0, 0.2, 1, 1]);
    const fromTenth = optim.linearWarmup({ length: 5, start: 0.1 });
    expect([0, 1, 2, 3, 4, 5].map((epoch) => fromTenth(1, epoch))).toEqual([0.1, 0.28, 0.46, 0.64, 0.82, 1].map(close));
    // The option of the catalogue: epoch + 1, so that the first epoch learns.
    expect(fromZero(1, 0 + 1)).toBeGreaterThan(0);
  });
  it("[J12] warm-up, then a cosine", () => {
    const schedule = optim.sequence(
      [optim.linearWarmup({ length: 5, start: 0.1 }), optim.cosineAnnealing({ length: 45, minimum: 1e-6 })],
      [5],
    );
    expect([0, 5, 50].map((epoch) => schedule(1e-3, epoch))).toEqual([close(1e-4), 1e-3, close(1e-6)]);
    expect(() => optim.sequence([], [3])).toThrow(/0 schedules need -1 milestones, got 1/);
  });
  it("[J13] a scheduler sets the rates of all groups, from any function", () => {
    const [a, b] = [parameter(tensor(Float32Array.of(1), [1])), parameter(tensor(Float32Array.of(1), [1]))];
    const optimizer = new optim.SGD([{ params: [a], lr: 0.1 }, { params: [b] }], { lr: 1 });
    const scheduler = new optim.Scheduler(optimizer, (base, epoch) => base / (epoch + 1));
    const rates = (): number[] => optimizer.groups.map((group) => group.lr);
    expect(rates()).toEqual([0.1, 1]);
    scheduler.step();
    expect(rates()).toEqual([0.05, 0.5]);
    scheduler.epoch = 9;
    expect(rates()).toEqual([0.01, 0.1]);
    a.cell.gradient.set(Float32Array.of(1));
    optimizer.step();
    expect(a.itemSync()).toBeCloseTo(0.99, 6);
  });

  it("[J7] a saw rises in a straight line and falls at once", () => {
    const saw = optim.cyclical({ maximum: 1, rise: 4, fall: 0 });
    expect([0, 1, 2, 3, 4, 5].map((epoch) => saw(0.2, epoch))).toEqual([0.2, 0.4, 0.6, 0.8, 0.2, 0.4].map(close));
  });
  it("[J8] warm restarts jump to the base at T and T + 2T", () => {
    const schedule = optim.warmRestarts({ length: 10, growth: 2 });
    expect([0, 10, 30, 70].map((epoch) => schedule(0.1, epoch))).toEqual([0.1, 0.1, 0.1, 0.1]);
    expect(schedule(0.1, 29)).toBeLessThan(1e-3);
    expect(schedule(0.1, 10.5)).toBeLessThan(0.1);
  });
  it("[J9] one cycle peaks at exactly its maximum, starts and ends lower, and says when it is over", () => {
    const schedule = optim.oneCycle({ maximum: 0.1, length: 10 });
    expect([schedule(1, 0), schedule(1, 3), schedule(1, 10)]).toEqual([close(0.004), 0.1, close(4e-7)]);
    expect(schedule(1, 11)).toBeCloseTo(4e-7, 12);
    expect(() => schedule(1, 11.5)).toThrow(/oneCycle: is over after 10, got 11.5/);
    expect(() => schedule(1, 12)).toThrow(ArgumentError);
    const shape = { epochs: 2, stepsPerEpoch: 5 };
    const scheduler = new optim.lrScheduler.OneCycleLR(optimizerOf(0.3), { maxLr: 0.1, ...shape });
    for (let step = 0; step < 10; step++) scheduler.step();
    expect(() => scheduler.step()).toThrow(/is over after 9/);
    expect(() => new optim.lrScheduler.OneCycleLR(optimizerOf(0.3), { maxLr: 0.1 })).toThrow(/wants totalSteps/);
  });
  it("[J9] momentum is cycled without tracing a step again after the first time", () => {
    const w = parameter(tensor(Float64Array.of(1), [1]));
    const optimizer = new optim.SGD([w], { lr: 0.1 });
    let traces = 0;
    const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 20 });
    const step = jit(() => {
      traces++;
      optimizer.step();
    });
    const moments: number[] = [];
    for (let i = 0; i < 20; i++) {
      w.cell.gradient.set(Float64Array.of(1));
      step();
      moments.push(optimizer.stateDict().state["0"]!["momentum_buffer"]!.itemSync());
      scheduler.step();
    }
    const momenta = optim.oneCycleMomentum({ length: 19, peak: 5 });
    let buffer = 0;
    moments.forEach((moment, i) => {
      buffer = buffer * momenta(0, i) + 1;
      expect(moment).toBeCloseTo(buffer, 10);
    });
    expect(traces).toBe(2);
  });
  it("[J14] linear scaling: four times the batch, four times the rate", () => {
    expect(optim.linearScaling({ lr: 0.1, batchSize: 1024 })).toBe(0.4);
    expect(() => optim.linearScaling({ lr: 0.1, batchSize: 0 })).toThrow(/batchSize must be 1 or more, got 0/);
  });
  it("[J17] a tenth after ten epochs without improvement", () => {
    const optimizer = optimizerOf(0.1);
    const scheduler = new optim.ReduceOnPlateau(optimizer);
    const reduced = Array.from({ length: 13 }, (_, i) => scheduler.step(i === 0 ? 1 : 2));
    expect(reduced.indexOf(true)).toBe(11);
    expect(optimizer.lr).toBeCloseTo(0.01, 12);
    expect(scheduler.best).toBe(1);
    expect(() => new optim.ReduceOnPlateau(optimizer, { factor: 1 })).toThrow(/factor must be below 1/);
    expect(() => new optim.ReduceOnPlateau(optimizer, { minLr: [0, 0] })).toThrow(/has 1 groups, got a list of 2/);
    expect(() => new optim.ReduceOnPlateau(optimizer, { mode: "least" as "min" })).toThrow(ArgumentError);
    expect(() => scheduler.loadStateDict({ best: 1 } as optim.PlateauState)).toThrow(FormatError);
  });
  it("[AK27] warm-up by LinearLR: a second scheduler starts from the rates before the first, and state says so", () => {
    const optimizer = optimizerOf(0.1);
    const warmup = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.1 });
    expect(optimizer.lr).toBeCloseTo(0.01, 12);
    const decay = new optim.lrScheduler.StepLR(optimizer, { stepSize: 2 });
    expect([warmup.bases, decay.bases]).toEqual([[0.1], [0.1]]);
    for (let i = 0; i < 4; i++) decay.step();
    const resumed = optimizerOf(0.7);
    resumed.loadStateDict(optimizer.stateDict());
    expect(resumed.lr).toBeCloseTo(1e-3, 12);
    expect(new optim.lrScheduler.StepLR(resumed, { stepSize: 2 }).bases).toEqual([0.1]);
    expect(() => decay.loadStateDict({ last_epoch: 1, base_lrs: [1, 2] })).toThrow(FormatError);
  });
  it("plans that make no sense are refused", () => {
    const refused = (make: () => unknown, message: RegExp): void => {
      expect(make).toThrow(ArgumentError);
      expect(make).toThrow(message);
    };
    refused(() => optim.stepDecay({ every: 0 }), /stepDecay: every must be 1 or more, got 0/);
    refused(() => optim.sequence([() => 1, () => 1, () => 1], [5, 5]), /milestones must rise, got 5, 5/);
    refused(() => optim.piecewiseConstant({ boundaries: [1], values: [1] }), /1 boundaries need 2 values, got 1/);
    refused(
      () => optim.oneCycle({ maximum: 1, length: 10, peak: 6, threePhase: true }),
      /must lie within the length, twice/,
    );
    refused(() => optim.cyclical({ maximum: 1, mode: "round" as "triangular" }), /mode must be "triangular"/);
    refused(() => optim.warmRestarts({ length: 10, growth: 0.5 }), /growth must be 1 or more/);
    refused(() => new optim.lrScheduler.ChainedScheduler([]), /wants schedulers, got none/);
    refused(() => new optim.Scheduler(optimizerOf(1), [() => 1, () => 1]), /has 1 groups, got a list of 2/);
    const plain = new optim.Adagrad([parameter(tensor(Float64Array.of(1), [1]))]);
    refused(() => new optim.lrScheduler.OneCycleLR(plain, { maxLr: 1, totalSteps: 10 }), /Adagrad: has no momentum/);
  });
});
