import { classNameOf } from "../../core/className.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import { segmentMax, segmentMean, segmentSum } from "../../tensor/segment.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";
import { edgeList, type EdgeList, type Edges } from "./edges.ts";

/** What a node makes of all that it receives. */
export type Aggregation = "sum" | "mean" | "max";

const aggregations: Readonly<Record<Aggregation, (x: Tensor, ids: Tensor, count: number) => Tensor>> = {
  sum: segmentSum,
  mean: segmentMean,
  max: segmentMax,
};

/** What is known of every edge when messages are made. */
export interface Message extends EdgeList {
  /** Features of the node that each edge starts from: [edges, …]. */
  readonly from: Tensor;
  /** Features of the node that each edge ends in: [edges, …]. */
  readonly to: Tensor;
}

/**
 * The base of graph layers: h ← update(h, aggregate of the messages of its neighbours), Gilmer et al. 2017. A subclass says
 * in `message` what goes along an edge (the features it starts from, times the edge's weight, by default) and calls
 * `propagate` in `forward`. Nodes that receive nothing get 0.
 * @example
 * class Spread extends nn.MessagePassing {
 *   forward(x: Tensor, edges: nn.Edges) { return x.add(this.propagate(x, edges)); }
 * }
 */
export abstract class MessagePassing extends Module {
  readonly aggregation: Aggregation;

  constructor(aggregation: Aggregation = "sum") {
    super();
    this.aggregation = aggregation;
    if (!Object.hasOwn(aggregations, aggregation))
      throw new ArgumentError(`${classNameOf(this)}: aggregation must be "sum", "mean" or "max", got "${aggregation}"`);
  }

  /** What goes along each edge: [edges, …]. */
  protected message({ from, weight }: Message): Tensor {
    return weight ? from.mul(weight.reshape([-1, ...from.shape.slice(1).map(() => 1)])) : from;
  }

  /** What each node receives, from features [nodes, …] of all: [nodes, …]. */
  protected propagate(x: Tensor, edges: Edges | EdgeList): Tensor {
    const list = "nodes" in edges ? edges : edgeList(`${this}`, edges, x.shape[0]!);
    const messages = this.message({ ...list, from: x.gather(list.source), to: x.gather(list.target) });
    return aggregations[this.aggregation](messages, list.target, list.nodes);
  }

  /** Throws ShapeError unless the features are [nodes, features]. */
  protected checkNodes(x: Tensor, features: number): void {
    if (x.rank !== 2 || x.shape[1] !== features)
      throw new ShapeError(`${this}: node features must be [nodes, ${features}], got ${show(x.shape)}`);
  }
}
