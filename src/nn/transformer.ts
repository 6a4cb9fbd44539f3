import type { Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { xavierUniform } from "./init/variance.ts";
import { assign } from "./init/drawn.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Module } from "./module.ts";
import {
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type DecoderCall,
  type EncoderCall,
  type TransformerLayerOptions,
} from "./transformerLayer.ts";

/** Encoder layers one after the other, and perhaps a norm behind the last: all share the masks. */
export class TransformerEncoder extends Module {
  readonly layers: readonly TransformerEncoderLayer[];
  readonly norm: LayerNorm | null;

  /** @param make a new layer; it is called `count` times. */
  constructor(make: (index: number) => TransformerEncoderLayer, count: number, norm: LayerNorm | null = null) {
    super();
    checkSizes("TransformerEncoder", { count });
    this.layers = Array.from({ length: count }, (_, i) => make(i));
    this.norm = norm;
  }

  forward(x: Tensor, call: EncoderCall = {}): Tensor {
    const encoded = this.layers.reduce((seen, layer) => layer.forward(seen, call), x);
    return this.norm ? this.norm.forward(encoded) : encoded;
  }
}

/** Decoder layers one after the other, and perhaps a norm behind the last: all see the same memory. */
export class TransformerDecoder extends Module {
  readonly layers: readonly TransformerDecoderLayer[];
  readonly norm: LayerNorm | null;

  /** @param make a new layer; it is called `count` times. */
  constructor(make: (index: number) => TransformerDecoderLayer, count: number, norm: LayerNorm | null = null) {
    super();
    checkSizes("TransformerDecoder", { count });
    this.layers = Array.from({ length: count }, (_, i) => make(i));
    this.norm = norm;
  }

  forward(x: Tensor, memory: Tensor, call: DecoderCall = {}): Tensor {
    const decoded = this.layers.reduce((seen, layer) => layer.forward(seen, memory, call), x);
    return this.norm ? this.norm.forward(decoded) : decoded;
  }
}

export interface TransformerOptions extends TransformerLayerOptions {
  /** Width of everything between layers, 512 by default. */
  readonly features?: number | undefined;
  /** Heads of attention, 8 by default. */
  readonly heads?: number | undefined;
  /** 6 by default. */
  readonly encoderLayers?: number | undefined;
  /** 6 by default. */
  readonly decoderLayers?: number | undefined;
}

/** Masks of both sequences: `source` of the encoder, `target` of the decoder, `memory` between the two. */
export interface TransformerCall {
  readonly sourceMask?: Tensor | undefined;
  readonly targetMask?: Tensor | undefined;
  readonly memoryMask?: Tensor | undefined;
  readonly sourceKeyPaddingMask?: Tensor | undefined;
  readonly targetKeyPaddingMask?: Tensor | undefined;
  readonly memoryKeyPaddingMask?: Tensor | undefined;
  readonly sourceIsCausal?: boolean | undefined;
  readonly targetIsCausal?: boolean | undefined;
}

/**
 * Encoder and decoder: Vaswani et al. 2017. Embeddings of both sequences go in, [batch, length, features]; those of the target
 * come out. Matrices start Xavier-uniform, names are PyTorch's.
 * @example new nn.Transformer().forward(source, target, { targetIsCausal: true })
 */
export class Transformer extends Module {
  readonly encoder: TransformerEncoder;
  readonly decoder: TransformerDecoder;

  constructor(options: TransformerOptions = {}) {
    super();
    const { features = 512, heads = 8, encoderLayers = 6, decoderLayers = 6, ...layer } = options;
    const { layerNormEps: eps, bias, dtype } = layer;
    const norm = (): LayerNorm => new LayerNorm(features, { eps, bias, dtype });
    this.encoder = new TransformerEncoder(
      () => new TransformerEncoderLayer(features, heads, layer),
      encoderLayers,
      norm(),
    );
    this.decoder = new TransformerDecoder(
      () => new TransformerDecoderLayer(features, heads, layer),
      decoderLayers,
      norm(),
    );
    for (const p of this.parameters()) if (p.rank > 1) assign(p, xavierUniform());
  }

  forward(source: Tensor, target: Tensor, call: TransformerCall = {}): Tensor {
    const memory = this.encoder.forward(source, {
      mask: call.sourceMask,
      keyPaddingMask: call.sourceKeyPaddingMask,
      isCausal: call.sourceIsCausal,
    });
    return this.decoder.forward(target, memory, {
      mask: call.targetMask,
      keyPaddingMask: call.targetKeyPaddingMask,
      isCausal: call.targetIsCausal,
      memoryMask: call.memoryMask,
      memoryKeyPaddingMask: call.memoryKeyPaddingMask,
    });
  }
}
