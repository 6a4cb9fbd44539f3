/** Activations of two halves, one of which is a gate: Dauphin et al. 2017, Shazeer 2020. And the maximum over pieces. */
import { gelu, relu, sigmoid, silu } from "../../tensor/functional/activations.ts";
import { gated, maxout as maxoutNode } from "../../tensor/functional/activationsGated.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { functionClass, type FunctionClass } from "../activation.ts";

/** From [..., 2n, ...] to [..., n, ...] along an axis, the last by default. Throws ShapeError where its size is odd. */
export type GatedFunction = (x: Tensor, axis?: number) => Tensor;

/** a · sigmoid(b) of the halves [a, b]. */
export const glu: GatedFunction = (x, axis = -1) => fromNode(gated("glu", x.node, axis, sigmoid));
/** a · b */
export const bilinearGlu: GatedFunction = (x, axis = -1) => fromNode(gated("bilinearGlu", x.node, axis, (b) => b));
/** a · relu(b) */
export const reglu: GatedFunction = (x, axis = -1) => fromNode(gated("reglu", x.node, axis, relu));
/** a · gelu(b) */
export const geglu: GatedFunction = (x, axis = -1) => fromNode(gated("geglu", x.node, axis, (b) => gelu(b)));
/** a · silu(b) */
export const swiglu: GatedFunction = (x, axis = -1) => fromNode(gated("swiglu", x.node, axis, silu));

/**
 * The largest of every `pieces` neighbours along an axis (the last by default), whose size shrinks by that factor: Goodfellow
 * et al. 2013. The gradient goes to the first largest. Throws ShapeError where the pieces do not divide the size.
 */
export const maxout = (x: Tensor, pieces: number, axis: number = -1): Tensor =>
  fromNode(maxoutNode(x.node, pieces, axis));

/** `glu` */
export const GLU: FunctionClass<[axis?: number]> = /* @__PURE__ */ functionClass("GLU", glu);
/** `bilinearGlu` */
export const BilinearGLU: FunctionClass<[axis?: number]> = /* @__PURE__ */ functionClass("BilinearGLU", bilinearGlu);
/** `reglu` */
export const ReGLU: FunctionClass<[axis?: number]> = /* @__PURE__ */ functionClass("ReGLU", reglu);
/** `geglu` */
export const GEGLU: FunctionClass<[axis?: number]> = /* @__PURE__ */ functionClass("GEGLU", geglu);
/** `swiglu` */
export const SwiGLU: FunctionClass<[axis?: number]> = /* @__PURE__ */ functionClass("SwiGLU", swiglu);
/** `maxout` */
export const Maxout: FunctionClass<[pieces: number, axis?: number]> = /* @__PURE__ */ functionClass("Maxout", maxout);
