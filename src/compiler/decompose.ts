/** Ops in other ops, where no kernel does them. */
import { Node, topological } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";

/** The same roots with compositions in place of ops that need them. */
export function decompose(roots: readonly Node[]): readonly Node[] {
  const made = new Map<Node, Node>();
  for (const node of topological(roots)) {
    const { source, op, attributes } = node;
    const inputs = source ? node.inputs : node.inputs.map((x) => made.get(x)!);
    const composed = source ? undefined : withGradientMode(false, () => op.compose?.(inputs, attributes));
    if (composed) made.set(node, composed);
    else if (inputs.every((x, i) => x === node.inputs[i])) made.set(node, node);
    else made.set(node, new Node(op, inputs, attributes, node.shape, node.dtype, false, node.origin));
  }
  return roots.map((root) => made.get(root)!);
}
