/** Tensors put together, taken apart and turned, beyond what methods do. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { normalizeAxis, show, sizeOf } from "../core/shape.ts";
import { window } from "../graph/ops/movement.ts";
import { arange, full, tensor, type CreateOptions } from "./create.ts";
import { commonShape } from "./functional/operands.ts";
import { concat, diagonal, moveAxis } from "./functions.ts";
import { fromNode, type Tensor } from "./tensor.ts";

const counting = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** All tensors in the shape that they broadcast to. Throws ShapeError where they do not. */
export function broadcastTensors(...tensors: readonly Tensor[]): Tensor[] {
  const shape = commonShape(
    "broadcastTensors",
    tensors.map((x) => x.shape),
  );
  return tensors.map((x) => x.expand(shape));
}

/** `value` in the shape and dtype of another tensor. */
export function fullLike(x: Tensor, value: number, { dtype = x.dtype }: CreateOptions = {}): Tensor {
  return full([...x.shape], value, { dtype });
}

/** Side by side: along axis 1, or 0 for tensors of one axis. */
export function hstack(tensors: readonly Tensor[]): Tensor {
  const whole = tensors.map((x) => (x.rank === 0 ? x.reshape([1]) : x));
  return concat(whole, (whole[0]?.rank ?? 1) > 1 ? 1 : 0);
}

/** One below the other: along axis 0, tensors of one axis as rows. */
export function vstack(tensors: readonly Tensor[]): Tensor {
  return concat(tensors.map((x) => (x.rank < 2 ? x.reshape([1, -1]) : x)));
}

/** Pieces of equal size along an axis (0 by default), at most as many as asked for; the last may be smaller. */
export function chunk(x: Tensor, chunks: number, axis: number = 0): Tensor[] {
  const size = x.shape[normalizeAxis("chunk", axis, x.shape)]!;
  if (!Number.isInteger(chunks) || chunks < 1)
    throw new ArgumentError(`chunk: the number of chunks must be a whole number above 0, got ${chunks}`);
  return x.split(Math.max(1, Math.ceil(size / chunks)), axis);
}

/** As many pieces as asked for, sizes as equal as can be, the larger first; or cut before the positions listed. */
export function tensorSplit(x: Tensor, sections: number | readonly number[], axis: number = 0): Tensor[] {
  const size = x.shape[normalizeAxis("tensorSplit", axis, x.shape)]!;
  if (typeof sections === "number") {
    if (!Number.isInteger(sections) || sections < 1)
      throw new ArgumentError(`tensorSplit: the number of sections must be a whole number above 0, got ${sections}`);
    const least = Math.floor(size / sections);
    return x.split(
      counting(sections).map((i) => least + Number(i < size % sections)),
      axis,
    );
  }
  const cuts = sections.map((at) => Math.min(size, Math.max(0, at < 0 ? at + size : at)));
  const ends = [...cuts, size];
  return ends.map((end, i) => {
    const from = i === 0 ? 0 : cuts[i - 1]!;
    return x.narrow(axis, from, Math.max(0, end - from));
  });
}

/** Each element, or slice along an axis, several times in a row: one number for all, or one each. Without an axis the tensor is flattened. */
export function repeatInterleave(x: Tensor, repeats: number | readonly number[], axis?: number): Tensor {
  if (axis === undefined) return repeatInterleave(x.flatten(), repeats, 0);
  const size = x.shape[normalizeAxis("repeatInterleave", axis, x.shape)]!;
  const list = typeof repeats === "number" ? new Array<number>(size).fill(repeats) : repeats;
  if (list.length !== size || list.some((times) => !Number.isInteger(times) || times < 0))
    throw new ArgumentError(
      `repeatInterleave: repeats must be a whole number of 0 or more, or ${size} of them, got ${JSON.stringify(repeats)}`,
    );
  const positions = list.flatMap((times, i) => new Array<number>(times).fill(i));
  return x.gather(tensor(Int32Array.from(positions)), axis);
}

/** Turned k times by 90° from the first of two axes towards the second. */
export function rot90(x: Tensor, k: number = 1, axes: readonly [number, number] = [0, 1]): Tensor {
  const [a, b] = axes.map((axis) => normalizeAxis("rot90", axis, x.shape)) as [number, number];
  if (a === b) throw new ShapeError(`rot90: needs two different axes of ${show(x.shape)}, got ${axes.join(" and ")}`);
  switch (((k % 4) + 4) % 4) {
    case 1:
      return x.flip(b).transpose(a, b);
    case 2:
      return x.flip([a, b]);
    case 3:
      return x.transpose(a, b).flip(b);
    default:
      return x;
  }
}

/** An axis as several; one size may be −1. */
export function unflatten(x: Tensor, axis: number, sizes: readonly number[]): Tensor {
  const at = normalizeAxis("unflatten", axis, x.shape);
  const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const shape = sizes.map((size) => (size === -1 ? x.shape[at]! / known : size));
  if (sizeOf(shape) !== x.shape[at] || !shape.every(Number.isInteger))
    throw new ShapeError(`unflatten: axis ${axis} of ${show(x.shape)} does not divide into ${show(sizes)}`);
  return x.reshape([...x.shape.slice(0, at), ...shape, ...x.shape.slice(at + 1)]);
}

/** Windows of `size` elements along an axis, `step` apart, as a new last axis. Throws ShapeError where none fits. */
export function unfold(x: Tensor, axis: number, size: number, step: number): Tensor {
  const at = normalizeAxis("unfold", axis, x.shape);
  if (!Number.isInteger(size) || !Number.isInteger(step) || size < 1 || step < 1 || size > x.shape[at]!)
    throw new ShapeError(
      `unfold: windows of ${size}, ${step} apart, do not fit in axis ${axis} of ${show(x.shape)}. ` +
        `Sizes and steps are whole numbers above 0`,
    );
  // The primitive puts the windows' axis last as well.
  return fromNode(window(x.node, { axis: at, size, stride: step, dilation: 1 }));
}

/** The last axis on the diagonal of a new pair of axes, `offset` above the main one, zero elsewhere. */
export function diagEmbed(x: Tensor, offset: number = 0, axisA: number = -2, axisB: number = -1): Tensor {
  const n = x.shape[normalizeAxis("diagEmbed", -1, x.shape)]!;
  const size = n + Math.abs(offset);
  const shape = [...x.shape.slice(0, -1), size, size];
  const [a, b] = [axisA, axisB].map((axis) => normalizeAxis("diagEmbed", axis, shape)) as [number, number];
  if (a === b) throw new ShapeError(`diagEmbed: needs two different axes, got ${axisA} and ${axisB}`);
  const column = x
    .unsqueeze(-1)
    .pad([...x.shape.slice(0, -1).map(() => [0, 0] as const), [Math.max(0, -offset), Math.max(0, offset)], [0, 0]]);
  const difference = arange(size)
    .reshape([1, size])
    .sub(arange(size).reshape([size, 1]));
  const matrix: Tensor = column.expand(shape).where(difference.eq(offset), 0);
  const last = shape.length - 1;
  // Rows go to the one place and columns to the other, the smaller place first.
  return a < b ? moveAxis(moveAxis(matrix, last - 1, a), last, b) : moveAxis(moveAxis(matrix, last, b), last, a);
}

/** The diagonal of a matrix, or a matrix with this diagonal. Throws ShapeError for other than one or two axes. */
export function diag(x: Tensor, offset: number = 0): Tensor {
  if (x.rank === 1) return diagEmbed(x, offset);
  if (x.rank === 2) return diagonal(x, offset);
  throw new ShapeError(`diag: needs one or two axes, got ${show(x.shape)}. Use diagonal or diagEmbed`);
}

/** The sum of the diagonal of the last two axes, in which matrices lie. */
export function trace(x: Tensor): Tensor {
  return diagonal(x).sum(-1);
}

/** Matrices along the diagonal of a larger one, zero elsewhere; vectors count as rows. */
export function blockDiag(...matrices: readonly Tensor[]): Tensor {
  const whole = matrices.map((x) => (x.rank < 2 ? x.reshape([1, -1]) : x));
  const columns = whole.reduce((sum, x) => sum + x.shape[1]!, 0);
  let before = 0;
  const rows = whole.map((x) => {
    if (x.rank !== 2) throw new ShapeError(`blockDiag: needs matrices, got ${show(x.shape)}`);
    const row = x.pad([
      [0, 0],
      [before, columns - before - x.shape[1]!],
    ]);
    before += x.shape[1]!;
    return row;
  });
  return concat(rows as Tensor[]);
}

/** Each of several vectors along an axis of its own: "ij" (the default) in that order, "xy" with the first two exchanged, as in plots. */
export function meshgrid(tensors: readonly Tensor[], indexing: "ij" | "xy" = "ij"): Tensor[] {
  if (indexing !== "ij" && indexing !== "xy")
    throw new ArgumentError(`meshgrid: the indexing must be "ij" or "xy", got ${JSON.stringify(indexing)}`);
  const flat = tensors.map((x) => x.flatten());
  const axisOf = (i: number): number => (indexing === "xy" && i < 2 && tensors.length > 1 ? 1 - i : i);
  const shape = counting(flat.length).map((i) => flat[axisOf(i)]!.size);
  return flat.map((x, i) => x.reshape(shape.map((_, axis) => (axis === axisOf(i) ? x.size : 1))).expand(shape));
}

/** All combinations of the elements of several vectors, one a row. */
export function cartesianProd(...tensors: readonly Tensor[]): Tensor {
  const grids = meshgrid(tensors).map((x) => x.reshape([-1, 1]));
  return grids.length === 1 ? tensors[0]! : concat(grids, 1);
}

/** Every element of `a` times all of `b` (Kronecker): sizes multiply, axis by axis from the right. */
export function kron(a: Tensor, b: Tensor): Tensor {
  const rank = Math.max(a.rank, b.rank);
  const shapeOf = (x: Tensor): number[] => [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const [left, right] = [shapeOf(a), shapeOf(b)];
  const apart = a.reshape(left.flatMap((size) => [size, 1]));
  const product = apart.mul(b.reshape(right.flatMap((size) => [1, size])));
  return product.reshape(left.map((size, i) => size * right[i]!));
}

/** Rows and columns, [2, count] of i32, of the elements on and below a diagonal, in row-major order. */
export function trilIndices(rows: number, columns: number, offset: number = 0): Tensor {
  return indicesWhere(rows, columns, (row, column) => column - row <= offset);
}

/** Rows and columns, [2, count] of i32, of the elements on and above a diagonal, in row-major order. */
export function triuIndices(rows: number, columns: number, offset: number = 0): Tensor {
  return indicesWhere(rows, columns, (row, column) => column - row >= offset);
}

function indicesWhere(rows: number, columns: number, inside: (row: number, column: number) => boolean): Tensor {
  const places = counting(rows).flatMap((row) =>
    counting(columns).flatMap((column) => (inside(row, column) ? [[row, column] as const] : [])),
  );
  const flat = [...places.map(([row]) => row), ...places.map(([, column]) => column)];
  return tensor(Int32Array.from(flat), [2, places.length]);
}

/** base^start … base^stop, `count` numbers whose logarithms have equal distances; base 10 by default. */
export function logspace(
  start: number,
  stop: number,
  count: number,
  base: number = 10,
  options: CreateOptions = {},
): Tensor {
  const distance = (stop - start) / Math.max(1, count - 1);
  return tensor(
    counting(count).map((i) => base ** (i < count / 2 ? start + i * distance : stop - (count - 1 - i) * distance)),
    { dtype: options.dtype ?? "f32" },
  );
}

/**
 * Products of two tensors summed over the last `axes` axes of `a` and the first of `b` (2 by default), or over two lists of
 * axes. Throws ShapeError where sizes differ.
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  const [ofA, ofB] =
    typeof axes === "number"
      ? [counting(axes).map((i) => a.rank - axes + i), counting(axes)]
      : [
          axes[0].map((axis) => normalizeAxis("tensordot", axis, a.shape)),
          axes[1].map((axis) => normalizeAxis("tensordot", axis, b.shape)),
        ];
  const sizes = (x: Tensor, list: readonly number[]): number[] => list.map((axis) => x.shape[axis]!);
  if (show(sizes(a, ofA)) !== show(sizes(b, ofB)))
    throw new ShapeError(
      `tensordot: summed axes differ: ${show(sizes(a, ofA))} of ${show(a.shape)} and ${show(sizes(b, ofB))} of ${show(b.shape)}`,
    );
  const [freeA, freeB] = [
    counting(a.rank).filter((axis) => !ofA.includes(axis)),
    counting(b.rank).filter((axis) => !ofB.includes(axis)),
  ];
  const summed = sizeOf(sizes(a, ofA));
  const left = a.permute([...freeA, ...ofA]).reshape([sizeOf(sizes(a, freeA)), summed]);
  const right = b.permute([...ofB, ...freeB]).reshape([summed, sizeOf(sizes(b, freeB))]);
  return left.matmul(right).reshape([...sizes(a, freeA), ...sizes(b, freeB)]);
}
