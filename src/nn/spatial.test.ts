// Convolution, pooling, padding, resizing: sizes, gradients of two orders, kernels, and what cannot be.
import { beforeAll, describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { ones, tensor, zeros } from "../tensor/create.ts";
import { expectClose, onEachDevice } from "../tensor/devices.testing.ts";
import { setDevice } from "../tensor/engine.ts";
import { explain } from "../tensor/explain.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import { grad } from "../tensor/autodiff.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";

const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const run = (layer: nn.Module, ...x: Tensor[]): Tensor => Reflect.apply(layer.forward, layer, x);

/** Layers without their own recorded second derivatives, with shapes of inputs. */
const differentiable: Record<string, [make: () => nn.Module, ...number[][]]> = {
  "conv1d causal": [() => new nn.Conv1d(2, 2, 2, { ...f64, padding: "causal", dilation: 2 }), [1, 2, 4]],
  "conv2d circular": [() => new nn.Conv2d(1, 2, 3, { ...f64, padding: 1, paddingMode: "circular" }), [1, 1, 3, 3]],
  "conv2d reflect": [() => new nn.Conv2d(1, 1, 3, { ...f64, padding: 1, paddingMode: "reflect" }), [1, 1, 3, 2]],
  conv3d: [() => new nn.Conv3d(1, 2, 2, f64), [1, 1, 2, 3, 2]],
  "separable conv": [() => new nn.SeparableConv2d(2, 2, 2, f64), [1, 2, 3, 3]],
  "transposed conv": [() => new nn.ConvTranspose2d(2, 2, 3, { ...f64, stride: 2, groups: 2 }), [1, 2, 2, 2]],
  "average pooling over the end": [() => new nn.AvgPool2d(2, { ceilMode: true, stride: 2 }), [1, 1, 3, 3]],
  "power pooling": [() => new nn.LPPool1d(2, 2), [1, 2, 4]],
  "adaptive pooling": [() => new nn.AdaptiveAvgPool2d([2, 3]), [1, 1, 3, 4]],
  "adaptive maxima": [() => new nn.AdaptiveMaxPool1d(3), [1, 2, 5]],
  bilinear: [() => new nn.Upsample({ size: [3, 5], mode: "bilinear" }), [1, 1, 2, 3]],
  bicubic: [() => new nn.Upsample({ size: [3, 4], mode: "bicubic" }), [1, 1, 2, 3]],
  "replicated edges": [() => new nn.ReplicationPad2d([1, 2, 0, 1]), [1, 1, 2, 2]],
  fold: [() => new nn.Fold([3, 3], 2), [1, 4, 4]],
  "local response": [() => new nn.LocalResponseNorm(2, { alpha: 0.5 }), [1, 3, 3]],
  "group norm": [() => new nn.GroupNorm(2, 4, f64), [2, 4, 2]],
  "instance norm": [() => new nn.InstanceNorm1d(2, { ...f64, affine: true }), [2, 2, 3]],
  "weight norm": [() => nn.weightNorm(new nn.Linear(3, 2, f64)), [2, 3]],
};

onEachDevice(() => {
  describe("gradients agree with central differences, twice", () => {
    it.each(Object.entries(differentiable))("%s", (_, [make, ...shapes]) => {
      const layer = make();
      for (const [i, { cell }] of layer.parameters().entries()) cell.set(fixed(cell.shape, 7 + i).dataSync());
      gradCheck(
        (...x: Tensor[]) => run(layer, ...x).sin(),
        shapes.map((shape, i) => fixed(shape, 1 + i)),
        { order: 2, tolerance: 1e-4, eps: 1e-5 },
      );
    });
  });

  describe("convolution", () => {
    it("[N7] a 100-sample signal: windows of 20 by 10 make 9 units, then of 5 by 2 make 3", () => {
      const model = nn.sequential(
        new nn.Conv1d(1, 1, 20, { stride: 10 }),
        nn.sigmoid,
        new nn.Conv1d(1, 1, 5, { stride: 2 }),
        nn.sigmoid,
      );
      const x: Tensor = fixed([1, 1, 100], 1).float();
      expect(run(model.layers[0], x).shape).toEqual([1, 1, 9]);
      expect(model.forward(x).shape).toEqual([1, 1, 3]);
      // Unit i of the first layer sees samples 10·i + 1 to 10·i + 20.
      const seen = (unit: number): number[] =>
        numbers(grad((t: Tensor) => run(model.layers[0], t).slice(0, 0, unit).sum())(x)).flatMap((g, i) =>
          g ? [i + 1] : [],
        );
      expect([0, 1, 8].map((unit) => [seen(unit)[0], seen(unit).at(-1)])).toEqual([
        [1, 20],
        [11, 30],
        [81, 100],
      ]);
      const window = (unit: number): number[] =>
        numbers(
          grad((t: Tensor) => run(model.layers[2], t).slice(0, 0, unit).sum())(fixed([1, 1, 9], 2).float()),
        ).flatMap((g, i) => (g ? [i + 1] : []));
      expect([0, 1, 2].map(window)).toEqual([
        [1, 2, 3, 4, 5],
        [3, 4, 5, 6, 7],
        [5, 6, 7, 8, 9],
      ]);
    });

    it("[N8] a unit sees its window, later units more of it; weights are few, as they are shared", () => {
      const one = nn.sequential(new nn.Conv2d(1, 1, 5));
      const touched = numbers(grad((t: Tensor) => run(one, t).slice(0, 0, 1, 2).sum())(fixed([1, 1, 8, 8], 1).float()));
      expect(touched.filter((g) => g !== 0).length).toBe(25);
      const model = nn.sequential(
        new nn.Conv2d(1, 4, 3),
        nn.relu,
        new nn.MaxPool2d(2),
        new nn.Conv2d(4, 4, 3, { dilation: 2 }),
        new nn.Conv2d(4, 8, [3, 1], { stride: 2 }),
      );
      expect(nn.receptiveFields(model).map(({ size, step }) => [size, step])).toEqual([
        [
          [3, 3],
          [1, 1],
        ],
        [
          [4, 4],
          [2, 2],
        ],
        [
          [12, 12],
          [2, 2],
        ],
        [
          [16, 12],
          [4, 4],
        ],
      ]);
      const count = (layer: nn.Module): number => layer.parameters().reduce((sum, p) => sum + p.size, 0);
      expect([count(new nn.Conv2d(1, 8, 5)), count(new nn.Linear(12 * 12, 8 * 8 * 8))]).toEqual([208, 74_240]);
    });

    it("[N29] separable: window · in + in · out weights", () => {
      const layer = new nn.SeparableConv2d(8, 16, 3, { bias: false });
      expect(layer.parameters().reduce((sum, p) => sum + p.size, 0)).toBe(9 * 8 + 8 * 16);
      expect(Object.keys(layer.stateDict())).toEqual(["depthwise.weight", "pointwise.weight"]);
      const whole = layer.pointwise.forward(layer.depthwise.forward(ones([1, 8, 5, 5])));
      expect(numbers(layer.forward(ones([1, 8, 5, 5])))).toEqual(numbers(whole));
    });

    it("[N31] a transposed convolution of stride 2 makes 4 × 4 into 8 × 8, and is the adjoint of the convolution", () => {
      const up = new nn.ConvTranspose2d(3, 2, 4, { ...f64, stride: 2, padding: 1, bias: false });
      const down = new nn.Conv2d(2, 3, 4, { ...f64, stride: 2, padding: 1, bias: false });
      down.loadStateDict({ weight: up.weight });
      const [y, x] = [fixed([1, 3, 4, 4], 1), fixed([1, 2, 8, 8], 2)];
      const larger = run(up, y);
      expect(larger.shape).toEqual([1, 2, 8, 8]);
      expect(larger.mul(x).sum().itemSync()).toBeCloseTo(run(down, x).mul(y).sum().itemSync(), 10);
    });

    it("a causal convolution sees nothing later", () => {
      const layer = new nn.Conv1d(1, 1, 3, { ...f64, padding: "causal", dilation: 2 });
      const x: Tensor = fixed([1, 1, 8], 1);
      const touched = numbers(grad((t: Tensor) => run(layer, t).slice(0, 0, 4).sum())(x));
      expect(touched.flatMap((g, i) => (g ? [i] : []))).toEqual([0, 2, 4]);
      expect(run(layer, x).shape).toEqual([1, 1, 8]);
    });
  });

  describe("pooling", () => {
    const map: Tensor = tensor([
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]);

    it("[N11] global pooling: one number a channel", () => {
      expect(numbers(new nn.GlobalMaxPool2d().forward(map))).toEqual([4]);
      expect(numbers(new nn.GlobalAvgPool2d().forward(map))).toEqual([2.5]);
      const shapes = [new nn.GlobalAvgPool1d(), new nn.GlobalMaxPool1d({ keepDims: true })].map(
        (layer) => layer.forward(zeros([2, 3, 5])).shape,
      );
      expect(shapes).toEqual([
        [2, 3],
        [2, 3, 1],
      ]);
      expect(new nn.GlobalMaxPool3d().forward(zeros([2, 3, 2, 2, 2])).shape).toEqual([2, 3]);
      const last = new nn.ChannelsLast(new nn.GlobalAvgPool2d());
      expect(numbers(last.forward(map.permute([0, 2, 3, 1])))).toEqual([2.5]);
    });

    it("[N9] [N10] padding that keeps ⌈length / stride⌉ positions is in no mean", () => {
      const x: Tensor = tensor([[[1, 2, 3, 4, 5]]]);
      expect(numbers(new nn.AvgPool1d(3, { stride: 2, padding: "same" }).forward(x))).toEqual([1.5, 3, 4.5]);
      expect(numbers(new nn.MaxPool1d(2, { padding: "same" }).forward(x))).toEqual([2, 4, 5]);
    });

    it("positions come back, also where nothing but −∞ is in a window", () => {
      const x: Tensor = tensor([[[-Infinity, -Infinity, 3]]]);
      const [, at] = new nn.MaxPool1d(2, { padding: 1, returnIndices: true }).forward(x);
      expect(numbers(at)).toEqual([0, 2]);
      const [values, where] = new nn.MaxPool2d(2, { returnIndices: true }).forward(map);
      expect(numbers(where)).toEqual([3]);
      expect(new nn.MaxUnpool2d(2).forward(values, where).toArraySync()).toEqual([
        [
          [
            [0, 0],
            [0, 4],
          ],
        ],
      ]);
    });
  });

  describe("norms and watching", () => {
    it("[M8] a batch norm folded into the layer before it changes nothing in inference", () => {
      const pairs: [
        nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d,
        nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d,
        number[],
      ][] = [
        [new nn.Conv2d(2, 3, 3, { padding: 1, bias: false }) as nn.Conv2d, new nn.BatchNorm2d(3), [4, 2, 5, 5]],
        [
          new nn.Conv1d(2, 3, 3, { groups: 1, stride: 2 }) as nn.Conv1d,
          new nn.BatchNorm1d(3, { affine: false }),
          [4, 2, 7],
        ],
        [new nn.Linear(2, 3) as nn.Linear, new nn.BatchNorm1d(3), [6, 2]],
      ];
      for (const [layer, norm, shape] of pairs) {
        const x: Tensor = fixed(shape, 1).float();
        for (let i = 0; i < 3; i++) run(norm, run(layer, x));
        if (norm.weight) norm.weight.cell.set(Float32Array.of(2, -1, 0.5));
        const wanted = numbers(run(norm.eval(), run(layer, x)));
        expectNumbers(`${layer}`, run(nn.foldBatchNorm(layer, norm), x), wanted, 1e-5);
      }
      expect(() => nn.foldBatchNorm(new nn.Linear(2, 4) as nn.Linear, new nn.BatchNorm1d(3))).toThrow(
        "foldBatchNorm: BatchNorm1d(3) is for 3 channels, Linear(2, 4) has 4 outputs",
      );
    });

    it("[M5] mean and variance of what each layer returns, one record for each layer and epoch, traced or not", () => {
      const model = nn.sequential(new nn.Linear(3, 4), nn.relu, new nn.BatchNorm1d(4));
      const watch = new nn.ActivationStatistics(model);
      const step = jit((x: Tensor) => model.forward(x));
      const batches = [1, 2, 3].map((seed) => fixed([5, 3], seed).float());
      for (const x of batches) step(x);
      const [linear, norm] = watch.endEpoch();
      expect(watch.records.map(({ epoch, path }) => `${epoch} ${path}`)).toEqual(["0 0", "0 2"]);
      const all = batches.flatMap((x) => numbers(run(model.layers[0], x)));
      const mean = all.reduce((a, b) => a + b) / all.length;
      expect(linear!.mean).toBeCloseTo(mean, 5);
      expect(linear!.variance).toBeCloseTo(all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all.length, 5);
      expect([norm!.layer, Math.abs(norm!.mean) < 1e-5]).toEqual(["BatchNorm1d(4)", true]);
      watch.endEpoch();
      step(batches[0]!);
      watch.endEpoch();
      expect(watch.records.map(({ epoch, path }) => `${epoch} ${path}`)).toEqual(["0 0", "0 2", "1 0", "2 0", "2 2"]);
      watch.remove();
      step(batches[0]!);
      expect(watch.endEpoch()).toEqual([]);
    });

    it("[M6] the gradients that are derived by hand for batch norm and dropout are those of autodiff", () => {
      const [x, g] = [fixed([6, 3], 1), fixed([6, 3], 2)];
      const layer = new nn.BatchNorm1d(3, { ...f64, trackRunningStats: false });
      const [gamma, eps, m] = [fixed([3], 3), 1e-5, 6];
      layer.weight!.cell.set(gamma.dataSync());
      const automatic = grad((t: Tensor) => layer.forward(t).mul(g).sum())(x);
      const centred = x.sub(x.mean(0));
      const deviation = centred.square().mean(0).add(eps).sqrt();
      const unit = centred.div(deviation);
      const scaled = g.mul(gamma);
      // dx = (m·ĝ − Σĝ − x̂·Σ(ĝ·x̂)) / (m·σ)
      const byHand = scaled
        .mul(m)
        .sub(scaled.sum(0))
        .sub(unit.mul(scaled.mul(unit).sum(0)))
        .div(deviation.mul(m));
      expectNumbers("batch norm", automatic, numbers(byHand), 1e-9);
      const drop = new nn.Dropout(0.4);
      manualSeed(3);
      const mask = drop.forward(ones([6, 3], f64));
      manualSeed(3);
      const dropped = grad((t: Tensor) => drop.forward(t).mul(g).sum())(x);
      expectNumbers("dropout", dropped, numbers(g.mul(mask)), 1e-9);
    });
  });

  it("resizing made smaller and larger by known numbers", () => {
    const x: Tensor = tensor([[[1, 2, 3, 4]]]);
    expectClose(nn.interpolate(x, { scaleFactor: 2 }), [[[1, 1, 2, 2, 3, 3, 4, 4]]]);
    expectClose(nn.interpolate(x, { size: 2, mode: "area" }), [[[1.5, 3.5]]]);
    expectClose(nn.interpolate(x, { size: 7, mode: "linear", alignCorners: true }), [[[1, 1.5, 2, 2.5, 3, 3.5, 4]]]);
    const step = jit((t: Tensor) => nn.interpolate(t, { size: 3, mode: "linear" }));
    for (let i = 0; i < 3; i++)
      expectNumbers("traced", step(x), numbers(nn.interpolate(x, { size: 3, mode: "linear" })), 1e-6);
  });

  it("inputs and options that do not fit name layer and field", () => {
    const image = zeros([1, 2, 4, 4]);
    const wrong: [() => unknown, typeof ShapeError | typeof ArgumentError, string][] = [
      [
        () => run(new nn.Conv1d(2, 3, 3), image),
        ShapeError,
        "Conv1d(2, 3, 3): the input must be [n, 2, w], got [1, 2, 4, 4]",
      ],
      [() => run(new nn.Conv2d(2, 3, 3), zeros([2, 4, 4])), ShapeError, "Use unsqueeze(0) to make one example a batch"],
      [() => run(new nn.Conv2d(3, 3, 3), image), ShapeError, "Conv2d(3, 3, 3): the input must be [n, 3, h, w], got"],
      [
        () => run(new nn.Conv2d(2, 3, 5), image),
        ShapeError,
        "Conv2d(2, 3, 5): a window of [5, 5] spans 5 elements of an axis that has 4",
      ],
      [() => new nn.Conv2d(3, 4, 3, { groups: 2 }), ArgumentError, "3 and 4 channels do not fall into 2 groups"],
      [
        () => new nn.Conv2d(2, 2, -3),
        ArgumentError,
        "Conv2d(2, 2, -3): kernelSize must be a whole number of 1 or more",
      ],
      [() => new nn.Conv2d(2, 2, 3, { stride: 0 }), ArgumentError, "Conv2d(2, 2, 3): stride must be"],
      [() => new nn.Conv2d(2, 2, 3, { padding: -1 as 0 }), ArgumentError, "Conv2d(2, 2, 3): padding must be"],
      [
        () => new nn.Conv2d(2, 2, 3, { padding: "half" as "same" }),
        ArgumentError,
        'padding must be numbers, "same" or "valid", got "half"',
      ],
      [
        () => new nn.Conv2d(2, 2, 3, { padding: "causal" }),
        ArgumentError,
        'padding must be numbers, "same" or "valid", got "causal"',
      ],
      [
        () => new nn.Conv3d(2, 2, 3, { padding: [[1, 1]] }),
        ArgumentError,
        "padding must be 3 pairs of [before, after]",
      ],
      [
        () => new nn.Conv2d(2, 2, 3, { paddingMode: "mirror" as "reflect" }),
        ArgumentError,
        "the padding mode must be one of zeros, reflect",
      ],
      [
        () => run(new nn.Conv1d(1, 1, 3, { padding: 3, paddingMode: "reflect" }), zeros([1, 1, 3])),
        ShapeError,
        "reflect padding of 3 needs more than the 3 elements",
      ],
      [
        () => new nn.ConvTranspose2d(2, 2, 3, { outputPadding: 1 }),
        ArgumentError,
        "outputPadding 1 must be smaller than the stride 1",
      ],
      [
        () => run(new nn.ConvTranspose1d(1, 1, 2, { padding: 2 }), zeros([1, 1, 2])),
        ShapeError,
        "padding 2 leaves no element of axis 2",
      ],
      [
        () => new nn.ConvTranspose1d(1, 1, 3, { stride: 2 }).forward(zeros([1, 1, 3]), [9]),
        ArgumentError,
        "outputSize must be [7] and less than [2] more, got [9]",
      ],
      [
        () => run(new nn.MaxPool1d(2), image),
        ShapeError,
        "MaxPool1d(2): the input must have 3 axes, batch and channels first, got",
      ],
      [() => run(new nn.MaxPool2d(5), image), ShapeError, "MaxPool2d(5): a window of [5, 5] spans 5 elements"],
      [() => new nn.AvgPool2d([2, 0]), ArgumentError, "AvgPool2d([2,0]): size must be a whole number of 1 or more"],
      [
        () => run(new nn.MaxPool2d(2, { padding: 2 }), image),
        ArgumentError,
        "MaxPool2d(2): padding 2 is more than half a window of 2",
      ],
      [
        () => run(new nn.AvgPool2d(2, { divisorOverride: 0 }), image),
        ArgumentError,
        "divisorOverride must be a number other than 0, got 0",
      ],
      [
        () => new nn.AdaptiveAvgPool2d([2, 2, 2]),
        ArgumentError,
        "AdaptiveAvgPool2d([2,2,2]): outputSize must be a whole number of 1 or more",
      ],
      [
        () => new nn.MaxUnpool2d(2).forward(image, zeros([1, 2, 4, 3])),
        ShapeError,
        "indices [1, 2, 4, 3] and values [1, 2, 4, 4] must have one shape",
      ],
      [
        () => new nn.MaxUnpool2d(2).forward(image, image.int(), [8, 11]),
        ShapeError,
        "outputSize must be [8, 8] give or take less than the stride [2, 2], got [8, 11]",
      ],
      [() => new nn.ZeroPad2d([1, 2]), ArgumentError, "ZeroPad2d([1,2]): padding must be a whole number, or 4 of them"],
      [
        () => run(new nn.ZeroPad2d(-3), image),
        ShapeError,
        "ZeroPad2d(-3): cutting 3 and 3 leaves less than nothing of [1, 2, 4, 4]",
      ],
      [
        () => run(new nn.CircularPad1d(5), zeros([1, 1, 4])),
        ShapeError,
        "circular padding of 5 needs more than the 4 elements of axis 2",
      ],
      [() => new nn.Cropping1d(-1), ArgumentError, "Cropping1d: widths must be 0 or more, got -1"],
      [() => new nn.Upsample({}), ArgumentError, "needs either size or scaleFactor, got neither"],
      [() => new nn.Upsample({ size: 2, scaleFactor: 2 }), ArgumentError, "needs either size or scaleFactor, got both"],
      [
        () => new nn.Upsample({ size: 2, mode: "cubic" as "bicubic" }),
        ArgumentError,
        "mode must be one of nearest, nearest-exact",
      ],
      [
        () => nn.interpolate(zeros([1, 1, 4]), { size: 2, mode: "bilinear" }),
        ShapeError,
        "interpolate: mode bilinear wants 4 axes",
      ],
      [
        () => new nn.Upsample({ size: 2, alignCorners: true }),
        ArgumentError,
        "alignCorners is for linear and cubic modes, not for nearest",
      ],
      [
        () => nn.interpolate(image, { scaleFactor: 0.1 }),
        ShapeError,
        "by a scaleFactor of [0.1, 0.1] leaves no element",
      ],
      [
        () => new nn.Fold([3, 3], 2).forward(zeros([1, 4, 5])),
        ShapeError,
        "the input must be [n, c · 4, 4] for an image of [3, 3]",
      ],
      [() => new nn.Unfold(2, { stride: 0 }), ArgumentError, "Unfold(2): stride must be a whole number of 1 or more"],
      [() => new nn.GroupNorm(2, 3), ArgumentError, "GroupNorm(2, 3): 3 channels do not fall into 2 groups"],
      [() => run(new nn.GroupNorm(2, 4), image), ShapeError, "GroupNorm(2, 4): the input must be [n, 4, …], got"],
      [
        () => run(new nn.InstanceNorm2d(2), zeros([1, 2, 4])),
        ShapeError,
        "InstanceNorm2d(2): the input must be [n, 2, h, w], got [1, 2, 4]",
      ],
      [() => run(new nn.BatchNorm3d(2), image), ShapeError, "BatchNorm3d(2): the input must be [n, 2, d, h, w], got"],
      [
        () => run(new nn.LocalResponseNorm(2), zeros([1, 2])),
        ShapeError,
        "LocalResponseNorm(2): the input must be [n, c, …] with axes in space",
      ],
    ];
    for (const [make, error, message] of wrong) {
      expect(make, message).toThrow(error);
      expect(make).toThrow(message);
    }
  });
});

describe("kernels", () => {
  beforeAll(() => setDevice("wasm"));

  it("no buffer of windows, whatever the number of axes and groups", () => {
    const layers: [nn.Module, number[]][] = [
      [new nn.Conv1d(16, 16, 9, { padding: "same" }), [8, 16, 1000]],
      [new nn.DepthwiseConv2d(32, 3, { padding: "same" }), [8, 32, 56, 56]],
      [new nn.Conv2d(32, 32, 3, { padding: "same", groups: 4 }), [8, 32, 56, 56]],
      [new nn.Conv3d(8, 16, 3, { padding: "same" }), [2, 8, 16, 32, 32]],
    ];
    for (const [layer, shape] of layers) {
      const program = explain((x: Tensor) => run(layer, x), zeros(shape));
      const inputBytes = 4 * shape.reduce((product, n) => product * n, 1);
      // Copies of input and kernel in another order at most: all windows would be larger by the size of one.
      expect(program.scratchBytes, `${layer}`).toBeLessThan(2 * inputBytes);
    }
  });
});
