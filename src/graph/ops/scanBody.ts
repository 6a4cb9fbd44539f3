/** What a loop in the graph is, without how it is made and differentiated: programs that have none need only this, to know that they have none. */
import type { DType } from "../../core/dtype.ts";
import { GradientError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { topological, type Node, type Source } from "../node.ts";
import { apply, type Op } from "../op.ts";
import { isRunTimeNumber } from "./leaf.ts";
import { permute, reshape, slice } from "./movement.ts";

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

/** The loop that a node is, if it is one. */
export const loopOf = ({ attributes }: Node): ScanAttributes | undefined =>
  attributes["body"] instanceof ScanBody ? (attributes as ScanAttributes) : undefined;

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
export const swapped = (x: Node): Node => permute(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);

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
