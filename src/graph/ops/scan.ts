/** A loop in the graph: one nested graph, run once per step. What its steps share and do not change is computed outside, once. */
import type { DType } from "../../core/dtype.ts";
import { GradientError, ShapeError } from "../../core/errors.ts";
import { sameShape, show, type Shape } from "../../core/shape.ts";
import { topological, withInputs, type Node, type Source } from "../node.ts";
import { batchGraph, type Example } from "../batch.ts";
import { apply, gradientsEnabled, isOp, withGradientMode, type Op } from "../op.ts";
import { fillOp, input, iotaOp, isRunTimeNumber } from "./leaf.ts";
import { permute, reshape, slice } from "./movement.ts";
import { gradientsAgain } from "./scanAgain.ts";
import { planBackward } from "./scanBackward.ts";

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

/**
 * Gradients for all inputs of a scan, from those of its results: [carry stacks …, outputs …]; undefined where some are for what
 * it keeps for its own gradient.
 */
export type Backward = (scan: Node, grads: readonly (Node | undefined)[]) => (Node | undefined)[] | undefined;

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

/** One of the parts that are stacked along the first axis. */
export function partOf(stack: Node, at: number): Node {
  const [, ...shape] = stack.shape;
  return reshape(slice(stack, [at, ...shape.map(() => 0)], [1, ...shape]), shape);
}

/** So many of them, the first ones. */
export function firstParts(stack: Node, count: number): Node {
  const [, ...shape] = stack.shape;
  return slice(stack, [0, ...shape.map(() => 0)], [count, ...shape]);
}

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
