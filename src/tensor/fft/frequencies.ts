import { normalizeAxes } from "../../core/shape.ts";
import { arange, type CreateOptions } from "../create.ts";
import { where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";

/** The frequency of each element of `fft` of n elements `spacing` apart: 0, 1, … then the negative ones, over n · spacing. */
export function fftfreq(n: number, spacing: number = 1, { dtype = "f32" }: CreateOptions = {}): Tensor {
  const position = arange(n);
  const turn = where(position.lt(Math.ceil(n / 2)), position, position.sub(n));
  return turn.cast(dtype).div(n * spacing);
}

/** The frequency of each element of `rfft` of n elements `spacing` apart. */
export function rfftfreq(n: number, spacing: number = 1, { dtype = "f32" }: CreateOptions = {}): Tensor {
  return arange(Math.floor(n / 2) + 1)
    .cast(dtype)
    .div(n * spacing);
}

/** Frequency 0 in the middle of the axes, of all by default. For complex tensors name the axes: pairs are one, too. */
export function fftshift(x: Tensor, axes?: number | readonly number[]): Tensor {
  return normalizeAxes("fftshift", axes, x.shape).reduce<Tensor>(
    (y, axis) => y.roll(Math.floor(x.shape[axis]! / 2), axis),
    x,
  );
}

/** Frequency 0 back at the start: the inverse of `fftshift`. */
export function ifftshift(x: Tensor, axes?: number | readonly number[]): Tensor {
  return normalizeAxes("ifftshift", axes, x.shape).reduce<Tensor>(
    (y, axis) => y.roll(-Math.floor(x.shape[axis]! / 2), axis),
    x,
  );
}
