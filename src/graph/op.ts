/**
 * What an op is. One constant per op holds its types, its gradient and its meaning; every device, test and document
 * follows from it. There is no table of ops: nodes point at their definition, and what a program does not use is not bundled.
 */
import { turn } from "#platform";
import { isFloat, type DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { Expression, Index } from "../ir/expression.ts";
import type { Across, Product, Softmax, Statement } from "../ir/kernel.ts";
import { Node, Origin, type Attributes } from "./node.ts";

/** An input as seen by a lowering: its element at an index; f32 where the input is f16 or bf16. */
export type Access = (index: readonly Expression[]) => Expression;

export interface GradientContext<A extends Attributes = Attributes> {
  readonly node: Node;
  readonly inputs: readonly Node[];
  readonly attributes: A;
  /** The gradient of the final result with respect to this node. */
  readonly grad: Node;
}

/** As above for an op with several results: one gradient per result, undefined where none came. */
export interface TupleGradientContext<A extends Attributes = Attributes> {
  readonly node: Node;
  readonly attributes: A;
  readonly grads: readonly (Node | undefined)[];
}

export interface ElementContext<A extends Attributes = Attributes> {
  readonly inputs: readonly Access[];
  readonly nodes: readonly Node[];
  readonly attributes: A;
  /** Where in the output. */
  readonly index: readonly Expression[];
  readonly shape: Shape;
  /** What the element is computed in: f32 where the node's is f16 or bf16, as which it is stored. */
  readonly dtype: DType;
}

/** For ops whose meaning is a loop with an order (scatter, cumulate): reads and writes of the output by offset. */
export interface LoopsContext<A extends Attributes = Attributes> {
  readonly inputs: readonly Access[];
  readonly nodes: readonly Node[];
  readonly attributes: A;
  readonly shape: Shape;
  /** As above. */
  readonly dtype: DType;
  readonly read: Access;
  readonly write: (index: readonly Expression[], value: Expression) => Statement;
}
export interface LoopsLowering {
  /** Indices whose iterations are independent, outermost first. */
  readonly parallel: readonly Index[];
  readonly body: readonly Statement[];
}

/** For ops whose results weigh the rows of operands by products that are never stored: what `AttentionKernel` says, over inputs. */
export interface AttentionContext<A extends Attributes = Attributes> {
  readonly inputs: readonly Access[];
  readonly nodes: readonly Node[];
  readonly attributes: A;
  /** Which results of the family are to be made. */
  readonly wanted: ReadonlySet<Op>;
}
export interface AttentionLowering {
  readonly batch: readonly Index[];
  readonly m: Index;
  readonly n: Index;
  readonly first?: Expression | undefined;
  readonly last?: Expression | undefined;
  /** Pairs of m and n that are seen, of all batches. */
  readonly pairs: number;
  readonly products: readonly (Omit<Product, "k"> & { readonly k: readonly Index[] })[];
  readonly softmax?: Softmax;
  readonly results: readonly AttentionResult[];
  /** Results of n. */
  readonly across?: Omit<Across, "results"> & { readonly results: readonly AttentionResult[] };
  /** The op whose result [batch …, m] is the softmax's norm. */
  readonly norm?: Op;
}
/** Elements [batch …, m, f …] of the op's result, or [batch …, n, f …]. */
export interface AttentionResult {
  readonly op: Op;
  readonly f: readonly Index[];
  readonly weight: Expression;
  readonly value: Expression;
}

/** One node for many examples: what differs between them has a leading axis of `size`. */
export interface BatchContext<A extends Attributes = Attributes> {
  /** The node for a single example. */
  readonly node: Node;
  /** All with the leading axis; repeated along it where the examples share the value. */
  readonly inputs: readonly Node[];
  /** As they came: with the leading axis where `mapped`, without it where shared. */
  readonly given: readonly Node[];
  readonly mapped: readonly boolean[];
  readonly attributes: A;
  readonly size: number;
}

export interface Op<A extends Attributes = Attributes> {
  readonly name: string;
  /** The result's type, or a typed error naming the op and what came. */
  infer(inputs: readonly Node[], attributes: A): { readonly shape: Shape; readonly dtype: DType };
  /** Gradients per input, as graph (so that higher orders come free); undefined where none flows. An op without it stops gradients. */
  vjp?(context: GradientContext<A>): readonly (Node | undefined)[];
  /** The same for ops with several results, which are read through nodes of their own (see `scan`). */
  vjpTuple?(context: TupleGradientContext<A>): readonly (Node | undefined)[];
  /** The op over a leading axis of examples, which its result has too. Without it the op as it is, on inputs with that axis. */
  batch?(context: BatchContext<A>): Node;
  /** Which result of its input a node reads; set on the ops that read results of tuples. */
  tuplePosition?(node: Node): number;
  /** The value of one element of the output. */
  lower?(context: ElementContext<A>): Expression;
  /** The whole output, where one element at a time cannot say it. */
  lowerLoops?(context: LoopsContext<A>): LoopsLowering;
  /**
   * The result by products that weigh rows, as one kernel. Ops with the same function are a family: over equal inputs and
   * attributes, one kernel makes the results of all of them.
   */
  lowerAttention?(context: AttentionContext<A>): AttentionLowering;
  /** How many of its inputs, the first ones, such a kernel multiplies: those are in memory. The others are read where a pair is weighed. */
  readonly operands?: number;
  /** Those of its inputs that are made again wherever they are read: in memory they would be as large as what no kernel stores. */
  remakes?(inputs: readonly Node[], attributes: A): readonly Node[];
  /** The same value by other ops, where no kernel does it for these inputs, or none does it well; undefined elsewhere. */
  compose?(inputs: readonly Node[], attributes: A): Node | undefined;
  /** A movement op: reading it is reading its input elsewhere, at no cost. */
  readonly movement?: boolean;
}

let gradientMode = true;
/** Of the nodes that are made, where their lines are wanted. */
let origins: Origin[] | undefined;

/** Runs `f` with gradient recording on or off. Nodes built meanwhile know whether gradients may flow through them. */
export function withGradientMode<T>(on: boolean, f: () => T): T {
  const before = gradientMode;
  gradientMode = on;
  try {
    return f();
  } finally {
    gradientMode = before;
  }
}

/** Whether nodes built now let gradients through. */
export function gradientsEnabled(): boolean {
  return gradientMode;
}

/** Runs `f` while every node remembers the user's line that made it. */
export function withLines<T>(f: () => T): T {
  const before = origins;
  const made: Origin[] = (origins = []);
  try {
    return f();
  } finally {
    origins = before;
    // Programs that are kept would keep the function that they were made of, and so themselves, by the stacks.
    void turn().then(() => made.forEach(({ line }) => line));
  }
}

function originHere(): Origin | undefined {
  if (!origins) return undefined;
  const here = new Origin(new Error());
  origins.push(here);
  return here;
}

/** Applies an op: checks types, computes nothing. */
export function apply<A extends Attributes>(op: Op<A>, inputs: readonly Node[], attributes: A): Node {
  const { shape, dtype } = op.infer(inputs, attributes);
  const flows =
    gradientMode && (op.vjp ?? op.vjpTuple) !== undefined && isFloat(dtype) && inputs.some((n) => n.requiresGrad);
  return new Node(op, inputs, attributes, shape, dtype, flows, originHere());
}

/** Is the node computed, by one of these ops? One whose value is known is not, whatever it was. */
export const isOp = (node: Node, one: Op, two?: Op, three?: Op): boolean =>
  node.source === undefined && (node.op === one || node.op === two || node.op === three);

/** The batch rule of ops along one axis: it is one further back. */
export const batchAlongAxis = <A extends { readonly axis: number }>({
  node,
  inputs,
  attributes,
}: BatchContext<A>): Node => apply(node.op, inputs, { ...attributes, axis: attributes.axis + 1 });

/** The same for ops along several axes. */
export const batchAlongAxes = <A extends { readonly axes: readonly number[] }>({
  node,
  inputs,
  attributes,
}: BatchContext<A>): Node => apply(node.op, inputs, { ...attributes, axes: attributes.axes.map((axis) => axis + 1) });
