import type { DType } from "../core/dtype.ts";
import { ArgumentError, DTypeError } from "../core/errors.ts";
import { isFloat } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { detach } from "../graph/ops/control.ts";
import { eq, where } from "../tensor/functional/comparison.ts";
import { gather } from "../tensor/functional/indexing.ts";
import { unsqueeze } from "../tensor/functional/movement.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { normal } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";
import type { Rule } from "./rules.ts";

export interface EmbeddingOptions {
  /** A row that starts at zero and takes no gradient; negative counts from the end. */
  readonly paddingIndex?: number | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

interface EmbeddingRule<D extends number> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? [...S, D] : never;
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
  /** [count, features] */
  weight: Parameter<[N, D]>;

  constructor(count: N, features: D, { paddingIndex, dtype = "f32" }: EmbeddingOptions = {}) {
    super();
    this.count = count;
    this.features = features;
    checkSizes(`${this}`, { count, features });
    if (
      paddingIndex !== undefined &&
      !(Number.isInteger(paddingIndex) && paddingIndex >= -count && paddingIndex < count)
    )
      throw new ArgumentError(
        `${this}: paddingIndex must be a row, from ${-count} to ${count - 1}, got ${paddingIndex}`,
      );
    this.paddingIndex = paddingIndex !== undefined && paddingIndex < 0 ? paddingIndex + count : paddingIndex;
    const padding = this.paddingIndex;
    this.weight = drawn(
      [count, features],
      (shape, random) => {
        const next = normal()(shape, random);
        let element = 0;
        return () => {
          const value = next();
          return Math.floor(element++ / features) === padding ? 0 : value;
        };
      },
      dtype,
      `${this}.weight`,
    );
  }

  forward<S extends Shape>(ids: Tensor<S>): Tensor<[...S, D]>;
  forward(ids: Tensor): Tensor {
    if (isFloat(ids.dtype)) throw new DTypeError(`${this}: indices must be integers, got ${ids.dtype}. Use ids.int()`);
    const rows = gather(this.weight.node, ids.node);
    if (this.paddingIndex === undefined) return fromNode(rows);
    return fromNode(where(unsqueeze(eq(ids.node, this.paddingIndex), -1), detach(rows), rows));
  }

  override toString(): string {
    return `Embedding(${this.count}, ${this.features})`;
  }
}
