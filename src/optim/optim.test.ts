import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError, ShapeError } from "../core/errors.ts";
import { expectNumbers, fixed, fixedParameter, goldens, spread } from "../nn/golden.testing.ts";
import * as nn from "../nn/index.ts";
import { tensor } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { jit } from "../tensor/jit.ts";
import { parameter } from "../nn/state.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as losses from "../nn/losses/index.ts";
import { fill } from "../graph/ops/leaf.ts";
import { fromNode } from "../tensor/tensor.ts";
import * as optim from "./index.ts";
import { rectification } from "./radam.ts";

/** What the tests below train with. */
const cases: Record<string, (p: Parameter[]) => optim.Optimizer> = {
  SGD: (p) => new optim.SGD(p, { lr: 0.1 }),
  "SGD momentum": (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 }),
  Adam: (p) => new optim.Adam(p),
  "Adam decay": (p) => new optim.Adam(p, { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.1 }),
  AdamW: (p) => new optim.AdamW(p),
  "AdamW decay": (p) => new optim.AdamW(p, { lr: 0.1, weightDecay: 0.5 }),
};

const twoParameters = (): Parameter[] => [fixedParameter([2, 3], 1), fixedParameter([4], 2)];
const giveGradients = (parameters: readonly Parameter[], step: number): void =>
  parameters.forEach(({ cell }, i) => {
    const values = spread(cell.shape, 301 + 10 * step + i);
    cell.gradient.set(cell.dtype === "f64" ? values : Float32Array.from(values));
  });

class Net extends nn.Module {
  fc1 = new nn.Linear(6, 8);
  fc2 = new nn.Linear(8, 3);
  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).relu());
  }
}

/** A model, its optimizer, and a step of training. */
function training(make: (p: Parameter[]) => optim.Optimizer): {
  model: Net;
  optimizer: optim.Optimizer;
  step: (x: Tensor, y: Tensor) => Tensor;
} {
  manualSeed(1);
  const model = new Net();
  const optimizer = make(model.parameters());
  const step = (x: Tensor, y: Tensor): Tensor => {
    const loss = losses.crossEntropy(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { model, optimizer, step };
}

const batch = (): [Tensor, Tensor] => [
  fixed([12, 6], 9).float(),
  tensor(Int32Array.from({ length: 12 }, (_, i) => i % 3)),
];
const bytes = (model: nn.Module): number[][] => model.parameters().map((p) => [...p.dataSync()]);

onEachDevice(() => {
  it("groups with options of their own go as optimizers of their own", () => {
    const [together, apart] = [twoParameters(), twoParameters()];
    const own = { lr: 0.01, momentum: 0.5 };
    const shared = { lr: 0.1, momentum: 0.9 };
    const one = new optim.SGD([{ params: together.slice(0, 1) }, { params: together.slice(1), ...own }], shared);
    const two = [new optim.SGD(apart.slice(0, 1), shared), new optim.SGD(apart.slice(1), own)];
    for (let step = 0; step < 5; step++) {
      for (const parameters of [together, apart]) giveGradients(parameters, step);
      for (const optimizer of [one, ...two]) {
        optimizer.step();
        if (step === 2) for (const group of optimizer.groups) group.lr /= 2;
      }
    }
    together.forEach((p, i) => expect(p.dataSync()).toEqual(apart[i]!.dataSync()));
  });

  it("[AK18] ten micro-batches, four to an update: the last two are lost unless what is left is stepped too", () => {
    const run = (flush: boolean): { updates: number; w: number; left: number | undefined } => {
      const w = parameter(tensor(Float64Array.of(0), [1]));
      const optimizer = new optim.SGD([w], { lr: 1 });
      let updates = 0;
      for (let i = 1; i <= 10; i++) {
        // Each micro-batch counts a quarter of its update.
        w.mul(i).sum().div(4).backward();
        if (i % 4 === 0 || (flush && i === 10)) {
          optimizer.step();
          optimizer.zeroGrad();
          updates++;
        }
      }
      return { updates, w: w.dataSync()[0]!, left: w.grad?.dataSync()[0] };
    };
    expect(run(false)).toEqual({ updates: 2, w: -(1 + 2 + 3 + 4 + 5 + 6 + 7 + 8) / 4, left: (9 + 10) / 4 });
    expect(run(true)).toMatchObject({ updates: 3, w: -55 / 4 });
  });

  describe("clipping", () => {
    it.each(Object.entries(goldens.clipGradNorm))("by norm %s, as PyTorch", (limit, golden) => {
      const parameters = twoParameters();
      giveGradients(parameters, 0);
      expectNumbers("norm", optim.clipGradNorm(parameters, Number(limit)), golden.norm, 1e-8);
      parameters.forEach((p, i) => expectNumbers(`gradient ${i}`, p.grad!, golden.gradients[i]!, 1e-8));
    });
    it("[W5] by value", () => {
      const p = parameter(tensor(Float32Array.of(0, 0, 0), [3]));
      p.cell.gradient.set(Float32Array.of(-3, 0.25, 3));
      optim.clipGradValue([p], 0.5);
      expect([...p.grad!.dataSync()]).toEqual([-0.5, 0.25, 0.5]);
    });
    it("inside a traced step, and with nothing to clip", () => {
      const traced = training((p) => new optim.SGD(p, { lr: 0.1 }));
      const [x, y] = batch();
      const step = jit((a: Tensor, b: Tensor) => {
        const loss = losses.crossEntropy(traced.model.forward(a), b);
        traced.optimizer.zeroGrad();
        loss.backward();
        const norm = optim.clipGradNorm(traced.model.parameters(), 1e-3);
        traced.optimizer.step();
        return norm;
      });
      expect(step(x, y).itemSync()).toBeGreaterThan(1e-3);
      const squares = traced.model.parameters().map((p) => p.grad!.square().sum().itemSync());
      expect(Math.sqrt(squares.reduce((a, b) => a + b))).toBeCloseTo(1e-3, 6);
      expect(optim.clipGradNorm([], 1).itemSync()).toBe(0);
    });
  });

  describe("worked values", () => {
    it("[AI18] [AK16] Adam's defaults can be read back; ε is 1e-8 as in PyTorch and 1e-7 where it is given", () => {
      const p = parameter(tensor(Float32Array.of(1), [1]));
      const { lr, betas, eps, weightDecay } = new optim.Adam([p]).groups[0]!.options;
      expect([lr, betas, eps, weightDecay]).toEqual([1e-3, [0.9, 0.999], 1e-8, 0]);
      const keras = new optim.Adam([p], { eps: 1e-7 }).groups[0]!;
      expect([keras.lr, keras.options.betas, keras.options.eps]).toEqual([1e-3, [0.9, 0.999], 1e-7]);
    });
    it("[AI19] [I7] one AdamW step from 1 with gradient 0.1 is 0.9989900001; RAdam's ρ₅ and r₅", () => {
      const w = parameter(tensor(Float64Array.of(1), [1]));
      const optimizer = new optim.AdamW([w], { lr: 1e-3, weightDecay: 0.01 });
      w.cell.gradient.set(Float64Array.of(0.1));
      optimizer.step();
      expect(w.itemSync()).toBeCloseTo(0.9989900001, 10);
      const after = (count: number): [number, number] => {
        const { length, factor } = rectification(0.999, fill([], count, "f64"));
        return [fromNode(length).itemSync(), fromNode(factor).itemSync()];
      };
      expect(after(5)[0]).toBeCloseTo(4.995998, 6);
      expect(after(5)[1]).toBeCloseTo(0.0173115, 7);
      expect([after(1)[0], after(4)[0]]).toEqual([expect.closeTo(1, 8), expect.closeTo(3.9975, 4)]);
      expect(after(4)[1]).toBe(0);
      expect(after(20_000)).toEqual([expect.closeTo(1999, 3), expect.closeTo(1, 6)]);
    });
    it("[AK17] decoupled decay is no L2 penalty: AdamW and Adam differ after two steps", () => {
      const [a, b] = [parameter(tensor(Float64Array.of(1, -2), [2])), parameter(tensor(Float64Array.of(1, -2), [2]))];
      const [decoupled, l2] = [new optim.AdamW([a], { weightDecay: 0.1 }), new optim.Adam([b], { weightDecay: 0.1 })];
      for (let i = 0; i < 2; i++) {
        for (const p of [a, b]) p.cell.gradient.set(Float64Array.of(0.3, 0.2));
        decoupled.step();
        l2.step();
      }
      expect([...a.dataSync()]).not.toEqual([...b.dataSync()]);
      expect(Math.abs(a.dataSync()[1]! - b.dataSync()[1]!)).toBeGreaterThan(1e-4);
    });
  });

  describe("behaviour of rules", () => {
    /** Values of w after each step on a function with the gradient given. */
    const path = (
      make: (p: Parameter[]) => optim.Optimizer,
      start: number,
      gradient: (w: number) => number,
      steps: number,
    ): number[] => {
      const w = parameter(tensor(Float64Array.of(start), [1]));
      const optimizer = make([w]);
      return Array.from({ length: steps }, () => {
        w.cell.gradient.set(Float64Array.of(gradient(w.itemSync())));
        optimizer.step();
        return w.itemSync();
      });
    };
    const square = (w: number): number => 2 * w;
    it("[I1] [I2] gradient descent on w² from 3 at 0.1 goes to 2.4", () => {
      expect(path((p) => new optim.SGD(p, { lr: 0.1 }), 3, square, 1)[0]).toBeCloseTo(2.4, 12);
    });
    it("[I3] under a constant gradient momentum 0.9 moves ten times as fast", () => {
      const w = path(
        (p) => new optim.SGD(p, { lr: 0.01, momentum: 0.9 }),
        0,
        () => 1,
        300,
      );
      expect((w[299]! - w[298]!) / -0.01).toBeCloseTo(10, 6);
    });
    it("[I4] Nesterov differs from momentum in the first step: 0.62 against 0.80", () => {
      const first = (nesterov: boolean): number =>
        path((p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov }), 1, square, 1)[0]!;
      expect([first(true), first(false)]).toEqual([expect.closeTo(0.62, 12), expect.closeTo(0.8, 12)]);
    });
    it("[I6] Adam's first step is lr·sign(g), whatever the gradient's size", () => {
      for (const g of [1e-2, -3, 400])
        expect(
          path(
            (p) => new optim.Adam(p),
            0,
            () => g,
            1,
          )[0],
        ).toBeCloseTo(-1e-3 * Math.sign(g), 8);
    });
    it("[I22] no weight decay is the plain rule", () => {
      const decayed = (weightDecay: number): number[] => path((p) => new optim.AdamW(p, { weightDecay }), 2, square, 3);
      expect(decayed(0)).toEqual(path((p) => new optim.Adam(p), 2, square, 3));
      expect(decayed(0.1)).not.toEqual(decayed(0));
    });
    it("[I26] Adam's steps are smaller where gradients change sign", () => {
      const w = parameter(tensor(Float64Array.of(0, 0), [2]));
      const optimizer = new optim.Adam([w], { lr: 0.1 });
      const moves: number[][] = [];
      for (let i = 0; i < 20; i++) {
        const before = [...w.dataSync()];
        w.cell.gradient.set(Float64Array.of(1, i % 2 ? 1 : -1));
        optimizer.step();
        moves.push([...w.dataSync()].map((v, k) => Math.abs(v - before[k]!)));
      }
      for (const [steady, swinging] of moves.slice(1)) expect(swinging).toBeLessThan(steady! / 2);
    });
    it("[I27] too large a rate diverges, too small a one crawls, Adam arrives", () => {
      const end = (make: (p: Parameter[]) => optim.Optimizer): number => Math.abs(path(make, 1, square, 100).at(-1)!);
      expect(end((p) => new optim.SGD(p, { lr: 1.1 }))).toBeGreaterThan(1e6);
      expect(end((p) => new optim.SGD(p, { lr: 0.01 }))).toBeGreaterThan(0.1);
      expect(end((p) => new optim.Adam(p, { lr: 0.1 }))).toBeLessThan(0.05);
    });
    it("[I20] groups have rates of their own, which can be read", () => {
      const [a, b] = [parameter(tensor(Float64Array.of(1), [1])), parameter(tensor(Float64Array.of(1), [1]))];
      const optimizer = new optim.SGD([{ params: [a], lr: 1e-4 }, { params: [b] }], { lr: 1e-3 });
      expect(optimizer.groups.map((group) => group.lr)).toEqual([1e-4, 1e-3]);
      for (const p of [a, b]) p.cell.gradient.set(Float64Array.of(1));
      optimizer.step();
      expect([a.itemSync(), b.itemSync()]).toEqual([expect.closeTo(0.9999, 12), expect.closeTo(0.999, 12)]);
    });
    it("[W1] four micro-batches of eight are one batch of 32", () => {
      const [whole, parts] = [training(cases["SGD"]!), training(cases["SGD"]!)];
      const x = fixed([32, 6], 9).float();
      const y = tensor(Int32Array.from({ length: 32 }, (_, i) => i % 3));
      whole.step(x, y);
      parts.optimizer.zeroGrad();
      for (let i = 0; i < 4; i++) {
        const [bx, by] = [x.narrow(0, 8 * i, 8), y.narrow(0, 8 * i, 8)];
        losses.crossEntropy(parts.model.forward(bx), by).div(4).backward();
      }
      parts.optimizer.step();
      bytes(parts.model).forEach((values, i) => expectNumbers(`parameter ${i}`, values, bytes(whole.model)[i]!, 1e-6));
    });
    it("[W3] clipping [3, 4] to norm 1 gives [0.6, 0.8]", () => {
      const w = parameter(tensor(Float64Array.of(0, 0), [2]));
      w.cell.gradient.set(Float64Array.of(3, 4));
      expect(optim.clipGradNorm([w], 1).itemSync()).toBe(5);
      expectNumbers("gradient", w.grad!, [0.6, 0.8], 1e-6);
    });
  });

  describe("steps", () => {
    it.each(["SGD momentum", "Adam", "AdamW"])("%s: a traced step gives the bits of an untraced one", (name) => {
      const [plain, traced] = [training(cases[name]!), training(cases[name]!)];
      const step = jit(traced.step);
      const [x, y] = batch();
      for (let i = 0; i < 6; i++) expect(step(x, y).itemSync()).toBe(plain.step(x, y).itemSync());
      expect(bytes(traced.model)).toEqual(bytes(plain.model));
    });
    it("[A25] frozen parameters stay as they are, to the byte, over ten steps; unfrozen ones learn again", () => {
      for (const traced of [false, true]) {
        const { model, optimizer, step: untraced } = training((p) => new optim.AdamW(p, { lr: 0.1 }));
        const step = traced ? jit(untraced) : untraced;
        const [x, y] = batch();
        step(x, y);
        model.fc1.freeze();
        const [before, head] = [bytes(model.fc1), bytes(model.fc2)];
        for (let i = 0; i < 10; i++) step(x, y);
        expect(bytes(model.fc1)).toEqual(before);
        expect(bytes(model.fc2)).not.toEqual(head);
        expect(model.fc1.weight.grad).toBeNull();
        model.fc1.unfreeze();
        step(x, y);
        expect(bytes(model.fc1)).not.toEqual(before);
        // Its companions went on without it: bias correction counts the steps of each.
        expect(optimizer.stateDict().state["0"]!["step"]!.itemSync()).toBe(2);
        expect(optimizer.stateDict().state["2"]!["step"]!.itemSync()).toBe(12);
      }
    });
    it("[A26] two backwards double the gradient, zeroGrad clears it", () => {
      const { model, optimizer } = training(cases["SGD"]!);
      const [x, y] = batch();
      const back = (): void => losses.crossEntropy(model.forward(x), y).backward();
      back();
      const once = [...model.fc1.weight.grad!.dataSync()];
      back();
      expect([...model.fc1.weight.grad!.dataSync()]).toEqual(once.map((g) => 2 * g));
      optimizer.zeroGrad();
      expect(model.fc1.weight.grad).toBeNull();
      expect(model.parameters().every((p) => p.grad === null)).toBe(true);
    });
    it("a step without gradients changes nothing", () => {
      const { model, optimizer } = training(cases["Adam"]!);
      const before = bytes(model);
      optimizer.step();
      expect(bytes(model)).toEqual(before);
    });
    it("a detached parameter that the user keeps has its old value after the step", () => {
      for (const traced of [false, true]) {
        const { model, step: untraced } = training(cases["AdamW decay"]!);
        const step = traced ? jit(untraced) : untraced;
        const [x, y] = batch();
        step(x, y);
        const kept = model.fc1.weight.detach();
        const copies = model.stateDict();
        const before = bytes(model);
        for (let i = 0; i < 3; i++) step(x, y);
        expect([...kept.dataSync()]).toEqual(before[0]);
        expect(Object.values(copies).map((t) => [...t.dataSync()])).toEqual(before);
        expect(bytes(model)).not.toEqual(before);
      }
    });
    it("the learning rate changes without another trace", () => {
      let traces = 0;
      const { model, optimizer, step } = training((p) => new optim.SGD(p, { lr: 0.5 }));
      const traced = jit((x: Tensor, y: Tensor) => {
        traces++;
        return step(x, y);
      });
      const [x, y] = batch();
      for (let i = 0; i < 3; i++) traced(x, y);
      const before = bytes(model);
      optimizer.lr = 0;
      traced(x, y);
      expect(bytes(model)).toEqual(before);
      expect(optimizer.lr).toBe(0);
      expect(traces).toBe(2);
    });
    it("a traced loop of many steps keeps its size and learns", () => {
      const { step: untraced } = training((p) => new optim.AdamW(p, { lr: 0.05 }));
      const step = jit(untraced);
      const [x, y] = batch();
      const first = step(x, y).itemSync();
      let last = first;
      for (let i = 0; i < 60; i++) last = step(x, y).itemSync();
      expect(last).toBeLessThan(first / 4);
      expect(step.variants).toHaveLength(1);
    });
  });

  describe("state", () => {
    it.each(["SGD momentum", "Adam decay"])("[I21] %s: a resumed run goes on with the same bits", (name) => {
      const make = cases[name]!;
      const [x, y] = batch();
      const original = training(make);
      for (let i = 0; i < 3; i++) original.step(x, y);
      original.optimizer.lr = 0.02;
      const [weights, state] = [original.model.stateDict(), original.optimizer.stateDict()];
      for (let i = 0; i < 3; i++) original.step(x, y);
      const resumed = training(make);
      resumed.model.loadStateDict(weights);
      resumed.optimizer.loadStateDict(state);
      expect(resumed.optimizer.lr).toBe(0.02);
      for (let i = 0; i < 3; i++) resumed.step(x, y);
      expect(bytes(resumed.model)).toEqual(bytes(original.model));
    });
    it("has PyTorch's layout and names", () => {
      const { optimizer, step } = training(cases["Adam"]!);
      step(...batch());
      const { state, param_groups } = optimizer.stateDict();
      expect(Object.keys(state)).toEqual(["0", "1", "2", "3"]);
      expect(Object.keys(state["0"]!)).toEqual(["step", "exp_avg", "exp_avg_sq"]);
      expect(state["0"]!["exp_avg"]!.shape).toEqual([8, 6]);
      expect(param_groups).toEqual([
        {
          lr: 1e-3,
          betas: [0.9, 0.999],
          eps: 1e-8,
          weight_decay: 0,
          amsgrad: false,
          maximize: false,
          decoupled_weight_decay: false,
          params: [0, 1, 2, 3],
        },
      ]);
    });
    it("state that does not fit is refused, and nothing is half loaded", () => {
      const { optimizer, step } = training(cases["Adam"]!);
      step(...batch());
      const saved = optimizer.stateDict();
      const other = new optim.Adam(twoParameters());
      expect(() => other.loadStateDict(saved)).toThrow(FormatError);
      expect(() => other.loadStateDict(saved)).toThrow(/has groups of 2 parameters, the state of 4/);
      const before = optimizer.stateDict().state["0"]!["exp_avg"]!.dataSync();
      const broken = { ...saved, state: { ...saved.state, "3": { ...saved.state["3"], exp_avg: tensor([1, 2]) } } };
      expect(() => optimizer.loadStateDict(broken)).toThrow(ShapeError);
      expect([...optimizer.stateDict().state["0"]!["exp_avg"]!.dataSync()]).toEqual([...before]);
    });
  });

  it("options and parameters that make no sense are refused", () => {
    const p = parameter(tensor(Float32Array.of(1), [1]), "w");
    const check = (make: () => unknown, message: RegExp): void => {
      expect(make).toThrow(ArgumentError);
      expect(make).toThrow(message);
    };
    check(() => new optim.SGD([]), /got no parameters/);
    check(() => new optim.SGD([p, p]), /w is in two places/);
    check(() => new optim.SGD([{ params: [p] }, { params: [p] }]), /w is in two places/);
    check(() => new optim.SGD([p], { lr: -1 }), /lr must be a number of 0 or more, got -1/);
    check(() => new optim.SGD([p], { lr: Number.NaN }), /lr must be/);
    check(() => new optim.SGD([p], { nesterov: true }), /SGD: momentum/);
    check(() => new optim.Adam([p], { betas: [0.9, 1] }), /Adam: betas\[1\] must be 0 or more and below 1, got 1/);
    check(() => new optim.AdamW([p], { weightDecay: -1 }), /AdamW: weightDecay/);
    check(() => new optim.SGD([tensor([1])] as unknown as Parameter[]), /wants parameters, or groups/);
    check(() => new optim.SGD([{ params: [tensor([1]) as Tensor as Parameter] }]), /something that is no parameter/);
    check(() => optim.clipGradNorm([p], 0), /limit must be above 0/);
  });
});
