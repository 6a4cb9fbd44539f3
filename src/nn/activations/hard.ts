/** Activations in straight pieces, cheap on small machines; and those that shrink. */
import * as nodes from "../../tensor/functional/activationsHard.ts";
import { fromNode } from "../../tensor/tensor.ts";
import { activation, type ActivationClass, type ActivationFunction } from "../activation.ts";

/** min(max(x + 3, 0), 6) / 6, as in PyTorch and Keras 3. */
export const hardSigmoid: ActivationFunction = (x) => x.hardSigmoid();
/** x · hardSigmoid(x); its minimum is −0.375 at −1.5: Howard et al. 2019. */
export const hardSwish: ActivationFunction = (x) => x.hardSwish();
/** min(max(x, low), high), −1 and 1 by default. */
export const hardTanh: ActivationFunction<[low?: number, high?: number]> = (x, low, high) => x.hardTanh(low, high);
/** x where |x| is above lambda (0.5 by default), 0 elsewhere. Throws ArgumentError for lambda below 0. */
export const hardShrink: ActivationFunction<[lambda?: number]> = (x, lambda) =>
  fromNode(nodes.hardShrink(x.node, lambda));
/** x brought lambda (0.5 by default) closer to 0, but not past it. Throws ArgumentError for lambda below 0. */
export const softShrink: ActivationFunction<[lambda?: number]> = (x, lambda) =>
  fromNode(nodes.softShrink(x.node, lambda));
/** x − tanh(x) */
export const tanhShrink: ActivationFunction = (x) => fromNode(nodes.tanhShrink(x.node));
/** 0 up to −1, x from 1 on, ¼·(x + 1)² between. */
export const sparsePlus: ActivationFunction = (x) => fromNode(nodes.sparsePlus(x.node));
/** min(max((x + 1) / 2, 0), 1) */
export const sparseSigmoid: ActivationFunction = (x) => fromNode(nodes.sparseSigmoid(x.node));

/** `hardSigmoid` */
export const Hardsigmoid: ActivationClass = /* @__PURE__ */ activation("Hardsigmoid", hardSigmoid);
/** `hardSwish` */
export const Hardswish: ActivationClass = /* @__PURE__ */ activation("Hardswish", hardSwish);
/** `hardTanh` */
export const Hardtanh: ActivationClass<[low?: number, high?: number]> = /* @__PURE__ */ activation(
  "Hardtanh",
  hardTanh,
);
/** `hardShrink` */
export const Hardshrink: ActivationClass<[lambda?: number]> = /* @__PURE__ */ activation("Hardshrink", hardShrink);
/** `softShrink` */
export const Softshrink: ActivationClass<[lambda?: number]> = /* @__PURE__ */ activation("Softshrink", softShrink);
/** `tanhShrink` */
export const Tanhshrink: ActivationClass = /* @__PURE__ */ activation("Tanhshrink", tanhShrink);
/** `sparsePlus` */
export const SparsePlus: ActivationClass = /* @__PURE__ */ activation("SparsePlus", sparsePlus);
/** `sparseSigmoid` */
export const SparseSigmoid: ActivationClass = /* @__PURE__ */ activation("SparseSigmoid", sparseSigmoid);
