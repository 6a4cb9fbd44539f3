/** Initial values: where parameters start. */
export { constant, normal, ones, truncatedNormal, uniform, zeros, type Initializer } from "./distributions.ts";
export { assign } from "./drawn.ts";
export {
  fans,
  gainOf,
  kaimingNormal,
  kaimingUniform,
  xavierNormal,
  xavierUniform,
  type KaimingOptions,
  type Nonlinearity,
  type XavierOptions,
} from "./variance.ts";
