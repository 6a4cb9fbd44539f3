import type { DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { BufferTensor, Parameter } from "../../tensor/parameter.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { constant } from "../init/distributions.ts";
import { drawn, filled } from "../init/drawn.ts";
import type { Module } from "../module.ts";
import { edgeList, type Edges } from "./edges.ts";
import { MessagePassing } from "./messagePassing.ts";

export interface GINConvOptions {
  /** How much more a node counts than its neighbours, 0 by default. */
  readonly eps?: number | undefined;
  /** Whether that is trained, false by default. */
  readonly trainEps?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * The graph isomorphism network: f((1 + ε)·x + the sum of its neighbours), Xu et al. 2019, with a network f. Sums tell apart
 * neighbourhoods that means and maxima do not. Weights of edges do not count.
 * @example new nn.GINConv(nn.sequential(new nn.Linear(16, 32), nn.relu, new nn.Linear(32, 32)))
 */
export class GINConv extends MessagePassing {
  readonly nn: Module & { forward(x: Tensor): Tensor };
  /** [1] */
  eps: Parameter | BufferTensor;

  constructor(network: Module & { forward(x: Tensor): Tensor }, options: GINConvOptions = {}) {
    super("sum");
    const { eps = 0, trainEps = false, dtype = "f32" } = options;
    this.nn = network;
    this.eps = trainEps ? drawn([1], constant(eps), dtype, "GINConv.eps") : filled([1], eps, dtype, "GINConv.eps");
  }

  forward(x: Tensor, edges: Edges): Tensor {
    if (x.rank !== 2) throw new ShapeError(`GINConv: node features must be [nodes, features], got ${show(x.shape)}`);
    const list = { ...edgeList("GINConv", edges, x.shape[0]!), weight: undefined };
    return this.nn.forward(this.propagate(x, list).add(x.mul(this.eps.add(1))));
  }
}
