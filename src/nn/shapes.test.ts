// Layers that reshape, merge and repeat.
import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { ones, tensor, zeros } from "../tensor/create.ts";
import { expectClose, onEachDevice } from "../tensor/devices.testing.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";

const numbers = (x: Tensor): number[] => [...x.dataSync()];
const run = (layer: nn.Module, ...x: Tensor[]): Tensor => Reflect.apply(layer.forward, layer, x);
const f64 = { dtype: "f64" } as const;

onEachDevice(() => {
  describe("shapes", () => {
    const rows: [nn.Module, number[], number[]][] = [
      [new nn.Flatten(), [2, 3, 4], [2, 12]],
      [new nn.Flatten(0), [2, 3, 4], [24]],
      [new nn.Flatten(0, 1), [2, 3, 4], [6, 4]],
      [new nn.Flatten(-2), [2, 3, 4], [2, 12]],
      [new nn.Unflatten(-1, [2, -1]), [3, 8], [3, 2, 4]],
      [new nn.Reshape([2, -1]), [3, 8], [3, 2, 4]],
      [new nn.Reshape([8]), [3, 2, 4], [3, 8]],
      [new nn.Permute([0, 2, 1]), [2, 3, 4], [2, 4, 3]],
      [new nn.RepeatVector(5), [2, 3], [2, 5, 3]],
      [new nn.TimeDistributed(new nn.Linear(4, 2)), [3, 5, 4], [3, 5, 2]],
      [new nn.TimeDistributed(new nn.Conv2d(1, 2, 3)), [3, 5, 1, 6, 7], [3, 5, 2, 4, 5]],
      [new nn.ChannelsLast(new nn.Conv2d(3, 4, 3)), [2, 6, 7, 3], [2, 4, 5, 4]],
      [new nn.ChannelsLast(new nn.GlobalAvgPool2d()), [2, 6, 7, 3], [2, 3]],
      [new nn.Upsample({ scaleFactor: 2 }), [2, 3, 4], [2, 3, 8]],
      [new nn.FourierFeatures(2, 16), [5, 7, 2], [5, 7, 32]],
      [new nn.SeparableConv1d(3, 5, 3, { padding: "same", depthMultiplier: 2 }), [2, 3, 9], [2, 5, 9]],
      [new nn.DepthwiseConv1d(3, 3, { depthMultiplier: 2 }), [2, 3, 9], [2, 6, 7]],
      [new nn.Cropping1d([1, 2]), [2, 3, 9], [2, 3, 6]],
      [new nn.Cropping2d([0, 1, 2, 0]), [2, 3, 9, 9], [2, 3, 7, 8]],
      [new nn.Cropping3d(1), [1, 1, 3, 4, 5], [1, 1, 1, 2, 3]],
      [new nn.Lambda((x: Tensor) => x.mul(2), "twice"), [2, 3], [2, 3]],
    ];
    it.each(rows.map(([layer, from, to]) => [`${layer}`, from, to, layer] as const))(
      "%s: %j → %j",
      (_, from, to, layer) => {
        expect(run(layer, zeros([...from])).shape).toEqual(to);
      },
    );

    it("elements stay in order, and are where they were cut", () => {
      const x: Tensor = fixed([2, 3, 4], 1);
      expect(numbers(new nn.Flatten().forward(x))).toEqual(numbers(x));
      expect(numbers(new nn.RepeatVector(2).forward(tensor([[1, 2]])))).toEqual([1, 2, 1, 2]);
      expect(numbers(new nn.Cropping1d([1, 1]).forward(tensor([[[1, 2, 3, 4]]])))).toEqual([2, 3]);
      expect(`${new nn.Lambda((t: Tensor) => t, "same")}`).toBe("Lambda(same)");
    });

    it("[N39] channels last: the same weights give the transposed outputs, for images and sequences", () => {
      const image: Tensor = fixed([2, 3, 5, 6], 1);
      const signal: Tensor = fixed([2, 3, 8], 1);
      const layers: [nn.Module, Tensor][] = [
        [new nn.Conv2d(3, 4, 3, { ...f64, stride: 2 }), image],
        [new nn.Conv1d(3, 4, 3, f64), signal],
        [new nn.MaxPool2d(2), image],
        [new nn.AvgPool1d(2), signal],
        [new nn.BatchNorm2d(3, f64), image],
        [new nn.GroupNorm(3, 3, f64), signal],
      ];
      for (const [layer, x] of layers) {
        const last = new nn.ChannelsLast(layer).eval();
        expect(layer.training).toBe(false);
        expect(last.modules()).toEqual([last, layer]);
        expect(nn.sequential(last).namedModules().get("0")).toBe(layer);
        const spatial = x.rank - 2;
        const toLast = [0, ...Array.from({ length: spatial }, (_, i) => i + 2), 1];
        const out = run(last, x.permute(toLast));
        expectNumbers(`${layer}`, out, numbers(run(layer, x).permute(toLast)), 1e-12);
        expect(Object.keys(last.stateDict())).toEqual(Object.keys(layer.stateDict()));
        const within = nn.sequential(last).stateDict();
        expect(Object.keys(within)).toEqual(Object.keys(layer.stateDict()).map((name) => `0.${name}`));
        nn.sequential(last).loadStateDict(within);
      }
    });

    it("Masking: steps that hold nothing but the mask value are 0 and say so", () => {
      const x: Tensor = tensor([
        [
          [1, -1],
          [-1, -1],
          [-1, 3],
        ],
      ]);
      const layer = new nn.Masking(-1);
      expect(layer.mask(x).toArraySync()).toEqual([[true, false, true]]);
      expect(layer.forward(x).toArraySync()).toEqual([
        [
          [1, -1],
          [0, 0],
          [-1, 3],
        ],
      ]);
    });

    it("TimeDistributed is the layer at every step", () => {
      const layer = new nn.Linear(3, 2, f64);
      const x: Tensor = fixed([2, 4, 3], 1);
      const all = new nn.TimeDistributed(layer).forward(x);
      for (const [step, part] of (x.unbind(1) as Tensor[]).entries())
        expectNumbers("step", all.slice(null, step), numbers(layer.forward(part)), 1e-12);
      expect(Object.keys(new nn.TimeDistributed(layer).stateDict())).toEqual(["layer.weight", "layer.bias"]);
    });

    it("Fourier features are cosines and sines of one table that is saved and, on request, trained", () => {
      const layer = new nn.FourierFeatures(2, 3, { scale: 2, dtype: "f64" });
      const [x, b] = [fixed([4, 2], 1), layer.weight];
      const phases = numbers(x.matmul(b.T)).map((v) => 2 * Math.PI * v);
      const out = layer.forward(x).toArraySync() as number[][];
      out.forEach((row, i) =>
        row.forEach((v, k) => expect(v).toBeCloseTo((k < 3 ? Math.cos : Math.sin)(phases[3 * i + (k % 3)]!), 10)),
      );
      expect([layer.parameters().length, Object.keys(layer.stateDict())]).toEqual([0, ["weight"]]);
      expect(new nn.FourierFeatures(2, 3, { trainable: true }).parameters().length).toBe(1);
      gradCheck((t: Tensor) => layer.forward(t), [x], { order: 2, tolerance: 1e-4 });
    });
  });

  describe("merging", () => {
    it("[N26] Add([x, x]) is 2x, widths of Concatenate sum; and the others", () => {
      const [a, b]: Tensor[] = [tensor([[1, 5]]), tensor([[4, 2]])];
      expect(numbers(new nn.Add().forward(a!, a!))).toEqual([2, 10]);
      expect(new nn.Concatenate().forward(zeros([2, 3]), zeros([2, 4])).shape).toEqual([2, 7]);
      expect(new nn.Concatenate(0).forward(zeros([2, 3]), zeros([1, 3])).shape).toEqual([3, 3]);
      const results: [nn.Module, number[]][] = [
        [new nn.Multiply(), [4, 10]],
        [new nn.Subtract(), [-3, 3]],
        [new nn.Average(), [2.5, 3.5]],
        [new nn.Maximum(), [4, 5]],
        [new nn.Minimum(), [1, 2]],
        [new nn.Dot(1), [14]],
        [new nn.Dot(1, { normalize: true }), [14 / Math.sqrt(26 * 20)]],
      ];
      for (const [layer, wanted] of results) expectNumbers(`${layer}`, run(layer, a!, b!), wanted, 1e-6);
      expect(new nn.Dot(1).forward(a!, b!).shape).toEqual([1, 1]);
    });

    it("Dot pairs one axis of each: the other axes of the first, then of the second", () => {
      const [a, b] = [fixed([2, 3, 4], 1), fixed([2, 5, 3], 2)];
      const out = new nn.Dot([1, 2]).forward(a, b);
      expect(out.shape).toEqual([2, 4, 5]);
      const wanted = a.transpose(1, 2).matmul(b.transpose(1, 2));
      expectNumbers("product", out, numbers(wanted), 1e-12);
      gradCheck((x: Tensor, y: Tensor) => new nn.Dot([1, 2], { normalize: true }).forward(x, y), [a, b], {
        tolerance: 1e-5,
      });
    });
  });

  describe("embeddings", () => {
    it("[N14] pretrained rows: frozen unless told otherwise", () => {
      const vectors: Tensor = tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      const table = nn.Embedding.fromPretrained(vectors, { paddingIndex: 0 });
      expectClose(table.forward(tensor(Int32Array.of(2, 0))), [
        [5, 6],
        [1, 2],
      ]);
      expect(table.weight.requiresGrad).toBe(false);
      expect(nn.Embedding.fromPretrained(vectors, { freeze: false }).weight.requiresGrad).toBe(true);
      expect(() => nn.Embedding.fromPretrained(ones([3]))).toThrow(/must be \[count, features\], got \[3\]/);
    });

    it("bags: a last offset may close the list; what does not fit is named", () => {
      const ids = tensor(Int32Array.of(0, 1, 2));
      const bag = new nn.EmbeddingBag(3, 2, { mode: "sum", includeLastOffset: true });
      expect(bag.forward(ids, { offsets: tensor(Int32Array.of(0, 1, 3)) }).shape).toEqual([2, 2]);
      expect(() => bag.forward(ids)).toThrow(/needs \[bags, n\] indices, or \[n\] with offsets, got \[3\]/);
      expect(() => new nn.EmbeddingBag(3, 2, { mode: "middle" as "max" })).toThrow(
        /the mode must be "sum", "mean" or "max"/,
      );
      expect(() => new nn.EmbeddingBag(3, 2).forward(ids.reshape([1, 3]), { perSampleWeights: ones([1, 3]) })).toThrow(
        /perSampleWeights are for mode "sum"/,
      );
      expect(() => new nn.Embedding(3, 2, { maxNorm: 0 })).toThrow(/maxNorm and normType must be above 0, got 0 and 2/);
    });
  });

  it("inputs and options that do not fit name the layer", () => {
    const wrong: [() => unknown, typeof ShapeError | typeof ArgumentError, string][] = [
      [() => new nn.Flatten(2, 1).forward(zeros([2, 3, 4])), ShapeError, "Flatten(2, 1): the first axis lies behind"],
      [() => new nn.Flatten().forward(zeros([3])), ShapeError, "Flatten(): axis 1 is out of range for [3]"],
      [() => new nn.Unflatten(1, [2, 3]).forward(zeros([2, 5])), ShapeError, "5 elements of [2, 5] do not fill [2, 3]"],
      [() => new nn.Unflatten(1, [-1, -1]), ArgumentError, "sizes must be whole numbers of 0 or more"],
      [() => new nn.Reshape([3, -1]).forward(zeros([2, 4])), ShapeError, "Reshape([3, -1]): 4 elements of [2, 4]"],
      [() => new nn.RepeatVector(0), ArgumentError, "RepeatVector(0): times must be a whole number of 1 or more"],
      [() => new nn.RepeatVector(2).forward(zeros([2, 3, 4])), ShapeError, "must be [n, features], got [2, 3, 4]"],
      [
        () => new nn.TimeDistributed(new nn.ReLU()).forward(zeros([2, 3])),
        ShapeError,
        "must be [n, steps, …], got [2, 3]",
      ],
      [() => new nn.Masking().forward(zeros([3])), ShapeError, "Masking(0): the input must be [n, steps, features]"],
      [() => new nn.Add().forward(), ArgumentError, "Add: needs at least one tensor, got none"],
      [() => new nn.Subtract().forward(zeros([2])), ArgumentError, "Subtract: needs two tensors, got 1"],
      [
        () => new nn.Dot(0).forward(zeros([2, 3]), zeros([2, 3])),
        ArgumentError,
        "Dot(0, 0): the axes must not be that",
      ],
      [
        () => new nn.Dot(1).forward(zeros([2, 3]), zeros([2, 4])),
        ShapeError,
        "[2, 3] and [2, 4] differ in the batch or",
      ],
      [() => new nn.Bilinear(2, 3, 1).forward(zeros([4, 2]), zeros([5, 3])), ShapeError, "differ before the last axis"],
      [() => new nn.FourierFeatures(2, 4, { scale: 0 }), ArgumentError, "FourierFeatures: the scale must be above 0"],
      [
        () => new nn.ChannelShuffle(2).forward(zeros([1, 3, 2])),
        ShapeError,
        "ChannelShuffle(2): the input must be [n, c, …]",
      ],
      [() => new nn.PixelShuffle(2).forward(zeros([1, 3, 2, 2])), ShapeError, "PixelShuffle(2): 3 channels of"],
      [() => new nn.PixelUnshuffle(2).forward(zeros([1, 3, 3, 2])), ShapeError, "must be multiples of 2"],
    ];
    for (const [make, error, message] of wrong) {
      expect(make, message).toThrow(error);
      expect(make).toThrow(message);
    }
  });
});
