/**
 * Distributions by a formula of one or two draws. Parameters are numbers or tensors that broadcast; gradients reach those that
 * stand in the formula. Impossible parameters give NaN.
 */
import { erfinv, where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { asked, keyOf, normalLike, spread, uniformLike, type DrawOptions, type Parameter } from "./parameters.ts";

/** Half a step of the grid that uniform numbers lie on: keeps logarithms finite. */
const LEAST = 2 ** -25;

/** Uniform in [low, high), [0, 1) by default. */
export function uniform(low: Parameter = 0, high: Parameter = 1, options: DrawOptions = {}): Tensor {
  const [from, to] = spread("uniform", [low, high], options) as [Tensor, Tensor];
  const share = uniformLike(from, keyOf(options));
  return asked(from.add(share.mul(to.sub(from))), options);
}

/** Normal, with mean 0 and standard deviation 1 by default. */
export function normal(mean: Parameter = 0, deviation: Parameter = 1, options: DrawOptions = {}): Tensor {
  const [centre, width] = spread("normal", [mean, deviation], options) as [Tensor, Tensor];
  return asked(centre.add(normalLike(centre, keyOf(options)).mul(width)), options);
}

/** e to the power of a normal number. */
export function logNormal(mean: Parameter = 0, deviation: Parameter = 1, options: DrawOptions = {}): Tensor {
  return asked(normal(mean, deviation, { ...options, dtype: undefined }).exp(), options);
}

/** Normal, but only what lies in [low, high], two standard deviations around the mean by default; by inversion, so for limits up to about five. */
export function truncatedNormal(
  low: Parameter = -2,
  high: Parameter = 2,
  mean: Parameter = 0,
  deviation: Parameter = 1,
  options: DrawOptions = {},
): Tensor {
  const [from, to, centre, width] = spread("truncatedNormal", [low, high, mean, deviation], options) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  // erf rises from −1 to 1 as the distribution function rises from 0 to 1.
  const level = (limit: Tensor): Tensor => limit.sub(centre).div(width.mul(Math.SQRT2)).erf();
  const [bottom, top] = [level(from), level(to)];
  const share = uniformLike(from, keyOf(options));
  const place = bottom.add(share.mul(top.sub(bottom)));
  const drawn = centre.add(erfinv(place).mul(width.mul(Math.SQRT2)));
  return asked(drawn.maximum(from).minimum(to), options);
}

/** E of −ln(1 − u), above 0. */
function standardExponential(like: Tensor, from: Tensor): Tensor {
  return uniformLike(like, from).neg().log1p().neg().clamp(LEAST);
}

/** Exponential, with the density rate · e^(−rate · x). */
export function exponential(rate: Parameter = 1, options: DrawOptions = {}): Tensor {
  const [given] = spread("exponential", [rate], options) as [Tensor];
  return asked(standardExponential(given, keyOf(options)).div(given), options);
}

/** Laplace: exponential on both sides of `location`. */
export function laplace(location: Parameter = 0, scale: Parameter = 1, options: DrawOptions = {}): Tensor {
  const [centre, width] = spread("laplace", [location, scale], options) as [Tensor, Tensor];
  const u = uniformLike(centre, keyOf(options)).add(LEAST).sub(0.5);
  const size = u.abs().mul(-2).add(1).clamp(LEAST).log().neg();
  return asked(centre.add(where(u.lt(0), size.neg(), size).mul(width)), options);
}

/** Gumbel: what the largest of many has. */
export function gumbel(location: Parameter = 0, scale: Parameter = 1, options: DrawOptions = {}): Tensor {
  const [centre, width] = spread("gumbel", [location, scale], options) as [Tensor, Tensor];
  const drawn = standardExponential(centre, keyOf(options)).log().neg();
  return asked(centre.add(drawn.mul(width)), options);
}

/** Cauchy: a ratio of normal numbers, without a mean. */
export function cauchy(location: Parameter = 0, scale: Parameter = 1, options: DrawOptions = {}): Tensor {
  const [centre, width] = spread("cauchy", [location, scale], options) as [Tensor, Tensor];
  const turn = uniformLike(centre, keyOf(options)).add(LEAST).sub(0.5).mul(Math.PI);
  return asked(centre.add(turn.tan().mul(width)), options);
}
