// Worked examples of the notes behind the catalogue: small numbers that a hand can follow.
import { describe, expect, it } from "vitest";
import * as optim from "../optim/index.ts";
import { grad } from "../tensor/autodiff.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed, spread } from "./golden.testing.ts";
import * as nn from "./index.ts";
import * as losses from "./losses/index.ts";

const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];

/** A layer of units, each with its weights and bias. */
function dense(units: readonly (readonly [weights: readonly number[], bias: number])[]): nn.Linear {
  const layer = new nn.Linear(units[0]![0].length, units.length, f64) as nn.Linear;
  layer.weight.cell.set(Float64Array.from(units.flatMap(([weights]) => weights)));
  layer.bias!.cell.set(Float64Array.from(units.map(([, bias]) => bias)));
  return layer;
}

const TRUTHS = [0, 0, 0, 1, 1, 0, 1, 1];
const pairs = (): Tensor => tensor(Float64Array.from(TRUTHS), [4, 2]);

/** Training by a traced step until the loss is small or the steps are used up; the last loss. */
function train(model: nn.Module, loss: () => Tensor, rate: number, steps: number, enough: number = 0): number {
  const optimizer = new optim.Adam(model.parameters(), { lr: rate });
  const step = jit(() => {
    const value = loss();
    optimizer.zeroGrad();
    value.backward();
    optimizer.step();
    return value;
  });
  let last = Infinity;
  for (let i = 0; i < steps && last > enough; i++) last = step().itemSync();
  return last;
}

onEachDevice(() => {
  describe("single units", () => {
    it("[F1] [AI17] w = [1, 1], b = −1.5 is AND: 0, 0, 0, 1", () => {
      const unit = dense([[[1, 1], -1.5]]);
      expect(numbers(unit.forward(pairs()).sigmoid().ge(0.5))).toEqual([0, 0, 0, 1]);
    });
    it("[F2] a threshold unit solves AND and OR", () => {
      const fires = (bias: number): number[] =>
        numbers(
          dense([[[1, 1], bias]])
            .forward(pairs())
            .gt(0),
        );
      expect([fires(-1.5), fires(-0.5)]).toEqual([
        [0, 0, 0, 1],
        [0, 1, 1, 1],
      ]);
    });
    it("[F3] the boundary is a line: z is 0 on it, b shifts it, its sides have signs", () => {
      const [w1, w2] = [2, -3];
      for (const b of [0, 1.5]) {
        const unit = dense([[[w1, w2], b]]);
        const xs = [-2, -0.5, 0, 1, 3];
        const on = tensor(Float64Array.from(xs.flatMap((x) => [x, (-w1 * x - b) / w2])), [5, 2]);
        for (const z of numbers(unit.forward(on))) expect(Math.abs(z)).toBeLessThan(1e-9);
        const up = tensor(Float64Array.of(0, 0.1), [2]);
        expect(numbers(unit.forward(on.add(up))).every((z) => z < 0)).toBe(true);
        expect(numbers(unit.forward(on.sub(up))).every((z) => z > 0)).toBe(true);
      }
    });
    it("[F4] without a bias AND cannot be fitted: 3 of 4 at best with a > 0.5, 2 of 4 with a ≥ 0.5 where the tie counts", () => {
      const angles = Float64Array.from({ length: 720 }, (_, i) => (i * Math.PI) / 360);
      const weights = tensor(Float64Array.from([...angles].flatMap((a) => [Math.cos(a), Math.sin(a)])), [720, 2]);
      const scores = pairs().matmul(weights.T).sigmoid();
      const wanted = tensor([false, false, false, true], [4, 1]);
      const best = (answers: Tensor): number => answers.eq(wanted).int().sum(0).max().itemSync();
      expect(best(scores.gt(0.5))).toBe(3);
      // (0, 0) always gives 0.5, which then counts as yes; no direction repairs the rest.
      expect(best(scores.ge(0.5))).toBe(2);
    });
    it("[F5] no single unit computes XOR, two layers do", () => {
      const side = 47;
      const grid = Float64Array.from({ length: 3 * side ** 3 }, (_, i) => {
        const position = Math.floor(i / 3);
        return (
          ([position % side, Math.floor(position / side) % side, Math.floor(position / side ** 2)][i % 3]! - 23) / 6
        );
      });
      expect(grid.length / 3).toBeGreaterThan(1e5);
      const units = tensor(grid, [side ** 3, 3]);
      const z = pairs()
        .matmul(units.narrow(1, 0, 2).T)
        .add(units.narrow(1, 2, 1).T);
      const wanted = tensor([false, true, true, false], [4, 1]);
      expect(z.gt(0).eq(wanted).int().sum(0).max().itemSync()).toBe(3);
      manualSeed(2);
      const model = nn.sequential(new nn.Linear(2, 2, f64), nn.tanh, new nn.Linear(2, 1, f64));
      const yes = tensor(Float64Array.of(0, 1, 1, 0), [4, 1]);
      const score = (): Tensor => model.forward(pairs());
      train(model, () => losses.binaryCrossEntropyWithLogits(score(), yes), 0.1, 400);
      expect(numbers(score().gt(0))).toEqual([0, 1, 1, 0]);
    });
    it("[F6] a linear stage and a ReLU fold the O's onto one point, then a line separates", () => {
      // O's inside a band, X's on both sides of it: no single line does it.
      const points = tensor(Float64Array.from([0, 0.2, 1, -0.3, -1, 0.1, 0, 2, 1, 3, -1, -2, 0.5, -2.5]), [7, 2]);
      const folded = dense([
        [[0, 1], -1],
        [[0, -1], -1],
      ])
        .forward(points)
        .relu();
      expect(numbers(folded.narrow(0, 0, 3))).toEqual([0, 0, 0, 0, 0, 0]);
      expect(
        numbers(
          dense([[[1, 1], -0.5]])
            .forward(folded)
            .gt(0),
        ),
      ).toEqual([0, 0, 0, 1, 1, 1, 1]);
    });
    it("[F7] a logistic unit learns that dear T-shirts are not top sellers; its answer falls with the price", () => {
      manualSeed(1);
      const unit = new nn.Linear(1, 1, f64) as nn.Linear;
      const price = tensor(Float64Array.of(0.5, 1, 1.5, 2, 2.5, 3), [6, 1]);
      const seller = tensor(Float64Array.of(1, 1, 1, 0, 0, 0), [6, 1]);
      train(unit, () => losses.binaryCrossEntropyWithLogits(unit.forward(price), seller), 0.1, 300);
      const answers = numbers(unit.forward(price).sigmoid());
      expect(answers.map((a) => Number(a > 0.5))).toEqual([1, 1, 1, 0, 0, 0]);
      expect(answers.every((a, i) => i === 0 || a < answers[i - 1]!)).toBe(true);
    });
    it("[F10] [AK3] [AK26] a tie at 0.5 is yes under ≥ and no under >; 0.49 is no", () => {
      const a = tensor([0.49, 0.5]);
      expect([numbers(a.ge(0.5)), numbers(a.gt(0.5))]).toEqual([
        [0, 1],
        [0, 0],
      ]);
    });
    it("[F9] [AI13] layers hand activations on: [0.3, 0.7, 0.2] → 0.84 → 1", () => {
      const logit = Math.log(0.84 / 0.16);
      const unit = dense([[[0, 0, 0], logit]]);
      const a2 = unit.forward(tensor(Float64Array.of(0.3, 0.7, 0.2))).sigmoid();
      expect(a2.itemSync()).toBeCloseTo(0.84, 12);
      expect(a2.ge(0.5).itemSync()).toBe(1);
    });
  });

  describe("layers", () => {
    const coffee = (): nn.Module & { forward(x: Tensor): Tensor } =>
      nn.sequential(
        dense([
          [[1, 2], -1],
          [[-3, 4], 1],
          [[1, -1], 0],
        ]),
        nn.sigmoid,
        dense([[[2, -1, 1], -3]]),
        nn.sigmoid,
      );
    it("[F21] [AI11] [AK4] coffee roasting from scratch: 0.5 at (200, 17), 0.165315 at (1, 1)", () => {
      const model = coffee();
      const first = dense([
        [[1, 2], -1],
        [[-3, 4], 1],
        [[1, -1], 0],
      ]);
      const x = tensor(Float64Array.of(200, 17));
      const z1 = first.forward(x);
      expect(numbers(z1)).toEqual([233, -531, 183]);
      expectNumbers("a1", z1.sigmoid(), [1, 0, 1], 1e-12);
      expect(model.forward(x).itemSync()).toBe(0.5);
      expect(model.forward(tensor(Float64Array.of(1, 1))).itemSync()).toBeCloseTo(0.165315, 6);
    });
    it("[F22] [AI12] [AK4] the vectorised coffee layer: Z = [165, −531, 900] → [1, 0, 1], nothing overflows", () => {
      const [w, b] = [
        tensor([
          [1, -3, 5],
          [-2, 4, -6],
        ]),
        tensor([[-1, 1, 2]]),
      ];
      const z = tensor([[200, 17]])
        .matmul(w)
        .add(b);
      expect(numbers(z)).toEqual([165, -531, 900]);
      expect(numbers(z.sigmoid().round())).toEqual([1, 0, 1]);
      expect(numbers(z.sigmoid()).every(Number.isFinite)).toBe(true);
    });
    it("[F11] [AI27] shapes of forward passes, examples in columns", () => {
      const shapeOf = (sizes: readonly number[], m: number): readonly number[] =>
        sizes.slice(1).reduce<Tensor>(
          (a, size, i) =>
            fixed([size, sizes[i]!], i)
              .matmul(a)
              .add(zeros([size, 1], f64))
              .relu(),
          fixed([sizes[0]!, m], 9),
        ).shape;
      expect(shapeOf([3, 4], 5)).toEqual([4, 5]);
      expect(shapeOf([2, 3], 5)).toEqual([3, 5]);
      expect(shapeOf([2, 4, 3, 1], 5)).toEqual([1, 5]);
      expect(shapeOf([5, 4, 3, 1], 10)).toEqual([1, 10]);
    });
    it("[F14] [F15] [F16] unit by unit, layer by layer or all at once: the same numbers", () => {
      const layers = [2, 3, 1].map((size, i) => {
        const inputs = [4, 2, 3][i]!;
        const values = spread([size, inputs + 1], i + 1);
        return dense(
          Array.from({ length: size }, (_, j) => {
            const row = Array.from(values.slice(j * (inputs + 1), (j + 1) * (inputs + 1)));
            return [row.slice(1), row[0]!] as const;
          }),
        );
      });
      const x = fixed([1, 4], 5);
      const looped = layers.reduce<number[]>((a, layer) => {
        const [w, b] = [layer.weight.toArraySync() as number[][], numbers(layer.bias!)];
        return w.map((row, j) => 1 / (1 + Math.exp(-row.reduce((sum, v, k) => sum + v * a[k]!, b[j]!))));
      }, numbers(x));
      const chained = layers.reduce<Tensor>((a, layer) => layer.forward(a).sigmoid(), x);
      const model = nn.sequential(...layers.flatMap((layer) => [layer, new nn.Sigmoid()]));
      expectNumbers("chained", chained, looped, 1e-12);
      expect(numbers(model.forward(x))).toEqual(numbers(chained));
    });
    it("[F18] a network from scratch: He weights, zero biases, a finite cost", () => {
      manualSeed(1);
      const sizes = [5, 4, 3, 1];
      const layers = sizes.slice(1).map((size, i) => new nn.Linear(sizes[i]!, size) as nn.Linear);
      for (const layer of layers) {
        nn.init.assign(layer.weight, nn.init.kaimingNormal());
        nn.init.assign(layer.bias!, nn.init.zeros);
      }
      const x = fixed([10, 5], 1).float();
      const scores = layers.reduce<Tensor>((a, layer, i) => (i < 2 ? layer.forward(a).relu() : layer.forward(a)), x);
      const wanted = tensor(
        Float32Array.from({ length: 10 }, (_, i) => i % 2),
        [10, 1],
      );
      expect(scores.T.shape).toEqual([1, 10]);
      expect(Number.isFinite(losses.binaryCrossEntropyWithLogits(scores, wanted).itemSync())).toBe(true);
    });
    it("[F19] a unit's formula is a row of the matrix form", () => {
      const layer = new nn.Linear(4, 3, f64) as nn.Linear;
      const x = fixed([4], 2);
      const all = numbers(layer.forward(x));
      for (let j = 0; j < 3; j++)
        expect(layer.weight.slice(j).mul(x).sum().itemSync() + numbers(layer.bias!)[j]!).toBeCloseTo(all[j]!, 12);
    });
    it("[F23] [F25] a batch gives what its examples give one by one", () => {
      const model = nn.sequential(new nn.Linear(3, 5, f64), nn.relu, new nn.Linear(5, 1, f64), nn.sigmoid);
      const x = fixed([100, 3], 1);
      const batch = model.forward(x);
      const single = x.unbind().map((row) => model.forward(row).itemSync());
      expectNumbers("batch", batch, single, 1e-12);
      const labels = numbers(batch.ge(0.5).int().reshape([100]));
      expect(labels).toHaveLength(100);
      expect(labels.every((label) => label === 0 || label === 1)).toBe(true);
    });
    it("[F24] ReLU layers and a softmax from a dictionary of parameters W1 … WL", () => {
      const parameters: Record<string, Tensor> = {};
      [4, 6, 3].forEach((size, i, sizes) => {
        if (i === 0) return;
        parameters[`W${i}`] = fixed([size, sizes[i - 1]!], i);
        parameters[`b${i}`] = fixed([size, 1], 10 + i);
      });
      const forward = (x: Tensor): Tensor => {
        const z1 = x.matmul(parameters["W1"]!.T).add(parameters["b1"]!.T);
        const z2 = z1.relu().matmul(parameters["W2"]!.T).add(parameters["b2"]!.T);
        return z2.softmax(1);
      };
      const out = forward(fixed([5, 4], 3));
      expectNumbers("sums", out.sum(1), [1, 1, 1, 1, 1], 1e-12);
      expect(out.argmax(1).shape).toEqual([5]);
    });
    it("[F27] linear layers collapse into one, and into logistic regression under a sigmoid", () => {
      const [first, second] = [new nn.Linear(4, 6, f64), new nn.Linear(6, 2, f64)] as nn.Linear[];
      const weight = second!.weight.matmul(first!.weight);
      const bias = second!.weight.matmul(first!.bias as Tensor).add(second!.bias as Tensor) as Tensor;
      const x = fixed([8, 4], 1);
      const deep = second!.forward(first!.forward(x));
      const flat = x.matmul(weight.T).add(bias);
      expectNumbers("collapsed", flat, numbers(deep), 1e-10);
      expectNumbers("sigmoid", flat.sigmoid(), numbers(deep.sigmoid()), 1e-10);
    });
    it("[AK24] dZ = A − Y holds at the output of cross-entropy and nowhere below", () => {
      const [w1, w2] = [fixed([4, 3], 1), fixed([3, 4], 2)];
      const x = fixed([5, 3], 3);
      const labels = tensor(Int32Array.of(0, 2, 1, 1, 0));
      const wanted = labels.oneHot(3).cast("f64");
      const fromHidden = (z: Tensor): Tensor =>
        losses.crossEntropy(z.tanh().matmul(w2.T), labels, { reduction: "sum" });
      const z1 = x.matmul(w1.T);
      const z2 = z1.tanh().matmul(w2.T);
      const atOutput = grad((z: Tensor) => losses.crossEntropy(z, labels, { reduction: "sum" }))(z2);
      expectNumbers("output", atOutput, numbers(z2.softmax().sub(wanted)), 1e-12);
      const atHidden = grad(fromHidden)(z1);
      const guess = z2.softmax().sub(wanted).matmul(w2);
      const distance = atHidden.sub(guess).abs().max().itemSync();
      expect(distance).toBeGreaterThan(0.1);
    });
  });

  describe("outputs", () => {
    it("[F26] changing one score changes every probability", () => {
      const softmax = (z: readonly number[]): number[] => numbers(tensor(Float64Array.from(z)).softmax());
      const [before, after] = [softmax([1, 2, 3, 4]), softmax([1, 2.5, 3, 4])];
      after.forEach((p, i) => expect(p).not.toBe(before[i]));
    });
    it("[AI31] [H13] softmax over two classes is logistic regression", () => {
      for (const [z1, z2] of [
        [0.3, -1.2],
        [5, 5],
        [-40, 3],
      ] as const) {
        const softmax = tensor(Float64Array.of(z1, z2)).softmax().slice(0).itemSync();
        expect(softmax).toBeCloseTo(
          tensor(Float64Array.of(z1 - z2))
            .sigmoid()
            .itemSync(),
          12,
        );
      }
    });
    it("[AI21] one-hot rows of [2, 0, 3, 1, 2]", () => {
      expect(
        tensor(Int32Array.of(2, 0, 3, 1, 2))
          .oneHot(4)
          .toArraySync(),
      ).toEqual([
        [0, 0, 1, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
      ]);
    });
    it("[AI29] [H25] three independent answers: car, no bus, pedestrian", () => {
      const logits = tensor(Float64Array.of(2, -1, 0.5), [1, 3]);
      expect(numbers(logits.sigmoid().ge(0.5))).toEqual([1, 0, 1]);
      const wanted = tensor(Float64Array.of(1, 0, 1), [1, 3]);
      const each = numbers(losses.binaryCrossEntropyWithLogits(logits, wanted, { reduction: "none" }));
      const total = losses.binaryCrossEntropyWithLogits(logits, wanted, { reduction: "sum" }).itemSync();
      expect(total).toBeCloseTo(
        each.reduce((a, b) => a + b),
        12,
      );
      expect(each[1]).toBeCloseTo(-Math.log(1 - 1 / (1 + Math.E)), 12);
    });
    it("[H1] [H3] [H8] losses by hand", () => {
      const probability = losses.binaryCrossEntropy(tensor(Float64Array.of(0.84)), tensor(Float64Array.of(1)));
      expect(probability.itemSync()).toBeCloseTo(0.174353, 6);
      expect(losses.crossEntropy(zeros([2, 10], f64), tensor(Int32Array.of(3, 7))).itemSync()).toBeCloseTo(2.302585, 6);
      expect(losses.mse(tensor([1, 2]), tensor([1, 4])).itemSync()).toBe(2);
      expect(losses.l1(tensor([1, 2]), tensor([1, 4])).itemSync()).toBe(1);
    });
    it("[H4] [H5] [H10] [H12] [H14] cross-entropy: labels and one-hot rows, smoothing, weights, gradient", () => {
      const [logits, labels] = [fixed([4, 3], 1), tensor(Int32Array.of(0, 2, 1, 2))];
      const share = labels.oneHot(3).cast("f64");
      const byHand = (target: Tensor): number => logits.logSoftmax().mul(target).sum(1).mean().neg().itemSync();
      expect(losses.crossEntropy(logits, labels).itemSync()).toBeCloseTo(byHand(share), 12);
      const smooth = share.mul(0.9).add(0.1 / 3);
      expectNumbers("smooth target", smooth.slice(2), [0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3], 1e-12);
      expect(losses.crossEntropy(logits, labels, { labelSmoothing: 0.1 }).itemSync()).toBeCloseTo(byHand(smooth), 12);
      const weight = tensor(Float64Array.of(1, 1, 2));
      const plain = numbers(losses.crossEntropy(logits, labels, { reduction: "none" }));
      const weighted = numbers(losses.crossEntropy(logits, labels, { reduction: "none", weight }));
      expect(weighted).toEqual(plain.map((l, i) => expect.closeTo([1, 2, 1, 2][i]! * l, 12)));
      const gradient = grad((z: Tensor) => losses.crossEntropy(z, labels))(logits);
      expectNumbers("gradient", gradient, numbers(logits.softmax().sub(share).div(4)), 1e-12);
    });
    it("[H17] probabilities given as logits have other gradients", () => {
      const [z, y] = [tensor(Float64Array.of(2)), tensor(Float64Array.of(0))];
      const right = grad((x: Tensor<[number]>) => losses.binaryCrossEntropyWithLogits(x, y))(z).itemSync();
      const wrong = grad((x: Tensor<[number]>) => losses.binaryCrossEntropyWithLogits(x.sigmoid(), y))(z).itemSync();
      expect(right).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
      expect(Math.abs(wrong - right)).toBeGreaterThan(0.5);
    });
  });

  it("[F28] one hidden layer of 64 fits a sine to less than 1e-3", () => {
    manualSeed(1);
    const model = nn.sequential(new nn.Linear(1, 64), nn.tanh, new nn.Linear(64, 1));
    const x = tensor(
      Float32Array.from({ length: 128 }, (_, i) => (i / 127) * 2 * Math.PI - Math.PI),
      [128, 1],
    );
    const wanted = x.sin();
    const loss = train(model, () => losses.mse(model.forward(x), wanted), 0.02, 1500, 9e-4);
    expect(loss).toBeLessThan(1e-3);
  });
  it("[K7] neurons that start alike stay alike", () => {
    const [hidden, head] = [new nn.Linear(3, 4), new nn.Linear(4, 1)] as nn.Linear[];
    const model = nn.sequential(hidden!, nn.tanh, head!);
    for (const p of model.parameters()) nn.init.assign(p, nn.init.constant(0.1));
    const [x, y] = [fixed([16, 3], 1).float(), fixed([16, 1], 2).float()];
    train(model, () => losses.mse(model.forward(x), y), 0.05, 20);
    const rows = hidden!.weight.toArraySync() as number[][];
    for (const row of rows) expect(row).toEqual(rows[0]);
    expect(rows[0]).not.toEqual([0.1, 0.1, 0.1].map(Math.fround));
  });
});
