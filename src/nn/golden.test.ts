import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { goldens } from "./golden.testing.ts";
import * as nn from "./index.ts";
import { expectRecorded, type RecordedCase } from "./recorded.testing.ts";

const f64 = { dtype: "f64" } as const;
const attended =
  (call: () => nn.MultiheadAttentionCall = () => ({})) =>
  (layer: nn.MultiheadAttention, q: Tensor, k?: Tensor, v?: Tensor): Tensor[] => [layer.forward(q, k, v, call())];
const recurrent = (layer: nn.LSTM, x: Tensor, h?: Tensor, c?: Tensor): Tensor[] => {
  const [outputs, state] = layer.forward(x, h && c ? [h, c] : undefined);
  return [outputs, ...state];
};
/** Which keys each batch entry may see. */
const seen = (): Tensor => tensor(Uint8Array.of(1, 1, 0, 0, 1, 1), [2, 1, 1, 3], { dtype: "bool" });

const cases: Record<string, RecordedCase> = {
  linear: { make: () => new nn.Linear(5, 3, f64), shapes: [[2, 4, 5]] },
  "linear without bias": { make: () => new nn.Linear(5, 3, { ...f64, bias: false }), shapes: [[4, 5]] },
  conv2d: { make: () => new nn.Conv2d(2, 3, 3, f64), shapes: [[2, 2, 5, 6]] },
  "conv2d strided": {
    make: () => new nn.Conv2d(2, 3, [3, 2], { ...f64, stride: [2, 1], padding: [1, 0] }),
    shapes: [[2, 2, 5, 6]],
  },
  "conv2d same dilated": {
    make: () => new nn.Conv2d(2, 3, 3, { ...f64, padding: "same", dilation: 2 }),
    shapes: [[1, 2, 5, 6]],
  },
  "conv2d grouped": {
    make: () => new nn.Conv2d(4, 6, 3, { ...f64, groups: 2, padding: 1, bias: false }),
    shapes: [[2, 4, 4, 4]],
  },
  "conv2d depthwise": { make: () => new nn.Conv2d(3, 3, 3, { ...f64, groups: 3, stride: 2 }), shapes: [[2, 3, 7, 7]] },
  maxPool2d: { make: () => new nn.MaxPool2d(2), shapes: [[2, 3, 5, 4]] },
  "maxPool2d overlapping": { make: () => new nn.MaxPool2d(3, { stride: 2, padding: 1 }), shapes: [[2, 2, 6, 7]] },
  avgPool2d: { make: () => new nn.AvgPool2d(2), shapes: [[2, 3, 4, 4]] },
  "avgPool2d padded": { make: () => new nn.AvgPool2d(3, { stride: 2, padding: 1 }), shapes: [[2, 2, 6, 7]] },
  batchNorm1d: { make: () => new nn.BatchNorm1d(3, f64), shapes: [[6, 3]] },
  "batchNorm1d sequence": { make: () => new nn.BatchNorm1d(3, f64), shapes: [[2, 3, 4]], steps: 3 },
  batchNorm2d: { make: () => new nn.BatchNorm2d(3, f64), shapes: [[2, 3, 2, 4]], steps: 3 },
  "batchNorm2d mean": {
    make: () => new nn.BatchNorm2d(3, { ...f64, momentum: null, affine: false }),
    shapes: [[2, 3, 2, 4]],
    steps: 3,
  },
  "batchNorm2d eval": { make: () => new nn.BatchNorm2d(3, f64), shapes: [[2, 3, 2, 4]], training: false },
  layerNorm: { make: () => new nn.LayerNorm(6, f64), shapes: [[2, 4, 6]] },
  "layerNorm two axes": { make: () => new nn.LayerNorm([4, 6], { ...f64, eps: 1e-3 }), shapes: [[2, 4, 6]] },
  rmsNorm: { make: () => new nn.RMSNorm(6, f64), shapes: [[2, 4, 6]] },
  embedding: {
    make: () => new nn.Embedding(5, 3, { ...f64, paddingIndex: 2 }),
    shapes: [],
    call: (layer: nn.Embedding) => [layer.forward(tensor(Int32Array.of(0, 2, 1, 4, 2, 2), [2, 3]))],
  },
  attention: { make: () => new nn.MultiheadAttention(6, 2, f64), shapes: [[2, 4, 6]], call: attended() },
  "attention causal": {
    make: () => new nn.MultiheadAttention(6, 2, f64),
    shapes: [[2, 4, 6]],
    call: attended(() => ({ isCausal: true })),
  },
  "attention across": {
    make: () => new nn.MultiheadAttention(6, 3, { ...f64, bias: false }),
    shapes: [
      [2, 4, 6],
      [2, 5, 6],
    ],
    call: attended(),
  },
  "attention of three": {
    make: () => new nn.MultiheadAttention(6, 2, f64),
    shapes: [
      [2, 4, 6],
      [2, 3, 6],
      [2, 3, 6],
    ],
    call: attended(() => ({ mask: seen() })),
  },
  lstm: { make: () => new nn.LSTM(3, 4, f64), shapes: [[5, 2, 3]], call: recurrent },
  "lstm of two layers": {
    make: () => new nn.LSTM(3, 4, { ...f64, layers: 2, batchFirst: true }),
    shapes: [
      [2, 5, 3],
      [2, 2, 4],
      [2, 2, 4],
    ],
    call: recurrent,
  },
  "lstm without bias": { make: () => new nn.LSTM(3, 4, { ...f64, bias: false }), shapes: [[5, 2, 3]], call: recurrent },
};

it("every recorded layer is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(goldens.layers)));

onEachDevice(() => {
  describe("layers agree with PyTorch: outputs, gradients of inputs and parameters, buffers", () => {
    it.each(Object.entries(cases))("%s", (name, given) => expectRecorded(goldens.layers[name]!, given));
  });
});
