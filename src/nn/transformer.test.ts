import { describe, expect, it } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";
import { expectRecorded, type RecordedCase } from "./recorded.testing.ts";
import { sequences } from "./sequences.testing.ts";

const goldens = sequences.transformer;
const f64 = { dtype: "f64" } as const;
const still = { ...f64, dropout: 0, feedForward: 5 } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const padded = (): Tensor => tensor(Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1), [2, 4], { dtype: "bool" });

const encoderLayer = (): nn.TransformerEncoderLayer => new nn.TransformerEncoderLayer(6, 2, still);
const decoderLayer = (): nn.TransformerDecoderLayer => new nn.TransformerDecoderLayer(6, 2, still);
const both = [
  [2, 3, 6],
  [2, 4, 6],
];
const turned = [
  [2, 4, 6],
  [2, 3, 6],
];

const cases: Record<string, RecordedCase> = {
  "encoder layer": { make: encoderLayer, shapes: [[2, 3, 6]] },
  "encoder layer, norm first, gelu, masked": {
    make: () =>
      new nn.TransformerEncoderLayer(6, 3, {
        ...still,
        feedForward: 8,
        activation: "gelu",
        normFirst: true,
        bias: false,
      }),
    shapes: [[2, 4, 6]],
    call: (layer: nn.TransformerEncoderLayer, x) => [layer.forward(x!, { keyPaddingMask: padded() })],
  },
  "decoder layer": {
    make: decoderLayer,
    shapes: both,
    call: (layer: nn.TransformerDecoderLayer, x, m) => [layer.forward(x!, m!, { isCausal: true })],
  },
  "decoder layer, norm first, masked, length first": {
    make: () =>
      new nn.TransformerDecoderLayer(6, 2, {
        ...still,
        activation: (x) => x.gelu(),
        normFirst: true,
        layerNormEps: 1e-3,
        batchFirst: false,
      }),
    shapes: [
      [3, 2, 6],
      [4, 2, 6],
    ],
    call: (layer: nn.TransformerDecoderLayer, x, m) => [layer.forward(x!, m!, { memoryKeyPaddingMask: padded() })],
  },
  encoder: { make: () => new nn.TransformerEncoder(encoderLayer, 2, new nn.LayerNorm(6, f64)), shapes: [[2, 3, 6]] },
  "encoder without norm, causal": {
    make: () => new nn.TransformerEncoder(encoderLayer, 2),
    shapes: [[2, 3, 6]],
    call: (layer: nn.TransformerEncoder, x) => [layer.forward(x!, { mask: nn.causalMask(3) })],
  },
  decoder: { make: () => new nn.TransformerDecoder(decoderLayer, 2, new nn.LayerNorm(6, f64)), shapes: both },
  transformer: {
    make: () => new nn.Transformer({ ...still, features: 6, heads: 2, encoderLayers: 1, decoderLayers: 2 }),
    shapes: turned,
    call: (layer: nn.Transformer, x, y) => [layer.forward(x!, y!, { targetIsCausal: true })],
  },
  "transformer with padding": {
    make: () =>
      new nn.Transformer({ ...still, features: 6, heads: 2, encoderLayers: 1, decoderLayers: 1, normFirst: true }),
    shapes: turned,
    call: (layer: nn.Transformer, x, y) => [
      layer.forward(x!, y!, { sourceKeyPaddingMask: padded(), memoryKeyPaddingMask: padded() }),
    ],
  },
};

it("every recorded transformer is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(goldens)));

onEachDevice(() => {
  describe("[N25] [O14] transformers agree with PyTorch, forwards and backwards", () => {
    it.each(Object.entries(cases))("%s", (name, given) => expectRecorded(goldens[name]!, given));
  });

  it("[N25] an encoder layer keeps the shape; its gradient agrees with differences, twice", () => {
    const layer = new nn.TransformerEncoderLayer(4, 2, { ...f64, dropout: 0, feedForward: 5, activation: "gelu" });
    expect(layer.forward(fixed([2, 3, 4], 1)).shape).toEqual([2, 3, 4]);
    gradCheck((x: Tensor) => layer.forward(x), [fixed([1, 3, 4], 1)], { order: 2, tolerance: 1e-4 });
  });
  it("[O14] nothing of the target's future leaks", () => {
    const model = new nn.Transformer({ ...still, features: 6, heads: 2, encoderLayers: 1, decoderLayers: 1 });
    const [source, target] = [fixed([1, 4, 6], 1), fixed([1, 3, 6], 2)];
    const changed = target.mul(tensor(Float64Array.of(1, 1, 5), [3, 1]));
    const first = (y: Tensor): number[] =>
      numbers(model.forward(source, y, { targetIsCausal: true }).slice(null, [0, 2]));
    expect(first(changed)).toEqual(first(target));
  });
  it("drops while training, and PyTorch's defaults", () => {
    const layer = new nn.TransformerEncoderLayer(4, 2);
    const x: Tensor = fixed([1, 3, 4], 1).float();
    expect([layer.linear1.outFeatures, layer.dropouts[0]!.rate, layer.selfAttention.dropout]).toEqual([2048, 0.1, 0.1]);
    expect(numbers(layer.forward(x))).not.toEqual(numbers(layer.forward(x)));
    layer.eval();
    expect(numbers(layer.forward(x))).toEqual(numbers(layer.forward(x)));
  });
  it("[AK21] encoder-only, decoder-only and both: three models, each with the masks that it needs", () => {
    const [features, heads] = [6, 2];
    const sees = (run: (x: Tensor) => Tensor, input: Tensor): boolean => {
      const later = input.mul(tensor(Float64Array.of(1, 1, 5), [3, 1]));
      const first = (x: Tensor): number[] => numbers(run(x).slice(null, [0, 1]));
      return String(first(input)) !== String(first(later));
    };
    const bert = new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(features, heads, still), 1);
    const gpt = new nn.GPTBlock(features, heads, f64);
    const t5 = new nn.Transformer({ ...still, features, heads, encoderLayers: 1, decoderLayers: 1 });
    const x = fixed([1, 3, 6], 1);
    expect(sees((y) => bert.forward(y), x)).toBe(true);
    expect(sees((y) => gpt.forward(y), x)).toBe(false);
    expect(sees((y) => t5.forward(y, x, { targetIsCausal: true }), x)).toBe(true);
    expect(sees((y) => t5.forward(x, y, { targetIsCausal: true }), x)).toBe(false);
  });
  it("names what does not fit", () => {
    expect(() => new nn.TransformerEncoderLayer(6, 4)).toThrow(/6 features do not fall into 4 heads/);
    expect(() => new nn.TransformerEncoderLayer(6, 2, { activation: "swish" as never })).toThrow(ArgumentError);
    expect(() => new nn.TransformerEncoderLayer(6, 2, { feedForward: 0 })).toThrow(
      /TransformerEncoderLayer\(6, 2\): feedForward must be a whole number of 1 or more, got 0/,
    );
    expect(() => new nn.TransformerEncoder(encoderLayer, 0)).toThrow(/TransformerEncoder: count must be/);
    expect(() => encoderLayer().forward(zeros([2, 3, 5]))).toThrow(/the last dimension must be 6, got \[2, 3, 5\]/);
    expect(() => encoderLayer().forward(zeros([2, 3, 6], f64), { keyPaddingMask: padded() })).toThrow(
      /the key padding mask must be \[2, 3\], got \[2, 4\]/,
    );
  });
});
