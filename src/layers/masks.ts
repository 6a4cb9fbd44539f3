/** Which steps of a sequence count: a mask travels beside the tensor that it is about, from layer to layer. */
import type { Tensor } from "../tensor/tensor.ts";

const masks = /* @__PURE__ */ new WeakMap<Tensor, Tensor>();

/** The mask of a tensor: bool [n, steps], true where a step counts; undefined where all do. */
export function maskOf(tensor: Tensor): Tensor | undefined {
  return masks.get(tensor);
}

/** The same tensor with a mask, or without one. */
export function withMask(tensor: Tensor, mask: Tensor | undefined): Tensor {
  if (mask) masks.set(tensor, mask);
  else masks.delete(tensor);
  return tensor;
}
