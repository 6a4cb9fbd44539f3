/** The edges of a graph, as layers take them. */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node, Source } from "../../graph/node.ts";
import { fill, iota } from "../../graph/ops/leaf.ts";
import { cast } from "../../graph/ops/unary.ts";
import { eq, where } from "../../tensor/functional/comparison.ts";
import { scatter } from "../../tensor/functional/indexing.ts";
import { concat, unbind } from "../../tensor/functional/movement.ts";
import { SparseMatrix } from "../../tensor/sparse/sparseMatrix.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { Value } from "../../tensor/value.ts";

/**
 * Integers [2, edges], from the nodes of the first row to those of the second; or an adjacency matrix [nodes, nodes] with an
 * entry in the row of the target and the column of the source, so that its product with features is what nodes receive.
 */
export type Edges = Tensor | SparseMatrix;

/** Edges one by one. */
export interface EdgeList {
  /** Number of nodes. */
  readonly nodes: number;
  /** Where each edge starts: integers [edges]. */
  readonly source: Tensor;
  /** Where each edge ends. */
  readonly target: Tensor;
  /** A number for each edge, if it has one. */
  readonly weight: Tensor | undefined;
}

export interface WeightedEdges extends EdgeList {
  readonly weight: Tensor;
}

/** Tables of edges that were found to lie within this many nodes. */
const checked = new WeakMap<Source, number>();

/** Throws for edges outside the graph, where they are known already: not those that a traced function is given. */
function checkKnown(layer: string, { source }: Node, nodes: number): void {
  if (!(source instanceof Value && source.array) || checked.get(source) === nodes) return;
  const wrong = source.array.find((node) => node < 0 || node >= nodes);
  if (wrong !== undefined)
    throw new ArgumentError(`${layer}: edges must join nodes 0 to ${nodes - 1}, got node ${wrong}`);
  checked.set(source, nodes);
}

/** The edges of a graph with `nodes` nodes. `weight` is [edges], and that of a matrix its values unless said otherwise. */
export function edgeList(layer: string, edges: Edges, nodes: number, weight?: Tensor): EdgeList {
  const matrix = edges instanceof SparseMatrix;
  if (matrix ? edges.shape.some((size) => size !== nodes) : edges.rank !== 2 || edges.shape[0] !== 2)
    throw new ShapeError(
      matrix
        ? `${layer}: the adjacency matrix must be ${show([nodes, nodes])}, got ${show(edges.shape)}`
        : `${layer}: edges must be integers [2, edges], got ${show(edges.shape)}`,
    );
  if (!matrix && (isFloat(edges.dtype) || edges.dtype === "bool"))
    throw new DTypeError(`${layer}: edges must be integers, got ${edges.dtype}. Use edges.int()`);
  if (!matrix) checkKnown(layer, edges.node, nodes);
  const [source, target] = matrix
    ? [edges.columns, edges.rows]
    : (unbind(cast(edges.node, "i32"), 0).map((row) => fromNode(row)) as [Tensor, Tensor]);
  if (weight && show(weight.shape) !== show(source.shape))
    throw new ShapeError(
      `${layer}: weights must be one for each of ${source.shape[0]} edges, got ${show(weight.shape)}`,
    );
  return { nodes, source, target, weight: weight ?? (matrix ? edges.values : undefined) };
}

/**
 * The same graph with one edge from every node to itself. An edge that was one already keeps its weight (the last of several);
 * it stays in the list with weight 0. The others get `value`.
 */
export function withSelfLoops({ nodes, source, target, weight: given }: WeightedEdges, value: number): WeightedEdges {
  const weight = given.node;
  const loop = eq(source.node, target.node);
  const all = iota([nodes], 0);
  const loops = scatter("set", fill([nodes], value, weight.dtype), where(loop, target.node, -1), weight);
  return {
    nodes,
    source: fromNode(concat([source.node, all])),
    target: fromNode(concat([target.node, all])),
    weight: fromNode(concat([where(loop, 0, weight), loops])),
  };
}
