import { isFloat, type DType } from "../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { detach } from "../graph/ops/control.ts";
import { fill } from "../graph/ops/leaf.ts";
import { assign } from "../tensor/assign.ts";
import { add, div, mul } from "../tensor/functional/arithmetic.ts";
import { eq, gt, logicalAnd, where } from "../tensor/functional/comparison.ts";
import { withGradient } from "../tensor/functional/custom.ts";
import { gather, scatter } from "../tensor/functional/indexing.ts";
import { flatten, unsqueeze } from "../tensor/functional/movement.ts";
import { norm } from "../tensor/functional/reductions.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { nodeOf } from "../tensor/operand.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { normal, type Initializer } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";
import type { Rule } from "./rules.ts";

export interface EmbeddingOptions {
  /** A row that starts at zero and takes no gradient; negative counts from the end. */
  readonly paddingIndex?: number | undefined;
  /** Rows that are looked up and longer than this are shortened to it, in place. */
  readonly maxNorm?: number | undefined;
  /** Which norm `maxNorm` limits, 2 by default. */
  readonly normType?: number | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

export interface PretrainedOptions extends Omit<EmbeddingOptions, "dtype"> {
  /** Whether the rows stay as they are, true by default. */
  readonly freeze?: boolean | undefined;
}

interface EmbeddingRule<D extends number> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? [...S, D] : never;
}

/** A row counted from either end, as a row counted from the first. Throws ArgumentError where there is none. */
export function checkPaddingIndex(layer: object, index: number | undefined, count: number): number | undefined {
  if (index === undefined) return undefined;
  if (!(Number.isInteger(index) && index >= -count && index < count))
    throw new ArgumentError(`${layer}: paddingIndex must be a row, from ${-count} to ${count - 1}, got ${index}`);
  return index < 0 ? index + count : index;
}

/** Standard normal rows, but one of zeros where there is padding. */
export function rowsWithout(padding: number | undefined, features: number): Initializer {
  return (shape, random) => {
    const next = normal()(shape, random);
    let element = 0;
    return () => {
      const value = next();
      return Math.floor(element++ / features) === padding ? 0 : value;
    };
  };
}

/** Throws DTypeError for indices that are no whole numbers. */
export function checkIndices(layer: object, ids: Tensor): void {
  const { dtype } = nodeOf(ids, layer);
  if (isFloat(dtype) || dtype === "bool")
    throw new DTypeError(`${layer}: indices must be integers, got ${dtype}. Use ids.int()`);
}

/**
 * The table with the rows that are looked up shortened to a norm, as PyTorch does before every look-up; the parameter takes
 * it over. Gradients reach the parameter as they are.
 */
export function limitRows(weight: Parameter, ids: Tensor, maxNorm: number, normType: number): Node {
  const rows = weight.node;
  const limited = withGradient(
    "limitRows",
    [rows],
    () => {
      const flat = flatten(ids.node);
      const used = scatter("set", fill([rows.shape[0]!, 1], 0, "i32"), flat, fill([flat.shape[0]!, 1], 1, "i32"));
      const lengths = norm(rows, 1, true, normType);
      const long = logicalAnd(eq(used, 1), gt(lengths, maxNorm));
      return mul(rows, where(long, div(maxNorm, add(lengths, 1e-7)), 1));
    },
    (grad) => [grad],
  );
  assign([{ cell: weight.cell, value: detach(limited) }]);
  return limited;
}

/**
 * A table of vectors, looked up by integers: [...] → [..., features]. Rows start standard normal. An index outside the
 * table gives NaN.
 */
export class Embedding<const N extends number = number, const D extends number = number> extends Module {
  declare readonly "~rule": EmbeddingRule<D>;
  readonly count: N;
  readonly features: D;
  readonly paddingIndex: number | undefined;
  readonly maxNorm: number | undefined;
  readonly normType: number;
  /** [count, features] */
  weight: Parameter<[N, D]>;

  constructor(count: N, features: D, options: EmbeddingOptions = {}) {
    super();
    const { paddingIndex, maxNorm, normType = 2, dtype = "f32" } = options;
    this.count = count;
    this.features = features;
    checkSizes(`${this}`, { count, features });
    checkNorm(this, maxNorm, normType);
    this.paddingIndex = checkPaddingIndex(this, paddingIndex, count);
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.weight = drawn([count, features], rowsWithout(this.paddingIndex, features), dtype, `${this}.weight`);
  }

  /**
   * A table of vectors that were trained elsewhere, [count, features]. Frozen unless `freeze` is false.
   * @throws ShapeError for anything but a matrix.
   */
  static fromPretrained(vectors: Tensor, { freeze = true, ...options }: PretrainedOptions = {}): Embedding {
    const [count, features] = vectors.node.shape;
    if (vectors.node.shape.length !== 2)
      throw new ShapeError(
        `Embedding.fromPretrained: the vectors must be [count, features], got ${show(vectors.shape)}`,
      );
    const table = new Embedding(count!, features!, {
      ...options,
      dtype: isFloat(vectors.dtype) ? vectors.dtype : "f32",
    });
    table.loadStateDict({ weight: vectors });
    table.weight.requiresGrad = !freeze;
    return table;
  }

  forward<S extends Shape>(ids: Tensor<S>): Tensor<[...S, D]>;
  forward(ids: Tensor): Tensor {
    checkIndices(this, ids);
    const { maxNorm, normType, weight } = this;
    const table = maxNorm === undefined ? weight.node : limitRows(weight as Parameter, ids, maxNorm, normType);
    const rows = gather(table, ids.node);
    if (this.paddingIndex === undefined) return fromNode(rows);
    return fromNode(where(unsqueeze(eq(ids.node, this.paddingIndex), -1), detach(rows), rows));
  }

  override toString(): string {
    return `Embedding(${this.count}, ${this.features})`;
  }
}

/** Throws ArgumentError for limits that no row could keep. */
export function checkNorm(layer: object, maxNorm: number | undefined, normType: number): void {
  if (maxNorm !== undefined && !(maxNorm > 0 && normType > 0))
    throw new ArgumentError(`${layer}: maxNorm and normType must be above 0, got ${maxNorm} and ${normType}`);
}
