import { Linear } from "../nn/linear.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ActivatedLayer, type KernelOptions } from "./kernel.ts";
import { sizeAt, type KerasShape } from "./symbolic.ts";
import { transposed } from "./weight.ts";

export interface DenseOptions extends KernelOptions {
  /** Features of the output. */
  readonly units: number;
}

/** activation(x·kernel + bias) over the last axis: [..., in] → [..., units]. Weights: kernel [in, units], bias [units]. */
export class Dense extends ActivatedLayer<DenseOptions> {
  static override readonly className: string = "Dense";
  linear!: Linear;

  override get supportsMasking(): boolean {
    return true;
  }

  override build(inputShape: KerasShape): void {
    const { units, useBias: bias = true } = this.options;
    const linear = new Linear(sizeAt(this, inputShape, -1), units, { bias, dtype: this.dtype });
    this.linear = linear as Linear;
    this.holdKernel(linear.weight, transposed, linear.bias);
  }

  call(x: Tensor): Tensor {
    return this.activate(this.linear.forward(x));
  }
}

/**
 * A layer of units that see all features: [..., in] → [..., units].
 * @example layers.dense({ units: 128, activation: "relu", inputShape: [784] })
 */
export function dense(options: DenseOptions): Dense {
  return new Dense(options);
}
