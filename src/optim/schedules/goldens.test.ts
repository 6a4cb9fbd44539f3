import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tensor } from "../../tensor/create.ts";
import { parameter } from "../../nn/state.ts";
import * as optim from "../index.ts";

interface Part {
  readonly scheduler: string;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Golden extends Partial<Part> {
  /** Keras's name, where it is Keras's. */
  readonly schedule?: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly parts?: readonly Part[];
  readonly groups?: readonly { readonly lr?: number }[];
  /** By group and step. */
  readonly rates: readonly (readonly number[])[];
  readonly momenta?: readonly (readonly number[])[];
}

interface PlateauGolden {
  readonly options: optim.ReduceOnPlateauOptions;
  readonly groups: readonly { readonly lr?: number }[];
  readonly metrics: readonly number[];
  readonly rates: readonly (readonly number[])[];
}

/** What tools/goldens/schedules.py recorded. */
const { schedules, plateaus } = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/schedules.json", import.meta.url), "utf8"),
) as {
  readonly schedules: Readonly<Record<string, Golden>>;
  readonly plateaus: Readonly<Record<string, PlateauGolden>>;
};

const FUNCTIONS: Readonly<Record<string, (x: number) => number>> = {
  slower: (epoch) => 0.95 ** epoch,
  steps: (epoch) => (epoch % 10 ? 0.99 : 0.9),
  sine: (x) => 1 / (1 + 0.1 * x),
};

/** Options by their names here, functions in place of their names. */
const translated = (options: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      name === "lr_lambda" || name === "scale_fn"
        ? FUNCTIONS[value as string]
        : name === "mode" && value === "exp_range"
          ? "expRange"
          : (value as unknown),
    ]),
  );

const optimizerFor = (groups: readonly { readonly lr?: number }[] = [{}]): optim.SGD =>
  new optim.SGD(
    groups.map((group) => ({ params: [parameter(tensor(Float64Array.of(0), [1]))], ...group })),
    { lr: 0.1, momentum: 0.5 },
  );

type Made = new (optimizer: optim.Scheduled, options: object) => optim.Scheduler;

function scheduled(optimizer: optim.SGD, { scheduler, options, parts }: Golden): optim.Scheduler {
  const made = parts?.map((part) => scheduled(optimizer, { ...part, rates: [] }));
  if (scheduler === "ChainedScheduler") return new optim.lrScheduler.ChainedScheduler(made!);
  const make = optim.lrScheduler[scheduler as "StepLR"] as Made;
  return new make(optimizer, { ...translated(options), ...(made ? { schedulers: made } : {}) });
}

type Numbers = Record<string, number>;
/** Keras's schedules by their names there. */
const KERAS: Readonly<Record<string, (options: never) => optim.Schedule>> = {
  ExponentialDecay: ({ decaySteps, decayRate, staircase }: Numbers & { staircase: boolean }) =>
    optim.exponentialDecay({ length: decaySteps!, factor: decayRate!, staircase }),
  InverseTimeDecay: ({ decaySteps, decayRate, staircase }: Numbers & { staircase: boolean }) =>
    optim.inverseTimeDecay({ length: decaySteps!, rate: decayRate!, staircase }),
  PiecewiseConstantDecay: optim.piecewiseConstant,
  PolynomialDecay: ({ decaySteps, endLearningRate = 1e-4, power, cycle }: Numbers & { cycle: boolean }) =>
    optim.polynomialDecay({ length: decaySteps!, minimum: endLearningRate, power: power!, cycle }),
  CosineDecay: ({ decaySteps, alpha, warmupTarget, warmupSteps }: Numbers) =>
    optim.cosineDecay({
      length: decaySteps!,
      alpha: alpha!,
      ...(warmupTarget === undefined ? {} : { warmup: { target: warmupTarget, length: warmupSteps! } }),
    }),
  CosineDecayRestarts: ({ firstDecaySteps, tMul = 2, mMul, alpha }: Numbers) =>
    optim.warmRestarts({ length: firstDecaySteps!, growth: tMul, decay: mMul!, alpha: alpha! }),
};

const IDS: Readonly<Record<string, string>> = {
  LambdaLR: "[J13] ",
  StepLR: "[J2] ",
  "CosineAnnealingLR past its end": "[J5] ",
  CosineAnnealingLR: "[J6] ",
  CyclicLR: "[J7] ",
  CosineAnnealingWarmRestarts: "[J8] ",
  OneCycleLR: "[J9] ",
  LinearLR: "[J11] [AK27] ",
  SequentialLR: "[J12] ",
  ExponentialDecay: "[J3] ",
};

function expectRates(got: readonly number[][], wanted: Golden["rates"], what: string): void {
  wanted.forEach((column, group) =>
    column.forEach((value, step) => {
      const distance = Math.abs(got[step]![group]! - value);
      if (!(distance <= 1e-10 * Math.abs(value) + 1e-13))
        expect.fail(`${what} of group ${group} at step ${step} is ${got[step]![group]}, recorded ${value}`);
    }),
  );
}

describe("200 steps of PyTorch's schedulers", () => {
  const cases = Object.entries(schedules).filter(([, golden]) => golden.scheduler);
  it.each(cases.map(([name, golden]) => [`${IDS[name] ?? ""}${name}`, golden] as const))("%s", (_, golden) => {
    const optimizer = optimizerFor(golden.groups);
    const scheduler = scheduled(optimizer, golden);
    const [rates, momenta]: [number[][], number[][]] = [[], []];
    for (let step = 0; step < 200; step++) {
      rates.push([...scheduler.lastLr]);
      momenta.push(optimizer.groups.map((group) => group.momentum!));
      scheduler.step();
    }
    expectRates(rates, golden.rates, "the rate");
    if (golden.momenta) expectRates(momenta, golden.momenta, "the momentum");
    else expect(new Set(momenta.flat())).toEqual(new Set([0.5]));
    // Any epoch can be gone to, whatever came before.
    scheduler.epoch = 57;
    expectRates(
      [[...scheduler.lastLr]],
      golden.rates.map((column) => [column[57]!]),
      "after a jump the rate",
    );
    const resumed = scheduled(optimizerFor(golden.groups), golden);
    resumed.loadStateDict(scheduler.stateDict());
    expect(resumed.lastLr).toEqual(scheduler.lastLr);
    expect(resumed.epoch).toBe(57);
  });
  it("every scheduler of PyTorch is recorded", () => {
    const recorded = new Set(cases.map(([, { scheduler }]) => scheduler));
    expect(recorded).toEqual(new Set(Object.keys(optim.lrScheduler).filter((name) => name !== "ReduceLROnPlateau")));
  });
});

describe("200 steps of Keras's schedules", () => {
  const cases = Object.entries(schedules).filter(([, golden]) => golden.schedule);
  it.each(cases.map(([name, golden]) => [`${IDS[name] ?? ""}${name}`, golden] as const))("%s", (_, golden) => {
    const schedule = KERAS[golden.schedule!]!(translated(golden.options) as never);
    const rates = Array.from({ length: 200 }, (__, step) => [schedule(0.1, step)]);
    expectRates(rates, golden.rates, "the rate");
  });
});

describe("[J17] rates are reduced where PyTorch reduces them", () => {
  it.each(Object.entries(plateaus))("%s", (_, { options, groups, metrics, rates: wanted }) => {
    const scheduler = new optim.ReduceOnPlateau(optimizerFor(groups), translated(options));
    let running = scheduler;
    const rates = metrics.map((metric, i) => {
      running.step(metric);
      // A scheduler loaded halfway goes on alike.
      if (i === 20) {
        running = new optim.ReduceOnPlateau(scheduler.optimizer, translated(options));
        running.loadStateDict(scheduler.stateDict());
      }
      return [...running.lastLr];
    });
    expectRates(rates, wanted, "the rate");
    expect(new Set(wanted[0]).size).toBeGreaterThan(1);
  });
});
