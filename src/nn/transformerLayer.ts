import { classNameOf } from "../core/className.ts";
import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { Dropout } from "./dropout.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { MultiheadAttention } from "./multiheadAttention.ts";

export interface TransformerLayerOptions {
  /** Features of the feed-forward part, 2048 by default. */
  readonly feedForward?: number | undefined;
  /** The share that is dropped while training, 0.1 by default: of attention weights and of what every part adds. */
  readonly dropout?: number | undefined;
  /** Between the two products of the feed-forward part: "relu" by default, "gelu", or any function. */
  readonly activation?: "relu" | "gelu" | ((x: Tensor) => Tensor) | undefined;
  /** Added to variances, 1e-5 by default. */
  readonly layerNormEps?: number | undefined;
  /** Whether each part sees its input normalised, and not the sum is; false by default. */
  readonly normFirst?: boolean | undefined;
  /** Whether projections and norms have biases, true by default. */
  readonly bias?: boolean | undefined;
  /** Whether the batch comes before the length, true by default (in PyTorch false). */
  readonly batchFirst?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** What attention to one sequence may say. As in `MultiheadAttention`, masks are true where a query may see a key. */
export interface EncoderCall {
  /** Broadcasts to [batch, heads, length, length]. */
  readonly mask?: Tensor | undefined;
  /** [batch, length], true where the sequence is padding. */
  readonly keyPaddingMask?: Tensor | undefined;
  /** Whether position i sees only positions up to i, false by default. */
  readonly isCausal?: boolean | undefined;
}

/** What a decoder's attention to the encoded sequence may say, beside that to its own. */
export interface DecoderCall extends EncoderCall {
  /** Broadcasts to [batch, heads, length, encoded length]. */
  readonly memoryMask?: Tensor | undefined;
  /** [batch, encoded length], true where the encoded sequence is padding. */
  readonly memoryKeyPaddingMask?: Tensor | undefined;
}

/** What encoder and decoder layers share: norms, and parts that add to what they see. */
abstract class TransformerLayer extends Module {
  readonly features: number;
  readonly heads: number;
  readonly normFirst: boolean;
  readonly activation: (x: Tensor) => Tensor;
  readonly selfAttention: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  /** One for each part. */
  readonly norms: readonly LayerNorm[];
  /** One for each part, and one inside the feed-forward part. */
  readonly dropouts: readonly Dropout[];

  constructor(features: number, heads: number, options: TransformerLayerOptions, parts: number) {
    super();
    const { feedForward = 2048, activation = "relu", layerNormEps = 1e-5, bias = true, dtype } = options;
    this.features = features;
    this.heads = heads;
    this.normFirst = options.normFirst ?? false;
    checkSizes(`${this}`, { features, heads, feedForward });
    if (typeof activation !== "function" && activation !== "relu" && activation !== "gelu")
      throw new ArgumentError(
        `${this}: the activation must be "relu", "gelu" or a function, got "${activation as string}"`,
      );
    this.activation =
      typeof activation === "function" ? activation : activation === "relu" ? (x) => x.relu() : (x) => x.gelu();
    this.selfAttention = this.attention(options);
    this.linear1 = new Linear(features, feedForward, { bias, dtype });
    this.linear2 = new Linear(feedForward, features, { bias, dtype });
    this.norms = Array.from({ length: parts }, () => new LayerNorm(features, { eps: layerNormEps, bias, dtype }));
    this.dropouts = Array.from({ length: parts + 1 }, () => new Dropout(options.dropout ?? 0.1));
  }

  protected attention({ dropout = 0.1, bias, batchFirst, dtype }: TransformerLayerOptions): MultiheadAttention {
    return new MultiheadAttention(this.features, this.heads, { dropout, bias, batchFirst, dtype });
  }

  /** Part number `i`, with its norm, dropout and way around. */
  protected residual(i: number, x: Tensor, part: (x: Tensor) => Tensor): Tensor {
    const [norm, dropout] = [this.norms[i]!, this.dropouts[i]!];
    if (this.normFirst) return x.add(dropout.forward(part(norm.forward(x))));
    return norm.forward(x.add(dropout.forward(part(x))));
  }

  /** The last part: linear, activation, linear. */
  protected feedForward(x: Tensor): Tensor {
    const inner = this.activation(this.linear1.forward(x));
    return this.linear2.forward(this.dropouts.at(-1)!.forward(inner));
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.features}, ${this.heads})`;
  }
}

/**
 * Self-attention and a feed-forward part, each around a residual path with layer norm: Vaswani et al. 2017. Input and output
 * are [batch, length, features]. State-dict names are PyTorch's.
 * @example new nn.TransformerEncoderLayer(512, 8).forward(x, { keyPaddingMask })
 */
export class TransformerEncoderLayer extends TransformerLayer {
  constructor(features: number, heads: number, options: TransformerLayerOptions = {}) {
    super(features, heads, options, 2);
  }

  override members(): Iterable<readonly [string, unknown]> {
    const { selfAttention, linear1, linear2, norms, dropouts } = this;
    return Object.entries({
      self_attn: selfAttention,
      linear1,
      dropout: dropouts[2],
      linear2,
      norm1: norms[0],
      norm2: norms[1],
      dropout1: dropouts[0],
      dropout2: dropouts[1],
    });
  }

  forward(x: Tensor, call: EncoderCall = {}): Tensor {
    const seen = this.residual(0, x, (own) => this.selfAttention.forward(own, own, own, call));
    return this.residual(1, seen, (own) => this.feedForward(own));
  }
}

/**
 * Self-attention, attention to an encoded sequence (`memory`), and a feed-forward part, each around a residual path with
 * layer norm. State-dict names are PyTorch's. Say `isCausal` for a decoder that must not see the future.
 */
export class TransformerDecoderLayer extends TransformerLayer {
  readonly crossAttention: MultiheadAttention;

  constructor(features: number, heads: number, options: TransformerLayerOptions = {}) {
    super(features, heads, options, 3);
    this.crossAttention = this.attention(options);
  }

  override members(): Iterable<readonly [string, unknown]> {
    const { selfAttention, crossAttention, linear1, linear2, norms, dropouts } = this;
    return Object.entries({
      self_attn: selfAttention,
      multihead_attn: crossAttention,
      linear1,
      dropout: dropouts[3],
      linear2,
      norm1: norms[0],
      norm2: norms[1],
      norm3: norms[2],
      dropout1: dropouts[0],
      dropout2: dropouts[1],
      dropout3: dropouts[2],
    });
  }

  /** @param memory what the encoder made: [batch, encoded length, features]. */
  forward(x: Tensor, memory: Tensor, call: DecoderCall = {}): Tensor {
    const { memoryMask: mask, memoryKeyPaddingMask: keyPaddingMask, ...own } = call;
    const seen = this.residual(0, x, (y) => this.selfAttention.forward(y, y, y, own));
    const crossed = this.residual(1, seen, (y) =>
      this.crossAttention.forward(y, memory, memory, { mask, keyPaddingMask }),
    );
    return this.residual(2, crossed, (y) => this.feedForward(y));
  }
}
