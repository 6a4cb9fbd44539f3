/** Attention: what a step takes from other steps. */
import { ArgumentError } from "../core/errors.ts";
import { attend } from "../nn/attention.ts";
import { Linear } from "../nn/linear.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ActivatedLayer, type KernelOptions } from "./kernel.ts";
import { Layer, type CallOptions, type LayerOptions } from "./layer.ts";
import { flat, sizeAt, type KerasShape, type Nest } from "./symbolic.ts";
import type { Layout } from "./weight.ts";

/** What a call may say besides its inputs. */
export interface AttentionCallOptions extends CallOptions {
  /** bool [n, queries, keys], true where a query may see a key; a missing batch broadcasts. */
  readonly attentionMask?: Tensor | undefined;
  /** Whether position i sees only positions up to i, false by default. */
  readonly useCausalMask?: boolean | undefined;
  /** Whether the attention weights are returned too, false by default. */
  readonly returnAttentionScores?: boolean | undefined;
}

export interface MultiHeadAttentionOptions extends Omit<KernelOptions, "activation"> {
  readonly numHeads: number;
  /** Features of each head's queries and keys. */
  readonly keyDim: number;
  /** Features of each head's values, `keyDim` by default. */
  readonly valueDim?: number | undefined;
  /** The share of attention weights that is dropped in training, 0 by default. */
  readonly dropout?: number | undefined;
  /** Features of the output, those of queries by default. */
  readonly outputShape?: number | undefined;
}

/** Query, value and key of a list of inputs; the value is the query, the key the value, where they are left out. */
function parts<T>(inputs: Nest<T>): readonly [query: T, value: T, key: T] {
  const [query, value = query!, key = value] = flat(inputs);
  return [query!, value, key];
}

/** [heads · size, in] held, [in, heads, size] for Keras. */
const intoHeads = (heads: number): Layout => ({
  toKeras: ([held]) => {
    const [rows, features] = held!.shape;
    return held!.transpose(0, 1).reshape([features!, heads, rows! / heads]);
  },
  fromKeras: (value) => [value.reshape([value.shape[0]!, -1]).transpose(0, 1)],
});
const biasOfHeads = (heads: number): Layout => ({
  toKeras: ([held]) => held!.reshape([heads, held!.shape[0]! / heads]),
  fromKeras: (value) => [value.reshape([-1])],
});
/** [out, heads · size] held, [heads, size, out] for Keras. */
const outOfHeads = (heads: number): Layout => ({
  toKeras: ([held]) => {
    const [out, columns] = held!.shape;
    return held!.transpose(0, 1).reshape([heads, columns! / heads, out!]);
  },
  fromKeras: (value) => [value.reshape([-1, value.shape[2]!]).transpose(0, 1)],
});

/**
 * Weights: kernel [features, heads, size] and bias [heads, size] of query, key and value, then kernel [heads, size, out] and bias [out] of
 * the output.
 */
export class MultiHeadAttention extends ActivatedLayer<MultiHeadAttentionOptions> {
  static override readonly className: string = "MultiHeadAttention";
  query!: Linear;
  key!: Linear;
  value!: Linear;
  projection!: Linear;

  override build(inputShape: Nest<KerasShape>): void {
    const shapes = Array.isArray(inputShape[0]) ? (inputShape as readonly KerasShape[]) : [inputShape as KerasShape];
    const { numHeads: heads, keyDim, valueDim = keyDim, useBias: bias, outputShape } = this.options;
    const [query, value, key] = parts(shapes).map((shape) => sizeAt(this, shape, -1)) as [number, number, number];
    const make = (inputs: number, outputs: number, kernel: Layout, ofBias: Layout | undefined): Linear => {
      const linear: Linear = new Linear(inputs, outputs, { bias, dtype: this.dtype }) as Linear;
      this.holdKernel(linear.weight, kernel, null);
      if (linear.bias) this.holdBias(linear.bias, ofBias);
      return linear;
    };
    const [into, ofHeads] = [intoHeads(heads), biasOfHeads(heads)];
    this.query = make(query, heads * keyDim, into, ofHeads);
    this.key = make(key, heads * keyDim, into, ofHeads);
    this.value = make(value, heads * valueDim, into, ofHeads);
    this.projection = make(heads * valueDim, outputShape ?? query, outOfHeads(heads), undefined);
  }

  override computeMask(_: unknown, mask: Nest<Tensor | undefined> | undefined): Tensor | undefined {
    return mask && flat(mask)[0];
  }

  call(inputs: Nest<Tensor>, options: AttentionCallOptions): Nest<Tensor> {
    const [query, value, key] = parts(inputs);
    const heads = (linear: Linear, x: Tensor): Tensor => {
      const [n, length] = x.shape;
      const all = linear.forward(x);
      return all.reshape([n!, length!, this.options.numHeads, -1]).transpose(1, 2);
    };
    const { output, weights } = attend(
      `${this}`,
      [heads(this.query, query), heads(this.key, key), heads(this.value, value)],
      {
        // What a key that is padding says is seen by nobody.
        masks: masksOf(options, parts(flat(options.mask ?? []))[1]).map((mask) => mask.unsqueeze(-3)),
        isCausal: options.useCausalMask,
        dropout: options.training ? this.options.dropout : 0,
        needWeights: options.returnAttentionScores,
      },
    );
    const [n, , length] = output.shape;
    const joined = output.transpose(1, 2).reshape([n!, length!, -1]);
    const result = this.projection.forward(joined);
    return weights && options.returnAttentionScores ? [result, weights] : result;
  }
}

/** Masks over [..., queries, keys] that a call has. */
function masksOf({ attentionMask }: AttentionCallOptions, ofKeys: Tensor | undefined): Tensor[] {
  const masks = attentionMask ? [attentionMask.rank === 2 ? attentionMask.unsqueeze(0) : attentionMask] : [];
  return ofKeys ? [...masks, ofKeys.unsqueeze(1)] : masks;
}

/**
 * Attention by several heads: `apply([query, value])`, `apply([query, value, key])`, or `apply(x)` to itself. Each is [n, length, features].
 * @example layers.multiHeadAttention({ numHeads: 2, keyDim: 16 }).apply([x, x], { useCausalMask: true })
 */
export function multiHeadAttention(options: MultiHeadAttentionOptions): MultiHeadAttention {
  return new MultiHeadAttention(options);
}

export interface AttentionOptions extends LayerOptions {
  /** Whether scores are multiplied by a learned number, false by default. */
  readonly useScale?: boolean | undefined;
  /** The share of attention weights that is dropped in training, 0 by default. */
  readonly dropout?: number | undefined;
}

/** Weights: scale [], where there is one. */
export class Attention extends Layer<AttentionOptions> {
  static override readonly className: string = "Attention";

  override build(): void {
    if (this.options.useScale) this.addWeight("scale", [], { initializer: "ones" });
  }

  override computeMask(_: unknown, mask: Nest<Tensor | undefined> | undefined): Tensor | undefined {
    return mask && flat(mask)[0];
  }

  call(inputs: Nest<Tensor>, options: AttentionCallOptions): Nest<Tensor> {
    if (flat(inputs).length < 2)
      throw new ArgumentError(`${this}: wants a list of inputs, as in apply([query, value])`);
    const [query, value, key] = parts(inputs);
    const scaled = this.options.useScale ? query.mul(this.weight("scale")) : query;
    const { output, weights } = attend(`${this}`, [scaled, key, value], {
      masks: masksOf(options, flat(options.mask ?? [])[1]),
      isCausal: options.useCausalMask,
      scale: 1,
      dropout: options.training ? this.options.dropout : 0,
      needWeights: options.returnAttentionScores,
    });
    return weights && options.returnAttentionScores ? [output, weights] : output;
  }
}

/** softmax(query·keyᵀ)·value: `apply([query, value])` or `apply([query, value, key])`. */
export function attention(options: AttentionOptions = {}): Attention {
  return new Attention(options);
}
