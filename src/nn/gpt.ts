import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { topk } from "../tensor/alongAxis.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { rand } from "../tensor/create.ts";
import { concat } from "../tensor/functions.ts";
import { jit } from "../tensor/jit.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { CausalSelfAttention, type CausalCall, type CausalSelfAttentionOptions } from "./causalSelfAttention.ts";
import type { KeyValueCache } from "./cache.ts";
import { checkSizes } from "./checks.ts";
import { Dropout } from "./dropout.ts";
import { Embedding } from "./embedding.ts";
import { normal, zeros } from "./init/distributions.ts";
import { assign } from "./init/drawn.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { LearnedPositions } from "./position.ts";

export interface GPTBlockOptions extends CausalSelfAttentionOptions {
  /** Features of the feed-forward part, four times the others by default. */
  readonly feedForward?: number | undefined;
  /** Between the two products of the feed-forward part, GELU by default. */
  readonly activation?: ((x: Tensor) => Tensor) | undefined;
}

/** A decoder-only block: x + attention(norm(x)), then x + feed-forward(norm(x)); Radford et al. 2019. */
export class GPTBlock extends Module {
  readonly norm1: LayerNorm;
  readonly attention: CausalSelfAttention;
  readonly norm2: LayerNorm;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly dropout: Dropout;
  readonly activation: (x: Tensor) => Tensor;

  constructor(features: number, heads: number, options: GPTBlockOptions = {}) {
    super();
    const { feedForward = 4 * features, activation = (x) => x.gelu(), dropout = 0, bias, dtype } = options;
    checkSizes(`GPTBlock(${features}, ${heads})`, { features, heads, feedForward });
    this.norm1 = new LayerNorm(features, { bias, dtype });
    this.attention = new CausalSelfAttention(features, heads, options);
    this.norm2 = new LayerNorm(features, { bias, dtype });
    this.linear1 = new Linear(features, feedForward, { bias, dtype });
    this.linear2 = new Linear(feedForward, features, { bias, dtype });
    this.dropout = new Dropout(dropout);
    this.activation = activation;
  }

  /** [batch, length, features], to the same. */
  forward(x: Tensor, call: CausalCall = {}): Tensor {
    const seen: Tensor = x.add(this.dropout.forward(this.attention.forward(this.norm1.forward(x), call)));
    const inner = this.activation(this.linear1.forward(this.norm2.forward(seen)));
    return seen.add(this.dropout.forward(this.linear2.forward(inner)));
  }
}

export interface GPTOptions extends Omit<GPTBlockOptions, "rotary"> {
  /** Tokens that there are. */
  readonly vocabulary: number;
  /** Positions that there are. */
  readonly context: number;
  readonly features: number;
  readonly heads: number;
  readonly layers: number;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

export interface GenerateOptions {
  /** 0, the default, takes the likeliest token; above it one is drawn, the more evenly the higher. */
  readonly temperature?: number | undefined;
  /** Draws among that many likeliest tokens, all by default. */
  readonly topK?: number | undefined;
}

/**
 * A decoder-only language model: Radford et al. 2019. Token ids [batch, length] give logits [batch, length, vocabulary] of
 * the tokens that follow. The table of tokens is the last layer too. Matrices start normal with deviation 0.02.
 */
export class GPT extends Module {
  readonly tokens: Embedding;
  readonly positions: LearnedPositions;
  readonly dropout: Dropout;
  readonly blocks: readonly GPTBlock[];
  readonly norm: LayerNorm;

  constructor({ vocabulary, context, features, heads, layers, ...block }: GPTOptions) {
    super();
    checkSizes("GPT", { vocabulary, context, features, heads, layers });
    const { dropout = 0, bias, dtype } = block;
    this.tokens = new Embedding(vocabulary, features, { dtype });
    this.positions = new LearnedPositions(context, features, { dtype });
    this.dropout = new Dropout(dropout);
    this.blocks = Array.from({ length: layers }, () => new GPTBlock(features, heads, block));
    this.norm = new LayerNorm(features, { bias, dtype });
    for (const module of this.modules()) {
      if (module instanceof Linear && module.bias) assign(module.bias, zeros);
      if (module instanceof Linear || module instanceof Embedding) assign(module.weight, normal(0, 0.02));
    }
    // What many layers add up to on the residual path shall not grow with their number.
    for (const { attention, linear2 } of this.blocks)
      for (const last of [attention.output, linear2]) assign(last.weight, normal(0, 0.02 / Math.sqrt(2 * layers)));
  }

  /**
   * Goes on from token ids [batch, length] by `count` tokens: i32 [batch, length + count]. Every step is one replay of the same
   * program, with a cache. Call `eval()` before, where there is dropout.
   * @throws ArgumentError where that is more than the context holds.
   */
  generate(ids: Tensor, count: number, { temperature = 0, topK }: GenerateOptions = {}): Tensor {
    this.#check(ids);
    checkSizes("GPT", { count, ...(topK === undefined ? {} : { topK }) });
    if (!(temperature >= 0)) throw new ArgumentError(`GPT: the temperature must be 0 or more, got ${temperature}`);
    const [batch, length] = ids.shape as [number, number];
    const context = this.positions.weight.shape[0]!;
    if (length + count > context)
      throw new ArgumentError(`GPT: ${length} tokens and ${count} more do not fit in a context of ${context}`);
    const caches = this.newCaches(batch, context);
    const choose = (seen: Tensor): Tensor => {
      const logits: Tensor = this.forward(seen, caches).slice(null, -1);
      if (temperature === 0) return logits.argmax(-1, true);
      const least =
        topK === undefined ? undefined : topk(logits, Math.min(topK, logits.shape[1]!)).values.narrow(-1, -1, 1);
      const likely: Tensor = least ? logits.maskedFill(logits.lt(least), -Infinity) : logits;
      // The largest of logits with Gumbel noise is a sample of their softmax.
      const noise = rand(likely.shape as number[], { dtype: likely.dtype })
        .log()
        .neg()
        .log()
        .neg();
      return likely.div(temperature).add(noise).argmax(-1, true);
    };
    return noGrad(() => {
      const tokens = [ids.int()];
      const next = jit(choose);
      for (let i = 0; i < count; i++) tokens.push(next(tokens.at(-1)!));
      return concat(tokens, 1);
    });
  }

  /** An empty cache for each block. */
  newCaches(batch: number, capacity: number): KeyValueCache[] {
    return this.blocks.map((b) => b.attention.newCache(batch, capacity));
  }

  /** @param caches one for each block, from `newCaches`, to go on from the positions that they hold. */
  forward(ids: Tensor, caches?: readonly KeyValueCache[]): Tensor {
    this.#check(ids);
    const start = caches?.[0]?.length ?? 0;
    const embedded = this.positions.forward(this.tokens.forward(ids), start);
    const seen = this.blocks.reduce<Tensor>(
      (x, block, i) => block.forward(x, { cache: caches?.[i] }),
      this.dropout.forward(embedded),
    );
    return this.norm.forward(seen).matmul(this.tokens.weight.T);
  }

  #check(ids: Tensor): void {
    if (ids.rank !== 2) throw new ShapeError(`GPT: token ids must be [batch, length], got ${show(ids.shape)}`);
  }
}
