/** What stands around the edges of [n, c, …] before windows slide over it. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { concat, expand, flip } from "../../graph/ops/movement.ts";
import { narrow, pad } from "./movement.ts";

/**
 * What is put around: zeros (or another number), the mirrored inside without the edge, the edge itself, or the other end.
 */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

const PADDING_MODES: readonly PaddingMode[] = ["zeros", "reflect", "replicate", "circular"];

/** Throws ArgumentError for a mode that does not exist. */
export function checkPaddingMode(op: string, mode: PaddingMode): void {
  if (!PADDING_MODES.includes(mode))
    throw new ArgumentError(`${op}: the padding mode must be one of ${PADDING_MODES.join(", ")}, got ${mode}`);
}

/** The elements before and after one axis. */
const EDGES: Readonly<
  Record<
    Exclude<PaddingMode, "zeros">,
    (x: Node, axis: number, low: number, high: number, size: number) => readonly [Node, Node]
  >
> = {
  reflect: (x, axis, low, high, size) => [
    flip(narrow(x, axis, 1, low), [axis]),
    flip(narrow(x, axis, size - 1 - high, high), [axis]),
  ],
  replicate: (x, axis, low, high, size) => [
    repeated(narrow(x, axis, 0, 1), axis, low),
    repeated(narrow(x, axis, size - 1, 1), axis, high),
  ],
  circular: (x, axis, low, high, size) => [narrow(x, axis, size - low, low), narrow(x, axis, 0, high)],
};

const repeated = (x: Node, axis: number, times: number): Node =>
  expand(
    x,
    x.shape.map((size, i) => (i === axis ? times : size)),
  );

/** The most that an axis can lend. */
const reachOf = (mode: PaddingMode, size: number): number =>
  mode === "reflect" ? size - 1 : mode === "circular" ? size : size > 0 ? Infinity : 0;

/**
 * [n, c, …] with `widths` elements before and after each spatial axis, axis by axis; negative widths cut. "zeros" takes
 * another number as `value`. Throws ShapeError where an axis is too short to be mirrored or to go around.
 */
export function padAround(
  op: string,
  x: Node,
  widths: readonly (readonly [number, number])[],
  mode: PaddingMode = "zeros",
  value: number = 0,
): Node {
  checkPaddingMode(op, mode);
  const negative = widths.map(([low, high]) => [Math.min(0, low), Math.min(0, high)] as const);
  widths.forEach(([low, high], i) => {
    const size = x.shape[2 + i]!;
    const most = reachOf(mode, size);
    if (-negative[i]![0] - negative[i]![1] > size)
      throw new ShapeError(`${op}: cutting ${-low} and ${-high} leaves less than nothing of ${show(x.shape)}`);
    if (mode !== "zeros" && Math.max(low, high) > most)
      throw new ShapeError(
        `${op}: ${mode} padding of ${Math.max(low, high)} needs more than the ${size} elements of axis ${2 + i} of ` +
          `${show(x.shape)}. Pad by ${most} at most, or with zeros`,
      );
  });
  if (mode === "zeros") return pad(x, [[0, 0], [0, 0], ...widths], value);
  return widths.reduce((sofar, [low, high], i) => {
    const axis = 2 + i;
    const [before, after] = EDGES[mode](sofar, axis, Math.max(0, low), Math.max(0, high), sofar.shape[axis]!);
    const parts = [before, sofar, after].filter((part) => part.shape[axis] !== 0 || part === sofar);
    const joined = concat(parts, axis);
    return narrow(joined, axis, Math.max(0, -low), joined.shape[axis]! + negative[i]![0] + negative[i]![1]);
  }, x);
}
