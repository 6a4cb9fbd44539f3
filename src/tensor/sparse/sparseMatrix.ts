import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { fill } from "../../graph/ops/leaf.ts";
import { sqrt } from "../../graph/ops/unary.ts";
import { tensor } from "../create.ts";
import { div, mul } from "../functional/arithmetic.ts";
import { eq, where } from "../functional/comparison.ts";
import { gather, scatter } from "../functional/indexing.ts";
import { concat, reshape, unsqueeze } from "../functional/movement.ts";
import { toFloat } from "../functional/operands.ts";
import { segmentSum } from "../functional/segment.ts";
import { fromNode, type Tensor } from "../tensor.ts";
import { compress, sortEntries, type Entries, type Layout } from "./entries.ts";

/** How the values of a matrix are divided by sums of rows (r) and columns (c): by √r·√c, by r, or by c. */
export type Normalization = "symmetric" | "row" | "column";

/**
 * A matrix that is mostly zero: places of entries, which are fixed, and their values [entries], a tensor like any other,
 * through which gradients flow. Made by `sparse.coo`, `sparse.csr`, `sparse.csc` and `sparse.fromDense`.
 *
 * Products gather and add in the order of entries, so results do not depend on threads.
 */
export class SparseMatrix {
  readonly layout: Layout;
  readonly shape: readonly [rows: number, columns: number];
  /** [entries] */
  readonly values: Tensor;
  readonly #entries: Entries;
  #rows: Tensor | undefined;
  #columns: Tensor | undefined;

  /** The entries are taken on trust, in the order of the layout. */
  constructor(layout: Layout, shape: readonly [number, number], entries: Entries, values: Tensor) {
    this.layout = layout;
    this.shape = shape;
    this.values = values;
    this.#entries = entries;
    if (show(values.shape) !== show([entries.rows.length]))
      throw new ShapeError(
        `sparse: values must be one for each of ${entries.rows.length} entries, got ${show(values.shape)}`,
      );
  }

  /** Number of entries, zeros among them. */
  get size(): number {
    return this.#entries.rows.length;
  }

  /** The row of each entry: i32 [entries]. */
  get rows(): Tensor {
    return (this.#rows ??= tensor(this.#entries.rows));
  }

  /** The column of each entry: i32 [entries]. */
  get columns(): Tensor {
    return (this.#columns ??= tensor(this.#entries.columns));
  }

  /** Rows and columns: i32 [2, entries]. */
  get indices(): Tensor {
    const { rows, columns } = this.#entries;
    return tensor(joined(rows, columns), [2, this.size]);
  }

  /** Where each row begins among the entries of a "csr" matrix, or each column of a "csc" one, and their number: i32. */
  get pointers(): Tensor {
    const { rows, columns } = this.#entries;
    if (this.layout === "coo")
      throw new ArgumentError("sparse: a matrix in coordinates has no pointers. Use toCsr() or toCsc() before");
    return tensor(this.layout === "csr" ? compress(rows, this.shape[0]) : compress(columns, this.shape[1]));
  }

  /** The same places with other values [entries]. */
  withValues(values: Tensor): SparseMatrix {
    return new SparseMatrix(this.layout, this.shape, this.#entries, values);
  }

  /** In coordinates, in the order that the entries have. */
  toCoo(): SparseMatrix {
    return new SparseMatrix("coo", this.shape, this.#entries, this.values);
  }

  /** By rows; entries of one place are added. */
  toCsr(): SparseMatrix {
    return this.layout === "csr" ? this : this.#sorted("csr", "rows");
  }

  /** By columns; entries of one place are added. */
  toCsc(): SparseMatrix {
    return this.layout === "csc" ? this : this.#sorted("csc", "columns");
  }

  /** Every place once, by rows: what "coo" may lack. */
  coalesce(): SparseMatrix {
    return this.layout === "coo" ? this.#sorted("coo", "rows") : this;
  }

  #sorted(layout: Layout, by: "rows" | "columns"): SparseMatrix {
    const { order, merged, ...entries } = sortEntries(this.#entries, by);
    const values = this.size === 0 ? this.values.node : gather(this.values.node, tensor(order).node);
    const once = merged ? segmentSum(values, tensor(merged).node, entries.rows.length) : values;
    return new SparseMatrix(layout, this.shape, entries, fromNode(once));
  }

  /** Rows and columns exchanged: no value moves. */
  transpose(): SparseMatrix {
    const { rows, columns } = this.#entries;
    const layout = this.layout === "csr" ? "csc" : this.layout === "csc" ? "csr" : "coo";
    return new SparseMatrix(layout, [this.shape[1], this.shape[0]], { rows: columns, columns: rows }, this.values);
  }

  /** [rows, columns], entries of one place added. */
  toDense(): Tensor {
    const [rows, columns] = this.shape;
    const places = this.#entries.rows.map((row, i) => row * columns + this.#entries.columns[i]!);
    const { node } = this.values;
    return fromNode(
      reshape(scatter("add", fill([rows * columns], 0, node.dtype), tensor(places).node, node), [rows, columns]),
    );
  }

  /**
   * The product with a dense matrix [columns, n] or vector [columns]. Gradients flow to the values and to the dense side.
   * @throws ShapeError when inner dimensions differ.
   */
  matmul(dense: Tensor): Tensor {
    if (dense.rank < 1 || dense.rank > 2 || dense.shape[0] !== this.shape[1])
      throw new ShapeError(
        `sparse matmul: needs [${this.shape[1]}, n] or [${this.shape[1]}] to the right of ${show(this.shape)}, ` +
          `got ${show(dense.shape)}`,
      );
    const values = dense.rank === 2 ? unsqueeze(this.values.node, -1) : this.values.node;
    const terms = mul(values, gather(dense.node, this.columns.node));
    return fromNode(segmentSum(terms, this.rows.node, this.shape[0]));
  }

  /** Sums of rows (axis 1) or of columns (axis 0): the degrees of a graph's nodes, where this is its adjacency. */
  sum(axis: 0 | 1): Tensor {
    const [ids, count] = axis === 1 ? [this.rows, this.shape[0]] : [this.columns, this.shape[1]];
    return fromNode(segmentSum(this.values.node, ids.node, count));
  }

  /** Divided by sums of rows and columns, where those are not 0: D^−½·A·D^−½ ("symmetric", the default), D⁻¹·A or A·D⁻¹. */
  normalize(by: Normalization = "symmetric"): SparseMatrix {
    const parts: Node[] = [];
    const root = by === "symmetric" ? sqrt : (x: Node): Node => x;
    const divide = (axis: 0 | 1, ids: Tensor): void => {
      const total = toFloat(this.sum(axis).node);
      const none = eq(total, 0);
      parts.push(gather(where(none, 0, div(1, root(where(none, 1, total)))), ids.node));
    };
    if (by !== "column") divide(1, this.rows);
    if (by !== "row") divide(0, this.columns);
    return this.withValues(fromNode(parts.reduce((value, part) => mul(value, part), this.values.node)));
  }

  /** With an entry on every place of the diagonal: those that lack one get `value`, 1 by default. */
  withDiagonal(value: number = 1): SparseMatrix {
    const { rows, columns } = this.#entries;
    const there = new Set(rows.filter((row, i) => row === columns[i]));
    const missing = Int32Array.from({ length: Math.min(...this.shape) }, (_, i) => i).filter((i) => !there.has(i));
    const entries = { rows: joined(rows, missing), columns: joined(columns, missing) };
    const values = concat([this.values.node, fill([missing.length], value, this.values.dtype)]);
    const all = new SparseMatrix("coo", this.shape, entries, fromNode(values));
    return this.layout === "coo" ? all : this.layout === "csr" ? all.toCsr() : all.toCsc();
  }

  /** The sum with another of the same shape: entries of both. */
  add(other: SparseMatrix): SparseMatrix {
    if (show(this.shape) !== show(other.shape))
      throw new ShapeError(`sparse add: shapes differ: ${show(this.shape)} and ${show(other.shape)}`);
    const [a, b] = [this.#entries, other.#entries];
    const entries = { rows: joined(a.rows, b.rows), columns: joined(a.columns, b.columns) };
    const values = fromNode(concat([this.values.node, other.values.node]));
    const all = new SparseMatrix("coo", this.shape, entries, values);
    return this.layout === "coo" ? all : this.layout === "csr" ? all.toCsr() : all.toCsc();
  }

  toString(): string {
    return `SparseMatrix(${this.layout}, ${show(this.shape)}, ${this.size} entries)`;
  }
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
