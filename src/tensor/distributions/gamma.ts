import { where } from "../functions.ts";
import type { Tensor } from "../tensor.ts";
import { noGrad } from "../autodiff.ts";
import { firstTaken } from "./rejection.ts";
import {
  asked,
  keyOf,
  normalLike,
  split,
  spread,
  uniformLike,
  type DrawOptions,
  type Parameter,
} from "./parameters.ts";

/** Every try is taken with a probability of 95 % or more: all fail once in 10¹⁰ draws, and then the last is taken. */
const TRIES = 8;

/**
 * With density ∝ x^(a−1)·e^(−x), by Marsaglia and Tsang, "A simple method for generating gamma variables" (2000): a normal number,
 * cubed, and thrown away where it stands out. All tries are made, so that every element is a function of key and position.
 */
function standardGamma(a: Tensor, from: Tensor): Tensor {
  const [boost, tries] = split(from) as [Tensor, Tensor];
  // Below 1 as a power of a uniform number times one of a + 1.
  const small = a.lt(1);
  const d = where(small, a.add(1), a).sub(1 / 3);
  const c = d.mul(9).rsqrt();
  const drawn = firstTaken(TRIES, d, tries, (first, second) => {
    const x = normalLike(a, first);
    const cube = x.mul(c).add(1);
    const v = cube.square().mul(cube);
    const u = uniformLike(a, second).add(2 ** -25);
    const positive = v.gt(0);
    const least = where(positive, v, 1);
    const limit = x
      .square()
      .mul(0.5)
      .add(d.mul(least.log().sub(v).add(1)));
    return { value: d.mul(least), taken: positive.logicalAnd(u.log().lt(limit)) };
  });
  const power = uniformLike(a, boost)
    .add(2 ** -25)
    .log()
    .div(where(small, a, 1))
    .exp();
  return where(small, drawn.mul(power), drawn);
}

/** Gamma, with density ∝ x^(concentration − 1) · e^(−rate · x). No gradient flows to the concentration. */
export function gamma(concentration: Parameter, rate: Parameter = 1, options: DrawOptions = {}): Tensor {
  const [a, b] = spread("gamma", [concentration, rate], options) as [Tensor, Tensor];
  const from = keyOf(options);
  return asked(noGrad(() => standardGamma(a, from)).div(b), options);
}

/** χ² with so many degrees of freedom: the sum of as many squared normal numbers. */
export function chiSquared(degrees: Parameter, options: DrawOptions = {}): Tensor {
  const half = typeof degrees === "number" ? degrees / 2 : degrees.div(2);
  return asked(gamma(half, 0.5, { ...options, dtype: undefined }), options);
}

/** Student's t with so many degrees of freedom. */
export function studentT(degrees: Parameter, options: DrawOptions = {}): Tensor {
  const [count] = spread("studentT", [degrees], options) as [Tensor];
  const [first, second] = split(keyOf(options)) as [Tensor, Tensor];
  const width = chiSquared(count, { key: first }).div(count).rsqrt();
  return asked(normalLike(count, second).mul(width), options);
}

/** Beta: the share of one gamma number in two. No gradient flows. */
export function beta(a: Parameter, b: Parameter, options: DrawOptions = {}): Tensor {
  const [first, second] = spread("beta", [a, b], options) as [Tensor, Tensor];
  const [one, two] = split(keyOf(options)) as [Tensor, Tensor];
  const [x, y] = [gamma(first, 1, { key: one }), gamma(second, 1, { key: two })];
  return asked(x.div(x.add(y)), options);
}

/** Dirichlet: shares along the last axis that sum to 1. `shape` is the whole shape, with that axis. No gradient flows. */
export function dirichlet(concentration: Tensor, options: DrawOptions = {}): Tensor {
  const parts = gamma(concentration, 1, { ...options, dtype: undefined });
  return asked(parts.div(parts.sum(-1, true)), options);
}
