/** Fourier transforms along axes, with PyTorch's names and scales. Complex numbers are pairs in a last axis, which axes do not count. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { normalizeAxes, normalizeAxis, show, type Shape } from "../../core/shape.ts";
import { toFloat } from "../functional/operands.ts";
import { moveAxis } from "../functions.ts";
import { fromNode, type Tensor } from "../tensor.ts";
import { checkPairs } from "./pairs.ts";
import { inverseRealTransform, inverseTransform, realTransform, transform } from "./transform.ts";

/** Which direction divides: the inverse by n ("backward", the default), both by √n ("ortho"), or the other by n ("forward"). */
export type Norm = "backward" | "ortho" | "forward";

const floats = (x: Tensor): Tensor => fromNode(toFloat(x.node));

function scaled(op: string, x: Tensor, n: number, norm: Norm, inverse: boolean): Tensor {
  if (norm !== "backward" && norm !== "ortho" && norm !== "forward")
    throw new ArgumentError(`${op}: the norm must be "backward", "ortho" or "forward", got ${JSON.stringify(norm)}`);
  if (norm === "ortho") return x.div(Math.sqrt(n));
  return (norm === "backward") === inverse ? x.div(n) : x;
}

function checkLength(op: string, n: number): void {
  if (!Number.isInteger(n) || n < 1)
    throw new ArgumentError(`${op}: the length must be a whole number above 0, got ${n}`);
}

/** `n` elements along an axis: cut, or filled with zeros. */
function fitted(op: string, x: Tensor, axis: number, n: number): Tensor {
  checkLength(op, n);
  const size = x.shape[axis]!;
  if (size === n) return x;
  if (size > n) return x.narrow(axis, 0, n);
  return x.pad(x.shape.map((_, i) => [0, i === axis ? n - size : 0] as const));
}

/** A transform along one axis of a tensor of pairs. */
function along(
  op: string,
  z: Tensor,
  n: number | undefined,
  axis: number,
  f: (z: Tensor, n: number) => Tensor,
): Tensor {
  checkPairs(op, z);
  const axes = z.shape.slice(0, -1);
  const at = normalizeAxis(op, axis, axes);
  const length = n ?? axes[at]!;
  const last = moveAxis(fitted(op, floats(z), at, length), at, axes.length - 1);
  return moveAxis(f(last, length), axes.length - 1, at);
}

/** The transform of complex [.., 2] along an axis (the last before the pairs), cut or filled to `n` elements. For real input use `rfft`, or `complex.of`. */
export function fft(z: Tensor, n?: number, axis: number = -1, norm: Norm = "backward"): Tensor {
  return along("fft", z, n, axis, (x, length) => scaled("fft", transform(x), length, norm, false));
}

/** The inverse of `fft`. */
export function ifft(z: Tensor, n?: number, axis: number = -1, norm: Norm = "backward"): Tensor {
  return along("ifft", z, n, axis, (x, length) => scaled("ifft", inverseTransform(x), length, norm, true));
}

/** The transform of real elements along an axis: the first ⌊n / 2⌋ + 1, complex, of which the rest is the mirror image. */
export function rfft(x: Tensor, n?: number, axis: number = -1, norm: Norm = "backward"): Tensor {
  const at = normalizeAxis("rfft", axis, x.shape);
  const length = n ?? x.shape[at]!;
  const last = moveAxis(fitted("rfft", floats(x), at, length), at, -1);
  return moveAxis(scaled("rfft", realTransform(last), length, norm, false), x.rank - 1, at);
}

/** The inverse of `rfft`: real, `n` elements, by default the even number 2 · (size − 1). */
export function irfft(z: Tensor, n?: number, axis: number = -1, norm: Norm = "backward"): Tensor {
  checkPairs("irfft", z);
  const axes = z.shape.slice(0, -1);
  const at = normalizeAxis("irfft", axis, axes);
  const length = n ?? 2 * (axes[at]! - 1);
  checkLength("irfft", length);
  const half = fitted("irfft", floats(z), at, Math.floor(length / 2) + 1);
  const last = moveAxis(half, at, axes.length - 1);
  return moveAxis(scaled("irfft", inverseRealTransform(last, length), length, norm, true), -1, at);
}

/** Lengths and axes of a transform over several axes. */
function plan(
  op: string,
  shape: Shape,
  sizes: readonly number[] | undefined,
  axes: readonly number[] | undefined,
): [number, number | undefined][] {
  const list = axes ?? shape.map((_, i) => i).slice(sizes ? -sizes.length : 0);
  const places = list.map((axis) => normalizeAxis(op, axis, shape));
  normalizeAxes(op, places, shape);
  if (sizes && sizes.length !== places.length)
    throw new ShapeError(`${op}: ${places.length} axes want as many sizes, got ${show(sizes)}`);
  return places.map((axis, i) => [axis, sizes?.[i]]);
}

/** `fft` over several axes, all by default. */
export function fftn(z: Tensor, sizes?: readonly number[], axes?: readonly number[], norm?: Norm): Tensor {
  checkPairs("fftn", z);
  return plan("fftn", z.shape.slice(0, -1), sizes, axes).reduce((x, [axis, n]) => fft(x, n, axis, norm), z);
}

/** `ifft` over several axes, all by default. */
export function ifftn(z: Tensor, sizes?: readonly number[], axes?: readonly number[], norm?: Norm): Tensor {
  checkPairs("ifftn", z);
  return plan("ifftn", z.shape.slice(0, -1), sizes, axes).reduce((x, [axis, n]) => ifft(x, n, axis, norm), z);
}

/** `rfft` over the last of several axes (all by default), `fft` over the others. */
export function rfftn(x: Tensor, sizes?: readonly number[], axes?: readonly number[], norm?: Norm): Tensor {
  const steps = plan("rfftn", x.shape, sizes, axes);
  const [axis, n] = steps[steps.length - 1]!;
  return steps.slice(0, -1).reduce((z, [other, m]) => fft(z, m, other, norm), rfft(x, n, axis, norm));
}

/** `ifft` over all but the last of several axes (all by default), `irfft` over that. */
export function irfftn(z: Tensor, sizes?: readonly number[], axes?: readonly number[], norm?: Norm): Tensor {
  checkPairs("irfftn", z);
  const steps = plan("irfftn", z.shape.slice(0, -1), sizes, axes);
  const [axis, n] = steps[steps.length - 1]!;
  return irfft(
    steps.slice(0, -1).reduce((x, [other, m]) => ifft(x, m, other, norm), z),
    n,
    axis,
    norm,
  );
}

const LAST_TWO = [-2, -1] as const;

/** `fftn` over the last two axes. */
export function fft2(z: Tensor, sizes?: readonly number[], axes: readonly number[] = LAST_TWO, norm?: Norm): Tensor {
  return fftn(z, sizes, axes, norm);
}

/** `ifftn` over the last two axes. */
export function ifft2(z: Tensor, sizes?: readonly number[], axes: readonly number[] = LAST_TWO, norm?: Norm): Tensor {
  return ifftn(z, sizes, axes, norm);
}

/** `rfftn` over the last two axes. */
export function rfft2(x: Tensor, sizes?: readonly number[], axes: readonly number[] = LAST_TWO, norm?: Norm): Tensor {
  return rfftn(x, sizes, axes, norm);
}

/** `irfftn` over the last two axes. */
export function irfft2(z: Tensor, sizes?: readonly number[], axes: readonly number[] = LAST_TWO, norm?: Norm): Tensor {
  return irfftn(z, sizes, axes, norm);
}
