/** Weights in Keras's order and orientation, whatever parameters of `nn` hold them. */
import { ShapeError } from "../core/errors.ts";
import { sameShape, show, type Shape } from "../core/shape.ts";
import { cast } from "../graph/ops/unary.ts";
import type { Assignment } from "../tensor/evaluate.ts";
import { Parameter, type StateTensor } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How Keras's tensor lies in the ones that hold it. */
export interface Layout {
  /** What Keras holds, from what is held. */
  readonly toKeras: (held: readonly Tensor[]) => Tensor;
  /** What is to be held, from what Keras holds. */
  readonly fromKeras: (value: Tensor) => readonly Tensor[];
}

/** Held as it is. */
export const asIs: Layout = { toKeras: ([held]) => held!, fromKeras: (value) => [value] };

/** Axis i of Keras's tensor is axis `axes[i]` of the one held. */
export function permuted(...axes: readonly number[]): Layout {
  const back = axes.map((_, axis) => axes.indexOf(axis));
  return {
    toKeras: ([held]) => held!.permute([...axes]),
    fromKeras: (value) => [value.permute([...back])],
  };
}

/** [out, in] held, [in, out] for Keras. */
export const transposed: Layout = {
  toKeras: ([held]) => held!.transpose(0, 1),
  fromKeras: (value) => [value.transpose(0, 1)],
};

/** [out, in, window…] held, [window…, in, out] for Keras. */
export function kernelLayout(spatial: number): Layout {
  return permuted(...Array.from({ length: spatial }, (_, i) => i + 2), 1, 0);
}

export interface WeightOptions {
  readonly layout?: Layout | undefined;
  readonly regularizer?: ((weight: Tensor) => Tensor) | undefined;
  readonly constraint?: ((weight: Tensor) => Tensor) | undefined;
}

/** One of a layer's weights, as Keras sees it. */
export class Weight {
  readonly name: string;
  readonly held: readonly StateTensor[];
  readonly #layout: Layout;
  readonly regularizer: ((weight: Tensor) => Tensor) | undefined;
  readonly constraint: ((weight: Tensor) => Tensor) | undefined;

  constructor(name: string, held: readonly StateTensor[], options: WeightOptions = {}) {
    this.name = name;
    this.held = held;
    this.#layout = options.layout ?? asIs;
    this.regularizer = options.regularizer;
    this.constraint = options.constraint;
  }

  /** Whether training may change it: false for running statistics, and while it is frozen. */
  get trainable(): boolean {
    return this.held.every((one) => one instanceof Parameter && one.requiresGrad);
  }

  /** In Keras's orientation. */
  get shape(): Shape {
    return this.read().shape;
  }

  /** The value in Keras's orientation. Gradients flow through. */
  read(): Tensor {
    return this.#layout.toKeras(this.held);
  }

  /** What `backward` has accumulated, in Keras's orientation; null before. */
  get grad(): Tensor | null {
    const gradients = this.held.map((one) => one.grad);
    return gradients.includes(null) ? null : this.#layout.toKeras(gradients as Tensor[]);
  }

  /**
   * What to assign, and to which cells, so that this becomes the value; the dtype becomes that of the weight.
   * @throws ShapeError for another shape.
   */
  assignments(value: Tensor): Assignment[] {
    const { shape } = this;
    if (!sameShape(shape, value.shape))
      throw new ShapeError(`setWeights: ${this.name} is ${show(shape)}, got ${show(value.shape)}`);
    const parts = this.#layout.fromKeras(value);
    return this.held.map(({ cell }, i) => ({ cell, value: cast(parts[i]!.node, cell.dtype) }));
  }
}
