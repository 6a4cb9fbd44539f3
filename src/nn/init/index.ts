/** Initial values: where parameters start. */
export { constant, normal, ones, truncatedNormal, uniform, zeros, type Initializer } from "./distributions.ts";
export { assign } from "./drawn.ts";
export { fans, type Fans, type WeightLayout } from "./fans.ts";
export { dirac, eye, orthogonal, sparse } from "./matrices.ts";
export { named } from "./named.ts";
export {
  gainOf,
  kaimingNormal,
  kaimingUniform,
  lecunNormal,
  lecunUniform,
  varianceScaling,
  xavierNormal,
  xavierUniform,
  type KaimingOptions,
  type Nonlinearity,
  type VarianceScalingOptions,
  type XavierOptions,
} from "./variance.ts";
