/** Ops that are loops themselves: what they write and read is put in, and their parallel indices become one. */
import { computeType } from "../core/dtype.ts";
import type { Node } from "../graph/node.ts";
import type { Expression } from "../ir/expression.ts";
import { loadNumber, toStored } from "../ir/half.ts";
import type { LoopKernel } from "../ir/kernel.ts";
import { mapStatements } from "../ir/rewrite.ts";
import { substitute } from "../ir/substitute.ts";
import { countOperations } from "./cost.ts";
import type { Group } from "./fuse.ts";
import { joined } from "./index-space.ts";
import { flatten, type Inliner } from "./inline.ts";
import { finish, globals, type Kernelized } from "./kernelize.ts";

export function lowerIndexKernel(group: Group, node: Node, inliner: Inliner): Kernelized {
  const output = inliner.bufferOf(node);
  const lowered = node.op.lowerLoops!({
    inputs: node.inputs.map((x) => (i: readonly Expression[]) => inliner.read(x, i)),
    nodes: node.inputs,
    attributes: node.attributes,
    shape: node.shape,
    dtype: computeType(node.dtype),
    read: (i) => loadNumber(output, node.dtype, flatten(node, i)),
    write: (i, value) => ({
      kind: "store",
      buffer: output,
      offset: flatten(node, i),
      value: toStored(value, node.dtype),
    }),
  });
  const { flat, places } = joined(lowered.parallel);
  const items = flat.extent;
  const memo = new Map<Expression, Expression>();
  const body = mapStatements(lowered.body, (e) => substitute(e, places, memo));
  const kernel: LoopKernel = {
    kind: "loops",
    parameters: { scalars: inliner.scalarTypes, sizes: 0 },
    buffers: globals(inliner, new Set([node])),
    body: [{ kind: "loop", index: flat, extent: items, axis: "parallel", body, accumulators: [] }],
  };
  return finish(group, kernel, inliner, items, "index", countOperations(kernel.body));
}
