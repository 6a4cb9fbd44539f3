/** What users hand over where tensors belong, as nodes. */
import { ArgumentError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The node of a tensor.
 * @param what for messages: the operation, or the layer.
 * @throws ArgumentError for what is no tensor, which JavaScript lets pass.
 */
export function nodeOf(given: Tensor, what: string | object = "operand"): Node {
  const node = (given as Partial<Tensor> | null | undefined)?.node;
  if (node === undefined) throw new ArgumentError(`${what}: wants a tensor, got ${described(given)}`);
  return node;
}

/** The node of a tensor; numbers stay, to take their dtype from the other side. */
export function operandOf(given: number | Tensor): number | Node {
  return typeof given === "number" ? given : nodeOf(given);
}

/** What something is, and how it becomes a tensor. */
function described(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  if (typeof given === "number") return `${given}. Use full(shape, ${given})`;
  if (typeof given !== "object") return `a ${typeof given}`;
  if (Array.isArray(given) || ArrayBuffer.isView(given)) return "an array. Use tensor(array)";
  if (given instanceof Promise) return "a promise. Use await";
  if ("data" in given && "shape" in given) return "an array of the host. Use toTensor(array)";
  return `an object of class ${given.constructor?.name ?? "Object"}`;
}
