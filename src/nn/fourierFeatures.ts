import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { cos, sin } from "../graph/ops/unary.ts";
import { mul } from "../tensor/functional/arithmetic.ts";
import { concat, transpose } from "../tensor/functional/movement.ts";
import { matmul } from "../tensor/functional/matmul.ts";
import type { BufferTensor, Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { normal } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";
import { buffer } from "./state.ts";

export interface FourierFeaturesOptions {
  /** Standard deviation of the frequencies, 1 by default: the larger, the finer the detail that can be learned. */
  readonly scale?: number | undefined;
  /** Whether frequencies are trained, false by default. */
  readonly trainable?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * Coordinates as waves, [cos(2πBx), sin(2πBx)] with random frequencies B: [..., in] → [..., 2 · frequencies]. They let a
 * network learn fine detail of functions of few inputs: Tancik et al. 2020.
 * @example nn.sequential(new nn.FourierFeatures(2, 128, { scale: 10 }), new nn.Linear(256, 3))
 */
export class FourierFeatures extends Module {
  readonly inFeatures: number;
  /** [frequencies, in] */
  weight: Parameter | BufferTensor;

  constructor(inFeatures: number, frequencies: number, options: FourierFeaturesOptions = {}) {
    super();
    const { scale = 1, trainable = false, dtype = "f32" } = options;
    this.inFeatures = inFeatures;
    checkSizes("FourierFeatures", { inFeatures, frequencies });
    if (!(scale > 0)) throw new ArgumentError(`FourierFeatures: the scale must be above 0, got ${scale}`);
    const initial = drawn([frequencies, inFeatures], normal(0, scale), dtype, "FourierFeatures.weight");
    this.weight = trainable ? initial : buffer(initial, "FourierFeatures.weight");
  }

  forward(x: Tensor): Tensor {
    checkLast(this, x, [this.inFeatures]);
    const phase = mul(matmul(x.node, transpose(this.weight.node, 0, 1)), 2 * Math.PI);
    return fromNode(concat([cos(phase), sin(phase)], -1));
  }

  override toString(): string {
    return `FourierFeatures(${this.inFeatures}, ${this.weight.node.shape[0]})`;
  }
}
