import { describe, expect, it } from "vitest";
import type { Shape } from "../core/shape.ts";
import { tensor } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as nn from "./index.ts";
import { expectRecorded, type RecordedCase } from "./recorded.testing.ts";
import { recordedLayers } from "./recordedLayers.testing.ts";

const f64 = { dtype: "f64" } as const;
const of = (shape: Shape, make: () => nn.Module, more: Partial<RecordedCase> = {}): RecordedCase => ({
  make,
  shapes: [shape],
  ...more,
});
/** Made when it is asked for: tensors live on the device of their time. */
const integers =
  (...numbers: number[]) =>
  (): Tensor =>
    tensor(Int32Array.from(numbers));
const rowsOf = (size: number, list: () => Tensor) => (): Tensor => list().reshape([-1, size]);
/** A bag of rows, for indices [bags, n] or a list with offsets. */
const bag = (options: nn.EmbeddingBagOptions, ids: () => Tensor, offsets?: () => Tensor): RecordedCase => ({
  make: () => new nn.EmbeddingBag(5, 3, { ...f64, ...options }),
  shapes: [],
  call: (layer: nn.EmbeddingBag) => [layer.forward(ids(), { offsets: offsets?.() })],
});

const norms: Record<string, RecordedCase> = {
  batchNorm3d: of([2, 2, 2, 1, 3], () => new nn.BatchNorm3d(2, f64), { steps: 2 }),
  "batchNorm3d eval": of([2, 2, 2, 1, 3], () => new nn.BatchNorm3d(2, f64), { training: false }),
  instanceNorm1d: of([2, 3, 4], () => new nn.InstanceNorm1d(3, f64)),
  "instanceNorm1d affine": of([2, 3, 4], () => new nn.InstanceNorm1d(3, { ...f64, affine: true, eps: 1e-3 })),
  instanceNorm2d: of([2, 2, 3, 2], () => new nn.InstanceNorm2d(2, { ...f64, affine: true })),
  "instanceNorm2d tracking": of(
    [3, 2, 3, 2],
    () => new nn.InstanceNorm2d(2, { ...f64, trackRunningStats: true, momentum: 0.3 }),
    { steps: 3 },
  ),
  "instanceNorm2d tracked eval": of(
    [3, 2, 3, 2],
    () => new nn.InstanceNorm2d(2, { ...f64, affine: true, trackRunningStats: true }),
    { training: false },
  ),
  instanceNorm3d: of([2, 2, 2, 2, 3], () => new nn.InstanceNorm3d(2, f64)),
  groupNorm: of([2, 4, 3, 2], () => new nn.GroupNorm(2, 4, f64)),
  "groupNorm of one": of([2, 3, 4], () => new nn.GroupNorm(1, 3, { eps: 1e-2, affine: false })),
  "groupNorm of features": of([4, 6], () => new nn.GroupNorm(3, 6, f64)),
  "rmsNorm two axes": of([2, 3, 4], () => new nn.RMSNorm([3, 4], { ...f64, eps: 1e-3 })),
  "layerNorm without bias": of([2, 3, 5], () => new nn.LayerNorm(5, { ...f64, bias: false })),
  localResponseNorm: of([2, 5, 3], () => new nn.LocalResponseNorm(2)),
  "localResponseNorm strong": of([1, 4, 2, 3], () => new nn.LocalResponseNorm(3, { alpha: 0.5, beta: 0.4, k: 2 })),
  "weightNorm linear": of([2, 4], () => nn.weightNorm(new nn.Linear(4, 3, f64))),
  "weightNorm conv": of([2, 2, 5], () => nn.weightNorm(new nn.Conv1d(2, 3, 3, { ...f64, bias: false }), "weight", 1)),
  "weightNorm whole": of([2, 4], () => nn.weightNorm(new nn.Linear(4, 3, f64), "weight", null)),
};

const tables: Record<string, RecordedCase> = {
  bilinear: {
    make: () => new nn.Bilinear(3, 4, 2, f64),
    shapes: [
      [5, 3],
      [5, 4],
    ],
  },
  "bilinear without bias": {
    make: () => new nn.Bilinear(2, 2, 3, { ...f64, bias: false }),
    shapes: [
      [2, 3, 2],
      [2, 3, 2],
    ],
  },
  "embeddingBag mean": bag({}, rowsOf(3, integers(0, 2, 1, 4, 2, 2))),
  "embeddingBag sum offsets": bag({ mode: "sum" }, integers(0, 2, 1, 4, 2, 2), integers(0, 2, 2, 5)),
  "embeddingBag mean padding": bag({ paddingIndex: 2 }, integers(0, 2, 1, 4, 2, 2), integers(0, 2, 5)),
  "embeddingBag max": bag({ mode: "max" }, rowsOf(2, integers(0, 3, 4, 1))),
  "embeddingBag max offsets": bag({ mode: "max" }, integers(0, 3, 1, 4, 2), integers(0, 2, 3)),
  "embeddingBag weighted": {
    make: () => new nn.EmbeddingBag(5, 3, { ...f64, mode: "sum" }),
    shapes: [[2, 3]],
    call: (layer: nn.EmbeddingBag, perSampleWeights: Tensor) => [
      layer.forward(rowsOf(3, integers(0, 2, 1, 4, 2, 2))(), { perSampleWeights }),
    ],
  },
};

const groups = { "[M3] [M4] norms": norms, "products and bags": tables };

it("every recorded layer is tested", () =>
  expect(
    Object.values(groups)
      .flatMap((cases) => Object.keys(cases))
      .sort(),
  ).toEqual(Object.keys(recordedLayers.features).sort()));

onEachDevice(() => {
  describe.each(Object.entries(groups))("%s agree with PyTorch", (_, cases) => {
    it.each(Object.entries(cases))("%s", (name, layer) => expectRecorded(recordedLayers.features[name]!, layer));
  });
});
