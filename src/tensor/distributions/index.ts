/**
 * Random numbers of many distributions. All are functions of a key and the position: equal keys give equal numbers, traced or
 * not. Without a key the global generator gives the next one (see `manualSeed`).
 */
export {
  categorical,
  choice,
  multinomial,
  multivariateNormal,
  permutation,
  shuffle,
  type CategoricalOptions,
  type ChoiceOptions,
  type Spread,
} from "./choices.ts";
export { cauchy, exponential, gumbel, laplace, logNormal, normal, truncatedNormal, uniform } from "./continuous.ts";
export { bernoulli, binomial, geometric, poisson } from "./counts.ts";
export { beta, chiSquared, dirichlet, gamma, studentT } from "./gamma.ts";
export { key, split, type DrawOptions, type Parameter } from "./parameters.ts";
