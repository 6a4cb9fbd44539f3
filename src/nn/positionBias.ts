/** Where tokens stand to one another, added to the scores of attention as its mask. */
import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { abs, cast, neg } from "../graph/ops/unary.ts";
import { iota } from "../graph/ops/leaf.ts";
import { tensor } from "../tensor/create.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { clamp } from "../tensor/functional/elementary.ts";
import { gather } from "../tensor/functional/indexing.ts";
import { moveAxis, reshape } from "../tensor/functional/movement.ts";
import type { Operand } from "../tensor/functional/operands.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { normal } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";

export interface PositionBiasCall {
  /** Position of the first query, 0 by default; i32 [] where it is data, as behind a key-value cache. */
  readonly start?: number | Tensor | undefined;
}

/** Position of the key less that of the query: i32 [queries, keys]. */
function distances(queries: number, keys: number, { start = 0 }: PositionBiasCall): Node {
  const shape = [queries, keys];
  const first: Operand = typeof start === "number" ? start : start.node;
  return sub(iota(shape, 1), add(iota(shape, 0), first));
}

/** The slopes of ALiBi's heads: 2^(−8/n), 2^(−16/n), … where n is a power of two, and between those for other counts. */
export function alibiSlopes(heads: number): number[] {
  checkSizes("alibiSlopes", { heads });
  const power = 2 ** Math.floor(Math.log2(heads));
  const geometric = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 ** ((-8 * (i + 1)) / count));
  return [...geometric(power), ...geometric(2 * power).filter((_, i) => i % 2 === 0)].slice(0, heads);
}

/**
 * −slope · distance for every head: [heads, queries, keys], a mask of numbers; Press et al. 2022. Distances count both ways,
 * so add `isCausal` where the future is not to be seen.
 * @param dtype f32 by default, or f64.
 */
export function alibi(
  heads: number,
  queries: number,
  keys: number = queries,
  { dtype = "f32", ...call }: PositionBiasCall & { readonly dtype?: DType | undefined } = {},
): Tensor {
  checkSizes("alibi", { heads, queries, keys });
  const slopes = tensor(Float64Array.from(alibiSlopes(heads)), [heads, 1, 1]).cast(dtype);
  return fromNode(mul(slopes.node, neg(cast(abs(distances(queries, keys, call)), dtype))));
}

export interface RelativePositionBiasOptions {
  /** Trained numbers for each head, 32 by default. */
  readonly buckets?: number | undefined;
  /** Distances from here on share one bucket, 128 by default. */
  readonly maxDistance?: number | undefined;
  /** Whether keys before and behind the query are told apart (encoders, the default), or those behind count as 0 away. */
  readonly bidirectional?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * A trained number for every head and distance: [heads, queries, keys], a mask of numbers; T5 (Raffel et al. 2020). Near
 * distances have a bucket each, those further on share logarithmically wider ones.
 */
export class RelativePositionBias extends Module {
  readonly heads: number;
  readonly buckets: number;
  readonly maxDistance: number;
  readonly bidirectional: boolean;
  /** [buckets, heads] */
  weight: Parameter;
  /** The bucket of every distance from −maxDistance to maxDistance. */
  readonly #bucketOf: Int32Array;

  constructor(heads: number, options: RelativePositionBiasOptions = {}) {
    super();
    const { buckets = 32, maxDistance = 128, bidirectional = true, dtype = "f32" } = options;
    this.heads = heads;
    this.buckets = buckets;
    this.maxDistance = maxDistance;
    this.bidirectional = bidirectional;
    checkSizes(`${this}`, { heads, buckets, maxDistance });
    const sides = bidirectional ? 2 : 1;
    if (buckets % (2 * sides) !== 0 || maxDistance <= buckets / sides / 2)
      throw new ArgumentError(
        `${this}: buckets must be a multiple of ${2 * sides} and maxDistance above ${buckets / sides / 2}, ` +
          `got ${buckets} and ${maxDistance}`,
      );
    this.weight = drawn([buckets, heads], normal(0, 1), dtype, `${this}.weight`);
    this.#bucketOf = Int32Array.from({ length: 2 * maxDistance + 1 }, (_, i) => this.#bucket(i - maxDistance));
  }

  override members(): Iterable<readonly [string, unknown]> {
    return [["weight", this.weight]];
  }

  #bucket(distance: number): number {
    const side = this.bidirectional ? this.buckets / 2 : this.buckets;
    const behind = this.bidirectional && distance > 0 ? side : 0;
    const away = this.bidirectional ? Math.abs(distance) : Math.max(0, -distance);
    const near = side / 2;
    if (away < near) return behind + away;
    const share = Math.log(away / near) / Math.log(this.maxDistance / near);
    return behind + Math.min(side - 1, near + Math.floor(share * (side - near)));
  }

  forward(queries: number, keys: number = queries, call: PositionBiasCall = {}): Tensor {
    checkSizes(`${this}`, { queries, keys });
    const { maxDistance } = this;
    const place = add(clamp(distances(queries, keys, call), -maxDistance, maxDistance), maxDistance);
    const buckets = gather(tensor(this.#bucketOf).node, place);
    return fromNode(moveAxis(gather(this.weight.node, reshape(buckets, [queries, keys])), -1, 0));
  }

  override toString(): string {
    return `RelativePositionBias(${this.heads})`;
  }
}
