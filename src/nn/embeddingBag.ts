import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import { isFloat } from "../core/dtype.ts";
import { sameShape, show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { fill, iota } from "../graph/ops/leaf.ts";
import { cast } from "../graph/ops/unary.ts";
import { div, maximum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { eq, le, ne, where } from "../tensor/functional/comparison.ts";
import { gather, scatter } from "../tensor/functional/indexing.ts";
import { narrow, unsqueeze } from "../tensor/functional/movement.ts";
import { max, sum } from "../tensor/functional/reductions.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import {
  checkIndices,
  checkNorm,
  checkPaddingIndex,
  limitRows,
  rowsWithout,
  type EmbeddingOptions,
} from "./embedding.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";

export type BagMode = "sum" | "mean" | "max";

export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** What is made of the rows of a bag, "mean" by default. An empty bag gives zeros. */
  readonly mode?: BagMode | undefined;
  /** Whether the last offset is the number of indices and begins no bag, false by default. */
  readonly includeLastOffset?: boolean | undefined;
}

export interface EmbeddingBagCall {
  /** Where each bag begins in a list of indices: integers [bags], the first 0, never smaller than the one before. */
  readonly offsets?: Tensor | undefined;
  /** A factor for each index ("sum" only). */
  readonly perSampleWeights?: Tensor | undefined;
}

/**
 * Sums, means or maxima of rows of a table: bags [bags, n], or a list of indices with `offsets`, to [bags, features]. The
 * padding row is left out and not counted.
 * @example new nn.EmbeddingBag(1000, 64).forward(words, { offsets })
 */
export class EmbeddingBag extends Module {
  readonly count: number;
  readonly features: number;
  readonly mode: BagMode;
  readonly paddingIndex: number | undefined;
  readonly maxNorm: number | undefined;
  readonly normType: number;
  readonly includeLastOffset: boolean;
  /** [count, features] */
  weight: Parameter;

  constructor(count: number, features: number, options: EmbeddingBagOptions = {}) {
    super();
    const { mode = "mean", paddingIndex, maxNorm, normType = 2, includeLastOffset = false, dtype = "f32" } = options;
    this.count = count;
    this.features = features;
    checkSizes(`${this}`, { count, features });
    checkNorm(this, maxNorm, normType);
    if (mode !== "sum" && mode !== "mean" && mode !== "max")
      throw new ArgumentError(`${this}: the mode must be "sum", "mean" or "max", got ${String(mode)}`);
    this.mode = mode;
    this.paddingIndex = checkPaddingIndex(this, paddingIndex, count);
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.includeLastOffset = includeLastOffset;
    this.weight = drawn([count, features], rowsWithout(this.paddingIndex, features), dtype, `${this}.weight`);
  }

  forward(ids: Tensor, { offsets, perSampleWeights }: EmbeddingBagCall = {}): Tensor {
    checkIndices(this, ids);
    const rank = ids.node.shape.length;
    if (rank !== (offsets ? 1 : 2))
      throw new ShapeError(`${this}: needs [bags, n] indices, or [n] with offsets, got ${show(ids.node.shape)}`);
    const { maxNorm, normType, weight } = this;
    const looked = gather(maxNorm === undefined ? weight.node : limitRows(weight, ids, maxNorm, normType), ids.node);
    const rows = perSampleWeights ? mul(looked, unsqueeze(this.#factors(ids, perSampleWeights), -1)) : looked;
    const counts = unsqueeze(
      this.paddingIndex === undefined ? eq(ids.node, ids.node) : ne(ids.node, this.paddingIndex),
      -1,
    );
    return fromNode(this.#reduce(rows, counts, offsets ? this.#bags(ids, offsets) : undefined));
  }

  /** Rows [..., features] to bags, where `counts` says which of them do. */
  #reduce(rows: Node, counts: Node, bags: Bags | undefined): Node {
    if (this.mode === "max") {
      const low = where(counts, rows, -Infinity);
      const highest = bags ? bags.gather("max", low, -Infinity) : max(low, 1);
      return where(eq(highest, -Infinity), 0, highest);
    }
    const total = (of: Node): Node => (bags ? bags.gather("add", of, 0) : sum(of, 1));
    const sums = total(where(counts, rows, 0));
    return this.mode === "sum" ? sums : div(sums, maximum(total(cast(counts, rows.dtype)), 1));
  }

  #factors(ids: Tensor, weights: Tensor): Node {
    if (this.mode !== "sum")
      throw new ArgumentError(`${this}: perSampleWeights are for mode "sum", this one is "${this.mode}"`);
    if (!sameShape(weights.node.shape, ids.node.shape))
      throw new ShapeError(
        `${this}: perSampleWeights ${show(weights.node.shape)} must have the shape of the indices, ${show(ids.node.shape)}`,
      );
    return cast(weights.node, this.weight.dtype);
  }

  #bags(ids: Tensor, offsets: Tensor): Bags {
    const [given] = offsets.node.shape;
    if (isFloat(offsets.dtype)) throw new DTypeError(`${this}: offsets must be integers, got ${offsets.dtype}`);
    if (offsets.node.shape.length !== 1 || given! < (this.includeLastOffset ? 2 : 1))
      throw new ShapeError(`${this}: offsets must be [bags], got ${show(offsets.node.shape)}`);
    const count = this.includeLastOffset ? given! - 1 : given!;
    const starts = cast(narrow(offsets.node, 0, 0, count), "i32");
    // The bag of an index is the last that begins at or before it.
    const position = iota([ids.node.shape[0]!, count], 0);
    const bag = sub(sum(le(unsqueeze(starts, 0), position), 1), 1);
    return {
      gather(mode, rows, empty) {
        return scatter(mode, fill([count, rows.shape[1]!], empty, rows.dtype), bag, rows, 0);
      },
    };
  }

  override toString(): string {
    return `EmbeddingBag(${this.count}, ${this.features})`;
  }
}

/** Brings rows together by the bag that they are in. */
interface Bags {
  gather(mode: "add" | "max", rows: Node, empty: number): Node;
}
