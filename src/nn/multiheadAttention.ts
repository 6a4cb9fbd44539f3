import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { attention, type AttentionOptions } from "./attention.ts";
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
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** What a call of `MultiheadAttention` may say. */
export type MultiheadAttentionCall = Pick<AttentionOptions, "causal" | "mask">;

/**
 * Attention by several heads, each on its own part of the features: Vaswani et al. 2017. Inputs are [batch, length,
 * features] (PyTorch's `batch_first=True`); masks are as in `attention`, true where a query may see a key. Heads are views.
 * @example new nn.MultiheadAttention(256, 4).forward(x, x, x, { causal: true })
 */
export class MultiheadAttention extends Module {
  readonly features: number;
  readonly heads: number;
  readonly dropout: number;
  /** [3 · features, features]: queries, keys and values, one below the other. */
  inProjWeight: Parameter;
  /** [3 · features] */
  inProjBias: Parameter | null;
  readonly outProj: Linear;

  constructor(
    features: number,
    heads: number,
    { dropout = 0, bias = true, dtype = "f32" }: MultiheadAttentionOptions = {},
  ) {
    super();
    this.features = features;
    this.heads = heads;
    this.dropout = dropout;
    checkSizes(`${this}`, { features, heads });
    checkRate(`${this}`, dropout);
    if (features % heads !== 0)
      throw new ArgumentError(`${this}: ${features} features do not fall into ${heads} heads`);
    this.inProjWeight = drawn([3 * features, features], xavierUniform(), dtype, `${this}.in_proj_weight`);
    this.inProjBias = bias ? drawn([3 * features], zeros, dtype, `${this}.in_proj_bias`) : null;
    this.outProj = new Linear(features, features, { bias, dtype });
    if (this.outProj.bias) assign(this.outProj.bias, zeros);
  }

  override members(): Iterable<readonly [string, unknown]> {
    return Object.entries({
      in_proj_weight: this.inProjWeight,
      in_proj_bias: this.inProjBias,
      out_proj: this.outProj,
    });
  }

  /** @param key the query by default; @param value the key by default. */
  forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    { causal, mask }: MultiheadAttentionCall = {},
  ): Tensor {
    for (const x of [query, key, value]) checkLast(this, x, [this.features]);
    const [q, k, v] =
      query === key && key === value
        ? this.#project(query, 0, 3)
        : key === value
          ? [...this.#project(query, 0, 1), ...this.#project(key, 1, 2)]
          : [query, key, value].flatMap((x, i) => this.#project(x, i, 1));
    const dropout = this.training ? this.dropout : 0;
    const mixed = attention(q!, k!, v!, { causal, mask, dropout });
    return this.outProj.forward(mixed.transpose(-2, -3).reshape([...query.shape]));
  }

  /** `count` of the three projections from `first` on, each as [batch, heads, length, features / heads]. */
  #project(x: Tensor, first: number, count: number): Tensor[] {
    const { features, heads } = this;
    const weight: Tensor = this.inProjWeight.narrow(0, first * features, count * features);
    const product: Tensor = x.matmul(weight.T);
    const bias = this.inProjBias?.narrow(0, first * features, count * features);
    const all = bias ? product.add(bias as Tensor) : product;
    return Array.from({ length: count }, (_, i) => {
      const part: Tensor = all.narrow(-1, i * features, features);
      return part.reshape([...x.shape.slice(0, -1), heads, features / heads]).transpose(-2, -3);
    });
  }

  override toString(): string {
    return `MultiheadAttention(${this.features}, ${this.heads})`;
  }
}
