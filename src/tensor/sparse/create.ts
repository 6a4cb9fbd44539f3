import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { checkShape, show } from "../../core/shape.ts";
import { readSync } from "../evaluate.ts";
import { gather } from "../functional/indexing.ts";
import { flatten } from "../functional/movement.ts";
import { tensor } from "../create.ts";
import { fromNode, Tensor } from "../tensor.ts";
import { checkIndices, expandPointers, integers, type Entries, type Integers } from "./entries.ts";
import { SparseMatrix } from "./sparseMatrix.ts";

/** Values of entries: a tensor [entries], or numbers, which become f32. */
export type Values = Tensor | readonly number[];

type Size = readonly [rows: number, columns: number];

const valuesOf = (values: Values): Tensor => (values instanceof Tensor ? values : tensor(Float32Array.from(values)));

function checkMatrix(op: string, shape: Size): void {
  checkShape(op, shape);
  if (shape.length !== 2) throw new ShapeError(`${op}: the shape must be [rows, columns], got ${show(shape)}`);
}

/** Checks entries and makes the matrix; places that come twice are fine only in coordinates. */
function made(op: string, layout: "coo" | "csr" | "csc", shape: Size, entries: Entries, given: Values): SparseMatrix {
  const { rows, columns } = entries;
  checkIndices(op, "rows", rows, shape[0]);
  checkIndices(op, "columns", columns, shape[1]);
  const values = valuesOf(given);
  if (rows.length !== columns.length || show(values.shape) !== show([rows.length]))
    throw new ShapeError(
      `${op}: rows, columns and values must be as many, got ${rows.length}, ${columns.length} and ${show(values.shape)}`,
    );
  const [major, minor] = layout === "csc" ? [columns, rows] : [rows, columns];
  if (layout !== "coo" && minor.some((m, i) => i > 0 && major[i] === major[i - 1] && m <= minor[i - 1]!))
    throw new ArgumentError(
      `${op}: indices must rise within each ${layout === "csr" ? "row" : "column"}. Use sparse.coo for any order`,
    );
  return new SparseMatrix(layout, shape, entries, values);
}

/**
 * A sparse matrix by coordinates, in any order; entries of one place are added. (PyTorch's `sparse_coo_tensor`.)
 * @param indices [2, entries], rows above columns, or the two of them. Read at once: not inside a traced function.
 * @param values [entries]; gradients flow through a tensor.
 * @throws ArgumentError for indices outside the shape, ShapeError where numbers of entries differ.
 * @example sparse.coo([[0, 1, 1], [2, 0, 2]], [3, 4, 5], [2, 3])
 */
export function coo(
  indices: Tensor | readonly [rows: Integers, columns: Integers],
  values: Values,
  shape: Size,
): SparseMatrix {
  checkMatrix("sparse.coo", shape);
  if (!(indices instanceof Tensor)) {
    const [rows, columns] = [integers("sparse.coo", "rows", indices[0]), integers("sparse.coo", "columns", indices[1])];
    return made("sparse.coo", "coo", shape, { rows, columns }, values);
  }
  if (indices.rank !== 2 || indices.shape[0] !== 2)
    throw new ShapeError(`sparse.coo: indices must be [2, entries], got ${show(indices.shape)}`);
  const both = integers("sparse.coo", "indices", indices);
  const count = indices.shape[1]!;
  return made("sparse.coo", "coo", shape, { rows: both.slice(0, count), columns: both.slice(count) }, values);
}

/**
 * A sparse matrix by rows: row r has the entries from `pointers[r]` up to `pointers[r + 1]`, their columns rising. (PyTorch's
 * `sparse_csr_tensor`.)
 * @throws ArgumentError for pointers or columns that make no sense, ShapeError where numbers of entries differ.
 */
export function csr(pointers: Integers, columns: Integers, values: Values, shape: Size): SparseMatrix {
  checkMatrix("sparse.csr", shape);
  const minor = integers("sparse.csr", "columns", columns);
  const starts = integers("sparse.csr", "pointers", pointers);
  const rows = expandPointers("sparse.csr", starts, shape[0], minor.length);
  return made("sparse.csr", "csr", shape, { rows, columns: minor }, values);
}

/** A sparse matrix by columns, the counterpart of `csr`. (PyTorch's `sparse_csc_tensor`.) */
export function csc(pointers: Integers, rows: Integers, values: Values, shape: Size): SparseMatrix {
  checkMatrix("sparse.csc", shape);
  const minor = integers("sparse.csc", "rows", rows);
  const starts = integers("sparse.csc", "pointers", pointers);
  const columns = expandPointers("sparse.csc", starts, shape[1], minor.length);
  return made("sparse.csc", "csc", shape, { rows: minor, columns }, values);
}

/** The elements of [rows, columns] that are not 0, by rows. Which those are is read at once; gradients flow to their values. */
export function fromDense(x: Tensor): SparseMatrix {
  if (x.rank !== 2) throw new ShapeError(`sparse.fromDense: needs [rows, columns], got ${show(x.shape)}`);
  const size = x.shape[1]!;
  const elements = readSync(x.node);
  const places = Int32Array.from(elements.keys()).filter((place) => elements[place] !== 0);
  const values = gather(flatten(x.node), tensor(places).node);
  const entries = { rows: places.map((p) => Math.floor(p / size)), columns: places.map((p) => p % size) };
  return new SparseMatrix("csr", [x.shape[0]!, size], entries, fromNode(values));
}
