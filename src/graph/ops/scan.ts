/** A loop in the graph: one nested graph, run once per step. What its steps share and do not change is computed outside, once. */
import type { DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import { topological, withInputs, type Node } from "../node.ts";
import { batchGraph, type Example } from "../batch.ts";
import { apply, gradientsEnabled, isOp, withGradientMode, type Op } from "../op.ts";
import { fillOp, input, iotaOp } from "./leaf.ts";
import { gradientsAgain } from "./scanAgain.ts";
import { planBackward } from "./scanBackward.ts";
import { partOf, Placeholder, resultOf, ScanBody, swapped, type ScanAttributes } from "./scanBody.ts";

/** Inputs are the initial carry, then the stacked inputs, then the shared values. Read its results through `scanOutput`. */
export const scanOp: Op<ScanAttributes> = {
  name: "scan",
  infer: () => ({ shape: [], dtype: "f32" }),
  vjpTuple({ node, attributes, grads }) {
    return attributes.backward?.(node, grads) ?? gradientsAgain(node, grads);
  },
  batch({ node, inputs, given, mapped, attributes: { length, body, backward }, size }) {
    const [carries, steps] = [body.carry.length, body.step.length];
    const leaves = new Map<Node, Example>();
    body.shared.forEach((leaf, i) => {
      const at = carries + steps + i;
      leaves.set(leaf, { node: given[at]!, mapped: mapped[at]! });
    });
    const step: Step = (carry, xs) => {
      body.carry.forEach((leaf, i) => leaves.set(leaf, { node: carry[i]!, mapped: true }));
      body.step.forEach((leaf, i) => leaves.set(leaf, { node: xs[i]!, mapped: mapped[carries + i]! }));
      const made = batchGraph([...body.next, ...body.outputs], leaves, size);
      return { carry: made.slice(0, carries), outputs: made.slice(carries) };
    };
    // Stacks have the steps first, then the examples.
    const xs = given.slice(carries, carries + steps).map((x, i) => (mapped[carries + i] ? swapped(x) : x));
    const run = (): Node => scan(step, inputs.slice(0, carries), xs, length).loop;
    return withGradientMode(node.requiresGrad && backward !== undefined, run);
  },
};

export interface ScanResult {
  /** The carry after the last step. */
  readonly carry: readonly Node[];
  /** Outputs of all steps, stacked along a new first axis. */
  readonly outputs: readonly Node[];
  /** The loop itself, which `scanOutput` reads. */
  readonly loop: Node;
}

/** What a step does: from the carry and this step's slices to the next carry and what is handed out. */
export type Step = (
  carry: readonly Node[],
  x: readonly Node[],
) => { readonly carry: readonly Node[]; readonly outputs: readonly Node[] };

/**
 * Runs `step` along the first axis of `xs`.
 * @throws ShapeError when lengths differ or the carry changes its shape or dtype.
 */
export function scan(
  step: Step,
  init: readonly Node[],
  xs: readonly Node[],
  length: number = xs[0]?.shape[0] ?? 0,
): ScanResult {
  for (const x of xs)
    if (x.shape[0] !== length)
      throw new ShapeError(`scan: inputs differ in length: ${show(x.shape)} has ${x.shape[0]} steps, wanted ${length}`);
  if (length === 0) throw new ShapeError("scan: needs at least one step, got inputs of length 0");
  // A gradient may reach the carry through values that the step captures, so all placeholders let it through.
  const flows = gradientsEnabled();
  const leaf = (role: Placeholder["role"], i: number, shape: Shape, dtype: DType, grad: boolean): Node =>
    input(shape, dtype, new Placeholder(role, i, grad));
  const carry = init.map((n, i) => leaf("carry", i, n.shape, n.dtype, flows));
  const slices = xs.map((n, i) => leaf("step", i, n.shape.slice(1), n.dtype, flows && n.requiresGrad));
  const made = step(carry, slices);
  made.carry.forEach((n, i) => {
    if (!sameShape(n.shape, carry[i]!.shape) || n.dtype !== carry[i]!.dtype)
      throw new ShapeError(
        `scan: the carry must keep its type: ${carry[i]!.dtype} ${show(carry[i]!.shape)} became ${n.dtype} ${show(n.shape)}`,
      );
  });
  const { next, outputs, shared, outer } = close(made, carry, slices);
  const inputs = [...init, ...xs, ...outer];
  const { backward, kept = [] } =
    flows && inputs.some((n) => n.requiresGrad)
      ? planBackward({ carry, step: slices, shared, next, outputs, length })
      : {};
  const body = new ScanBody({ carry, step: slices, shared, next, outputs: [...outputs, ...kept] });
  const loop = apply(scanOp, inputs, { length, body, backward });
  return {
    carry: next.map((_, i) => partOf(resultOf(loop, "carry", i), length)),
    outputs: outputs.map((_, i) => resultOf(loop, "output", i)),
    loop,
  };
}

/** Cuts the nested graph off the outer one: maximal nodes that depend on no placeholder become shared inputs. */
function close(
  made: ReturnType<Step>,
  carry: readonly Node[],
  slices: readonly Node[],
): { next: Node[]; outputs: Node[]; shared: Node[]; outer: Node[] } {
  const roots = [...made.carry, ...made.outputs];
  const inner = new Set<Node>([...carry, ...slices]);
  const order = topological(roots, (n) => n.source !== undefined || n.inputs.length === 0);
  for (const n of order) if (!n.source && n.inputs.some((x) => inner.has(x))) inner.add(n);
  const outer: Node[] = [];
  const shared: Node[] = [];
  const replaced = new Map<Node, Node>();
  const share = (n: Node): Node => {
    const known = replaced.get(n);
    if (known) return known;
    // Constants are as good inside.
    const constant = isOp(n, fillOp, iotaOp);
    const leaf = constant ? n : input(n.shape, n.dtype, new Placeholder("shared", outer.length, n.requiresGrad));
    if (!constant) {
      outer.push(n);
      shared.push(leaf);
    }
    replaced.set(n, leaf);
    return leaf;
  };
  const inside = (n: Node): Node => (inner.has(n) ? (replaced.get(n) ?? n) : share(n));
  for (const n of order) {
    if (!inner.has(n) || n.source) continue;
    const inputs = n.inputs.map(inside);
    replaced.set(n, withInputs(n, inputs, n.requiresGrad || inputs.some((x) => x.requiresGrad)));
  }
  return { next: made.carry.map(inside), outputs: made.outputs.map(inside), shared, outer };
}
