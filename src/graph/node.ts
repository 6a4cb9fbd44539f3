/**
 * The graph: immutable nodes, each one op applied to other nodes. Building a node checks shapes and dtypes and computes nothing.
 */
import type { DType } from "../core/dtype.ts";
import { userLine } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import type { Op } from "./op.ts";

/** What an op needs beyond its inputs: plain JSON (functions only in `custom`), so that graphs print, compare and reload. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Where a leaf's value comes from: the floors above decide (a concrete value, a cell's version, an argument of a trace). */
export interface Source {
  readonly requiresGrad: boolean;
}

let nextId = 1;

/** Where in the user's code a node was made. Its text is made later, or when somebody asks, because that takes as long as all else in a trace. */
export class Origin {
  #stack: Error | undefined;
  #line: string | undefined;

  constructor(stack: Error) {
    this.#stack = stack;
  }

  /** The user's line. From now on the stack is let go: one whose text was never asked for keeps all functions in it, and what they know. */
  get line(): string | undefined {
    if (this.#stack) this.#line = userLine(this.#stack.stack);
    this.#stack = undefined;
    return this.#line;
  }
}

export class Node {
  /** In creation order: inputs have smaller ids. */
  readonly id: number = nextId++;
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  readonly shape: Shape;
  readonly dtype: DType;
  /** True when a gradient can flow through here to something trainable. */
  readonly requiresGrad: boolean;
  /** Leaves only; set by the floor that owns the value. Set on an inner node, it ends the graph there: the value is known. */
  source: Source | undefined;
  /** Captured while tracing. */
  readonly origin: Origin | undefined;

  constructor(
    op: Op,
    inputs: readonly Node[],
    attributes: Attributes,
    shape: Shape,
    dtype: DType,
    requiresGrad: boolean,
    origin?: Origin,
  ) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.shape = shape;
    this.dtype = dtype;
    this.requiresGrad = requiresGrad;
    this.source = undefined;
    this.origin = origin;
  }

  /** The user's line, where it was captured. */
  get line(): string | undefined {
    return this.origin?.line;
  }
}

/** The node over other inputs of the same types; itself where they are its own. */
export function withInputs(node: Node, inputs: readonly Node[], requiresGrad: boolean = false): Node {
  return inputs.every((x, i) => x === node.inputs[i])
    ? node
    : new Node(node.op, inputs, node.attributes, node.shape, node.dtype, requiresGrad, node.origin);
}

/** All nodes that `roots` need, inputs before users, without descending below nodes whose value is known. */
export function topological(
  roots: readonly Node[],
  stop: (node: Node) => boolean = (n) => n.source !== undefined,
): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push({ node: root, next: 0 });
    while (stack.length) {
      const top = stack[stack.length - 1]!;
      const input = stop(top.node) ? undefined : top.node.inputs[top.next++];
      if (!input) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}
