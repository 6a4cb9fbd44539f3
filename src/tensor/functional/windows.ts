/** Sliding windows over the spatial axes of [n, c, …]: what convolution and pooling share. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { window } from "../../graph/ops/movement.ts";

/** One number for all spatial axes, or one each. */
export type PerAxis = number | readonly number[];

/**
 * Elements around the input: one number, one per axis, [before, after] per axis, what keeps the size ("same"), none ("valid"),
 * or all before the first, so that nothing later is seen ("causal", one axis only).
 */
export type Padding = PerAxis | readonly (readonly [number, number])[] | "same" | "valid" | "causal";

/** How windows lie over the spatial axes. */
export interface Geometry {
  readonly stride: readonly number[];
  /** Before and after each axis; negative cuts. */
  readonly padding: readonly (readonly [number, number])[];
  readonly dilation: readonly number[];
}

/** One whole number per axis, at least `least`. */
export function perAxis(op: string, what: string, value: PerAxis, axes: number, least: number): number[] {
  const list = typeof value === "number" ? new Array<number>(axes).fill(value) : [...value];
  if (list.length !== axes || list.some((n) => !Number.isInteger(n) || n < least))
    throw new ArgumentError(
      `${op}: ${what} must be a whole number of ${least} or more, or ${axes} of them, got ${JSON.stringify(value)}`,
    );
  return list;
}

/** Elements that a window spans. */
export const reachOf = (size: number, dilation: number): number => (size - 1) * dilation + 1;

const isPairs = (padding: Padding): padding is readonly (readonly [number, number])[] =>
  Array.isArray(padding) && padding.some(Array.isArray);

/** [before, after] for each axis; padding must be given in numbers. */
function around(
  op: string,
  padding: PerAxis | readonly (readonly [number, number])[],
  axes: number,
): (readonly [number, number])[] {
  if (!isPairs(padding)) return perAxis(op, "padding", padding, axes, 0).map((width) => [width, width]);
  if (padding.length !== axes)
    throw new ArgumentError(`${op}: padding must be ${axes} pairs of [before, after], got ${JSON.stringify(padding)}`);
  return padding.map((pair) => perAxis(op, "padding", pair, 2, 0) as [number, number]);
}

/** Throws ArgumentError for a word that names no padding, or numbers that are none. */
export function checkPadding(op: string, padding: Padding, axes: number): void {
  if (typeof padding !== "string") around(op, padding, axes);
  else if (padding === "causal" ? axes !== 1 : padding !== "same" && padding !== "valid")
    throw new ArgumentError(
      `${op}: padding must be numbers, "same" or "valid"${axes === 1 ? ' or "causal"' : ""}, got "${padding}"`,
    );
}

/** Brings stride, padding and dilation into one form. "same" gives ⌈length / stride⌉ positions, the odd zero at the end. */
export function geometry(
  op: string,
  lengths: readonly number[],
  sizes: readonly number[],
  options: { readonly stride: PerAxis; readonly padding: Padding; readonly dilation: PerAxis },
): Geometry {
  const stride = perAxis(op, "stride", options.stride, lengths.length, 1);
  const dilation = perAxis(op, "dilation", options.dilation, lengths.length, 1);
  const { padding } = options;
  checkPadding(op, padding, lengths.length);
  if (padding === "same")
    return {
      stride,
      dilation,
      padding: lengths.map((length, i) => {
        const reach = reachOf(sizes[i]!, dilation[i]!);
        const total = Math.max(0, (Math.ceil(length / stride[i]!) - 1) * stride[i]! + reach - length);
        return [Math.floor(total / 2), Math.ceil(total / 2)];
      }),
    };
  if (padding === "causal") return { stride, dilation, padding: [[reachOf(sizes[0]!, dilation[0]!) - 1, 0]] };
  return { stride, dilation, padding: around(op, padding === "valid" ? 0 : padding, lengths.length) };
}

/** [n, c, lengths…] as [n, c, positions…, sizes…]; padding must be done. */
export function windows(op: string, x: Node, sizes: readonly number[], { stride, dilation }: Geometry): Node {
  return sizes.reduce((sofar, size, i) => {
    const axis = 2 + i;
    const reach = reachOf(size, dilation[i]!);
    if (reach > x.shape[axis]!)
      throw new ShapeError(
        `${op}: a window of ${show(sizes)} spans ${reach} elements of an axis that has ${x.shape[axis]} ` +
          `in ${show(x.shape)}, padding included. Use more padding or a smaller window`,
      );
    return window(sofar, { axis, size, stride: stride[i]!, dilation: dilation[i]! });
  }, x);
}
