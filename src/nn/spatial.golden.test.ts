import { describe, expect, it } from "vitest";
import type { Shape } from "../core/shape.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import type { ResizeOptions } from "../tensor/functional/resize.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";
import { expectRecorded, type RecordedCase } from "./recorded.testing.ts";
import { recordedLayers } from "./recordedLayers.testing.ts";

const f64 = { dtype: "f64" } as const;
const of = (shape: Shape, make: () => nn.Module, more: Partial<RecordedCase> = {}): RecordedCase => ({
  make,
  shapes: [shape],
  ...more,
});
const resized = (shape: Shape, options: ResizeOptions): RecordedCase => of(shape, () => new nn.Upsample(options));
/** A pooling layer that returns positions too. */
const both = { call: (layer: nn.Module, x: Tensor) => Reflect.apply(layer.forward, layer, [x]) as [Tensor, Tensor] };

/** Values where they came from: pooled, spread out again. */
class Unpooled extends nn.Module {
  pool: nn.Module;
  unpool: nn.MaxUnpool1d | nn.MaxUnpool2d | nn.MaxUnpool3d;
  keepSize: boolean;
  constructor(pool: nn.Module, unpool: nn.MaxUnpool1d | nn.MaxUnpool2d | nn.MaxUnpool3d, keepSize = false) {
    super();
    this.pool = pool;
    this.unpool = unpool;
    this.keepSize = keepSize;
  }
  forward(x: Tensor): Tensor {
    const [values, at] = Reflect.apply(this.pool.forward, this.pool, [x]) as [Tensor, Tensor];
    return this.unpool.forward(values, at, this.keepSize ? x.shape.slice(2) : undefined);
  }
}
const indexed = { returnIndices: true } as const;

const convolutions: Record<string, RecordedCase> = {
  conv1d: of([2, 2, 7], () => new nn.Conv1d(2, 3, 3, f64)),
  "conv1d strided dilated": of(
    [2, 4, 9],
    () => new nn.Conv1d(4, 6, 3, { ...f64, stride: 2, padding: 2, dilation: 2, groups: 2 }),
  ),
  "conv1d reflect": of([2, 2, 5], () => new nn.Conv1d(2, 3, 3, { ...f64, padding: 2, paddingMode: "reflect" })),
  "conv1d causal": of([2, 2, 6], () => new nn.Conv1d(2, 2, 3, { ...f64, padding: "causal", dilation: 2 })),
  "conv2d replicate": of(
    [1, 2, 4, 5],
    () => new nn.Conv2d(2, 3, 3, { ...f64, padding: [1, 2], paddingMode: "replicate" }),
  ),
  "conv2d circular same": of(
    [1, 2, 4, 5],
    () => new nn.Conv2d(2, 2, [2, 3], { ...f64, padding: "same", paddingMode: "circular", dilation: [1, 2] }),
  ),
  "conv2d per side": of(
    [2, 1, 4, 4],
    () =>
      new nn.Conv2d(1, 2, 3, {
        ...f64,
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
  ),
  conv3d: of([1, 2, 3, 4, 3], () => new nn.Conv3d(2, 3, 2, f64)),
  "conv3d strided depthwise": of(
    [2, 2, 3, 4, 3],
    () => new nn.Conv3d(2, 4, [2, 3, 3], { ...f64, stride: [1, 2, 1], padding: [0, 1, 1], groups: 2, bias: false }),
  ),
  convTranspose1d: of([2, 2, 4], () => new nn.ConvTranspose1d(2, 3, 3, f64)),
  "convTranspose1d output padding": of(
    [2, 2, 4],
    () => new nn.ConvTranspose1d(2, 4, 3, { ...f64, stride: 2, padding: 1, outputPadding: 1, groups: 2, dilation: 2 }),
  ),
  convTranspose2d: of([2, 2, 3, 4], () => new nn.ConvTranspose2d(2, 3, 4, { ...f64, stride: 2, padding: 1 })),
  "convTranspose2d grouped": of(
    [1, 4, 3, 3],
    () =>
      new nn.ConvTranspose2d(4, 2, [3, 2], {
        ...f64,
        stride: [2, 1],
        outputPadding: [1, 0],
        groups: 2,
        bias: false,
      }),
  ),
  "convTranspose2d of a size": of(
    [1, 2, 3, 4],
    () => new nn.ConvTranspose2d(2, 2, 3, { ...f64, stride: 2, padding: 1 }),
    { call: (layer: nn.ConvTranspose2d, x: Tensor) => [layer.forward(x, [6, 7])] },
  ),
  convTranspose3d: of([1, 2, 2, 2, 3], () => new nn.ConvTranspose3d(2, 2, 2, { ...f64, stride: 2 })),
  "convTranspose3d dilated": of(
    [1, 1, 3, 3, 4],
    () => new nn.ConvTranspose3d(1, 2, [2, 1, 2], { ...f64, padding: [1, 0, 1], dilation: 2 }),
  ),
};

const pools: Record<string, RecordedCase> = {
  maxPool1d: of([2, 3, 7], () => new nn.MaxPool1d(2)),
  "maxPool1d ceil dilated": of(
    [2, 2, 9],
    () => new nn.MaxPool1d(3, { stride: 2, padding: 1, dilation: 2, ceilMode: true }),
  ),
  "maxPool1d indices": of([2, 3, 7], () => new nn.MaxPool1d(2, indexed), both),
  "maxPool2d ceil": of([2, 2, 5, 6], () => new nn.MaxPool2d(2, { stride: 2, ceilMode: true })),
  "maxPool2d ceil padded": of([1, 2, 6, 7], () => new nn.MaxPool2d(3, { stride: 3, padding: 1, ceilMode: true })),
  "maxPool2d indices": of(
    [2, 2, 5, 4],
    () => new nn.MaxPool2d([2, 3], { stride: [2, 1], padding: [1, 1], dilation: [2, 1], ...indexed }),
    both,
  ),
  maxPool3d: of([1, 2, 3, 3, 4], () => new nn.MaxPool3d(2, { stride: 1 })),
  "maxPool3d indices": of([1, 2, 4, 3, 5], () => new nn.MaxPool3d([2, 1, 2], { padding: [1, 0, 0], ...indexed }), both),
  avgPool1d: of([2, 3, 7], () => new nn.AvgPool1d(3)),
  "avgPool1d ceil": of([2, 2, 8], () => new nn.AvgPool1d(3, { stride: 2, padding: 1, ceilMode: true })),
  "avgPool2d ceil without padding counted": of(
    [1, 2, 6, 8],
    () => new nn.AvgPool2d(3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
  ),
  "avgPool2d divisor": of([1, 2, 4, 5], () => new nn.AvgPool2d([2, 3], { stride: 1, divisorOverride: 5 })),
  avgPool3d: of([1, 2, 4, 5, 4], () => new nn.AvgPool3d(2)),
  "avgPool3d padded": of(
    [1, 1, 2, 3, 3],
    () => new nn.AvgPool3d([2, 3, 2], { stride: 1, padding: [1, 1, 0], countIncludePad: false }),
  ),
  lpPool1d: of([2, 2, 8], () => new nn.LPPool1d(2, 3, { stride: 2 })),
  "lpPool1d of sums": of([2, 2, 6], () => new nn.LPPool1d(1, 2)),
  lpPool2d: of([1, 2, 4, 5], () => new nn.LPPool2d(2, 2)),
  "lpPool2d ceil": of([1, 2, 5, 6], () => new nn.LPPool2d(4, [2, 3], { stride: 2, ceilMode: true })),
  lpPool3d: of([1, 1, 4, 3, 2], () => new nn.LPPool3d(2, 2)),
  adaptiveAvgPool1d: of([2, 2, 7], () => new nn.AdaptiveAvgPool1d(3)),
  "adaptiveAvgPool1d even": of([2, 2, 8], () => new nn.AdaptiveAvgPool1d(4)),
  adaptiveAvgPool2d: of([1, 2, 5, 4], () => new nn.AdaptiveAvgPool2d([3, null])),
  "adaptiveAvgPool2d larger": of([1, 2, 5, 3], () => new nn.AdaptiveAvgPool2d(7)),
  adaptiveAvgPool3d: of([1, 2, 3, 4, 5], () => new nn.AdaptiveAvgPool3d([2, 3, 1])),
  adaptiveMaxPool1d: of([2, 2, 7], () => new nn.AdaptiveMaxPool1d(3)),
  "adaptiveMaxPool1d indices": of([2, 2, 7], () => new nn.AdaptiveMaxPool1d(5, indexed), both),
  adaptiveMaxPool2d: of([1, 2, 4, 6], () => new nn.AdaptiveMaxPool2d([2, 3])),
  "adaptiveMaxPool2d indices": of([1, 2, 7, 5], () => new nn.AdaptiveMaxPool2d([3, 2], indexed), both),
  adaptiveMaxPool3d: of([1, 1, 3, 2, 5], () => new nn.AdaptiveMaxPool3d([2, null, 2])),
  maxUnpool1d: of([2, 2, 6], () => new Unpooled(new nn.MaxPool1d(2, indexed), new nn.MaxUnpool1d(2))),
  "maxUnpool2d of a size": of(
    [1, 2, 5, 7],
    () => new Unpooled(new nn.MaxPool2d(2, indexed), new nn.MaxUnpool2d(2), true),
  ),
  maxUnpool3d: of(
    [1, 2, 2, 4, 4],
    () => new Unpooled(new nn.MaxPool3d([1, 2, 2], indexed), new nn.MaxUnpool3d([1, 2, 2])),
  ),
};

const paddings: Record<string, RecordedCase> = {
  zeroPad1d: of([2, 2, 3], () => new nn.ZeroPad1d([1, 2])),
  zeroPad2d: of([1, 2, 3, 4], () => new nn.ZeroPad2d([1, -1, 2, 0])),
  zeroPad3d: of([1, 1, 2, 2, 3], () => new nn.ZeroPad3d(1)),
  constantPad1d: of([2, 2, 3], () => new nn.ConstantPad1d(2, 1.5)),
  constantPad2d: of([1, 2, 3, 3], () => new nn.ConstantPad2d([0, 1, 2, 3], -2.5)),
  constantPad3d: of([1, 1, 2, 2, 2], () => new nn.ConstantPad3d([1, 0, 0, 1, 2, 0], 0.5)),
  reflectionPad1d: of([2, 2, 4], () => new nn.ReflectionPad1d([3, 1])),
  reflectionPad2d: of([1, 2, 3, 4], () => new nn.ReflectionPad2d([1, 2, 2, 0])),
  reflectionPad3d: of([1, 1, 2, 3, 2], () => new nn.ReflectionPad3d(1)),
  replicationPad1d: of([2, 2, 3], () => new nn.ReplicationPad1d([5, 1])),
  replicationPad2d: of([1, 2, 2, 3], () => new nn.ReplicationPad2d([1, 0, 4, 2])),
  replicationPad3d: of([1, 1, 2, 2, 2], () => new nn.ReplicationPad3d([1, 2, 0, 1, 1, 0])),
  circularPad1d: of([2, 2, 3], () => new nn.CircularPad1d([3, 1])),
  circularPad2d: of([1, 2, 3, 3], () => new nn.CircularPad2d([1, 2, 2, 0])),
  circularPad3d: of([1, 1, 2, 2, 3], () => new nn.CircularPad3d(1)),
};

const resizes: Record<string, RecordedCase> = {
  nearest: resized([1, 2, 3, 4], { scaleFactor: 2 }),
  "nearest smaller": resized([1, 2, 7], { size: 3 }),
  "nearest exact": resized([1, 2, 5], { size: 3, mode: "nearest-exact" }),
  "nearest of a volume": resized([1, 1, 2, 2, 3], { size: [3, 2, 5] }),
  linear: resized([2, 2, 4], { size: 7, mode: "linear" }),
  "linear aligned": resized([2, 2, 5], { size: 3, mode: "linear", alignCorners: true }),
  "bilinear resize": resized([1, 2, 3, 4], { scaleFactor: 2, mode: "bilinear" }),
  "bilinear odd scale": resized([1, 2, 5, 6], { scaleFactor: [1.7, 0.6], mode: "bilinear" }),
  "bilinear aligned": resized([1, 2, 3, 4], { size: [5, 2], mode: "bilinear", alignCorners: true }),
  "bilinear antialiased": resized([1, 1, 9, 8], { size: [4, 3], mode: "bilinear", antialias: true }),
  trilinear: resized([1, 1, 2, 3, 2], { size: [3, 5, 4], mode: "trilinear" }),
  "trilinear aligned": resized([1, 2, 2, 3, 3], { size: [1, 4, 5], mode: "trilinear", alignCorners: true }),
  bicubic: resized([1, 2, 4, 5], { size: [7, 3], mode: "bicubic" }),
  "bicubic aligned": resized([1, 1, 3, 4], { scaleFactor: 2, mode: "bicubic", alignCorners: true }),
  "bicubic antialiased": resized([1, 1, 9, 8], { size: [4, 10], mode: "bicubic", antialias: true }),
  area: resized([1, 2, 5, 7], { size: [3, 3], mode: "area" }),
  pixelShuffle: of([2, 8, 2, 3], () => new nn.PixelShuffle(2)),
  "pixelShuffle by three": of([1, 9, 2, 1], () => new nn.PixelShuffle(3)),
  pixelUnshuffle: of([2, 2, 4, 6], () => new nn.PixelUnshuffle(2)),
  "pixelUnshuffle by three": of([1, 1, 3, 6], () => new nn.PixelUnshuffle(3)),
  channelShuffle: of([2, 6, 2, 2], () => new nn.ChannelShuffle(3)),
  unfold: of([2, 2, 3, 4], () => new nn.Unfold([2, 3])),
  "unfold strided": of([1, 2, 4, 3], () => new nn.Unfold(2, { dilation: 2, padding: 1, stride: [2, 1] })),
  fold: of([2, 12, 4], () => new nn.Fold([3, 4], [2, 3])),
  "fold strided": of([1, 8, 6], () => new nn.Fold([4, 3], 2, { dilation: 2, padding: 1, stride: [2, 1] })),
  "flatten middle": of([2, 3, 4, 2], () => new nn.Flatten(1, 2)),
  unflatten: of([2, 6, 2], () => new nn.Unflatten(1, [2, 3])),
};

const groups = {
  "[N5] [N31] convolutions": convolutions,
  "[N9] [N10] pooling and unpooling": pools,
  padding: paddings,
  "resizing and reordering": resizes,
};

it("every recorded layer is tested", () =>
  expect(
    Object.values(groups)
      .flatMap((cases) => Object.keys(cases))
      .sort(),
  ).toEqual(Object.keys(recordedLayers.spatial).sort()));

onEachDevice(() => {
  describe.each(Object.entries(groups))("%s agree with PyTorch", (_, cases) => {
    it.each(Object.entries(cases))("%s", (name, layer) => expectRecorded(recordedLayers.spatial[name]!, layer));
  });

  describe("layers without parameters agree in f32 too", () => {
    const cases = Object.entries({ ...pools, ...paddings, ...resizes });
    it.each(cases)("%s", (name, { make, shapes, call }) => {
      const layer = make();
      const inputs = shapes.map((shape, i) => fixed(shape, 101 + i).float());
      const outputs = call?.(layer as never, ...inputs) ?? [Reflect.apply(layer.forward, layer, inputs)];
      const wanted = recordedLayers.spatial[name]!.outputs;
      outputs.forEach((output, i) => expectNumbers(`output ${i}`, output, wanted[i]!, 1e-5));
      expect(outputs[0]!.dtype).toBe("f32");
    });
  });
});
