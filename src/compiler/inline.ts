/** Pulls producers into their reader: the value of a node's element as one expression over stored buffers. */
import { computeType, type DType } from "../core/dtype.ts";
import { stridesOf, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { param, weighted, type Expression } from "../ir/expression.ts";
import { loadNumber } from "../ir/half.ts";
import { isRunTimeNumber } from "../graph/ops/leaf.ts";

/** A read of one node at an index, for those who ask how a node is reached. */
export type Visit = (node: Node, index: readonly Expression[]) => void;

/** The value of a stored node that is not a buffer of its own (inside a scan: part of a stack); undefined for all others. */
export type Resolve = (node: Node, index: readonly Expression[], inliner: Inliner) => Expression | undefined;

/** Nodes whose axes lie in memory in another order than their own: the axes, outermost first. */
export type Layouts = ReadonlyMap<Node, readonly number[]>;

/**
 * Builds expressions for one kernel. Nodes for which `stored` holds are loads; all else is their op's lowering, inlined.
 * Equal reads give the same expression, so what several outputs share is shared in the kernel.
 */
export class Inliner {
  /** Buffers by node, in the kernel's order. */
  readonly buffers: Map<Node, number> = new Map();
  /** Run-time numbers by node, in slot order. */
  readonly scalars: Map<Node, number> = new Map();
  readonly #memo = new Map<Node, Map<string, Expression>>();
  readonly #stored: (node: Node) => boolean;
  readonly #visit: Visit | undefined;
  readonly #resolve: Resolve | undefined;
  readonly #layouts: Layouts | undefined;

  constructor(stored: (node: Node) => boolean, options: { visit?: Visit; resolve?: Resolve; layouts?: Layouts } = {}) {
    this.#stored = stored;
    this.#visit = options.visit;
    this.#resolve = options.resolve;
    this.#layouts = options.layouts;
  }

  bufferOf(node: Node): number {
    let slot = this.buffers.get(node);
    if (slot === undefined) this.buffers.set(node, (slot = this.buffers.size));
    return slot;
  }

  /** A number handed over at each run, as a parameter. */
  scalar(node: Node): Expression {
    let slot = this.scalars.get(node);
    if (slot === undefined) this.scalars.set(node, (slot = this.scalars.size));
    return param(slot, computeType(node.dtype));
  }

  get scalarTypes(): DType[] {
    return [...this.scalars.keys()].map((n) => computeType(n.dtype));
  }

  /** The element of `node` at `index`. */
  read(node: Node, index: readonly Expression[]): Expression {
    let byIndex = this.#memo.get(node);
    if (!byIndex) this.#memo.set(node, (byIndex = new Map()));
    const key = index.map((i) => i.id).join(",");
    let value = byIndex.get(key);
    if (!value) byIndex.set(key, (value = this.#build(node, index)));
    return value;
  }

  #build(node: Node, index: readonly Expression[]): Expression {
    this.#visit?.(node, index);
    if (this.#stored(node))
      return this.#resolve?.(node, index, this) ?? loadNumber(this.bufferOf(node), node.dtype, this.place(node, index));
    return this.compute(node, index);
  }

  /** The offset of an element of a stored node. */
  place(node: Node, index: readonly Expression[]): Expression {
    const order = this.#layouts?.get(node);
    if (!order) return flatten(node, index);
    return flatten(
      { shape: order.map((axis) => node.shape[axis]!) },
      order.map((axis) => index[axis]!),
    );
  }

  /** The element computed from the node's inputs, stored or not. */
  compute(node: Node, index: readonly Expression[]): Expression {
    if (isRunTimeNumber(node)) return this.scalar(node);
    return node.op.lower!({
      inputs: node.inputs.map((x) => (i: readonly Expression[]) => this.read(x, i)),
      nodes: node.inputs,
      attributes: node.attributes,
      index,
      shape: node.shape,
      dtype: computeType(node.dtype),
    });
  }
}

/** Row-major offset of an index; axes of size 1 do not count, whatever index they are given. */
export function flatten(node: { readonly shape: Shape }, index: readonly Expression[]): Expression {
  const strides = stridesOf(node.shape);
  return weighted(
    index,
    strides.map((stride, axis) => (node.shape[axis] === 1 ? 0 : stride)),
  );
}
