/** Axes at another size: every element of the result is a weighted sum of a few neighbours. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { sum } from "../../graph/ops/reduce.ts";
import { tensor } from "../create.ts";
import { mul } from "./arithmetic.ts";
import { withGradient } from "./custom.ts";
import { gather } from "./indexing.ts";
import { toFloat } from "./operands.ts";
import { perAxis, type PerAxis } from "./windows.ts";

export type ResizeMode = "nearest" | "nearest-exact" | "linear" | "bilinear" | "trilinear" | "bicubic" | "area";

export interface ResizeOptions {
  /** Spatial sizes of the result: one for all axes, or one each. Either this or `scaleFactor`. */
  readonly size?: PerAxis | undefined;
  /** How many times as large; sizes are rounded down. */
  readonly scaleFactor?: number | readonly number[] | undefined;
  /** "nearest" by default. "linear", "bilinear" and "trilinear" are one method for one, two and three axes. */
  readonly mode?: ResizeMode | undefined;
  /** Whether the centres of the corner elements stay in the corners (linear and cubic), false by default. */
  readonly alignCorners?: boolean | undefined;
  /** Whether making smaller averages over all that a new element covers (bilinear and bicubic), false by default. */
  readonly antialias?: boolean | undefined;
}

/** For each element of the result, how much of which elements it is made of. */
type Weights = readonly (readonly (readonly [from: number, weight: number])[])[];

/** The same weights seen from the other side. */
function transposed(weights: Weights, length: number): Weights {
  const result = Array.from({ length }, (): [number, number][] => []);
  weights.forEach((row, to) => row.forEach(([from, weight]) => result[from]!.push([to, weight])));
  return result;
}

/** Weighted sums along an axis of `x`. The gradient is the same with the weights transposed. */
export function weighted(x: Node, axis: number, weights: Weights): Node {
  return withGradient(
    "weighted",
    [x],
    () => {
      const [count, width] = [weights.length, weights.reduce((most, row) => Math.max(most, row.length), 1)];
      const at = (place: 0 | 1): number[] =>
        weights.flatMap((row) => Array.from({ length: width }, (_, k) => row[k]?.[place] ?? 0));
      const places = tensor(Int32Array.from(at(0)), [count, width]).node;
      const factors = tensor((x.dtype === "f64" ? Float64Array : Float32Array).from(at(1)), [count, width]).node;
      const apart = x.shape.slice(axis + 1).map(() => 1);
      return sum(mul(gather(x, places, axis), reshape(factors, [count, width, ...apart])), [axis + 1]);
    },
    (grad, _, [source]) => [weighted(grad, axis, transposed(weights, source!.shape[axis]!))],
  );
}

/** Where the window of element `i` begins and ends when `from` elements are shared out among `to`: adaptive pooling. */
export function share(i: number, from: number, to: number): readonly [start: number, end: number] {
  return [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** The mean of the elements that fall to each element of the result. */
export const shares = (from: number, to: number): Weights =>
  range(0, to).map((i) => {
    const [start, end] = share(i, from, to);
    return range(start, end).map((at) => [at, 1 / (end - start)]);
  });

/** Keys 1981: cubic convolution with parameter a. */
const cubic =
  (a: number) =>
  (distance: number): number => {
    const d = Math.abs(distance);
    if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
  };
const hat = (distance: number): number => Math.max(0, 1 - Math.abs(distance));

const clamp = (at: number, length: number): number => Math.min(Math.max(at, 0), length - 1);

/** The elements around a point, each with the weight of its distance; beyond the ends the last element is repeated. */
function around(
  point: number,
  reach: number,
  length: number,
  kernel: (distance: number) => number,
): [number, number][] {
  const first = Math.floor(point) - reach + 1;
  return range(first, first + 2 * reach).map((at) => [clamp(at, length), kernel(point - at)]);
}

/** Everything that a new element covers, its weights normalised: as Pillow resizes. */
function covered(
  centre: number,
  reach: number,
  scale: number,
  length: number,
  kernel: (distance: number) => number,
): [number, number][] {
  const [support, wide] = [reach * Math.max(scale, 1), Math.max(scale, 1)];
  const first = Math.max(0, Math.trunc(centre - support + 0.5));
  const end = Math.min(length, Math.trunc(centre + support + 0.5));
  const row = range(first, end).map((at) => [at, kernel((at - centre + 0.5) / wide)] as [number, number]);
  const total = row.reduce((all, [, weight]) => all + weight, 0);
  return row.map(([at, weight]) => [at, weight / total]);
}

/** Which spatial axes each mode is for. */
const AXES: Readonly<Record<ResizeMode, readonly number[]>> = {
  nearest: [1, 2, 3],
  "nearest-exact": [1, 2, 3],
  area: [1, 2, 3],
  linear: [1],
  bilinear: [2],
  trilinear: [3],
  bicubic: [2],
};

interface Resizing {
  readonly mode: ResizeMode;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
}

/** Weights for one axis. `factor` is the scale that was asked for, which need not be the quotient of the sizes. */
function weightsOf(from: number, to: number, factor: number | undefined, by: Resizing): Weights {
  const { mode, alignCorners, antialias } = by;
  const scale = alignCorners ? (to > 1 ? (from - 1) / (to - 1) : 0) : factor ? 1 / factor : from / to;
  if (mode === "area") return shares(from, to);
  if (mode === "nearest" || mode === "nearest-exact") {
    // In f32 whatever the dtype, as in PyTorch: which of two equally near elements is taken depends on it.
    const [step, offset] = [Math.fround(scale), mode === "nearest" ? 0 : 0.5];
    return range(0, to).map((i) => [[clamp(Math.floor(Math.fround((i + offset) * step)), from), 1]]);
  }
  const bicubic = mode === "bicubic";
  const reach = bicubic ? 2 : 1;
  if (antialias) {
    const kernel = bicubic ? cubic(-0.5) : hat;
    return range(0, to).map((i) => covered(scale * (i + 0.5), reach, scale, from, kernel));
  }
  return range(0, to).map((i) => {
    const point = alignCorners ? i * scale : (i + 0.5) * scale - 0.5;
    return bicubic ? around(point, reach, from, cubic(-0.75)) : around(clamp(point, from), reach, from, hat);
  });
}

/**
 * [n, c, …] at other spatial sizes, one to three axes: PyTorch's `interpolate`. Integers become f32.
 * Throws ArgumentError for options that make no sense together, ShapeError for a rank that the mode is not for.
 */
export function resize(
  input: Node,
  { size, scaleFactor, mode = "nearest", alignCorners = false, antialias = false }: ResizeOptions,
  op: string = "interpolate",
): Node {
  const x = toFloat(input);
  const spatial = x.shape.length - 2;
  checkResize(op, { size, scaleFactor, mode, alignCorners, antialias });
  if (!AXES[mode].includes(spatial))
    throw new ShapeError(
      `${op}: mode ${mode} wants ${AXES[mode].map((n) => n + 2).join(" or ")} axes, batch and channels first, got ` +
        show(x.shape),
    );
  const lengths = x.shape.slice(2);
  if (lengths.includes(0)) throw new ShapeError(`${op}: ${show(x.shape)} has an axis without elements`);
  const factors = typeof scaleFactor === "number" ? lengths.map(() => scaleFactor) : scaleFactor;
  if (factors && factors.length !== spatial)
    throw new ArgumentError(`${op}: scaleFactor must be one number or ${spatial} of them, got [${factors.join(", ")}]`);
  const sizes =
    size === undefined
      ? lengths.map((length, i) => Math.floor(length * factors![i]!))
      : perAxis(op, "size", size, spatial, 1);
  if (sizes.some((length) => length < 1))
    throw new ShapeError(`${op}: ${show(x.shape)} by a scaleFactor of [${factors!.join(", ")}] leaves no element`);
  return sizes.reduce((sofar, to, i) => {
    const from = lengths[i]!;
    // At its own size every mode keeps an axis as it is, unless an odd scale was asked for.
    if (from === to && (factors?.[i] ?? 1) === 1) return sofar;
    return weighted(sofar, 2 + i, weightsOf(from, to, factors?.[i], { mode, alignCorners, antialias }));
  }, x);
}

/** Throws ArgumentError for options that make no sense together. */
export function checkResize(op: string, options: ResizeOptions): void {
  const { size, scaleFactor, mode = "nearest", alignCorners = false, antialias = false } = options;
  if ((size === undefined) === (scaleFactor === undefined))
    throw new ArgumentError(`${op}: needs either size or scaleFactor, got ${size === undefined ? "neither" : "both"}`);
  if (!Object.hasOwn(AXES, mode))
    throw new ArgumentError(`${op}: mode must be one of ${Object.keys(AXES).join(", ")}, got ${mode}`);
  if ([scaleFactor ?? 1].flat().some((factor) => !(factor > 0 && Number.isFinite(factor))))
    throw new ArgumentError(`${op}: scaleFactor must be above 0, got ${JSON.stringify(scaleFactor)}`);
  if (alignCorners && (mode.startsWith("nearest") || mode === "area"))
    throw new ArgumentError(`${op}: alignCorners is for linear and cubic modes, not for ${mode}`);
  if (antialias && mode !== "bilinear" && mode !== "bicubic")
    throw new ArgumentError(`${op}: antialias is for bilinear and bicubic, not for ${mode}`);
}
