/**
 * Positions and counts that depend on data. Where the size of a result does too, it is found by looking: a promise outside of
 * traced functions; inside of them `size` says how much room there is.
 */
import { ArgumentError, ShapeError, TraceError } from "../core/errors.ts";
import { normalizeAxis, show, sizeOf, stridesOf, type Shape } from "../core/shape.ts";
import { cumsum, sort } from "./alongAxis.ts";
import { arange, full } from "./create.ts";
import { concat, putAlongAxis, scatter, stack, takeAlongAxis, where } from "./functions.ts";
import { loop } from "./loop.ts";
import { toFloat } from "./functional/operands.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import { currentTrace } from "./trace.ts";

/** Room for a result whose size depends on data. */
export interface SizeOptions {
  /** How many elements come out, whatever the data: those beyond are left out, and missing ones are `fill`. */
  readonly size: number;
  /** 0 by default. */
  readonly fill?: number;
}

function checkSize(op: string, { size }: SizeOptions): void {
  if (!Number.isInteger(size) || size < 0)
    throw new ArgumentError(`${op}: the size must be a whole number of 0 or more, got ${size}`);
}

/** With a given size at once; otherwise after looking how many there are. */
function sized<T>(
  op: string,
  options: SizeOptions | undefined,
  count: () => Tensor,
  make: (size: number) => T,
): T | Promise<T> {
  if (options) {
    checkSize(op, options);
    return make(options.size);
  }
  if (currentTrace())
    throw new TraceError(`${op}: inside a traced function the size of the result must be known. Use { size }`);
  return count()
    .item()
    .then((size) => make(size));
}

/** Positions in row-major order where the mask holds, [size], i32; `fill` where there are fewer. */
function positionsOf(mask: Tensor, size: number, fill: number): Tensor {
  const flat = mask.bool().flatten();
  if (flat.size === 0) return full([size], fill, { dtype: "i32" });
  const place = cumsum(flat.int(), 0).sub(1);
  // Places outside are not written.
  const target = where(flat, place, size);
  return scatter(full([size], fill, { dtype: "i32" }), target, arange(flat.size));
}

/**
 * Where elements are not zero: [count, rank] of i32, in row-major order (PyTorch's nonzero and argwhere). With `size` always so
 * many rows, missing ones `fill` (−1 by default). Throws TraceError inside a traced function without `size`.
 */
export function nonzero(x: Tensor): Promise<Tensor>;
export function nonzero(x: Tensor, options: SizeOptions): Tensor;
export function nonzero(x: Tensor, options?: SizeOptions): Tensor | Promise<Tensor> {
  const { fill = -1 } = options ?? {};
  return sized(
    "nonzero",
    options,
    () => x.ne(0).sum(),
    (size) => {
      const flat = positionsOf(x.ne(0), size, -1);
      const found = x.rank === 0 ? flat.reshape([size, 1]).slice(null, [0, 0]) : stack(unravelIndex(flat, x.shape), 1);
      return where(flat.lt(0).unsqueeze(1), fill, found);
    },
  );
}

/**
 * The elements where the mask, which broadcasts to the tensor, holds: one axis. With `size` always so many, missing ones `fill`
 * (0 by default). Throws TraceError inside a traced function without `size`.
 */
export function maskedSelect(x: Tensor, mask: Tensor): Promise<Tensor>;
export function maskedSelect(x: Tensor, mask: Tensor, options: SizeOptions): Tensor;
export function maskedSelect(x: Tensor, mask: Tensor, options?: SizeOptions): Tensor | Promise<Tensor> {
  const whole = mask.expand(x.shape);
  return sized(
    "maskedSelect",
    options,
    () => whole.ne(0).sum(),
    (size) => {
      const flat = positionsOf(whole, size, -1);
      const missing = flat.lt(0);
      return where(missing, options?.fill ?? 0, x.flatten().gather(where(missing, 0, flat))).cast(x.dtype);
    },
  );
}

/** The tensor with elements of `source`, in their order, where the mask holds. */
export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  const whole = mask.expand(x.shape).bool();
  const place = cumsum(whole.flatten().int(), 0).sub(1).maximum(0);
  return where(
    whole,
    source
      .flatten()
      .gather(place)
      .reshape([...x.shape]),
    x,
  );
}

export interface Unique {
  /** The different elements; sorted, where they come from `unique`. */
  readonly values: Tensor;
  /** For each element of the input where its value stands, i32, in the input's shape. */
  readonly inverse: Tensor;
  /** How often each value comes, i32. */
  readonly counts: Tensor;
}

/** Of a row: which elements start a group of equal ones, and the number of each one's group. */
function groupsOf(row: Tensor): { starts: Tensor; group: Tensor } {
  const [before, after] = [row.narrow(0, 0, row.size - 1), row.narrow(0, 1, row.size - 1)];
  const starts = concat([full([1], 1, { dtype: "bool" }), before.ne(after)]);
  return { starts, group: cumsum(starts.int(), 0).sub(1) };
}

function grouped(
  op: string,
  x: Tensor,
  row: Tensor,
  order: Tensor | undefined,
  options?: SizeOptions,
): Unique | Promise<Unique> {
  if (x.size === 0) {
    const none = { values: row, inverse: x.int(), counts: row.int() };
    return options ? none : Promise.resolve(none);
  }
  const { starts, group } = groupsOf(row);
  return sized(
    op,
    options,
    () => starts.sum(),
    (size) => ({
      values: scatter(full([size], options?.fill ?? 0, { dtype: row.dtype }), group, row),
      inverse: (order ? putAlongAxis(group, order, group, 0) : group).reshape([...x.shape]),
      counts: scatter(full([size], 0, { dtype: "i32" }), group, full([row.size], 1, { dtype: "i32" }), 0, "add"),
    }),
  );
}

/**
 * The different elements, sorted, with where they are and how often. With `size` always so many values, missing ones `fill` (0 by
 * default) with a count of 0. Every NaN is a value of its own. Throws TraceError inside a traced function without `size`.
 */
export function unique(x: Tensor): Promise<Unique>;
export function unique(x: Tensor, options: SizeOptions): Unique;
export function unique(x: Tensor, options?: SizeOptions): Unique | Promise<Unique> {
  const { values, indices } = sort(x.flatten(), 0);
  return grouped("unique", x, values, indices, options);
}

/** As `unique`, of elements that follow one another: equal ones further on are another value. */
export function uniqueConsecutive(x: Tensor): Promise<Unique>;
export function uniqueConsecutive(x: Tensor, options: SizeOptions): Unique;
export function uniqueConsecutive(x: Tensor, options?: SizeOptions): Unique | Promise<Unique> {
  return grouped("uniqueConsecutive", x, x.flatten(), undefined, options);
}

export interface SearchOptions {
  /** Whether a value goes behind those equal to it: false (the default) gives the first place, true the last. */
  readonly right?: boolean;
}

/**
 * Where values would go in a sorted last axis so that it stays sorted, i32: `sorted` has one axis, for all values, or the axes of
 * `values` but for the last. By bisection. Throws ShapeError where the axes do not fit.
 */
export function searchsorted(sorted: Tensor, values: Tensor, { right = false }: SearchOptions = {}): Tensor {
  const shared = sorted.rank === 1;
  if (!shared && (sorted.rank !== values.rank || show(sorted.shape.slice(0, -1)) !== show(values.shape.slice(0, -1))))
    throw new ShapeError(
      `searchsorted: ${show(sorted.shape)} and ${show(values.shape)} must agree but for the last axis, or have one row for all`,
    );
  const n = sorted.shape[normalizeAxis("searchsorted", -1, sorted.shape)]!;
  const wanted = values.reshape(
    shared ? [1, values.size] : [sizeOf(values.shape.slice(0, -1)), values.shape[values.rank - 1]!],
  );
  const start = full([...wanted.shape], 0, { dtype: "i32" });
  if (n === 0) return start.reshape([...values.shape]);
  const rows = sorted.reshape([wanted.shape[0]!, n]);
  const { state } = loop(Math.ceil(Math.log2(n + 1)), [start, start.add(n)], [], ([low, high]) => {
    const middle = low!.add(high!).floorDiv(2);
    const found = takeAlongAxis(rows, middle.clamp(0, n - 1), 1);
    const beyond = right ? found.le(wanted) : found.lt(wanted);
    const open = low!.lt(high!);
    return {
      state: [
        where(open.logicalAnd(beyond), middle.add(1), low!),
        where(open.logicalAnd(beyond.logicalNot()), middle, high!),
      ],
      outputs: [],
    };
  });
  return state[0]!.reshape([...values.shape]);
}

/** Between which boundaries (sorted, one axis) each element lies, i32: 0 below the first, their count above the last. */
export function bucketize(x: Tensor, boundaries: Tensor, options?: SearchOptions): Tensor {
  return searchsorted(boundaries, x, options);
}

/** True for elements that are among those of another tensor; bool. */
export function isin(x: Tensor, among: Tensor): Tensor {
  return x.unsqueeze(-1).eq(among.flatten()).any(-1);
}

/** Positions in row-major order as one tensor of positions for each axis of `shape`. */
export function unravelIndex(index: Tensor, shape: Shape): Tensor[] {
  const strides = stridesOf(shape);
  return shape.map((size, axis) => index.floorDiv(strides[axis]!).mod(Math.max(1, size)));
}

/** Positions along the axes of `shape` as one position in row-major order. */
export function ravelMultiIndex(indices: readonly Tensor[], shape: Shape): Tensor {
  if (indices.length !== shape.length)
    throw new ShapeError(`ravelMultiIndex: ${show(shape)} has ${shape.length} axes, got ${indices.length} tensors`);
  const strides = stridesOf(shape);
  return indices.map((x, axis) => x.mul(strides[axis]!)).reduce((sum, x) => sum.add(x));
}

/** Elements at positions in row-major order, in the shape of the positions. */
export function take(x: Tensor, index: Tensor): Tensor {
  return x.flatten().gather(index);
}

/** The tensor with `alpha` times slices of `source` added at positions along an axis. */
export function indexAdd(x: Tensor, axis: number, index: Tensor, source: Tensor, alpha: number = 1): Tensor {
  return x.scatterAdd(index, alpha === 1 ? source : source.mul(alpha), axis);
}

/** The tensor with slices of `source` in the place of those at positions along an axis; of equal positions the last wins. */
export function indexCopy(x: Tensor, axis: number, index: Tensor, source: Tensor): Tensor {
  return scatter(x, index, source, axis);
}

/** The tensor with a number in the slices at positions along an axis. */
export function indexFill(x: Tensor, axis: number, index: Tensor, value: number): Tensor {
  const at = normalizeAxis("indexFill", axis, x.shape);
  const shape = [...x.shape.slice(0, at), ...index.shape, ...x.shape.slice(at + 1)];
  return scatter(x, index, full(shape, value, { dtype: x.dtype }), at);
}

/**
 * How often each whole number from 0 on comes, or the sum of `weights` (of the same shape) there. As many as the largest asks for
 * (a promise), or `size`, which leaves larger ones out. Throws TraceError inside a traced function without `size`.
 */
export function bincount(x: Tensor): Promise<Tensor>;
export function bincount(x: Tensor, options: { readonly weights?: Tensor; readonly size: number }): Tensor;
export function bincount(x: Tensor, options: { readonly weights?: Tensor }): Promise<Tensor>;
export function bincount(
  x: Tensor,
  { weights, size }: { readonly weights?: Tensor; readonly size?: number } = {},
): Tensor | Promise<Tensor> {
  const flat = x.flatten();
  const amounts = weights?.flatten() ?? full([flat.size], 1, { dtype: "i32" });
  return sized(
    "bincount",
    size === undefined ? undefined : { size },
    () => (flat.size === 0 ? full([], 0) : flat.max().add(1)),
    (count) => scatter(full([count], 0, { dtype: amounts.dtype }), flat, amounts, 0, "add"),
  );
}

export interface HistogramOptions {
  /** From where to where, the smallest and the largest element by default. Elements outside are not counted. */
  readonly range?: readonly [number, number];
  /** What each element counts, 1 by default; in the tensor's shape. */
  readonly weights?: Tensor;
  /** Whether the counts are divided by their sum and the widths, so that the area is 1; false by default. */
  readonly density?: boolean;
}

export interface Histogram {
  /** [bins], in the dtype of the elements (f32 for integers), or of the weights. */
  readonly counts: Tensor;
  /** [bins + 1] */
  readonly edges: Tensor;
}

/**
 * How many elements lie in each bin: a number of bins of equal width, or their edges (sorted, one axis). A bin holds its lower
 * edge, the last one both. Throws ArgumentError for a number of bins that makes no sense.
 */
export function histogram(
  x: Tensor,
  bins: number | Tensor = 10,
  { range, weights, density = false }: HistogramOptions = {},
): Histogram {
  if (typeof bins === "number" && (!Number.isInteger(bins) || bins < 1))
    throw new ArgumentError(`histogram: the number of bins must be a whole number above 0, got ${bins}`);
  const flat = fromNode(toFloat(x.flatten().node));
  const edges = typeof bins === "number" ? edgesOf(flat, bins, range) : bins.cast(flat.dtype);
  const count = edges.size - 1;
  const last = edges.slice(count);
  const bin = searchsorted(edges, flat, { right: true }).sub(1);
  const place = where(flat.eq(last), count - 1, bin);
  const amounts = weights?.flatten() ?? full([flat.size], 1, { dtype: flat.dtype });
  const counts = scatter(full([count], 0, { dtype: amounts.dtype }), place, amounts, 0, "add");
  if (!density) return { counts, edges };
  const widths = edges.narrow(0, 1, count).sub(edges.narrow(0, 0, count));
  return { counts: counts.div(counts.sum().mul(widths)), edges };
}

function edgesOf(flat: Tensor, bins: number, range: readonly [number, number] | undefined): Tensor {
  const [low, high]: Tensor[] = range
    ? range.map((end) => full([], end, { dtype: flat.dtype }))
    : [flat.min(), flat.max()];
  // Where all elements are equal, half a unit on either side.
  const flatRange = low!.eq(high!);
  const [from, to] = [where(flatRange, low!.sub(0.5), low!), where(flatRange, high!.add(0.5), high!)];
  const share = arange(bins + 1)
    .cast(flat.dtype)
    .div(bins);
  return where(share.eq(1), to, from.add(share.mul(to.sub(from))));
}
