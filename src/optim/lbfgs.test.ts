import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { expectNumbers } from "../nn/golden.testing.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import { arange, randn, tensor } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { jit } from "../tensor/jit.ts";
import { parameter } from "../nn/state.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { LBFGS, type LbfgsOptions } from "./lbfgs.ts";

interface Golden {
  readonly function: keyof typeof FUNCTIONS;
  readonly start: readonly number[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly losses: readonly number[];
  readonly points: readonly (readonly number[])[];
  readonly evaluations: number;
  readonly iterations: number;
}

/** What tools/goldens/lbfgs.py recorded. */
const goldens = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/lbfgs.json", import.meta.url), "utf8"),
) as readonly Golden[];

const FUNCTIONS = {
  rosenbrock(x: Tensor): Tensor {
    const [a, b] = [x.narrow(0, 0, 1), x.narrow(0, 1, 1)];
    return a.sub(1).square().add(b.sub(a.square()).square().mul(100)).sum();
  },
  quadratic(x: Tensor): Tensor {
    const scale = arange(x.size)
      .cast("f64")
      .mul(Math.log(10) / (x.size - 1))
      .exp();
    return x.sub(1).square().mul(scale).sum().div(2);
  },
  hills(x: Tensor): Tensor {
    return x.square().sum().div(10).add(x.mul(3).sin().sum());
  },
};

const camelCase = (options: object): Partial<LbfgsOptions> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value as unknown,
    ]),
  );

function closureFor(x: Parameter, optimizer: LBFGS, evaluate: (x: Tensor) => Tensor): () => Tensor {
  return () => {
    optimizer.zeroGrad();
    const loss = evaluate(x);
    loss.backward();
    return loss;
  };
}

onEachDevice(() => {
  describe("[I11] L-BFGS goes where PyTorch's goes", () => {
    it.each(goldens.map((golden) => [`${golden.function} ${JSON.stringify(golden.options)}`, golden] as const))(
      "%s",
      async (_, golden) => {
        const x = parameter(tensor(Float64Array.from(golden.start), [golden.start.length])) as Parameter;
        let optimizer = new LBFGS([x], camelCase(golden.options));
        for (const [i, point] of golden.points.entries()) {
          const before = await optimizer.step(closureFor(x, optimizer, FUNCTIONS[golden.function]));
          expectNumbers(`loss before step ${i + 1}`, [before], [golden.losses[i]!], 1e-7);
          expectNumbers(`point after step ${i + 1}`, x, point, 1e-7);
          // Loaded state goes on alike.
          const saved = optimizer.stateDict();
          optimizer = new LBFGS([x], camelCase(golden.options));
          optimizer.loadStateDict(saved);
        }
        const { func_evals: evaluations, n_iter: iterations } = optimizer.stateDict().state["0"]!;
        expect([evaluations!.itemSync(), iterations!.itemSync()]).toEqual([golden.evaluations, golden.iterations]);
      },
    );
  });
});

it("[I11] a quadratic in ten dimensions, its scales from 1 to 10, is solved in 15 iterations", async () => {
  const x = parameter(tensor(new Float64Array(10), [10])) as Parameter;
  const optimizer = new LBFGS([x], { lineSearchFn: "strong_wolfe", maxIter: 15 });
  await optimizer.step(closureFor(x, optimizer, FUNCTIONS.quadratic));
  for (const value of x.dataSync()) expect(value).toBeCloseTo(1, 3);
});

it("a small model with a traced closure is fitted in single precision", async () => {
  manualSeed(5);
  const model = nn.sequential(new nn.Linear(3, 8), nn.tanh, new nn.Linear(8, 1));
  const x = randn([64, 3]);
  const y = x.mul(x).sum(-1, true).sin();
  const optimizer = new LBFGS(model.parameters(), { lineSearchFn: "strong_wolfe" });
  const evaluate = jit(() => {
    optimizer.zeroGrad();
    const loss = losses.mse(model.forward(x), y);
    loss.backward();
    return loss;
  });
  const first = await optimizer.step(evaluate);
  for (let i = 0; i < 8; i++) await optimizer.step(evaluate);
  expect(evaluate().itemSync()).toBeLessThan(first / 20);
  expect(evaluate.variants).toHaveLength(1);
});

it("what makes no sense is refused", () => {
  const p = parameter(tensor(Float64Array.of(1, 2), [2])) as Parameter;
  expect(() => new LBFGS([])).toThrow(ArgumentError);
  expect(() => new LBFGS([p], { lineSearchFn: "armijo" as "strong_wolfe" })).toThrow(/lineSearchFn must be/);
  expect(() => new LBFGS([p], { maxIter: 0 })).toThrow(/LBFGS: maxIter must be 1 or more, got 0/);
  expect(() => new LBFGS([p], { lr: -1 })).toThrow(/LBFGS: lr/);
  const saved = new LBFGS([p]).stateDict();
  const other = new LBFGS([p, parameter(tensor(Float64Array.of(1), [1])) as Parameter]);
  expect(() => other.loadStateDict(saved)).toThrow(FormatError);
});
