/** Losses: what training makes small. */
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
} from "./binaryCrossEntropy.ts";
export {
  crossEntropy,
  softCrossEntropy,
  type CrossEntropyOptions,
  type SoftCrossEntropyOptions,
} from "./crossEntropy.ts";
export { nll, type NllOptions } from "./nll.ts";
export type { Reduction } from "./reduction.ts";
export { huber, l1, mse, type HuberOptions } from "./regression.ts";
