import type { DType } from "../../core/dtype.ts";
import { onesLike } from "../../tensor/create.ts";
import { segmentSoftmax } from "../../tensor/segment.ts";
import type { Parameter } from "../../tensor/parameter.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSizes } from "../checks.ts";
import { checkRate, dropout } from "../dropout.ts";
import { uniform, zeros } from "../init/distributions.ts";
import { assign, drawn } from "../init/drawn.ts";
import { xavierUniform } from "../init/variance.ts";
import { Linear } from "../linear.ts";
import { edgeList, withSelfLoops, type Edges } from "./edges.ts";
import { MessagePassing, type Message } from "./messagePassing.ts";

export interface GATConvOptions {
  /** Heads, each with weights of its own; 1 by default. */
  readonly heads?: number | undefined;
  /** Whether heads stand side by side (the default), or their mean is taken. */
  readonly concat?: boolean | undefined;
  /** Slope of the leaky ReLU below 0, 0.2 by default. */
  readonly negativeSlope?: number | undefined;
  /** The share of attention weights that is dropped while training, 0 by default. */
  readonly dropout?: number | undefined;
  /** Whether every node sees itself, true by default. */
  readonly addSelfLoops?: boolean | undefined;
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * Graph attention: Σ α·W·x over neighbours, α the softmax over them of leakyRelu(a·W·x (from) + a′·W·x (to)); Veličković et
 * al. 2018. Features [nodes, in] give [nodes, heads · out], or [nodes, out] where heads are averaged. Weights of edges do not
 * count. Arguments, start values and names are those of PyTorch Geometric.
 */
export class GATConv extends MessagePassing {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly heads: number;
  readonly concat: boolean;
  readonly negativeSlope: number;
  readonly dropout: number;
  readonly addSelfLoops: boolean;
  readonly lin: Linear;
  /** [1, heads, out]: how much a node is worth looking at. */
  sourceAttention: Parameter;
  /** [1, heads, out]: and how much to the one that looks. */
  targetAttention: Parameter;
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: GATConvOptions = {}) {
    super("sum");
    const { heads = 1, concat = true, negativeSlope = 0.2, addSelfLoops = true, bias = true } = options;
    const { dropout: rate = 0, dtype = "f32" } = options;
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.heads = heads;
    this.concat = concat;
    this.negativeSlope = negativeSlope;
    this.dropout = rate;
    this.addSelfLoops = addSelfLoops;
    checkSizes(`${this}`, { inFeatures, outFeatures, heads });
    checkRate(`${this}`, rate);
    this.lin = new Linear(inFeatures, heads * outFeatures, { bias: false, dtype });
    assign(this.lin.weight, xavierUniform());
    const glorot = uniform(Math.sqrt(6 / (heads + outFeatures)));
    this.sourceAttention = drawn([1, heads, outFeatures], glorot, dtype, `${this}.att_src`);
    this.targetAttention = drawn([1, heads, outFeatures], glorot, dtype, `${this}.att_dst`);
    this.bias = bias ? drawn([concat ? heads * outFeatures : outFeatures], zeros, dtype, `${this}.bias`) : null;
  }

  override members(): Iterable<readonly [string, unknown]> {
    const { lin, sourceAttention, targetAttention, bias } = this;
    return Object.entries({ att_src: sourceAttention, att_dst: targetAttention, bias, lin });
  }

  /** Attention first, then what it weighs. Edges of weight 0 stand in for self-loops that were there before. */
  protected override message({ from, to, weight, target, nodes }: Message): Tensor {
    const score: Tensor = from.mul(this.sourceAttention).sum(-1);
    const wanted: Tensor = to.mul(this.targetAttention).sum(-1);
    const bent = score.add(wanted).leakyRelu(this.negativeSlope);
    const seen = bent.maskedFill(weight!.eq(0).unsqueeze(-1), -Infinity);
    const share = segmentSoftmax(seen, target, nodes);
    return from.mul(dropout(share, this.training ? this.dropout : 0).unsqueeze(-1));
  }

  forward(x: Tensor, edges: Edges): Tensor {
    this.checkNodes(x, this.inFeatures);
    const { heads, outFeatures } = this;
    const list = edgeList(`${this}`, edges, x.shape[0]!);
    const once = { ...list, weight: onesLike(list.source, { dtype: x.dtype }) };
    const features: Tensor = this.lin.forward(x).reshape([-1, heads, outFeatures]);
    const received: Tensor = this.propagate(features, this.addSelfLoops ? withSelfLoops(once, 1) : once);
    const joined: Tensor = this.concat ? received.flatten(1) : received.mean(1);
    return this.bias ? joined.add(this.bias) : joined;
  }

  override toString(): string {
    return `GATConv(${this.inFeatures}, ${this.outFeatures}${this.heads === 1 ? "" : `, ${this.heads}`})`;
  }
}
