import type { DType } from "../../core/dtype.ts";
import { segmentSum } from "../../tensor/segment.ts";
import type { Parameter } from "../../tensor/parameter.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { onesLike } from "../../tensor/create.ts";
import { checkSizes } from "../checks.ts";
import { zeros } from "../init/distributions.ts";
import { assign, drawn } from "../init/drawn.ts";
import { xavierUniform } from "../init/variance.ts";
import { Linear } from "../linear.ts";
import { edgeList, withSelfLoops, type Edges, type WeightedEdges } from "./edges.ts";
import { MessagePassing } from "./messagePassing.ts";

export interface GCNConvOptions {
  /** Whether edges from nodes to themselves count twice, false by default. */
  readonly improved?: boolean | undefined;
  /** Whether every node sees itself, as often as `normalize` is: true by default. */
  readonly addSelfLoops?: boolean | undefined;
  /** Whether messages are divided by the roots of both degrees, true by default. */
  readonly normalize?: boolean | undefined;
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * Graph convolution: D^−½·(A + I)·D^−½·X·Wᵀ + b, Kipf and Welling 2017, with D the degrees of A + I. Features [nodes, in]
 * give [nodes, out]. Arguments, start values and names are those of PyTorch Geometric.
 * @example new nn.GCNConv(16, 7).forward(x, edges)
 */
export class GCNConv extends MessagePassing {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly improved: boolean;
  readonly addSelfLoops: boolean;
  readonly normalize: boolean;
  readonly lin: Linear;
  /** [out] */
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: GCNConvOptions = {}) {
    super("sum");
    const { improved = false, normalize = true, addSelfLoops = normalize, bias = true, dtype = "f32" } = options;
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.improved = improved;
    this.addSelfLoops = addSelfLoops;
    this.normalize = normalize;
    checkSizes(`${this}`, { inFeatures, outFeatures });
    this.lin = new Linear(inFeatures, outFeatures, { bias: false, dtype });
    assign(this.lin.weight, xavierUniform());
    this.bias = bias ? drawn([outFeatures], zeros, dtype, `${this}.bias`) : null;
  }

  /** @param weight of each edge, [edges]; 1 by default, or the values of an adjacency matrix. */
  forward(x: Tensor, edges: Edges, weight?: Tensor): Tensor {
    this.checkNodes(x, this.inFeatures);
    const list = edgeList(`${this}`, edges, x.shape[0]!, weight);
    const given = { ...list, weight: list.weight ?? onesLike(list.source, { dtype: x.dtype }) };
    const looped = this.addSelfLoops ? withSelfLoops(given, this.improved ? 2 : 1) : given;
    const received = this.propagate(this.lin.forward(x), this.normalize ? symmetric(looped) : looped);
    return this.bias ? received.add(this.bias) : received;
  }

  override toString(): string {
    return `GCNConv(${this.inFeatures}, ${this.outFeatures})`;
  }
}

/** Weights divided by the roots of the degrees of both ends; 0 where nothing arrives. */
function symmetric(edges: WeightedEdges): WeightedEdges {
  const { source, target, weight, nodes } = edges;
  const degree = segmentSum(weight, target, nodes);
  const none = degree.le(0);
  const rate = degree.where(none.logicalNot(), 1).rsqrt().maskedFill(none, 0);
  return { ...edges, weight: rate.gather(source).mul(weight).mul(rate.gather(target)) };
}
