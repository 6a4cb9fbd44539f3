/** Windows over [n, c, …] reduced to one number each, and the way back. */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { div } from "../../graph/ops/binary.ts";
import { fill, iota } from "../../graph/ops/leaf.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { argmax, maxReduce, sum } from "../../graph/ops/reduce.ts";
import { abs, sign } from "../../graph/ops/unary.ts";
import { add, floorDiv, maximum, minimum, mod, mul, pow, sub } from "./arithmetic.ts";
import { relu } from "./activations.ts";
import { putAlongAxis } from "./indexing.ts";
import { pad } from "./movement.ts";
import { expandTo, like, toFloat } from "./operands.ts";
import { geometry, perAxis, reachOf, windows, type Geometry, type Padding, type PerAxis } from "./windows.ts";

export interface PoolingOptions {
  /** Step between windows; the window's size by default, so that windows do not overlap. */
  readonly stride?: PerAxis | undefined;
  /** Around the input, 0 by default and at most half the window; "same" gives ⌈length / stride⌉ positions. */
  readonly padding?: Padding | undefined;
  /** Distance between the elements of a window, 1 by default (maxPool only). */
  readonly dilation?: PerAxis | undefined;
  /** Whether a last window may hang over the end of an axis, false by default. */
  readonly ceilMode?: boolean | undefined;
  /** Whether padding counts as elements of value 0 (avgPool only), true by default, as in PyTorch. */
  readonly countIncludePad?: boolean | undefined;
  /** What sums are divided by, whatever the size of the window (avgPool only). */
  readonly divisorOverride?: number | undefined;
}

/** Values with the positions they came from, counted row-major over the spatial axes of the input: i32. */
export interface PooledIndices {
  readonly values: Node;
  readonly indices: Node;
}

interface Pool {
  readonly sizes: readonly number[];
  readonly shape: Geometry;
  /** How far the last windows hang over padding and input, none unless `ceilMode` says so. */
  readonly over: readonly (readonly [number, number])[];
  /** Axes of the window's elements. */
  readonly axes: readonly number[];
}

export function checkPooled(op: string, spatial: number, x: Node): void {
  if (x.shape.length !== spatial + 2)
    throw new ShapeError(
      `${op}: the input must have ${spatial + 2} axes, batch and channels first, got ${show(x.shape)}`,
    );
}

function pool(op: string, spatial: number, x: Node, size: PerAxis, options: PoolingOptions): Pool {
  checkPooled(op, spatial, x);
  const sizes = perAxis(op, "size", size, spatial, 1);
  const shape = geometry(op, x.shape.slice(2), sizes, {
    stride: options.stride ?? sizes,
    padding: options.padding ?? 0,
    dilation: options.dilation ?? 1,
  });
  shape.padding.forEach(([width], i) => {
    if (options.padding !== "same" && width > sizes[i]! / 2)
      throw new ArgumentError(`${op}: padding ${width} is more than half a window of ${sizes[i]}`);
  });
  const over = sizes.map((n, i): readonly [number, number] => {
    if (!options.ceilMode) return [0, 0];
    const [low, high] = shape.padding[i]!;
    const [length, step] = [x.shape[2 + i]!, shape.stride[i]!];
    const reach = reachOf(n, shape.dilation[i]!);
    const positions = Math.ceil((length + low + high - reach) / step) + 1;
    // A window that would start behind the input and its padding in front is left out, as in PyTorch.
    const kept = (positions - 1) * step >= length + low ? positions - 1 : positions;
    return [0, Math.max(0, (kept - 1) * step + reach - length - low - high)];
  });
  return { sizes, shape, over, axes: sizes.map((_, i) => 2 + spatial + i) };
}

const widths = (spatial: readonly (readonly [number, number])[]): (readonly [number, number])[] => [
  [0, 0],
  [0, 0],
  ...spatial,
];

/** Every window of the input with `value` around it. */
function viewed(op: string, x: Node, { sizes, shape, over }: Pool, value: number): Node {
  return windows(
    op,
    pad(x, widths(shape.padding.map(([low, high], i) => [low, high + over[i]![1]])), value),
    sizes,
    shape,
  );
}

const lowestOf = ({ dtype }: Node): number => (isFloat(dtype) ? -Infinity : dtype === "i32" ? -(2 ** 31) : 0);

/** The largest element of each window of [n, c, …]; NaN wins, ties give their gradient to the first. */
export function maxPool(
  spatial: 1 | 2 | 3,
  x: Node,
  size: PerAxis,
  options: PoolingOptions = {},
  op: string = `maxPool${spatial}d`,
): Node {
  const by = pool(op, spatial, x, size, options);
  return maxReduce(viewed(op, x, by, lowestOf(x)), by.axes);
}

/** `maxPool` with the position of every maximum. */
export function maxPoolIndices(
  spatial: 1 | 2 | 3,
  x: Node,
  size: PerAxis,
  options: PoolingOptions = {},
  op: string = `maxPool${spatial}d`,
): PooledIndices {
  const by = pool(op, spatial, x, size, options);
  const view = viewed(op, x, by, lowestOf(x));
  const { stride, dilation, padding } = by.shape;
  const indices = positionsIn(x, argmax(view, by.axes), by.sizes, (i, at, k) =>
    sub(add(mul(at, stride[i]!), mul(k, dilation[i]!)), padding[i]![0]),
  );
  return { values: maxReduce(view, by.axes), indices };
}

/**
 * Positions inside windows (row-major over `sizes`) as positions in the input: `place` says which element of spatial axis i
 * is number `k` of the window at `at`.
 */
export function positionsIn(
  x: Node,
  winners: Node,
  sizes: readonly number[],
  place: (i: number, at: Node, k: Node) => Node,
): Node {
  let [flat, rest, pitch]: [Node, Node, number] = [like(winners, 0), winners, 1];
  for (let i = sizes.length - 1; i >= 0; i--) {
    const length = x.shape[2 + i]!;
    const element = place(i, iota(winners.shape, 2 + i), mod(rest, sizes[i]!));
    // Where a window holds nothing but −∞, padding wins: the nearest element stands for it.
    const inside = minimum(maximum(element, 0), length - 1);
    flat = add(flat, mul(inside, pitch));
    rest = floorDiv(rest, sizes[i]!);
    pitch *= length;
  }
  return flat;
}

/** The mean of each window of [n, c, …]; integers average as f32. */
export function avgPool(
  spatial: 1 | 2 | 3,
  input: Node,
  size: PerAxis,
  options: PoolingOptions = {},
  op: string = `avgPool${spatial}d`,
): Node {
  const x = toFloat(input);
  const by = pool(op, spatial, x, size, options);
  const total = sum(viewed(op, x, by, 0), by.axes);
  const { divisorOverride, countIncludePad = options.padding !== "same" } = options;
  if (divisorOverride !== undefined && !(divisorOverride !== 0 && Number.isFinite(divisorOverride)))
    throw new ArgumentError(`${op}: divisorOverride must be a number other than 0, got ${divisorOverride}`);
  const full = by.sizes.reduce((count, n) => count * n, 1);
  const whole = [...by.over, ...(countIncludePad ? [] : by.shape.padding)].every(([low, high]) => low + high === 0);
  if (divisorOverride !== undefined || whole) return mul(total, 1 / (divisorOverride ?? full));
  const ones = fill([1, 1, ...x.shape.slice(2)], 1, x.dtype);
  const counted = pad(ones, widths(by.shape.padding), countIncludePad ? 1 : 0);
  const counts = sum(windows(op, pad(counted, widths(by.over)), by.sizes, by.shape), by.axes);
  return div(total, expandTo(counts, total.shape));
}

/** (Σ xᵖ)^(1/p) over each window, as PyTorch has it: the sum's sign stays, and where it is 0 so is the gradient. */
export function lpPool(
  spatial: 1 | 2 | 3,
  input: Node,
  power: number,
  size: PerAxis,
  options: Pick<PoolingOptions, "stride" | "ceilMode"> = {},
  op: string = `lpPool${spatial}d`,
): Node {
  const x = toFloat(input);
  const count = perAxis(op, "size", size, spatial, 1).reduce((product, n) => product * n, 1);
  const average = avgPool(spatial, pow(x, power), size, options, op);
  return pow(mul(mul(sign(average), relu(abs(average))), count), 1 / power);
}

export interface UnpoolingOptions {
  /** Of the pooling; the window's size by default. */
  readonly stride?: PerAxis | undefined;
  /** Of the pooling, 0 by default. */
  readonly padding?: PerAxis | undefined;
  /** Spatial sizes of the result, where the pooling had several inputs of one result. */
  readonly outputSize?: readonly number[] | undefined;
}

/** The values of a `maxPool` back at their positions, zeros elsewhere. Of equal positions the last wins. */
export function maxUnpool(
  spatial: 1 | 2 | 3,
  x: Node,
  indices: Node,
  size: PerAxis,
  options: UnpoolingOptions = {},
  op: string = `maxUnpool${spatial}d`,
): Node {
  checkPooled(op, spatial, x);
  if (show(indices.shape) !== show(x.shape))
    throw new ShapeError(`${op}: indices ${show(indices.shape)} and values ${show(x.shape)} must have one shape`);
  if (isFloat(indices.dtype) || indices.dtype === "bool")
    throw new DTypeError(`${op}: indices must be integers, got ${indices.dtype}. Use those that the pooling returned`);
  const sizes = perAxis(op, "size", size, spatial, 1);
  const stride = perAxis(op, "stride", options.stride ?? sizes, spatial, 1);
  const padding = perAxis(op, "padding", options.padding ?? 0, spatial, 0);
  const usual = sizes.map((n, i) => (x.shape[2 + i]! - 1) * stride[i]! - 2 * padding[i]! + n);
  const lengths = options.outputSize ?? usual;
  if (lengths.length !== spatial || lengths.some((n, i) => !(Math.abs(n - usual[i]!) < stride[i]!) || n < 1))
    throw new ShapeError(
      `${op}: outputSize must be ${show(usual)} give or take less than the stride ${show(stride)}, got ${show(lengths)}`,
    );
  const [n, c] = x.shape as [number, number];
  const [from, to] = [x, { shape: [n, c, ...lengths] }].map(({ shape }) => shape.slice(2).reduce((a, b) => a * b, 1));
  const flat = (value: Node): Node => reshape(value, [n, c, from!]);
  const empty = fill([n, c, to!], 0, x.dtype);
  return reshape(putAlongAxis("set", empty, flat(indices), flat(x), 2), [n, c, ...lengths]);
}
