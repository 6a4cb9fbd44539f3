import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { attend, type AttentionOptions } from "./attention.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { checkRate } from "./dropout.ts";
import { zeros } from "./init/distributions.ts";
import { assign, drawn } from "./init/drawn.ts";
import { xavierUniform } from "./init/variance.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";

export interface MultiheadAttentionOptions {
  /** The share of attention weights that is dropped while training, 0 by default. */
  readonly dropout?: number | undefined;
  /** Whether projections add a bias, true by default. */
  readonly bias?: boolean | undefined;
  /** Features of keys, those of queries by default. */
  readonly kdim?: number | undefined;
  /** Features of values, those of queries by default. */
  readonly vdim?: number | undefined;
  /** Whether the batch comes before the length, true by default (in PyTorch false). */
  readonly batchFirst?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** What a call of `MultiheadAttention` may say. */
export interface MultiheadAttentionCall extends Pick<AttentionOptions, "mask" | "isCausal"> {
  /** [batch, keys]: bool, true where a key is padding that nobody sees; or numbers that are added to the scores. */
  readonly keyPaddingMask?: Tensor | undefined;
}

/** A call that wants the attention weights too. */
export interface AttentionWeightsCall extends MultiheadAttentionCall {
  /** Returns the weights beside the output. */
  readonly needWeights: true;
  /** Whether weights are the mean over heads [batch, queries, keys], true by default, or one for each head. */
  readonly averageWeights?: boolean | undefined;
}

/**
 * Attention by several heads, each on its own part of the features: Vaswani et al. 2017. Inputs are [batch, length,
 * features] (PyTorch's `batch_first=True`), or [length, features]. `mask` is true where a query may see a key, as in
 * `scaledDotProductAttention`, and broadcasts to [batch, heads, queries, keys]. Heads are views.
 * @example new nn.MultiheadAttention(256, 4).forward(x, x, x, { isCausal: true })
 */
export class MultiheadAttention extends Module {
  readonly features: number;
  readonly heads: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  /** [3 · features, features]: queries, keys and values, one below the other. Or three apart, where their sizes differ. */
  inProjWeight: Parameter | readonly [query: Parameter, key: Parameter, value: Parameter];
  /** [3 · features] */
  inProjBias: Parameter | null;
  readonly outProj: Linear;
  readonly #inputs: readonly [number, number, number];

  constructor(features: number, heads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const { dropout = 0, bias = true, kdim = features, vdim = features, batchFirst = true, dtype = "f32" } = options;
    this.features = features;
    this.heads = heads;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.#inputs = [features, kdim, vdim];
    checkSizes(`${this}`, { features, heads, kdim, vdim });
    checkRate(`${this}`, dropout);
    if (features % heads !== 0)
      throw new ArgumentError(`${this}: ${features} features do not fall into ${heads} heads`);
    const weight = (rows: number, columns: number, name: string): Parameter =>
      drawn([rows, columns], xavierUniform(), dtype, `${this}.${name}`);
    this.inProjWeight =
      kdim === features && vdim === features
        ? weight(3 * features, features, "in_proj_weight")
        : [
            weight(features, features, "q_proj_weight"),
            weight(features, kdim, "k_proj_weight"),
            weight(features, vdim, "v_proj_weight"),
          ];
    this.inProjBias = bias ? drawn([3 * features], zeros, dtype, `${this}.in_proj_bias`) : null;
    this.outProj = new Linear(features, features, { bias, dtype });
    if (this.outProj.bias) assign(this.outProj.bias, zeros);
  }

  override members(): Iterable<readonly [string, unknown]> {
    const { inProjWeight: weight } = this;
    const [q_proj_weight, k_proj_weight, v_proj_weight] = "cell" in weight ? [] : weight;
    return Object.entries({
      ...("cell" in weight ? { in_proj_weight: weight } : { q_proj_weight, k_proj_weight, v_proj_weight }),
      in_proj_bias: this.inProjBias,
      out_proj: this.outProj,
    });
  }

  /** @param key the query by default; @param value the key by default. */
  forward(
    query: Tensor,
    key: Tensor | undefined,
    value: Tensor | undefined,
    call: AttentionWeightsCall,
  ): [output: Tensor, weights: Tensor];
  forward(query: Tensor, key?: Tensor, value?: Tensor, call?: MultiheadAttentionCall): Tensor;
  forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    call: MultiheadAttentionCall & Partial<AttentionWeightsCall> = {},
  ): Tensor | [output: Tensor, weights: Tensor] {
    const { isCausal, mask, keyPaddingMask, needWeights = false, averageWeights = true } = call;
    [query, key, value].forEach((x, i) => checkLast(this, x, [this.#inputs[i]!]));
    const given = this.batchFirst ? [query, key, value] : [query, key, value].map(turned);
    const masks = mask ? [mask] : [];
    if (keyPaddingMask) masks.push(this.#allKeys(keyPaddingMask, given[1]!));
    const dropout = this.training ? this.dropout : 0;
    const options = { isCausal, masks, dropout, needWeights };
    const { output, weights } = attend(`${this}`, this.#project(query, key, value), options);
    const joined = output.transpose(-2, -3).reshape([...given[0]!.shape.slice(0, -1), this.features]);
    const projected = this.outProj.forward(joined);
    const result = this.batchFirst ? projected : turned(projected);
    return weights && needWeights ? [result, averageWeights ? weights.mean(-3) : weights] : result;
  }

  /** A padding mask, [batch, keys], as a mask of all heads and queries. */
  #allKeys(padding: Tensor, { shape }: Tensor): Tensor {
    const wanted = shape.slice(0, -1);
    if (!sameShape(padding.shape, wanted))
      throw new ShapeError(`${this}: the key padding mask must be ${show(wanted)}, got ${show(padding.shape)}`);
    const seen = padding.dtype === "bool" ? padding.logicalNot() : padding;
    return seen.reshape([...wanted.slice(0, -1), 1, 1, wanted.at(-1)!]);
  }

  /** Queries, keys and values as [batch, heads, length, features / heads], in as few products as there are inputs. */
  #project(query: Tensor, key: Tensor, value: Tensor): [Tensor, Tensor, Tensor] {
    const { inProjWeight: weight, features } = this;
    if (!("cell" in weight))
      return [query, key, value].map((x, i) => this.#heads(x, weight[i]!, i, 1)[0]!) as [Tensor, Tensor, Tensor];
    const parts = (x: Tensor, first: number, count: number): Tensor[] =>
      this.#heads(x, weight.narrow(0, first * features, count * features), first, count);
    const all =
      query === key && key === value
        ? parts(query, 0, 3)
        : key === value
          ? [...parts(query, 0, 1), ...parts(key, 1, 2)]
          : [query, key, value].flatMap((x, i) => parts(x, i, 1));
    return all as [Tensor, Tensor, Tensor];
  }

  /** `count` projections, from that at `first` on, each split into heads. */
  #heads(x: Tensor, weight: Tensor, first: number, count: number): Tensor[] {
    const { features, heads } = this;
    const bias: Tensor | undefined = this.inProjBias?.narrow(0, first * features, count * features);
    const product: Tensor = x.matmul(weight.T);
    const all: Tensor = bias ? product.add(bias) : product;
    const byBatch = this.batchFirst ? all : turned(all);
    return Array.from({ length: count }, (_, i) => {
      const part: Tensor = byBatch.narrow(-1, i * features, features);
      return part.reshape([...byBatch.shape.slice(0, -1), heads, features / heads]).transpose(-2, -3);
    });
  }

  override toString(): string {
    return `MultiheadAttention(${this.features}, ${this.heads})`;
  }
}

/** Batch and length exchanged, where there is a batch. */
function turned(x: Tensor): Tensor {
  return x.rank > 2 ? x.transpose(0, 1) : x;
}
