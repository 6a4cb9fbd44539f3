/** From graph to numbers. */
import type { TypedArray } from "../core/dtype.ts";
import { topological, type Node } from "../graph/node.ts";
import { evaluateNode } from "../device/reference/evaluate.ts";
import { Value } from "./value.ts";

/** Computes the nodes that have no value yet, all in one program. */
export function realize(nodes: readonly Node[]): void {
  for (const node of topological(nodes)) {
    if (node.source) continue;
    node.source = new Value(evaluateNode(node, node.inputs.map((x) => (x.source as Value).array)), node.shape, node.dtype);
  }
}

/** The elements of a node in row-major order. The array belongs to the value: do not write to it. */
export function readSync(node: Node): TypedArray {
  realize([node]);
  return (node.source as Value).array;
}

/** The same without blocking on devices that compute elsewhere. */
export async function read(node: Node): Promise<TypedArray> {
  return readSync(node);
}
