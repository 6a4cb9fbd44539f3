import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { checkpoint } from "../tensor/checkpoint.ts";
import { ones, randn, tensor, zeros } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed, fixedParameter } from "./golden.testing.ts";
import * as nn from "./index.ts";

const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return mean(values.map((v) => (v - centre) ** 2));
};

/** Layers in f64 with the shapes of what they take. */
const differentiable: Record<string, [make: () => nn.Module, ...shapes: Shape[]]> = {
  linear: [() => new nn.Linear(3, 4, f64), [2, 3]],
  conv2d: [() => new nn.Conv2d(2, 4, 3, { ...f64, stride: 2, padding: 1, groups: 2 }), [1, 2, 5, 4]],
  maxPool2d: [() => new nn.MaxPool2d(2), [1, 2, 4, 4]],
  avgPool2d: [() => new nn.AvgPool2d(2, { stride: 1 }), [1, 2, 4, 4]],
  batchNorm1d: [() => new nn.BatchNorm1d(3, f64), [4, 3]],
  batchNorm2d: [() => new nn.BatchNorm2d(2, f64), [2, 2, 2, 3]],
  layerNorm: [() => new nn.LayerNorm(4, f64), [3, 4]],
  rmsNorm: [() => new nn.RMSNorm(4, f64), [3, 4]],
  attention: [() => new nn.MultiheadAttention(4, 2, f64), [2, 3, 4]],
  lstm: [() => new nn.LSTM(2, 3, f64), [4, 2, 2]],
};

onEachDevice(() => {
  describe("[A22] [B18] gradients agree with central differences, twice", () => {
    it.each(Object.entries(differentiable))("%s", (name, [make, ...shapes]) => {
      const layer = make();
      for (const [i, { cell }] of layer.parameters().entries()) cell.set(fixed(cell.shape, 7 + i).dataSync());
      const run = (...x: Tensor[]): Tensor => {
        const result = Reflect.apply(layer.forward, layer, x) as Tensor | readonly [Tensor, unknown];
        return "node" in result ? result : result[0];
      };
      // A loop hands out gradients, but none of its own gradient.
      const order = name === "lstm" ? 1 : 2;
      gradCheck(
        run,
        shapes.map((shape, i) => fixed(shape, 1 + i)),
        { order, tolerance: 1e-5, eps: 1e-5 },
      );
    });
    it("dropout, with one mask for all evaluations", () => {
      gradCheck(
        (x) => {
          manualSeed(3);
          return nn.dropout(x.mul(x), 0.4);
        },
        [fixed([4, 5], 1)],
        { order: 2, tolerance: 1e-5 },
      );
    });
  });

  describe("Linear", () => {
    it("starts uniform in ±1/√in, the same from the same seed", () => {
      manualSeed(5);
      const first = new nn.Linear(400, 300);
      manualSeed(5);
      const second = new nn.Linear(400, 300);
      expect(numbers(second.weight)).toEqual(numbers(first.weight));
      const values = numbers(first.weight);
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.05);
      expect(variance(values)).toBeCloseTo(0.05 ** 2 / 3, 5);
      expect(numbers(new nn.Linear(400, 300).weight)).not.toEqual(values);
    });
    it("takes any number of leading axes", () => {
      const layer = new nn.Linear(3, 2);
      for (const shape of [[3], [4, 3], [2, 4, 3], [2, 1, 4, 3], [0, 3]])
        expect(layer.forward(zeros(shape)).shape).toEqual([...shape.slice(0, -1), 2]);
    });
    it("names itself, the sizes and what came", () => {
      expect(() => new nn.Linear(784, 128).forward(zeros([32, 700]) as Tensor)).toThrow(ShapeError);
      expect(() => new nn.Linear(784, 128).forward(zeros([32, 700]) as Tensor)).toThrow(
        /Linear\(784, 128\): the last dimension must be 784, got \[32, 700\]/,
      );
      expect(() => new nn.Linear(0, 3)).toThrow(
        /Linear\(0, 3\): inFeatures must be a whole number of 1 or more, got 0/,
      );
      expect(() => new nn.Linear(2, 3, { dtype: "i32" })).toThrow(DTypeError);
    });
  });

  describe("Conv2d and pooling", () => {
    it("[AI15] [N5] sizes of outputs", () => {
      const size = (length: number, kernel: number, stride: number, padding: number): number =>
        new nn.Conv2d(1, 1, kernel, { stride, padding }).forward(zeros([1, 1, length, length])).shape[2];
      expect([size(28, 5, 1, 0), size(224, 7, 2, 3), size(32, 3, 1, 1)]).toEqual([24, 112, 32]);
    });
    it("[N6] [N9] [N10] small windows", () => {
      const layer = new nn.Conv2d(1, 1, 3, { bias: false });
      layer.weight.cell.set(new Float32Array(9).fill(1));
      const out = layer.forward(ones([1, 1, 5, 5]));
      expect(out.shape).toEqual([1, 1, 3, 3]);
      expect(numbers(out)).toEqual(new Array(9).fill(9));
      const x = tensor([
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ]);
      expect(new nn.MaxPool2d(2).forward(x).itemSync()).toBe(4);
      expect(new nn.AvgPool2d(2).forward(x).itemSync()).toBe(2.5);
    });
    it("[N29] a depthwise and a pointwise convolution have k²C + C·F weights", () => {
      const count = (...layers: nn.Conv2d[]): number => layers.reduce((sum, layer) => sum + layer.weight.size, 0);
      const options = { bias: false } as const;
      const separable = [new nn.Conv2d(8, 8, 3, { ...options, groups: 8 }), new nn.Conv2d(8, 16, 1, options)];
      expect(count(...(separable as nn.Conv2d[]))).toBe(9 * 8 + 8 * 16);
      expect(count(new nn.Conv2d(8, 16, 3, options) as nn.Conv2d)).toBe(9 * 8 * 16);
    });
    it("[N30] a residual block with zero weights passes relu(x)", () => {
      const convolutions = [0, 1].map(() => new nn.Conv2d(2, 2, 3, { padding: "same" }));
      for (const p of convolutions.flatMap((c) => c.parameters())) nn.init.assign(p, nn.init.zeros);
      const x: Tensor = fixed([1, 2, 4, 4], 1).float();
      const inner = convolutions[1]!.forward(convolutions[0]!.forward(x).relu());
      expect(numbers(inner.add(x).relu())).toEqual(numbers(x.relu()));
    });
    it("refuse other ranks, channels and groups by name", () => {
      const layer = new nn.Conv2d(3, 6, 3);
      expect(() => layer.forward(zeros([8, 1, 28, 28]) as Tensor)).toThrow(
        /Conv2d\(3, 6, 3\): the input must be \[n, 3, h, w\], got \[8, 1, 28, 28\]/,
      );
      expect(() => new nn.Conv2d(3, 6, 3, { groups: 2 })).toThrow(/3 and 6 channels do not fall into 2 groups/);
      expect(() => new nn.Conv2d(3, 6, 0)).toThrow(ArgumentError);
    });
  });

  describe("Dropout", () => {
    const run = (layer: nn.Dropout) => (x: Tensor) => layer.forward(x);
    it("[L3] keeps the mean while training, and is the identity otherwise", () => {
      manualSeed(1);
      const layer = new nn.Dropout(0.3);
      const x: Tensor = ones([200, 100]);
      const values = numbers(layer.forward(x));
      expect(Math.abs(mean(values) - 1)).toBeLessThan(0.03);
      expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
      expect(layer.eval().forward(x)).toBe(x);
      expect(numbers(new nn.Dropout(0).forward(x))).toEqual(numbers(x));
      expect(new Set(numbers(new nn.Dropout(1).forward(x)))).toEqual(new Set([0]));
      expect(() => new nn.Dropout(1.5)).toThrow(/Dropout: the rate must lie in \[0, 1\], got 1.5/);
    });
    it("draws another mask at each traced call, the same ones from the same seed, traced or not", () => {
      const x: Tensor = ones([64]);
      const traced = jit(run(new nn.Dropout(0.5)));
      const masks = (call: (x: Tensor) => Tensor): number[][] => {
        manualSeed(9);
        return [0, 1, 2, 3].map(() => numbers(call(x)));
      };
      const first = masks(traced);
      expect(new Set(first.map(String)).size).toBe(4);
      expect(masks(traced)).toEqual(first);
      expect(masks(run(new nn.Dropout(0.5)))).toEqual(first);
    });
    it("two layers in one traced function drop different elements, as they do untraced", () => {
      const layers = [new nn.Dropout(0.5), new nn.Dropout(0.5)];
      const both = (x: Tensor): Tensor[] => layers.map((layer) => layer.forward(x));
      const x: Tensor = ones([64]);
      manualSeed(2);
      const plain = [both(x), both(x)].flat().map(numbers);
      manualSeed(2);
      const traced = jit(both);
      expect([traced(x), traced(x)].flat().map(numbers)).toEqual(plain);
      expect(new Set(plain.map(String)).size).toBe(4);
    });
    it("passes the gradient where it passed the value", () => {
      const x = fixedParameter([50], 1);
      const out = new nn.Dropout(0.5).forward(x);
      out.sum().backward();
      expect(numbers(x.grad!)).toEqual(numbers(out).map((v) => (v === 0 ? 0 : 2)));
    });
    it("random numbers go on across traced and untraced calls", () => {
      const traced = jit((x: Tensor) => nn.dropout(x, 0.5));
      const x: Tensor = ones([64]);
      manualSeed(4);
      const mixed = [traced(x), nn.dropout(x, 0.5), traced(x), randn([4])].map(numbers);
      manualSeed(4);
      expect([nn.dropout(x, 0.5), traced(x), nn.dropout(x, 0.5), randn([4])].map(numbers)).toEqual(mixed);
    });
  });

  describe("BatchNorm", () => {
    it("[M1] [M3] [M7] normalises channels by the batch in training, by history in eval", () => {
      const layer = new nn.BatchNorm2d(3, f64);
      const x = fixed([4, 3, 5, 5], 1).mul(3).add(2);
      const channels = (t: Tensor): number[][] => [0, 1, 2].map((c) => numbers(t.slice(null, c)));
      const out = layer.forward(x);
      for (const values of channels(out)) {
        expect(mean(values)).toBeCloseTo(0, 10);
        expect(variance(values)).toBeCloseTo(1, 4);
      }
      const { running_mean, running_var, num_batches_tracked } = layer.stateDict();
      expect(numbers(running_mean!)).toEqual(channels(x).map((v) => expect.closeTo(0.1 * mean(v), 12)));
      expect(numbers(running_var!)).toEqual(
        channels(x).map((v) => expect.closeTo(0.9 + 0.1 * variance(v) * (100 / 99), 12)),
      );
      expect(num_batches_tracked!.itemSync()).toBe(1);
      expect(numbers(layer.eval().forward(x))).not.toEqual(numbers(out));
      expect(numbers(layer.stateDict()["running_mean"]!)).toEqual(numbers(running_mean!));
    });
    it("running statistics move under jit as they do without", () => {
      const [plain, traced] = [new nn.BatchNorm1d(3), new nn.BatchNorm1d(3)];
      const step = jit((x: Tensor) => traced.forward(x));
      for (let i = 0; i < 5; i++) {
        const x = fixed([8, 3], i).float();
        expect(numbers(step(x))).toEqual(numbers(plain.forward(x)));
      }
      for (const [name, value] of Object.entries(plain.stateDict()))
        expect(numbers(traced.stateDict()[name]!), name).toEqual(numbers(value));
      expect(traced.stateDict()["num_batches_tracked"]!.itemSync()).toBe(5);
      traced.eval();
      expect(numbers(step(fixed([8, 3], 9).float()))).toEqual(numbers(plain.eval().forward(fixed([8, 3], 9).float())));
      expect(traced.stateDict()["num_batches_tracked"]!.itemSync()).toBe(5);
    });
    it("a large mean costs no digits", () => {
      const layer = new nn.BatchNorm1d(1);
      const out = numbers(layer.forward(tensor([[10000], [10001], [10002], [10003]])));
      expectNumbers("output", out, [-1.3416354, -0.4472118, 0.4472118, 1.3416354], 1e-5);
    });
    it("without history every batch is normalised by its own", () => {
      const layer = new nn.BatchNorm1d(2, { trackRunningStats: false });
      expect(Object.keys(layer.stateDict())).toEqual(["weight", "bias"]);
      const x = fixed([6, 2], 3).float();
      expect(numbers(layer.eval().forward(x))).toEqual(numbers(layer.train().forward(x)));
    });
    it("[AK25] stands before or after the activation", () => {
      for (const layers of [
        [new nn.BatchNorm1d(4), new nn.ReLU()],
        [new nn.ReLU(), new nn.BatchNorm1d(4)],
      ]) {
        const model = nn.sequential(new nn.Linear(2, 4), ...layers, new nn.Linear(4, 1));
        model
          .forward(fixed([8, 2], 1).float())
          .square()
          .mean()
          .backward();
        expect(model.parameters().every((p) => p.grad !== null)).toBe(true);
      }
    });
    it("names what it cannot take", () => {
      expect(() => new nn.BatchNorm2d(3).forward(zeros([2, 4, 5, 5]))).toThrow(
        /BatchNorm2d\(3\): the input must be \[n, 3, h, w\], got \[2, 4, 5, 5\]/,
      );
      expect(() => new nn.BatchNorm1d(3).forward(zeros([1, 3]))).toThrow(
        /needs more than one value a channel to train/,
      );
      expect(new nn.BatchNorm1d(3).eval().forward(zeros([1, 3])).shape).toEqual([1, 3]);
    });
  });

  describe("LayerNorm and RMSNorm", () => {
    it("[M4] every row has mean 0 and variance 1, whatever the others", () => {
      const layer = new nn.LayerNorm(64, f64);
      const x = fixed([3, 64], 1).mul(5).add(3);
      const out = layer.forward(x);
      for (const row of out.unbind()) {
        expect(mean(numbers(row))).toBeCloseTo(0, 12);
        expect(variance(numbers(row))).toBeCloseTo(1, 4);
      }
      expect(numbers(layer.forward(x.slice([1, 2])))).toEqual(numbers(out.slice([1, 2])));
    });
    it("without scale or shift", () => {
      expect(new nn.LayerNorm(4, { affine: false }).parameters()).toEqual([]);
      expect(Object.keys(new nn.LayerNorm(4, { bias: false }).stateDict())).toEqual(["weight"]);
      expect(Object.keys(new nn.RMSNorm(4).stateDict())).toEqual(["weight"]);
      expect(() => new nn.LayerNorm(64).forward(zeros([2, 32]) as Tensor)).toThrow(
        /LayerNorm\(64\): the last dimension must be 64/,
      );
      expect(() => new nn.LayerNorm([2, 3]).forward(zeros([3]))).toThrow(
        /the last dimensions must be \[2, 3\], got \[3\]/,
      );
    });
  });

  describe("Embedding", () => {
    it("[N14] looks rows up; the gradient reaches the rows that were used", () => {
      const table = new nn.Embedding(6, 3);
      const ids = tensor(Int32Array.of(1, 4, 1), [1, 3]);
      const out = table.forward(ids);
      expect(out.shape).toEqual([1, 3, 3]);
      expect(numbers(out.slice(0, 1))).toEqual(numbers(table.weight.slice(4)));
      out.sum().backward();
      expect(table.weight.grad!.sum(1).toArraySync()).toEqual([0, 6, 0, 0, 3, 0]);
    });
    it("the padding row starts at zero and stays there", () => {
      const table = new nn.Embedding(4, 2, { paddingIndex: -1 });
      expect(numbers(table.weight.slice(3))).toEqual([0, 0]);
      table
        .forward(tensor(Int32Array.of(3, 0, 3)))
        .square()
        .add(1)
        .log()
        .sum()
        .backward();
      expect(numbers(table.weight.grad!.slice(3))).toEqual([0, 0]);
    });
    it("refuses floats, and rows that are none", () => {
      expect(() => new nn.Embedding(4, 2).forward(zeros([2]))).toThrow(
        /indices must be integers, got f32. Use ids.int\(\)/,
      );
      expect(() => new nn.Embedding(4, 2, { paddingIndex: 4 })).toThrow(
        /paddingIndex must be a row, from -4 to 3, got 4/,
      );
      expect(numbers(new nn.Embedding(4, 2).forward(tensor(Int32Array.of(4)))).every(Number.isNaN)).toBe(true);
    });
  });

  describe("LSTM", () => {
    it("[N16] [N19] all outputs [batch, steps, units], the last state [batch, units], stacked", () => {
      const stacked = new nn.LSTM(3, 4, { layers: 2, batchFirst: true });
      const [outputs, [h, c]] = stacked.forward(fixed([2, 5, 3], 1).float());
      expect([outputs.shape, h.shape, c.shape]).toEqual([
        [2, 5, 4],
        [2, 2, 4],
        [2, 2, 4],
      ]);
      expect(numbers(outputs.slice(null, -1))).toEqual(numbers(h.slice(1)));
    });
    it("[N16] equals its formula, step by step", () => {
      const layer = new nn.LSTM(2, 3, f64);
      const [w, u, b, d] = layer.parameters() as Tensor[];
      const x = fixed([4, 1, 2], 1);
      let [h, c]: Tensor[] = [zeros([1, 3], f64), zeros([1, 3], f64)];
      for (const step of x.unbind() as Tensor[]) {
        const gates: Tensor = step.matmul(w!.T).add(b).add(h!.matmul(u!.T)).add(d);
        const [i, f, g, o] = gates.split(3, 1) as Tensor[];
        c = f!.sigmoid().mul(c).add(i!.sigmoid().mul(g!.tanh()));
        h = o!.sigmoid().mul(c.tanh());
      }
      const [, [hidden, cell]] = layer.forward(x);
      expectNumbers("hidden", hidden, numbers(h!), 1e-12);
      expectNumbers("cell", cell, numbers(c!), 1e-12);
    });
    it("goes on from a state: two halves are one sequence", () => {
      const layer = new nn.LSTM(3, 4, { layers: 2 });
      const x: Tensor = fixed([6, 2, 3], 1).float();
      const [whole, end] = layer.forward(x);
      const [, middle] = layer.forward(x.slice([0, 3]));
      const [second, last] = layer.forward(x.slice([3, 6]), middle);
      expectNumbers("outputs", second, numbers(whole.slice([3, 6])), 1e-6);
      expectNumbers("state", last[1], numbers(end[1]), 1e-6);
    });
    it("names inputs and states that do not fit", () => {
      const layer = new nn.LSTM(3, 4);
      expect(() => layer.forward(zeros([5, 2, 2]))).toThrow(
        /LSTM\(3, 4\): the input must be \[steps, batch, 3\], got \[5, 2, 2\]/,
      );
      expect(() => layer.forward(zeros([5, 2, 3]), [zeros([2, 4]), zeros([2, 4])])).toThrow(
        /the state must be \[1, 2, 4\] .*got \[2, 4\]/,
      );
    });
  });

  it("[N34] a checkpointed block gives the same bits: dropout drops the same, batch norm remembers once", () => {
    const results = [false, true].map((checkpointed) => {
      manualSeed(1);
      const block = nn.sequential(
        new nn.Linear(4, 8),
        new nn.BatchNorm1d(8),
        nn.relu,
        new nn.Dropout(0.5),
        new nn.Linear(8, 2),
      );
      const run = (x: Tensor): Tensor => block.forward(x);
      const x: Tensor = fixed([6, 4], 1).float();
      const step = jit((input: Tensor) => {
        block.zeroGrad();
        const out = (checkpointed ? checkpoint(run) : run)(input);
        out.square().sum().backward();
        return out;
      });
      const outputs = [step(x), step(x)].map(numbers);
      return {
        outputs,
        gradients: block.parameters().map((p) => numbers(p.grad!)),
        state: Object.values(block.stateDict()).map(numbers),
      };
    });
    expect(results[1]).toEqual(results[0]);
  });

  describe("activations and Flatten", () => {
    it("[N4] modules, functions and methods agree", () => {
      const x: Tensor = fixed([3, 4], 1).float();
      const pairs: [nn.Module, Tensor][] = [
        [new nn.ReLU(), x.relu()],
        [new nn.LeakyReLU(0.2), x.leakyRelu(0.2)],
        [new nn.ELU(), x.elu()],
        [new nn.GELU("tanh"), x.gelu("tanh")],
        [new nn.SiLU(), nn.silu(x)],
        [new nn.Tanh(), nn.tanh(x)],
        [new nn.Softmax(), x.softmax()],
        [new nn.Softmax(0), x.softmax(0)],
        [new nn.Hardtanh(-0.5, 0.5), x.clamp(-0.5, 0.5)],
        [new nn.Identity(), x],
      ];
      for (const [layer, wanted] of pairs)
        expect(numbers(Reflect.apply(layer.forward, layer, [x])), `${layer}`).toEqual(numbers(wanted));
      expect(`${new nn.GELU("tanh")} ${new nn.ReLU()} ${new nn.ReLU().constructor.name}`).toBe(
        "GELU(tanh) ReLU() ReLU",
      );
    });
    it("[N12] [AI28] images become rows", () => {
      const sizes = [28, 8].map((side) => new nn.Flatten().forward(zeros([3, side, side])).shape);
      expect(sizes).toEqual([
        [3, 784],
        [3, 64],
      ]);
      expect(new nn.Flatten().forward(zeros([1, 1000, 1000])).shape).toEqual([1, 1_000_000]);
    });
  });
});
