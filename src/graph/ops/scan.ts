/**
 * A loop in the graph: one nested graph, run once per step. Its gradient is the same loop backwards over values that the
 * forward loop kept. Work that the loop does not carry (input projections, weight gradients) is done for all steps at once.
 */
import type { DType } from "../../core/dtype.ts";
import { GradientError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import { topological, Node, type Source } from "../node.ts";
import { gradients } from "../grad.ts";
import { batchGraph, type Example } from "../batch.ts";
import { apply, gradientsEnabled, withGradientMode, type Op } from "../op.ts";
import { add } from "./binary.ts";
import { dot, dotOp, type Pairing } from "./dot.ts";
import { fill, fillOp, input, iotaOp, isRunTimeNumber } from "./leaf.ts";
import { flip, padOp, permute, permuteOp, reshape, reshapeOp, slice } from "./movement.ts";
import { sum, sumOp } from "./reduce.ts";
import { gradientsAgain } from "./scanAgain.ts";

/** What a leaf of the nested graph stands for: position `index` of the carry, of the inputs of this step, or of the values that all steps share. */
export class Placeholder implements Source {
  readonly role: "carry" | "step" | "shared";
  readonly index: number;
  readonly requiresGrad: boolean;

  constructor(role: Placeholder["role"], index: number, requiresGrad: boolean) {
    this.role = role;
    this.index = index;
    this.requiresGrad = requiresGrad;
  }
}

/** The nested graph. */
export class ScanBody {
  readonly carry: readonly Node[];
  readonly step: readonly Node[];
  readonly shared: readonly Node[];
  /** The carry after the step, in the order of `carry`. */
  readonly next: readonly Node[];
  /** What the step hands out, to be stacked. */
  readonly outputs: readonly Node[];
  #text: string | undefined;

  constructor(parts: Pick<ScanBody, "carry" | "step" | "shared" | "next" | "outputs">) {
    this.carry = parts.carry;
    this.step = parts.step;
    this.shared = parts.shared;
    this.next = parts.next;
    this.outputs = parts.outputs;
  }

  /** Structure as text: what the program cache compares. */
  toJSON(): string {
    if (this.#text !== undefined) return this.#text;
    const order = topological([...this.next, ...this.outputs]);
    const at = new Map(order.map((n, i) => [n, i]));
    const text = order.map((n) => {
      if (n.source instanceof Placeholder) return `${n.source.role}${n.source.index}`;
      if (isRunTimeNumber(n)) return `n${n.dtype}[${n.shape}]`;
      return `${n.op.name}(${n.inputs.map((x) => at.get(x)).join()})${JSON.stringify(n.attributes, (k, v: unknown) => (k === "gradient" ? undefined : v))}`;
    });
    return (this.#text = `${text.join(";")}>${[...this.next, ...this.outputs].map((n) => at.get(n)).join()}`);
  }
}

export type ScanAttributes = {
  readonly length: number;
  readonly body: ScanBody;
  /** The backward loop, made together with the forward one so that the latter keeps what the former reads. */
  readonly backward: Backward | undefined;
};

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

/** The first two axes in each other's place. */
const swapped = (x: Node): Node => permute(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);

/** One result of a scan: the carry before and after every step, stacked [length + 1, …], or a stacked output [length, …]. */
export const scanOutputOp: Op<{
  readonly kind: "carry" | "output";
  readonly index: number;
  readonly shape: Shape;
  readonly dtype: DType;
}> = {
  name: "scanOutput",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  vjp: () => {
    throw new GradientError("scanOutput: the gradient of a result goes through its scan");
  },
  batch: ({ given: [loop], attributes, size }) =>
    swapped(
      apply(scanOutputOp, [loop!], {
        ...attributes,
        shape: [attributes.shape[0]!, size, ...attributes.shape.slice(1)],
      }),
    ),
  tuplePosition: ({ inputs: [scan], attributes: { kind, index } }) =>
    kind === "carry" ? (index as number) : (scan!.attributes["body"] as ScanBody).carry.length + (index as number),
};

/** The stack of one result: of a carry before and after every step, or of an output. */
export function resultOf(loop: Node, kind: "carry" | "output", index: number): Node {
  const { length, body } = loop.attributes as ScanAttributes;
  const { shape, dtype } = (kind === "carry" ? body.carry : body.outputs)[index]!;
  const steps = kind === "carry" ? length + 1 : length;
  return apply(scanOutputOp, [loop], { kind, index, shape: [steps, ...shape], dtype });
}

/**
 * Gradients for all inputs of a scan, from those of its results: [carry stacks …, outputs …]; undefined where some are for what
 * it keeps for its own gradient.
 */
type Backward = (scan: Node, grads: readonly (Node | undefined)[]) => (Node | undefined)[] | undefined;

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
  const closed = close(made, carry, slices);
  return build(closed, carry, slices, init, xs, length, flows);
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
    const constant = !n.source && (n.op === fillOp || n.op === iotaOp);
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
    replaced.set(
      n,
      inputs.every((x, i) => x === n.inputs[i])
        ? n
        : new Node(
            n.op,
            inputs,
            n.attributes,
            n.shape,
            n.dtype,
            n.requiresGrad || inputs.some((x) => x.requiresGrad),
            n.origin,
          ),
    );
  }
  return { next: made.carry.map(inside), outputs: made.outputs.map(inside), shared, outer };
}

function build(
  closed: ReturnType<typeof close>,
  carry: readonly Node[],
  slices: readonly Node[],
  init: readonly Node[],
  xs: readonly Node[],
  length: number,
  flows: boolean,
): ScanResult {
  const { next, outputs, shared, outer } = closed;
  const inputs = [...init, ...xs, ...outer];
  const differentiable = flows && inputs.some((n) => n.requiresGrad);
  const residuals: Node[] = [];
  const backward = differentiable
    ? planBackward({ next, outputs, shared, carry, slices, length, residuals })
    : undefined;
  const body = new ScanBody({ carry, step: slices, shared, next, outputs: [...outputs, ...residuals] });
  const node = apply(scanOp, inputs, { length, body, backward });
  const last = next.map((n, i) => {
    const stack = resultOf(node, "carry", i);
    return reshape(slice(stack, [length, ...n.shape.map(() => 0)], [1, ...n.shape]), n.shape);
  });
  return { carry: last, outputs: outputs.map((_, i) => resultOf(node, "output", i)), loop: node };
}

interface Forward {
  readonly next: readonly Node[];
  readonly outputs: readonly Node[];
  readonly shared: readonly Node[];
  readonly carry: readonly Node[];
  readonly slices: readonly Node[];
  readonly length: number;
  /** Inner values that the backward loop reads: appended here, stacked by the forward loop. */
  readonly residuals: Node[];
}

/** Differentiates the step, and decides what the forward loop must keep. */
function planBackward(forward: Forward): Backward {
  const { next, outputs, shared, carry, slices, length, residuals } = forward;
  const seedCarry = next.map((n, i) => input(n.shape, n.dtype, new Placeholder("carry", i, false)));
  const seedOutputs = outputs.map((n, i) => input(n.shape, n.dtype, new Placeholder("step", i, false)));
  const wanted = [...carry, ...slices, ...shared];
  const grads = withGradientMode(false, () => gradients([...next, ...outputs], [...seedCarry, ...seedOutputs], wanted));
  const gradCarry = grads.slice(0, carry.length);
  const gradStep = grads.slice(carry.length, carry.length + slices.length);
  const gradShared = grads.slice(carry.length + slices.length);
  const isForward = new Set(topological([...next, ...outputs]));
  // Values of the forward step that the backward step reads, at the border between the two.
  const roots = grads.filter((g): g is Node => g !== undefined);
  const border = new Set<Node>();
  for (const n of topological(roots, (x) => x.source !== undefined || isForward.has(x))) {
    if (isForward.has(n) && !(n.source === undefined && n.inputs.length === 0)) border.add(n);
    for (const x of n.source || isForward.has(n) ? [] : n.inputs)
      if (isForward.has(x) && (x.source || x.inputs.length)) border.add(x);
  }
  for (const n of border) if (!(n.source instanceof Placeholder)) residuals.push(n);
  return (node, given) => {
    const [ofCarry, ofKept] = [given.slice(0, carry.length), given.slice(carry.length + outputs.length)];
    if (ofKept.some((grad) => grad) || ofCarry.some((grad) => grad && !reachesOnly(grad, 0, length))) return undefined;
    return runBackward(
      node,
      given,
      { ...forward, residuals: [...residuals] },
      seedCarry,
      seedOutputs,
      gradCarry,
      gradStep,
      gradShared,
      border,
      length,
    );
  };
}

/** Whether a gradient, by its making, is 0 before a position of an axis: that of a carry is, where only its end was read. */
function reachesOnly(grad: Node, axis: number, from: number): boolean {
  if (grad.source) return false;
  if (grad.op === padOp) {
    const widths = grad.attributes["widths"] as readonly (readonly [number, number])[];
    return widths[axis]![0] >= from;
  }
  if (grad.op === permuteOp)
    return reachesOnly(grad.inputs[0]!, (grad.attributes["axes"] as readonly number[])[axis]!, from);
  return grad.op.name === "add" && grad.inputs.every((x) => reachesOnly(x, axis, from));
}

function runBackward(
  node: Node,
  given: readonly (Node | undefined)[],
  forward: Forward,
  seedCarry: readonly Node[],
  seedOutputs: readonly Node[],
  gradCarry: readonly (Node | undefined)[],
  gradStep: readonly (Node | undefined)[],
  gradShared: readonly (Node | undefined)[],
  border: ReadonlySet<Node>,
  length: number,
): (Node | undefined)[] {
  const { outputs, carry, slices, residuals } = forward;
  const xs = node.inputs.slice(carry.length, carry.length + slices.length);
  const outer = node.inputs.slice(carry.length + slices.length);
  /** All steps of a forward value, in forward order. */
  const stacked = (n: Node): Node => {
    const source = n.source as Placeholder | undefined;
    if (source?.role === "step") return xs[source.index]!;
    if (source?.role === "carry")
      return slice(resultOf(node, "carry", source.index), [0, ...n.shape.map(() => 0)], [length, ...n.shape]);
    return resultOf(node, "output", outputs.length + residuals.indexOf(n));
  };
  // The backward loop's inputs: gradients of outputs and kept values, last step first.
  const back = (n: Node): Node => flip(n, [0]);
  const stepInputs: Node[] = [];
  const stepLeaves: Node[] = [];
  const carryLeaves = seedCarry;
  const replace = new Map<Node, Node>();
  const addStep = (leaf: Node, stack: Node): void => {
    const own = input(leaf.shape, leaf.dtype, new Placeholder("step", stepInputs.length, false));
    replace.set(leaf, own);
    stepLeaves.push(own);
    stepInputs.push(stack);
  };
  outputs.forEach((n, i) => {
    const g = given[carry.length + i];
    if (g) addStep(seedOutputs[i]!, back(g));
    else replace.set(seedOutputs[i]!, fill(n.shape, 0, n.dtype));
  });
  const sharedLeaves: Node[] = [];
  const sharedInputs: Node[] = [];
  for (const n of border) {
    const source = n.source instanceof Placeholder ? n.source : undefined;
    if (source?.role === "shared") {
      const own = input(n.shape, n.dtype, new Placeholder("shared", sharedInputs.length, false));
      replace.set(n, own);
      sharedLeaves.push(own);
      sharedInputs.push(outer[source.index]!);
    } else addStep(n, back(stacked(n)));
  }
  const inside = (n: Node): Node => rebuild(n, replace);
  const nextGrad = carry.map((n, i) => (gradCarry[i] ? inside(gradCarry[i]!) : fill(n.shape, 0, n.dtype)));
  const handedOut: Node[] = [];
  const handOut = (n: Node): number => {
    const at = handedOut.indexOf(n);
    return at >= 0 ? at : handedOut.push(n) - 1;
  };
  const result: (() => Node | undefined)[] = [];
  // Gradients of all steps of a value of the backward step, in forward order.
  let scanned: Node | undefined;
  const allSteps = (n: Node): (() => Node) => {
    if (border.has(n) && !((n.source as Placeholder | undefined)?.role === "shared")) return () => stacked(n);
    const at = handOut(inside(n));
    return () =>
      back(apply(scanOutputOp, [scanned!], { kind: "output", index: at, shape: [length, ...n.shape], dtype: n.dtype }));
  };
  gradStep.forEach((g) => result.push(g ? allSteps(g) : () => undefined));
  gradShared.forEach((g) => result.push(g ? totalOverSteps(g, allSteps) : () => undefined));
  // All of a carry's gradient is in its last slice here.
  const init = carry.map((n, i) => {
    const g = given[i];
    return g
      ? reshape(slice(g, [length, ...n.shape.map(() => 0)], [1, ...n.shape]), n.shape)
      : fill(n.shape, 0, n.dtype);
  });
  const body = new ScanBody({
    carry: carryLeaves,
    step: stepLeaves,
    shared: sharedLeaves,
    next: nextGrad,
    outputs: handedOut,
  });
  scanned = apply(scanOp, [...init, ...stepInputs, ...sharedInputs], { length, body, backward: undefined });
  const atStart = carry.map((n, i) =>
    reshape(slice(resultOf(scanned!, "carry", i), [length, ...n.shape.map(() => 0)], [1, ...n.shape]), n.shape),
  );
  return [...atStart, ...result.map((r) => r())];
}

/** Σ over steps of a per-step gradient: contractions and sums take the steps in as one more summed axis, instead of adding step by step. */
function totalOverSteps(g: Node, allSteps: (n: Node) => () => Node): () => Node {
  if (!g.source) {
    if (g.op === dotOp) {
      const { batch, contract } = g.attributes as Pairing;
      const up = (axes: readonly number[]): number[] => axes.map((a) => a + 1);
      if (g.inputs.every((x) => !(x.source instanceof Placeholder && x.source.role === "shared"))) {
        const [a, b] = [allSteps(g.inputs[0]!), allSteps(g.inputs[1]!)];
        return () =>
          dot(a(), b(), {
            batch: [up(batch[0]), up(batch[1])],
            contract: [
              [0, ...up(contract[0])],
              [0, ...up(contract[1])],
            ],
          });
      }
    }
    if (g.op === permuteOp) {
      const inner = totalOverSteps(g.inputs[0]!, allSteps);
      return () => permute(inner(), g.attributes["axes"] as number[]);
    }
    if (g.op === reshapeOp) {
      const inner = totalOverSteps(g.inputs[0]!, allSteps);
      return () => reshape(inner(), g.shape);
    }
    if (g.op === sumOp) {
      const inner = allSteps(g.inputs[0]!);
      return () => sum(inner(), [0, ...(g.attributes["axes"] as number[]).map((a) => a + 1)]);
    }
    if (g.op.name === "add") {
      const parts = g.inputs.map((x) => totalOverSteps(x, allSteps));
      return () => add(parts[0]!(), parts[1]!());
    }
  }
  const all = allSteps(g);
  return () => sum(all(), [0]);
}

/** The node over replaced leaves. */
function rebuild(root: Node, replace: Map<Node, Node>): Node {
  for (const n of topological([root], (x) => replace.has(x) || x.source !== undefined)) {
    if (replace.has(n) || n.source) continue;
    const inputs = n.inputs.map((x) => replace.get(x) ?? x);
    replace.set(
      n,
      inputs.every((x, i) => x === n.inputs[i])
        ? n
        : new Node(n.op, inputs, n.attributes, n.shape, n.dtype, false, n.origin),
    );
  }
  return replace.get(root) ?? root;
}
