import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { attend } from "./attention.ts";
import { KeyValueCache } from "./cache.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { checkRate } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import type { RotaryPositions } from "./rotary.ts";

export interface CausalSelfAttentionOptions {
  /** Heads of keys and values, each shared by neighbouring heads of queries (Ainslie et al. 2023); as many by default. */
  readonly keyValueHeads?: number | undefined;
  /** Turns queries and keys by their positions; none by default. */
  readonly rotary?: RotaryPositions | undefined;
  /** The share of attention weights that is dropped while training, 0 by default. */
  readonly dropout?: number | undefined;
  /** Whether projections add a bias, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** What a call of a causal layer may say. */
export interface CausalCall {
  /** Keys and values of the positions before, to which those of this input are added. */
  readonly cache?: KeyValueCache | undefined;
}

/**
 * Attention of a sequence [batch, length, features] to itself and its past, as decoders have it: with as many heads of keys
 * and values as of queries, fewer (grouped queries) or one (multi-query). State-dict names are LLaMA's: `q_proj.weight`,
 * `k_proj.weight`, `v_proj.weight`, `o_proj.weight`.
 */
export class CausalSelfAttention extends Module {
  readonly features: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly dropout: number;
  readonly rotary: RotaryPositions | undefined;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;

  constructor(features: number, heads: number, options: CausalSelfAttentionOptions = {}) {
    super();
    const { keyValueHeads = heads, rotary, dropout = 0, bias = true, dtype = "f32" } = options;
    this.features = features;
    this.heads = heads;
    this.keyValueHeads = keyValueHeads;
    this.dropout = dropout;
    this.rotary = rotary;
    checkSizes(`${this}`, { features, heads, keyValueHeads });
    checkRate(`${this}`, dropout);
    if (features % heads !== 0)
      throw new ArgumentError(`${this}: ${features} features do not fall into ${heads} heads`);
    if (heads % keyValueHeads !== 0)
      throw new ArgumentError(
        `${this}: ${heads} heads cannot share ${keyValueHeads} heads of keys and values evenly. Use a divisor of ${heads}`,
      );
    const width = (features / heads) * keyValueHeads;
    this.query = new Linear(features, features, { bias, dtype });
    this.key = new Linear(features, width, { bias, dtype });
    this.value = new Linear(features, width, { bias, dtype });
    this.output = new Linear(features, features, { bias, dtype });
  }

  override members(): Iterable<readonly [string, unknown]> {
    return Object.entries({ q_proj: this.query, k_proj: this.key, v_proj: this.value, o_proj: this.output });
  }

  /** An empty cache for this layer. */
  newCache(batch: number, capacity: number): KeyValueCache {
    const { dtype } = this.query.weight;
    return new KeyValueCache({
      batch,
      heads: this.keyValueHeads,
      capacity,
      features: this.features / this.heads,
      dtype,
    });
  }

  forward(x: Tensor, { cache }: CausalCall = {}): Tensor {
    checkLast(this, x, [this.features]);
    const start = cache?.length ?? 0;
    const turned = (part: Tensor): Tensor => this.rotary?.forward(part, start) ?? part;
    const query = turned(this.#heads(this.query.forward(x), this.heads));
    const key = turned(this.#heads(this.key.forward(x), this.keyValueHeads));
    const value = this.#heads(this.value.forward(x), this.keyValueHeads);
    const dropout = this.training ? this.dropout : 0;
    const all = cache?.append(key, value);
    const { output } = all
      ? attend(`${this}`, [query, all.keys, all.values], { masks: [all.mask], enableGqa: true, dropout })
      : attend(`${this}`, [query, key, value], { masks: [], isCausal: true, enableGqa: true, dropout });
    return this.output.forward(output.transpose(-2, -3).reshape([...x.shape]));
  }

  #heads(x: Tensor, heads: number): Tensor {
    return x.reshape([...x.shape.slice(0, -1), heads, this.features / this.heads]).transpose(-2, -3);
  }

  override toString(): string {
    const { features, heads, keyValueHeads } = this;
    return `CausalSelfAttention(${features}, ${heads}${keyValueHeads === heads ? "" : `, ${keyValueHeads}`})`;
  }
}
