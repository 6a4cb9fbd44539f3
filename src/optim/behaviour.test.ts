import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError, ShapeError } from "../core/errors.ts";
import { expectNumbers, fixedParameter, spread } from "../nn/golden.testing.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import { randn, tensor } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { jit } from "../tensor/jit.ts";
import { parameter } from "../nn/state.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { manualSeed } from "../tensor/random.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import * as optim from "./index.ts";
import { orthogonalized } from "./muon.ts";

type Stepper = optim.Optimizer | optim.Lookahead;
type Make = (parameters: Parameter[]) => Stepper;

/** Each with an option or two, so that all of its state exists. */
const ALL: Readonly<Record<string, Make>> = {
  SGD: (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.1 }),
  Adagrad: (p) => new optim.Adagrad(p, { lr: 0.1, lrDecay: 0.1, initialAccumulatorValue: 0.1 }),
  Adadelta: (p) => new optim.Adadelta(p),
  RMSprop: (p) => new optim.RMSprop(p, { momentum: 0.9, centered: true }),
  Adam: (p) => new optim.Adam(p, { lr: 0.1, amsgrad: true }),
  AdamW: (p) => new optim.AdamW(p, { lr: 0.1 }),
  Adamax: (p) => new optim.Adamax(p),
  NAdam: (p) => new optim.NAdam(p),
  RAdam: (p) => new optim.RAdam(p),
  Rprop: (p) => new optim.Rprop(p),
  ASGD: (p) => new optim.ASGD(p, { lr: 0.1, t0: 1, lambd: 0.01 }),
  AdaBelief: (p) => new optim.AdaBelief(p),
  Lion: (p) => new optim.Lion(p, { lr: 0.01, weightDecay: 0.1 }),
  Adafactor: (p) => new optim.Adafactor(p),
  LAMB: (p) => new optim.LAMB(p, { weightDecay: 0.01 }),
  LARS: (p) => new optim.LARS(p, { lr: 1, weightDecay: 0.01 }),
  Muon: (p) => new optim.Muon(p.filter(({ rank }) => rank === 2)),
  Lookahead: (p) => new optim.Lookahead(new optim.Adam(p, { lr: 0.1 }), { k: 2 }),
};

/** A model, its optimizer, and a step of training. */
function training(make: Make): {
  model: nn.Module;
  optimizer: Stepper;
  step: (x: Tensor, y: Tensor) => Tensor;
} {
  manualSeed(1);
  const model = nn.sequential(new nn.Linear(6, 8), nn.relu, new nn.Linear(8, 3));
  const optimizer = make(model.parameters());
  const step = (x: Tensor, y: Tensor): Tensor => {
    const loss = losses.crossEntropy(model.forward(x as Tensor<[number, 6]>), y);
    model.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { model, optimizer, step };
}

const batch = (): [Tensor, Tensor] => [
  tensor(Float32Array.from(spread([12, 6], 9)), [12, 6]),
  tensor(Int32Array.from({ length: 12 }, (_, i) => i % 3)),
];
const bytes = (model: nn.Module): number[][] => model.parameters().map((p) => [...p.dataSync()]);

describe("every optimizer", () => {
  it.each(Object.entries(ALL))(
    "[I21] %s: a traced step has the bits of an untraced one, a resumed run goes on",
    (_, make) => {
      const [plain, traced] = [training(make), training(make)];
      const step = jit(traced.step);
      const [x, y] = batch();
      for (let i = 0; i < 3; i++) {
        plain.step(x, y);
        step(x, y);
      }
      expect(bytes(traced.model)).toEqual(bytes(plain.model));
      const [weights, state] = [plain.model.stateDict(), plain.optimizer.stateDict()];
      for (let i = 0; i < 4; i++) plain.step(x, y);
      const resumed = training(make);
      resumed.model.loadStateDict(weights);
      resumed.optimizer.loadStateDict(state);
      for (let i = 0; i < 4; i++) resumed.step(x, y);
      expect(bytes(resumed.model)).toEqual(bytes(plain.model));
    },
  );
  it.each(Object.entries(ALL))("%s: learns", (_, make) => {
    const { step } = training(make);
    const [x, y] = batch();
    const traced = jit(step);
    const first = traced(x, y).itemSync();
    let last = first;
    for (let i = 0; i < 80; i++) last = traced(x, y).itemSync();
    expect(last).toBeLessThan(first);
    expect(traced.variants).toHaveLength(1);
  });
  it.each(Object.entries(ALL))("%s: state of another shape is refused, and nothing is half loaded", (_, make) => {
    const { optimizer, step } = training(make);
    step(...batch());
    const saved = optimizer.stateDict();
    const wrong = Object.fromEntries(
      Object.entries(saved.state["0"]!).map(([name, value]) => [name, name === "step" ? value : tensor([1, 2, 3])]),
    );
    const before = Object.values(saved.state["0"]!).map((t) => [...t.dataSync()]);
    expect(() => optimizer.loadStateDict({ ...saved, state: { ...saved.state, 0: wrong } })).toThrow(ShapeError);
    expect(Object.values(optimizer.stateDict().state["0"]!).map((t) => [...t.dataSync()])).toEqual(before);
  });
});

onEachDevice(() => {
  describe("state dicts", () => {
    it("PyTorch's can be loaded: no step for SGD, no state where nothing was updated, options by its names", () => {
      const parameters = [fixedParameter([2, 3], 1), fixedParameter([4], 2)];
      const optimizer = new optim.SGD(parameters);
      const buffer = tensor(spread([2, 3], 3), [2, 3]);
      optimizer.loadStateDict({
        state: { 0: { momentum_buffer: buffer } },
        param_groups: [{ lr: 0.5, momentum: 0.9, weight_decay: 0, nesterov: true, foreach: null, params: [0, 1] }],
      });
      const group = optimizer.groups[0]!;
      expect([group.lr, group.options.momentum, group.options.nesterov]).toEqual([0.5, 0.9, true]);
      const before = [...parameters[0]!.dataSync()];
      parameters[0]!.cell.gradient.set(new Float64Array(6));
      optimizer.step();
      const wanted = before.map((x, i) => x - 0.5 * 0.9 * 0.9 * buffer.dataSync()[i]!);
      expectNumbers("parameter", parameters[0]!, wanted, 1e-12);
    });
    it("missing names are refused", () => {
      const parameters = [fixedParameter([4], 2)];
      const saved = new optim.SGD(parameters, { momentum: 0.9 }).stateDict();
      const adam = new optim.Adam(parameters);
      expect(() => adam.loadStateDict(saved)).toThrow(FormatError);
      expect(() => adam.loadStateDict(saved)).toThrow(/parameter 0 has no exp_avg, exp_avg_sq/);
      const lookahead = new optim.Lookahead(adam);
      expect(() => lookahead.loadStateDict(adam.stateDict())).toThrow(/has no slow_buffer/);
    });
  });

  describe("groups", () => {
    it("[I20] have rates and decay of their own, and can be added", () => {
      const [layer1, layer4, fc] = [1, 1, 1].map((value) => parameter(tensor(Float64Array.of(value), [1])));
      const optimizer = new optim.SGD(
        [
          { params: [layer1!], lr: 1e-5 },
          { params: [layer4!], lr: 1e-4, weightDecay: 0.5 },
        ],
        { lr: 1e-3 },
      );
      optimizer.addGroup({ params: [fc!] });
      expect(optimizer.groups.map(({ lr }) => lr)).toEqual([1e-5, 1e-4, 1e-3]);
      for (const p of [layer1!, layer4!, fc!]) p.cell.gradient.set(Float64Array.of(1));
      optimizer.step();
      const values = [layer1!, layer4!, fc!].map((p) => p.itemSync());
      expectNumbers("parameters", values, [1 - 1e-5, 1 - 1.5e-4, 1 - 1e-3], 1e-12);
      expect(() => optimizer.addGroup({ params: [fc!] })).toThrow(/is in two places/);
    });
    it("[J16] [AK11] rates by depth, from either end", () => {
      const layers = Array.from({ length: 4 }, () => new nn.Linear(2, 2));
      const rates = (reverse: boolean): number[] => optim.groupsByDepth(layers, { reverse }).map(({ lr }) => lr);
      expectNumbers("rates", rates(false), [1e-3, 9e-4, 8.1e-4, 7.29e-4], 1e-12);
      expectNumbers("rates", rates(true), [7.29e-4, 8.1e-4, 9e-4, 1e-3], 1e-12);
      const optimizer = new optim.Adam(optim.groupsByDepth(layers));
      expect(optimizer.groups.map((group) => group.slots.length)).toEqual([2, 2, 2, 2]);
      expect(() => optim.groupsByDepth([nn.sequential(nn.relu)])).toThrow(ArgumentError);
    });
  });

  describe("rules", () => {
    /** Values of w after each step along gradients. */
    const path = (make: Make, start: number, gradient: (w: number) => number, steps: number): number[] => {
      const w = parameter(tensor(Float64Array.of(start), [1])) as Parameter;
      const optimizer = make([w]);
      return Array.from({ length: steps }, () => {
        w.cell.gradient.set(Float64Array.of(gradient(w.itemSync())));
        optimizer.step();
        return w.itemSync();
      });
    };
    it("[I8] [AK15] RAdam is rectified from step 5 on in the paper, from step 6 on in PyTorch; both variants by name", () => {
      const first = (options: Partial<optim.RAdamOptions>): number => {
        const rectified = path(
          (p) => new optim.RAdam(p, options),
          0,
          () => 1,
          8,
        );
        const moves = rectified.map((w, i) => w - (rectified[i - 1] ?? 0));
        // Steps of momentum alone are those of a rate; rectified ones are far smaller.
        const plain = options.biasCorrection === false ? (i: number) => 1e-3 * (1 - 0.9 ** (i + 1)) : () => 1e-3;
        return moves.findIndex((move, i) => Math.abs(move + plain(i)) > 1e-6) + 1;
      };
      expect([first({}), first({ threshold: 4 }), first({ threshold: 4, biasCorrection: false })]).toEqual([6, 5, 5]);
    });
    it("[I9] a gradient that is as expected: AdaBelief goes further than Adam", () => {
      const end = (make: Make): number => path(make, 0, () => 1, 60).at(-1)!;
      expect(end((p) => new optim.AdaBelief(p))).toBeLessThan(2 * end((p) => new optim.Adam(p)));
    });
    const { Adagrad, RMSprop, NAdam, Adamax, AdaBelief, RAdam } = optim;
    it.each(Object.entries({ Adagrad, RMSprop, NAdam, Adamax, AdaBelief, RAdam }))(
      "[I5] [I10] %s goes to the bottom of a parabola",
      (_, Made) => {
        const end = path(
          (p) => new Made(p, { lr: 0.1 }),
          1,
          (w) => 2 * w,
          300,
        ).at(-1)!;
        expect(Math.abs(end)).toBeLessThan(0.1);
      },
    );
    it("[I15] Lion's steps are all lr, plus decay", () => {
      const w = parameter(tensor(Float64Array.of(1, -2, 3), [3]));
      const optimizer = new optim.Lion([w], { lr: 1e-3, weightDecay: 0.1 });
      w.cell.gradient.set(Float64Array.of(5, -1e-4, 0));
      optimizer.step();
      const decayed = [1, -2, 3].map((x) => x * (1 - 1e-4));
      expectNumbers("parameter", w, [decayed[0]! - 1e-3, decayed[1]! + 1e-3, decayed[2]!], 1e-12);
    });
    it("[I16] Adafactor keeps m + n numbers for a matrix", () => {
      const w = parameter(tensor(new Float32Array(64 * 48).fill(1), [64, 48]));
      expect(new optim.Adafactor([w]).stateBytes).toBe(4 * (64 + 48));
    });
    it("[I17] LAMB's steps are as long as the parameter, times lr, tensor by tensor", () => {
      const [a, b] = [fixedParameter([3, 4], 1), fixedParameter([5], 2, 10)];
      const before = [a, b].map((p) => Float64Array.from(p.dataSync()));
      const optimizer = new optim.LAMB([a, b], { lr: 0.1, weightDecay: 0.01 });
      [a, b].forEach((p, i) => p.cell.gradient.set(spread(p.shape, 7 + i)));
      optimizer.step();
      [a, b].forEach((p, i) => {
        const length = (x: Float64Array): number => Math.hypot(...x);
        const moved = Float64Array.from(p.dataSync(), (x, k) => x - before[i]![k]!);
        expect(length(moved) / length(before[i]!)).toBeCloseTo(0.1, 10);
      });
      const zero = parameter(tensor(new Float64Array(2), [2]));
      const fresh = new optim.LAMB([zero], { lr: 0.1 });
      zero.cell.gradient.set(Float64Array.of(1, -1));
      fresh.step();
      expectNumbers("a tensor of zeros", zero, [-0.1, 0.1], 1e-6);
    });
    it("Muon's directions are orthogonal, near enough, in tall and in wide matrices", () => {
      for (const shape of [
        [4, 10],
        [10, 4],
      ]) {
        manualSeed(3);
        const matrix = parameter(tensor(Float64Array.from(randn(shape).dataSync()), shape));
        const x = fromNode(orthogonalized(matrix.node, [3.4445, -4.775, 2.0315], 5, 1e-7));
        const [long, short] = shape[0]! > shape[1]! ? [x, x.T] : [x.T, x];
        const gram = [...short.matmul(long).dataSync()];
        // Singular values between 0.7 and 1.2, as the polynomial leaves them.
        gram.forEach((value, i) => {
          if (i % 5 === 0) expect(Math.abs(value - 0.95)).toBeLessThan(0.5);
          else expect(Math.abs(value)).toBeLessThan(0.35);
        });
      }
      expect(() => new optim.Muon([parameter(tensor(new Float32Array(3), [3]))])).toThrow(
        /takes matrices only, got \[3\]/,
      );
    });
    it("an optimizer of one's own is a formula", () => {
      const signs: optim.Rule<optim.OptimizerOptions> = {
        name: "SignSGD",
        defaults: { lr: 1e-3 },
        state: () => ({}),
        update({ parameter: p, gradient, lr }) {
          const change = fromNode(gradient).sign().mul(fromNode(lr));
          return { parameter: fromNode(p).sub(change).node, state: {} };
        },
      };
      expect(
        path(
          (p) => new optim.Optimizer(signs, p, { lr: 0.1 }),
          1,
          (w) => 2 * w,
          3,
        ),
      ).toEqual([0.9, 0.8, 0.7].map((x) => expect.closeTo(x, 12) as number));
    });
    it("[I23] bytes of state for a parameter of four bytes", () => {
      const w = (): Parameter[] => [parameter(tensor(new Float32Array(100), [100])) as Parameter];
      const each = [
        new optim.SGD(w()),
        new optim.SGD(w(), { momentum: 0.9 }),
        new optim.Adam(w()),
        new optim.AdamW(w()),
        new optim.Lion(w()),
      ].map((optimizer) => optimizer.stateBytes / 100);
      expect(each).toEqual([0, 4, 8, 8, 4]);
    });
    it("[I25] applyGradients, a step, and an assignment do the same", () => {
      const [a, b, c] = [1, 2, 3].map(() => parameter(tensor(Float64Array.of(1, 2), [2])));
      const gradient = tensor(Float64Array.of(0.5, -1));
      new optim.SGD([a!], { lr: 0.1 }).applyGradients([[gradient, a!]]);
      b!.cell.gradient.set(Float64Array.of(0.5, -1));
      new optim.SGD([b!], { lr: 0.1 }).step();
      c!.assign(c!.sub(gradient.mul(0.1)));
      for (const p of [a!, b!, c!]) expectNumbers("parameter", p, [0.95, 2.1], 1e-12);
    });
    it("[I24] recommendations can be built as they are", () => {
      const got = (["default", "fineTuning", "memory", "control"] as const).map((purpose) => optim.recommend(purpose));
      expect(got).toEqual([
        { optimizer: "AdamW", options: { lr: 1e-3, weightDecay: 0.01 } },
        { optimizer: "AdamW", options: { lr: 1e-5, weightDecay: 0.01 } },
        { optimizer: "Lion", options: { lr: 1e-4, weightDecay: 0.1 } },
        { optimizer: "SGD", options: { lr: 0.01, momentum: 0.9 } },
      ]);
      const { AdamW, Lion, SGD } = optim;
      const classes = { AdamW, Lion, SGD };
      for (const { optimizer, options } of got)
        expect(new classes[optimizer]([fixedParameter([2], 1)], options).groups[0]!.options).toMatchObject(options);
      expect(() => optim.recommend("speed" as "memory")).toThrow(/no purpose "speed" is known/);
    });
    it("[I28] [AK16] names stand for Keras's optimizers, with Keras's defaults", () => {
      const p = (): Parameter[] => [fixedParameter([2, 2], 1)];
      const adam = optim.named("adam", p());
      expect(adam).toBeInstanceOf(optim.Adam);
      expect(adam.groups[0]!.options).toMatchObject({ lr: 1e-3, betas: [0.9, 0.999], eps: 1e-7 });
      expect(optim.named("SGD", p()).lr).toBe(0.01);
      expect(optim.named("RMSprop", p()).groups[0]!.options).toMatchObject({ alpha: 0.9, eps: 1e-7 });
      expect(optim.named("adamw", p(), { lr: 0.5 }).groups[0]!.options).toMatchObject({ lr: 0.5, weightDecay: 0.004 });
      for (const name of Object.keys(optim.kerasDefaults)) {
        const parameters = p();
        const optimizer = optim.named(name, parameters);
        expect(optimizer.groups[0]!.options).toMatchObject(optim.kerasDefaults[name as "adam"]);
        parameters[0]!.cell.gradient.set(spread([2, 2], 4));
        optimizer.step();
        expect(parameters[0]!.dataSync()).not.toEqual(spread([2, 2], 1));
      }
      expect(() => optim.named("adamski", p())).toThrow(/no "adamski" is known; the names are sgd, rmsprop/);
    });
  });

  describe("[I19] [L11] gradient noise", () => {
    it("has variance σ² / (1 + t)^γ, within 5 %", async () => {
      manualSeed(11);
      const w = parameter(tensor(new Float32Array(20_000), [20_000]));
      const noise = new optim.GradientNoise([w], { variance: 0.5, gamma: 1 });
      const variances = Array.from({ length: 4 }, () => {
        w.cell.gradient.set(new Float32Array(20_000).fill(3));
        noise.add();
        return w.grad!.variance().itemSync();
      });
      variances.forEach((variance, t) => expect(Math.abs((variance * (1 + t)) / 0.5 - 1)).toBeLessThan(0.05));
      // Halved when 1 + t doubles.
      expect(variances[0]! / variances[1]!).toBeCloseTo(2, 0);
      expect(Math.abs(w.grad!.mean().itemSync() - 3)).toBeLessThan(0.02);
      await noise.ready();
      const resumed = new optim.GradientNoise([w]);
      resumed.loadStateDict(noise.stateDict());
      expect(resumed.stateDict()).toEqual({ step: 4 });
    });
    it("differs from step to step of a traced function, and leaves parameters without gradients alone", () => {
      const [w, other] = [parameter(tensor(new Float32Array(4), [4])), parameter(tensor(new Float32Array(4), [4]))];
      const noise = new optim.GradientNoise([w, other]);
      const step = jit(() => {
        noise.add();
        return w.grad!;
      });
      const seen = Array.from({ length: 3 }, () => {
        w.cell.gradient.set(new Float32Array(4));
        return [...step().dataSync()].join();
      });
      expect(new Set(seen).size).toBe(3);
      expect(other.grad).toBeNull();
      expect(() => new optim.GradientNoise([w], { variance: -1 })).toThrow(ArgumentError);
      expect(() => noise.loadStateDict({ step: -1 })).toThrow(FormatError);
    });
  });
});

it("Lookahead: weights that were loaded later are where it starts from; options that make no sense", () => {
  const w = parameter(tensor(Float64Array.of(0), [1]));
  const optimizer = new optim.Lookahead(new optim.SGD([w], { lr: 1 }), { k: 2, alpha: 0.5 });
  w.cell.set(Float64Array.of(10));
  for (let i = 0; i < 2; i++) {
    w.cell.gradient.set(Float64Array.of(1));
    optimizer.step();
  }
  // From 10 over 9 to 8, and back to the middle.
  expect(w.itemSync()).toBe(9);
  const scheduler = new optim.Scheduler(optimizer, optim.stepDecay({ every: 1 }));
  scheduler.step();
  expect([optimizer.lr, optimizer.inner.lr]).toEqual([0.1, 0.1]);
  expect(() => new optim.Lookahead(optimizer.inner, { k: 0 })).toThrow(/k must be a whole number/);
  expect(() => new optim.Lookahead(optimizer.inner, { alpha: 2 })).toThrow(/alpha must lie in \[0, 1\]/);
});

it("options that make no sense are refused", () => {
  const p = fixedParameter([2, 2], 1);
  const refused = (make: () => unknown, message: RegExp): void => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  };
  refused(() => new optim.Rprop([p], { etas: [1.5, 2] }), /Rprop: etas must lie in \(0, 1\) and above 1/);
  refused(() => new optim.Adadelta([p], { rho: 1.2 }), /Adadelta: rho must be 0 or more and below 1, got 1.2/);
  refused(() => new optim.RMSprop([p], { alpha: -1 }), /RMSprop: alpha/);
  refused(() => new optim.Adafactor([p], { d: 0.5 }), /Adafactor: d must be 1 or more/);
  refused(() => new optim.Adafactor([p], { eps: [null, -1] }), /Adafactor: eps\[1\]/);
  refused(() => new optim.Muon([p], { nsSteps: 0 }), /Muon: nsSteps/);
  refused(() => new optim.NAdam([p], { momentumDecay: -1 }), /NAdam: momentumDecay/);
  refused(() => (new optim.Adagrad([p]).groups[0]!.momentum = 0.5), /Adagrad: has no momentum to set/);
  refused(() => (new optim.Adam([p]).groups[0]!.momentum = 1), /Adam: momentum must be 0 or more and below 1, got 1/);
});

describe("the place of ε", () => {
  /** Where a parameter of 1 goes by a gradient of 2, in one step of rate 0.1 with an ε that is no trifle. */
  const after = (make: (parameters: Parameter[], options: object) => Stepper, options: object): number => {
    const one = parameter(tensor(Float64Array.of(1), [1]));
    one.mul(2).sum().backward();
    make([one], { lr: 0.1, eps: 1, ...options }).step();
    return one.dataSync()[0]!;
  };

  it.each([
    // Kingma and Ba 2015: beside √v̂, and with ε̂ beside √v before the bias is corrected.
    ["Adam", (p, o) => new optim.Adam(p, o), 2 / (2 + 1), 2 / ((Math.sqrt(0.004) + 1) / Math.sqrt(0.001))],
    ["RMSprop", (p, o) => new optim.RMSprop(p, { alpha: 0.9, ...o }), 2 / (Math.sqrt(0.4) + 1), 2 / Math.sqrt(0.4 + 1)],
    ["Adagrad", (p, o) => new optim.Adagrad(p, o), 2 / (2 + 1), 2 / Math.sqrt(4 + 1)],
  ] as readonly (readonly [string, (parameters: Parameter[], options: object) => Stepper, number, number])[])(
    "%s adds it to the root as PyTorch does, and as Keras does only where that is asked for",
    (_, make, outside, inside) => {
      expect(after(make, {})).toBeCloseTo(1 - 0.1 * outside, 9);
      expect(after(make, { epsInside: false })).toBeCloseTo(1 - 0.1 * outside, 9);
      expect(after(make, { epsInside: true })).toBeCloseTo(1 - 0.1 * inside, 9);
    },
  );
});
