/**
 * One graph for many examples: graph in, graph out. What differs between the examples gets a leading axis, by each op's own
 * `batch` rule; what they share stays as it is, computed once.
 */
import { topological, type Node } from "./node.ts";
import { apply, withGradientMode } from "./op.ts";
import { expand, reshape } from "./ops/movement.ts";

/** What stands in a leaf's place: for all examples along a leading axis where `mapped`, or one value that they share. */
export interface Example {
  readonly node: Node;
  readonly mapped: boolean;
}

/** A value repeated for every example. */
const repeated = (x: Node, size: number): Node => expand(reshape(x, [1, ...x.shape]), [size, ...x.shape]);

/** The roots over `size` examples, each with a leading axis, from what stands in the place of the leaves. */
export function batchGraph(roots: readonly Node[], leaves: ReadonlyMap<Node, Example>, size: number): Node[] {
  const made = new Map<Node, Example>();
  const stop = (n: Node): boolean => n.source !== undefined || leaves.has(n);
  for (const node of topological(roots, stop)) {
    const leaf = leaves.get(node);
    if (leaf || stop(node)) {
      made.set(node, leaf ?? { node, mapped: false });
      continue;
    }
    const examples = node.inputs.map((x) => made.get(x)!);
    // Where no gradient flowed in the graph of one example, none does here.
    made.set(
      node,
      withGradientMode(node.requiresGrad, () => batchNode(node, examples, size)),
    );
  }
  return roots.map((root) => {
    const { node, mapped } = made.get(root)!;
    return mapped ? node : repeated(node, size);
  });
}

function batchNode(node: Node, examples: readonly Example[], size: number): Example {
  const { op, attributes } = node;
  const given = examples.map((x) => x.node);
  const mapped = examples.map((x) => x.mapped);
  if (!mapped.includes(true)) {
    const same = given.every((x, i) => x === node.inputs[i]);
    return { node: same ? node : apply(op, given, attributes), mapped: false };
  }
  const inputs = examples.map((x) => (x.mapped ? x.node : repeated(x.node, size)));
  const made = op.batch ? op.batch({ node, inputs, given, mapped, attributes, size }) : apply(op, inputs, attributes);
  return { node: made, mapped: true };
}
