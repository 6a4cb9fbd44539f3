/**
 * Attention: softmax(q·kᵀ·scale)·v whose weights are never stored, and the norms of the rows of that softmax, from which
 * gradients make the weights again (Dao et al. 2022). Masks are inputs, read in place.
 */
import { computeType } from "../../core/dtype.ts";
import {
  binary,
  constant,
  index as freshIndex,
  reduce,
  register,
  select,
  unary,
  type Expression,
} from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type Access, type AttentionContext, type AttentionLowering, type Op } from "../op.ts";
import { composedNorm, composedOutput } from "./attentionComposition.ts";
import { attentionGradients } from "./attentionGradient.ts";
import {
  asKernels,
  checkOperands,
  elementScore,
  keptOf,
  scoreOf,
  seenBy,
  weightOf,
  type Attention,
  type Operands,
} from "./attentionScores.ts";
import * as binaryOps from "./binary.ts";
import { fill } from "./leaf.ts";
import { sum } from "./reduce.ts";
import { cast as castNode, neg } from "./unary.ts";

/** The largest score of a row, 0 where it sees nothing; the sum of exp(score − the largest), and whether it sees anything. */
function row(
  operands: Operands,
  batch: readonly Expression[],
  query: Expression,
): { largest: Expression; total: Expression } {
  const keys = operands.nodes[1]!.shape.at(-2)!;
  const [j, l] = [freshIndex(keys), freshIndex(keys)];
  const most = reduce("max", [j], elementScore(operands, batch, query, j));
  const zero = constant(0, most.dtype);
  const largest = select(binary("eq", most, constant(-Infinity, most.dtype)), zero, most);
  const total = reduce("sum", [l], weightOf(elementScore(operands, batch, query, l), largest));
  return { largest, total };
}

function lowerAttention({ inputs, nodes, attributes, wanted }: AttentionContext<Attention>): AttentionLowering {
  const [q, k, v] = nodes as [Node, Node, Node];
  const [queries, keys, values] = inputs as [Access, Access, Access];
  const batch = q.shape.slice(0, -2).map((d) => freshIndex(d));
  const [m, n, e] = [freshIndex(q.shape.at(-2)!), freshIndex(k.shape.at(-2)!), freshIndex(q.shape.at(-1)!)];
  const { last, pairs } = seenBy(attributes, batch, m, n);
  const product = register("f32");
  const weight = register("f32");
  const f = freshIndex(v.shape.at(-1)!);
  const operands: Operands = { inputs, nodes, attributes, masksFrom: 3 };
  const pair = [...batch, m, n];
  const isWanted = (op: unknown): boolean => wanted.has(op as Op);
  return {
    batch,
    m,
    n,
    last,
    pairs,
    products: [{ k: [e], left: queries([...batch, m, e]), right: keys([...batch, n, e]), sum: product }],
    softmax: {
      score: scoreOf(operands, product, pair),
      weight,
      norm: register("f32"),
    },
    results: isWanted(attentionOp)
      ? [
          {
            op: attentionOp,
            f: [f],
            weight: keptOf(operands, weight, pair),
            value: values([...batch, n, f]),
          },
        ]
      : [],
    ...(isWanted(attentionNormOp) ? { norm: attentionNormOp } : {}),
  };
}

/** Gradients for the inputs of attention. */
function backward(
  { inputs, attributes }: Pick<Node, "inputs"> & { readonly attributes: Attention },
  grad: Node,
  dots: Node,
): (Node | undefined)[] {
  const norm = apply(attentionNormOp, inputs, attributes);
  const [q, k, v, ...pairs] = inputs as [Node, Node, Node, ...Node[]];
  return attentionGradients([q, k, v, grad, norm, dots, ...pairs], attributes);
}

/** Queries [..., n, e], keys [..., m, e], values [..., m, f] and masks [..., n, m] to [..., n, f]. A query that sees nothing gives 0. */
export const attentionOp: Op<Attention> = asKernels(
  {
    name: "attention",
    infer([q, k, v, ...pairs], attributes) {
      checkOperands("attention", [q!, k!, v!], pairs, attributes);
      return { shape: [...q!.shape.slice(0, -1), v!.shape.at(-1)!], dtype: q!.dtype };
    },
    vjp({ node, inputs, attributes, grad }) {
      const dtype = computeType(node.dtype);
      const dots = sum(binaryOps.mul(castNode(grad, dtype), castNode(node, dtype)), [grad.shape.length - 1]);
      return backward({ inputs, attributes }, grad, dots);
    },
    lower({ inputs, nodes, attributes, index }) {
      const operands: Operands = { inputs, nodes, attributes, masksFrom: 3 };
      const [batch, query, f] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
      const { largest, total } = row(operands, batch, query);
      const j = freshIndex(nodes[1]!.shape.at(-2)!);
      const value = inputs[2]!([...batch, j, f]);
      const weight = keptOf(operands, weightOf(elementScore(operands, batch, query, j), largest), [...batch, query, j]);
      const none = binary("eq", total, constant(0, total.dtype));
      const sums = reduce("sum", [j], binary("mul", weight, value));
      return select(none, constant(0, total.dtype), binary("div", sums, total));
    },
    lowerAttention,
  },
  3,
  3,
  composedOutput,
);

/** The logarithm of the sum of exp(score) over all keys that a query sees: [..., n], f32 for 16-bit floats. −∞ for a query that sees nothing. */
export const attentionNormOp: Op<Attention> = asKernels(
  {
    name: "attentionNorm",
    infer([q, k, v, ...pairs], attributes) {
      checkOperands("attentionNorm", [q!, k!, v!], pairs, attributes);
      return { shape: q!.shape.slice(0, -1), dtype: computeType(q!.dtype) };
    },
    // A score's gradient is its weight times that of the norm: what attention gives where dO·O is that, and dO is 0.
    vjp({ inputs, attributes, grad }) {
      const [q, , v] = inputs as [Node, Node, Node];
      const nothing = fill([...q.shape.slice(0, -1), v.shape.at(-1)!], 0, q.dtype);
      const [ofQueries, ofKeys, , ...ofMasks] = backward({ inputs, attributes }, nothing, neg(grad));
      return [ofQueries, ofKeys, undefined, ...ofMasks];
    },
    lower({ inputs, nodes, attributes, index }) {
      const operands: Operands = { inputs, nodes, attributes, masksFrom: 3 };
      const { largest, total } = row(operands, index.slice(0, -1), index.at(-1)!);
      return binary("add", unary("log", total), largest);
    },
    lowerAttention,
  },
  3,
  3,
  composedNorm,
);
