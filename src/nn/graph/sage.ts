import type { DType } from "../../core/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSizes } from "../checks.ts";
import { Linear } from "../linear.ts";
import { edgeList, type Edges } from "./edges.ts";
import { MessagePassing, type Aggregation } from "./messagePassing.ts";

export interface SAGEConvOptions {
  /** What becomes of the features of all neighbours: "mean" by default, "max" or "sum". */
  readonly aggregation?: Aggregation | undefined;
  /** Whether results are scaled to length 1, false by default. */
  readonly normalize?: boolean | undefined;
  /** Whether a node's own features are added, by weights of their own; true by default. */
  readonly rootWeight?: boolean | undefined;
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * GraphSAGE: W₁·aggregate of the neighbours + b + W₂·x, Hamilton et al. 2017. Features [nodes, in] give [nodes, out]. Weights
 * of edges do not count. Names are those of PyTorch Geometric: `lin_l` for neighbours, `lin_r` for the node.
 */
export class SAGEConv extends MessagePassing {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly normalize: boolean;
  readonly neighbours: Linear;
  readonly root: Linear | null;

  constructor(inFeatures: number, outFeatures: number, options: SAGEConvOptions = {}) {
    const { aggregation = "mean", normalize = false, rootWeight = true, bias = true, dtype } = options;
    super(aggregation);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.normalize = normalize;
    checkSizes(`${this}`, { inFeatures, outFeatures });
    this.neighbours = new Linear(inFeatures, outFeatures, { bias, dtype });
    this.root = rootWeight ? new Linear(inFeatures, outFeatures, { bias: false, dtype }) : null;
  }

  override members(): Iterable<readonly [string, unknown]> {
    return Object.entries({ lin_l: this.neighbours, lin_r: this.root });
  }

  forward(x: Tensor, edges: Edges): Tensor {
    this.checkNodes(x, this.inFeatures);
    const list = { ...edgeList(`${this}`, edges, x.shape[0]!), weight: undefined };
    const received: Tensor = this.neighbours.forward(this.propagate(x, list));
    const result: Tensor = this.root ? received.add(this.root.forward(x)) : received;
    if (!this.normalize) return result;
    const length = result.norm(-1, true);
    return result.div(length.maximum(1e-12));
  }

  override toString(): string {
    return `SAGEConv(${this.inFeatures}, ${this.outFeatures})`;
  }
}
