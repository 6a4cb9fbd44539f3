/**
 * The gradient of a loop: a loop backwards, over values that the forward loop kept. What it does not carry, such as gradients of
 * weights, is done for all steps at once.
 */
import { gradients } from "../grad.ts";
import { topological, withInputs, type Node } from "../node.ts";
import { apply, isOp, withGradientMode } from "../op.ts";
import { add, addOp } from "./binary.ts";
import { dot, dotOp, type Pairing } from "./dot.ts";
import { fill, input } from "./leaf.ts";
import { flip, padOp, permute, permuteOp, reshape, reshapeOp } from "./movement.ts";
import { sum, sumOp } from "./reduce.ts";
import { scanOp } from "./scan.ts";
import { firstParts, partOf, Placeholder, resultOf, ScanBody, scanOutputOp, type Backward } from "./scanBody.ts";

/** What a forward loop does in a step, over its placeholders. */
export interface Forward {
  readonly carry: readonly Node[];
  readonly step: readonly Node[];
  readonly shared: readonly Node[];
  readonly next: readonly Node[];
  readonly outputs: readonly Node[];
  readonly length: number;
}

type Gradients = readonly (Node | undefined)[];

/** The step backwards, over the placeholders of the forward one and `seeds`. */
interface BackwardStep {
  /** Stand for the gradients of the carry after the step, and of what the step hands out. */
  readonly seeds: { readonly carry: readonly Node[]; readonly outputs: readonly Node[] };
  /** The gradients of the forward step's placeholders. */
  readonly grads: { readonly carry: Gradients; readonly step: Gradients; readonly shared: Gradients };
  /** Values of the forward step that these are made of, at the border between the two. */
  readonly border: ReadonlySet<Node>;
  /** Those of them that are no placeholders. */
  readonly kept: readonly Node[];
}

/** Differentiates a step. The forward loop has to hand out what is `kept`, after its outputs. */
export function planBackward(forward: Forward): { readonly backward: Backward; readonly kept: readonly Node[] } {
  const { carry, step, shared, next, outputs, length } = forward;
  const leafOf = (role: Placeholder["role"]) => (n: Node, i: number) =>
    input(n.shape, n.dtype, new Placeholder(role, i, false));
  const seeds = { carry: next.map(leafOf("carry")), outputs: outputs.map(leafOf("step")) };
  const roots = [...next, ...outputs];
  const all = withGradientMode(false, () =>
    gradients(roots, [...seeds.carry, ...seeds.outputs], [...carry, ...step, ...shared]),
  );
  const border = borderOf(all, new Set(topological(roots)));
  const kept = [...border].filter((n) => !(n.source instanceof Placeholder));
  const grads = {
    carry: all.slice(0, carry.length),
    step: all.slice(carry.length, carry.length + step.length),
    shared: all.slice(carry.length + step.length),
  };
  return {
    kept,
    backward(loop, given) {
      const [ofCarry, ofKept] = [given.slice(0, carry.length), given.slice(carry.length + outputs.length)];
      const isPlain = ofKept.every((grad) => !grad) && ofCarry.every((grad) => !grad || reachesOnly(grad, 0, length));
      return isPlain ? runBackward(loop, given, forward, { seeds, grads, border, kept }) : undefined;
    },
  };
}

/** What gradients read of the forward step: its values that are no constants. */
function borderOf(grads: Gradients, isForward: ReadonlySet<Node>): Set<Node> {
  const roots = grads.filter((g): g is Node => g !== undefined);
  const read = topological(roots, (n) => n.source !== undefined || isForward.has(n));
  return new Set(read.filter((n) => isForward.has(n) && (n.source || n.inputs.length)));
}

/** Whether a gradient, by its making, is 0 before a position of an axis: that of a carry is, where only its end was read. */
function reachesOnly(grad: Node, axis: number, from: number): boolean {
  if (isOp(grad, padOp)) {
    const widths = grad.attributes["widths"] as readonly (readonly [number, number])[];
    return widths[axis]![0] >= from;
  }
  if (isOp(grad, permuteOp))
    return reachesOnly(grad.inputs[0]!, (grad.attributes["axes"] as readonly number[])[axis]!, from);
  return isOp(grad, addOp) && grad.inputs.every((x) => reachesOnly(x, axis, from));
}

/** All steps in the other order. */
const back = (stack: Node): Node => flip(stack, [0]);

/** What the backward loop takes in: a leaf of its step, and what that stands for. */
interface Taken {
  readonly leaf: Node;
  readonly value: Node;
}

/** The backward loop of a loop, and the gradients of that loop's inputs made of its results. */
function runBackward(
  loop: Node,
  given: Gradients,
  forward: Forward,
  { seeds, grads, border, kept }: BackwardStep,
): (Node | undefined)[] {
  const { carry, step, outputs, length } = forward;
  const xs = loop.inputs.slice(carry.length, carry.length + step.length);
  const outer = loop.inputs.slice(carry.length + step.length);
  const roleOf = (n: Node): Placeholder | undefined => (n.source instanceof Placeholder ? n.source : undefined);
  /** All steps of a forward value, in forward order. */
  const stacked = (n: Node): Node => {
    const role = roleOf(n);
    if (role?.role === "step") return xs[role.index]!;
    if (role?.role === "carry") return firstParts(resultOf(loop, "carry", role.index), length);
    return resultOf(loop, "output", outputs.length + kept.indexOf(n));
  };

  // What it takes in: gradients of outputs and values of the forward loop, last step first.
  const replace = new Map<Node, Node>();
  const taken = { step: [] as Taken[], shared: [] as Taken[] };
  const take = (role: keyof typeof taken, n: Node, value: Node): void => {
    const leaf = input(n.shape, n.dtype, new Placeholder(role, taken[role].length, false));
    replace.set(n, leaf);
    taken[role].push({ leaf, value });
  };
  outputs.forEach((n, i) => {
    const grad = given[carry.length + i];
    if (grad) take("step", seeds.outputs[i]!, back(grad));
    else replace.set(seeds.outputs[i]!, fill(n.shape, 0, n.dtype));
  });
  for (const n of border) {
    const role = roleOf(n);
    if (role?.role === "shared") take("shared", n, outer[role.index]!);
    else take("step", n, back(stacked(n)));
  }

  // What it carries and hands out.
  const inside = (n: Node): Node => rebuild(n, replace);
  const next = carry.map((n, i) => (grads.carry[i] ? inside(grads.carry[i]) : fill(n.shape, 0, n.dtype)));
  const handedOut: Node[] = [];
  const handOut = (n: Node): number => {
    const at = handedOut.indexOf(n);
    return at >= 0 ? at : handedOut.push(n) - 1;
  };
  let made: Node | undefined;
  /** All steps of a value of the backward step, in forward order: to be asked for once the loop is made. */
  const allSteps = (n: Node): (() => Node) => {
    if (border.has(n) && roleOf(n)?.role !== "shared") return () => stacked(n);
    const index = handOut(inside(n));
    return () =>
      back(apply(scanOutputOp, [made!], { kind: "output", index, shape: [length, ...n.shape], dtype: n.dtype }));
  };
  const ofInputs = grads.step.map((g) => g && allSteps(g));
  const ofShared = grads.shared.map((g) => g && totalOverSteps(g, allSteps));

  // All of a carry's gradient is in its last part here.
  const init = carry.map((n, i) => (given[i] ? partOf(given[i], length) : fill(n.shape, 0, n.dtype)));
  const body = new ScanBody({
    carry: seeds.carry,
    step: taken.step.map(({ leaf }) => leaf),
    shared: taken.shared.map(({ leaf }) => leaf),
    next,
    outputs: handedOut,
  });
  const values = [...taken.step, ...taken.shared].map(({ value }) => value);
  const scanned = (made = apply(scanOp, [...init, ...values], { length, body, backward: undefined }));
  const atStart = carry.map((_, i) => partOf(resultOf(scanned, "carry", i), length));
  return [...atStart, ...[...ofInputs, ...ofShared].map((result) => result?.())];
}

/** Σ over steps of a per-step gradient: contractions and sums take the steps in as one more summed axis, instead of adding step by step. */
function totalOverSteps(g: Node, allSteps: (n: Node) => () => Node): () => Node {
  const up = (axes: readonly number[]): number[] => axes.map((a) => a + 1);
  const isShared = ({ source }: Node): boolean => source instanceof Placeholder && source.role === "shared";
  if (isOp(g, dotOp) && !g.inputs.some(isShared)) {
    const { batch, contract } = g.attributes as Pairing;
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
  if (isOp(g, permuteOp)) {
    const inner = totalOverSteps(g.inputs[0]!, allSteps);
    return () => permute(inner(), g.attributes["axes"] as number[]);
  }
  if (isOp(g, reshapeOp)) {
    const inner = totalOverSteps(g.inputs[0]!, allSteps);
    return () => reshape(inner(), g.shape);
  }
  if (isOp(g, sumOp)) {
    const inner = allSteps(g.inputs[0]!);
    return () => sum(inner(), [0, ...up(g.attributes["axes"] as number[])]);
  }
  if (isOp(g, addOp)) {
    const parts = g.inputs.map((x) => totalOverSteps(x, allSteps));
    return () => add(parts[0]!(), parts[1]!());
  }
  const all = allSteps(g);
  return () => sum(all(), [0]);
}

/** The node over replaced leaves. */
function rebuild(root: Node, replace: Map<Node, Node>): Node {
  for (const n of topological([root], (x) => replace.has(x) || x.source !== undefined)) {
    if (replace.has(n) || n.source) continue;
    replace.set(
      n,
      withInputs(
        n,
        n.inputs.map((x) => replace.get(x) ?? x),
      ),
    );
  }
  return replace.get(root) ?? root;
}
