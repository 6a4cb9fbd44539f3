/** Pooling to given sizes: windows share an axis out as evenly as they can, and may overlap by one element. */
import { ArgumentError } from "../../core/errors.ts";
import type { Node } from "../../graph/node.ts";
import { iota } from "../../graph/ops/leaf.ts";
import { permute, reshape } from "../../graph/ops/movement.ts";
import { argmax, maxReduce } from "../../graph/ops/reduce.ts";
import { add, floorDiv, minimum, mul, sub } from "./arithmetic.ts";
import { gather } from "./indexing.ts";
import { toFloat } from "./operands.ts";
import { avgPool, checkPooled, maxPool, maxPoolIndices, positionsIn, type PooledIndices } from "./pooling.ts";
import { share, shares, weighted } from "./resize.ts";

/** One size for all axes, or one each; null keeps an axis. */
export type AdaptiveSize = number | readonly (number | null)[];

/** Whole numbers of 1 or more, or null, for as many axes. */
export function checkAdaptive(op: string, size: AdaptiveSize, axes: number): void {
  const list = typeof size === "number" ? [size] : size;
  if (
    (typeof size !== "number" && list.length !== axes) ||
    list.some((n) => n !== null && !(Number.isInteger(n) && n > 0))
  )
    throw new ArgumentError(
      `${op}: outputSize must be a whole number of 1 or more, or ${axes} of them or null, got ${JSON.stringify(size)}`,
    );
}

function sizesOf(op: string, spatial: number, x: Node, size: AdaptiveSize): number[] {
  checkPooled(op, spatial, x);
  checkAdaptive(op, size, spatial);
  return x.shape.slice(2).map((length, i) => (typeof size === "number" ? size : size[i]) ?? length);
}

/** The ordinary windows that these sizes come to, where they divide the axes. */
function evenly(x: Node, sizes: readonly number[]): number[] | undefined {
  const windows = sizes.map((size, i) => x.shape[2 + i]! / size);
  return windows.every((n) => Number.isInteger(n) && n > 0) ? windows : undefined;
}

/** The mean of [n, c, …] over windows, `size` of them along each axis. Integers average as f32. */
export function adaptiveAvgPool(
  spatial: 1 | 2 | 3,
  input: Node,
  size: AdaptiveSize,
  op: string = `adaptiveAvgPool${spatial}d`,
): Node {
  const x = toFloat(input);
  const sizes = sizesOf(op, spatial, x, size);
  const windows = evenly(x, sizes);
  if (windows) return avgPool(spatial, x, windows, {}, op);
  return sizes.reduce((sofar, to, i) => weighted(sofar, 2 + i, shares(x.shape[2 + i]!, to)), x);
}

interface Shared {
  /** [n, c, positions…, sizes…]; a short window repeats its last element, which changes no maximum. */
  readonly view: Node;
  readonly sizes: readonly number[];
  readonly axes: readonly number[];
}

function sharedWindows(x: Node, counts: readonly number[]): Shared {
  const spatial = counts.length;
  const sizes = counts.map((to, i) => {
    const from = x.shape[2 + i]!;
    return Math.max(
      ...Array.from({ length: to }, (_, k) => {
        const [start, end] = share(k, from, to);
        return end - start;
      }),
    );
  });
  // From the last axis on, so that those in front keep their places: [n, c, p0, k0, p1, k1, …].
  const pairs = counts.reduceRight((sofar, to, i) => {
    const [from, window] = [x.shape[2 + i]!, [to, sizes[i]!]];
    const at = iota(window, 0);
    const end = floorDiv(add(mul(add(at, 1), from), to - 1), to);
    return gather(sofar, minimum(add(floorDiv(mul(at, from), to), iota(window, 1)), sub(end, 1)), 2 + i);
  }, x);
  const ordered = permute(pairs, [0, 1, ...counts.map((_, i) => 2 + 2 * i), ...counts.map((_, i) => 3 + 2 * i)]);
  return { view: ordered, sizes, axes: counts.map((_, i) => 2 + spatial + i) };
}

/** The largest element of [n, c, …] over windows, `size` of them along each axis. */
export function adaptiveMaxPool(
  spatial: 1 | 2 | 3,
  x: Node,
  size: AdaptiveSize,
  op: string = `adaptiveMaxPool${spatial}d`,
): Node {
  const counts = sizesOf(op, spatial, x, size);
  const windows = evenly(x, counts);
  if (windows) return maxPool(spatial, x, windows, {}, op);
  const { view, axes } = sharedWindows(x, counts);
  return maxReduce(view, axes);
}

/** `adaptiveMaxPool` with the position of every maximum. */
export function adaptiveMaxPoolIndices(
  spatial: 1 | 2 | 3,
  x: Node,
  size: AdaptiveSize,
  op: string = `adaptiveMaxPool${spatial}d`,
): PooledIndices {
  const counts = sizesOf(op, spatial, x, size);
  const windows = evenly(x, counts);
  if (windows) return maxPoolIndices(spatial, x, windows, {}, op);
  const { view, sizes, axes } = sharedWindows(x, counts);
  const indices = positionsIn(x, argmax(view, axes), sizes, (i, at, k) =>
    add(floorDiv(mul(at, x.shape[2 + i]!), counts[i]!), k),
  );
  return { values: maxReduce(view, axes), indices };
}

/** One number for each channel of [n, c, …]: [n, c], or [n, c, 1, …] where spatial axes are kept. */
export function globalPool(kind: "avg" | "max", spatial: 1 | 2 | 3, x: Node, keep: boolean, op: string): Node {
  const pooled = kind === "avg" ? adaptiveAvgPool(spatial, x, 1, op) : adaptiveMaxPool(spatial, x, 1, op);
  return keep ? pooled : reshape(pooled, pooled.shape.slice(0, 2));
}
