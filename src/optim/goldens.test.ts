import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectNumbers, fixedParameter, spread } from "../nn/golden.testing.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { explain } from "../tensor/explain.ts";
import { tensor } from "../tensor/create.ts";
import { parameter } from "../nn/state.ts";
import type { Parameter } from "../tensor/parameter.ts";
import * as optim from "./index.ts";

interface Golden {
  readonly optimizer: keyof typeof makers;
  readonly options: Readonly<Record<string, unknown>>;
  readonly lookahead?: { readonly k: number; readonly alpha: number };
  readonly shapes: readonly number[][];
  /** Parameters after each step. */
  readonly steps: readonly (readonly (readonly number[])[])[];
}

/** What tools/goldens/optimizers.py recorded. */
const goldens = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/optimizers.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Golden>>;

type Maker = new (parameters: Parameter[], options: object) => optim.Optimizer;
const { SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW, Adamax, NAdam, RAdam, Rprop, ASGD, AdaBelief, Lion } = optim;
const elementwise = {
  SGD,
  Adagrad,
  Adadelta,
  RMSprop,
  Adam,
  AdamW,
  Adamax,
  NAdam,
  RAdam,
  Rprop,
  ASGD,
  AdaBelief,
  Lion,
};
const { Adafactor, LAMB, LARS, Muon } = optim;
const makers = { ...elementwise, Adafactor, LAMB, LARS, Muon } as Readonly<Record<string, Maker>>;

const IDS: Readonly<Record<string, string>> = {
  SGD: "[I2] ",
  RMSprop: "[I5] ",
  AdaBelief: "[I9] ",
  NAdam: "[I10] ",
  Lion: "[I15] ",
  Adafactor: "[I16] ",
  LAMB: "[I17] ",
};

/** Options by their names here. */
const camelCase = (options: object): object =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      value as unknown,
    ]),
  );

function made({ optimizer, options, lookahead }: Golden, parameters: Parameter[]): optim.Optimizer | optim.Lookahead {
  const inner = new makers[optimizer]!(parameters, camelCase(options));
  return lookahead ? new optim.Lookahead(inner, lookahead) : inner;
}

const giveGradients = (parameters: readonly Parameter[], step: number): void =>
  parameters.forEach(({ cell }, i) => {
    const values = spread(cell.shape, 301 + 10 * step + i);
    cell.gradient.set(cell.dtype === "f64" ? values : Float32Array.from(values));
  });

const inSingle = ({ cell }: Parameter): Parameter =>
  parameter(tensor(Float32Array.from(cell.snapshot()), [...cell.shape])) as Parameter;

onEachDevice(() => {
  describe("optimizers go where PyTorch's and the papers' formulas go, over twenty steps", () => {
    describe.each([
      ["f64", 1e-8],
      ["f32", 1e-5],
    ] as const)("in %s", (dtype, tolerance) => {
      it.each(
        Object.entries(goldens).map(([name, golden]) => [`${IDS[golden.optimizer] ?? ""}${name}`, golden] as const),
      )("%s", (_, golden) => {
        const doubles = golden.shapes.map((shape, i) => fixedParameter(shape, 1 + i));
        const parameters = dtype === "f64" ? doubles : doubles.map(inSingle);
        const optimizer = made(golden, parameters);
        golden.steps.forEach((wanted, step) => {
          giveGradients(parameters, step);
          optimizer.step();
          parameters.forEach((p, i) =>
            expectNumbers(`parameter ${i} after step ${step + 1}`, p, wanted[i]!, tolerance),
          );
          if (step === 2) for (const group of optimizer.groups) group.lr /= 2;
        });
      });
    });
  });
});

it("every optimizer is recorded", () => {
  expect(new Set(Object.values(goldens).map(({ optimizer }) => optimizer))).toEqual(new Set(Object.keys(makers)));
});

describe("a step of an element-wise optimizer is one launch that writes parameters, whatever their number", () => {
  const settings = Object.entries(goldens).filter(([, golden]) => golden.optimizer in elementwise);
  it.each(settings)("%s", (_, golden) => {
    const parameters = [[2, 3], [4], [1], [5, 7], [1, 1], [3, 3, 3]].map((shape, i) =>
      inSingle(fixedParameter(shape, 1 + i)),
    );
    giveGradients(parameters, 0);
    const optimizer = made(golden, parameters);
    const { steps } = explain(() => optimizer.step());
    const launched = steps.filter((step) => step.launches.some(({ results }) => results.some((r) => r !== "f32 []")));
    expect(launched).toHaveLength(1);
    expect(launched[0]!.launches).toHaveLength(parameters.length);
  });
});
