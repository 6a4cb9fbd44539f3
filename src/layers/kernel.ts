/** What layers with a kernel and a bias have in common. */
import type { StateTensor } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { activationFor, type ActivationLike } from "./activations.ts";
import type { InitializerLike } from "./initializers.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import type { ConstraintLike, RegularizerLike } from "./penalties.ts";
import type { Layout } from "./weight.ts";

/** Options of layers that bend what they return. */
export interface ActivatedOptions extends LayerOptions {
  /** A name (`"relu"`), a function or a module; none by default. */
  readonly activation?: ActivationLike | null | undefined;
  /** A penalty on what the layer returns, divided by the batch; none by default. */
  readonly activityRegularizer?: RegularizerLike | null | undefined;
}

export interface BiasOptions extends ActivatedOptions {
  /** Whether a bias is added, true by default. */
  readonly useBias?: boolean | undefined;
  /** "zeros" by default. */
  readonly biasInitializer?: InitializerLike | undefined;
  readonly biasRegularizer?: RegularizerLike | null | undefined;
  readonly biasConstraint?: ConstraintLike | null | undefined;
}

/** Options of layers with one kernel. */
export interface KernelOptions extends BiasOptions {
  /** "glorotUniform" by default. */
  readonly kernelInitializer?: InitializerLike | undefined;
  readonly kernelRegularizer?: RegularizerLike | null | undefined;
  readonly kernelConstraint?: ConstraintLike | null | undefined;
}

/** A layer that ends with an activation, and may have a bias. */
export abstract class ActivatedLayer<O extends ActivatedOptions = ActivatedOptions> extends Layer<O> {
  readonly #activation: (x: Tensor) => Tensor;

  constructor(options: O) {
    super(options);
    this.#activation = activationFor(options.activation);
  }

  protected override get activityRegularizer(): RegularizerLike | null | undefined {
    return this.options.activityRegularizer;
  }

  protected activate(x: Tensor): Tensor {
    return this.#activation(x);
  }

  /** Makes parameters the kernel and the bias, as the options of `KernelOptions` say. */
  protected holdKernel(kernel: StateTensor, layout: Layout, bias: StateTensor | null): void {
    const o = this.options as KernelOptions;
    this.hold("kernel", kernel, {
      layout,
      initializer: o.kernelInitializer ?? "glorotUniform",
      regularizer: o.kernelRegularizer,
      constraint: o.kernelConstraint,
    });
    if (bias) this.holdBias(bias);
  }

  protected holdBias(bias: StateTensor, layout?: Layout): void {
    const o = this.options as BiasOptions;
    this.hold("bias", bias, {
      layout,
      initializer: o.biasInitializer ?? "zeros",
      regularizer: o.biasRegularizer,
      constraint: o.biasConstraint,
    });
  }
}
