/** Graphs on the reference device: every node alone, one after another. */
import { allocate, type TypedArray } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import { topological, type Node } from "../../graph/node.ts";
import { loopOf, Placeholder, type ScanAttributes } from "../../graph/ops/scanBody.ts";
import type { Leaves } from "../device.ts";
import { asStored, evaluateNode } from "./evaluate.ts";

/** The elements of the roots. Values that other devices left on inner nodes are not used. */
export function evaluateGraph(roots: readonly Node[], leaves: Leaves): TypedArray[] {
  const values = new Map<Node, TypedArray>();
  const scans = new Map<Node, readonly TypedArray[]>();
  for (const node of topological(roots, (n) => leaves(n) !== undefined)) {
    const known = leaves(node);
    const inputs = known ? [] : node.inputs.map((x) => values.get(x)!);
    const loop = loopOf(node);
    if (known) values.set(node, known);
    else if (loop) scans.set(node, runScan(loop, inputs, leaves));
    else if (node.op.tuplePosition) values.set(node, scans.get(node.inputs[0]!)![node.op.tuplePosition(node)]!);
    else values.set(node, evaluateNode(node, inputs));
  }
  return roots.map((root) => asStored(values.get(root)!, root));
}

/** All results of a scan: every carry before and after every step, then every output, stacked. */
function runScan({ length, body }: ScanAttributes, inputs: readonly TypedArray[], outer: Leaves): TypedArray[] {
  const stepInputs = inputs.slice(body.carry.length, body.carry.length + body.step.length);
  const shared = inputs.slice(body.carry.length + body.step.length);
  const carries = body.carry.map((x) => allocate(x.dtype, (length + 1) * sizeOf(x.shape)));
  const outputs = body.outputs.map((x) => allocate(x.dtype, length * sizeOf(x.shape)));
  const slice = (stack: TypedArray, step: number, { shape }: Node): TypedArray =>
    stack.subarray(step * sizeOf(shape), (step + 1) * sizeOf(shape));
  carries.forEach((stack, i) => stack.set(inputs[i]!));
  for (let step = 0; step < length; step++) {
    const leaves: Leaves = (inner) => {
      const { source } = inner;
      // Numbers of the step are handed over like those outside.
      if (!(source instanceof Placeholder)) return outer(inner);
      const { role, index } = source;
      if (role === "carry") return slice(carries[index]!, step, body.carry[index]!);
      return role === "step" ? slice(stepInputs[index]!, step, body.step[index]!) : shared[index];
    };
    const made = evaluateGraph([...body.next, ...body.outputs], leaves);
    body.carry.forEach((x, i) => slice(carries[i]!, step + 1, x).set(made[i]!));
    body.outputs.forEach((x, i) => slice(outputs[i]!, step, x).set(made[body.next.length + i]!));
  }
  return [...carries, ...outputs];
}
