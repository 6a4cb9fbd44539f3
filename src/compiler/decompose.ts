/** Ops in other ops, where no kernel does them. */
import { computeType } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import { Node, topological } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";

/**
 * Kernels of attention are for f32 (16-bit floats are read as such) and for operands that have elements. A single query has few
 * weights, and there is nothing that a block of rows could share: in WebAssembly, a kernel took three times as long over 1024 keys.
 */
const isComposed = ({ source, op, inputs }: Node): boolean =>
  source === undefined &&
  op.compose !== undefined &&
  (inputs[0]!.shape.at(-2) === 1 ||
    inputs.some((x) => (x.dtype !== "bool" && computeType(x.dtype) !== "f32") || sizeOf(x.shape) === 0));

/** The same roots with compositions in place of ops that need them. */
export function decompose(roots: readonly Node[]): readonly Node[] {
  const order = topological(roots);
  if (!order.some(isComposed)) return roots;
  const made = new Map<Node, Node>();
  for (const node of order) {
    const inputs = node.source ? node.inputs : node.inputs.map((x) => made.get(x)!);
    const same = inputs.every((x, i) => x === node.inputs[i]);
    if (isComposed(node))
      made.set(
        node,
        withGradientMode(false, () => node.op.compose!(inputs, node.attributes)),
      );
    else if (same) made.set(node, node);
    else made.set(node, new Node(node.op, inputs, node.attributes, node.shape, node.dtype, false, node.origin));
  }
  return roots.map((root) => made.get(root)!);
}
