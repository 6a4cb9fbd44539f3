/** Reverse-mode differentiation: graph in, graph out, so gradients of gradients need nothing more. */
import { GradientError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { topological, type Node } from "./node.ts";
import { add } from "./ops/binary.ts";

/**
 * Gradients of Σ outputs · cotangents with respect to `wanted` (leaves or inner nodes); undefined where none flows.
 * Every node on the way is visited once.
 */
export function gradients(
  outputs: readonly Node[],
  cotangents: readonly Node[],
  wanted: readonly Node[],
): (Node | undefined)[] {
  const grads = new Map<Node, Node>();
  // Gradients of the results of an op that has several, by position.
  const tuples = new Map<Node, (Node | undefined)[]>();
  const give = (node: Node, grad: Node): void => {
    if (!sameShape(grad.shape, node.shape))
      throw new GradientError(
        `${node.op.name}: a gradient of shape ${show(grad.shape)} for a value of shape ${show(node.shape)}`,
      );
    const known = grads.get(node);
    grads.set(node, known ? add(known, grad) : grad);
  };
  outputs.forEach((node, i) => {
    if (!sameShape(cotangents[i]!.shape, node.shape))
      throw new ShapeError(
        `gradient: the cotangent ${show(cotangents[i]!.shape)} must have the shape of the output, ${show(node.shape)}`,
      );
    if (node.requiresGrad) give(node, cotangents[i]!);
  });
  const targets = new Set(wanted);
  const order = topological(outputs, (n) => !n.requiresGrad);
  // Only nodes that lead to something wanted are differentiated.
  const leads = new Set<Node>();
  for (const node of order)
    if (targets.has(node) || (node.requiresGrad && node.inputs.some((x) => leads.has(x)))) leads.add(node);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const grad = grads.get(node);
    const tuple = tuples.get(node);
    if ((!grad && !tuple) || !leads.has(node) || !node.inputs.length) continue;
    if (grad && node.op.tuplePosition) {
      const owner = node.inputs[0]!;
      const known = tuples.get(owner) ?? [];
      const at = node.op.tuplePosition(node);
      known[at] = known[at] ? add(known[at], grad) : grad;
      tuples.set(owner, known);
      continue;
    }
    const parts = tuple
      ? node.op.vjpTuple!({ node, attributes: node.attributes, grads: tuple })
      : node.op.vjp!({ node, inputs: node.inputs, attributes: node.attributes, grad: grad! });
    parts.forEach((part, k) => {
      const x = node.inputs[k]!;
      if (part && x.requiresGrad && leads.has(x)) give(x, part);
    });
    if (!targets.has(node)) grads.delete(node);
  }
  return wanted.map((node) => grads.get(node));
}
