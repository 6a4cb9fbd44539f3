/** What frames of a signal are multiplied with before they are transformed; [length], periodic (for transforms) unless asked not to be. */
import { ArgumentError } from "../../core/errors.ts";
import { tensor, type CreateOptions } from "../create.ts";
import type { Tensor } from "../tensor.ts";

export interface WindowOptions extends CreateOptions {
  /** Whether the next window would begin where this one ends (true, the default) or both ends are equal. */
  readonly periodic?: boolean;
}

/** A window by its height at 0 ≤ t ≤ 1. */
function sampled(
  op: string,
  length: number,
  { periodic = true, dtype = "f32" }: WindowOptions,
  at: (t: number) => number,
): Tensor {
  if (!Number.isInteger(length) || length < 1)
    throw new ArgumentError(`${op}: the length must be a whole number above 0, got ${length}`);
  const steps = periodic ? length : length - 1;
  return tensor(
    Array.from({ length }, (_, i) => (steps === 0 ? 1 : at(i / steps))),
    { dtype },
  );
}

/** A sum of cosines: c₀ − c₁·cos 2πt + c₂·cos 4πt. */
const cosines =
  (...c: readonly number[]) =>
  (t: number): number =>
    c.reduce((sum, value, k) => sum + (k % 2 ? -value : value) * Math.cos(2 * Math.PI * k * t), 0);

/** ½ − ½·cos 2πt. */
export function hannWindow(length: number, options: WindowOptions = {}): Tensor {
  return sampled("hannWindow", length, options, cosines(0.5, 0.5));
}

/** 0.54 − 0.46·cos 2πt. */
export function hammingWindow(length: number, options: WindowOptions = {}): Tensor {
  return sampled("hammingWindow", length, options, cosines(0.54, 0.46));
}

/** 0.42 − ½·cos 2πt + 0.08·cos 4πt. */
export function blackmanWindow(length: number, options: WindowOptions = {}): Tensor {
  return sampled("blackmanWindow", length, options, cosines(0.42, 0.5, 0.08));
}

/** A triangle from 0 to 1 and back. */
export function bartlettWindow(length: number, options: WindowOptions = {}): Tensor {
  return sampled("bartlettWindow", length, options, (t) => 1 - Math.abs(2 * t - 1));
}
