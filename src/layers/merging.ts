/** Several tensors made one: `layers.add().apply([a, b])`. */
import { ArgumentError } from "../core/errors.ts";
import * as nn from "../nn/merge.ts";
import type { Module } from "../nn/module.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Layer, type LayerOptions } from "./layer.ts";

abstract class Merging<O extends LayerOptions = LayerOptions> extends Layer<O> {
  protected abstract readonly merge: Module & { forward(...inputs: Tensor[]): Tensor };

  override get supportsMasking(): boolean {
    return true;
  }

  override computeMask(
    _: unknown,
    mask: (Tensor | undefined) | readonly (Tensor | undefined)[] | undefined,
  ): Tensor | undefined {
    // A step counts where it does in all inputs.
    const given = [mask].flat().filter((one) => one !== undefined) as Tensor[];
    return given.length === 0 ? undefined : given.reduce((a, b) => a.logicalAnd(b));
  }

  call(inputs: readonly Tensor[]): Tensor {
    if (inputs instanceof Tensor || inputs.length < 2)
      throw new ArgumentError(`${this}: wants a list of two tensors or more, as in apply([a, b])`);
    return this.merge.forward(...inputs);
  }
}

export class Add extends Merging {
  static override readonly className: string = "Add";
  protected get merge(): nn.Add {
    return new nn.Add();
  }
}

/** The sum of its inputs. Shapes broadcast. */
export function add(options: LayerOptions = {}): Add {
  return new Add(options);
}

export class Subtract extends Merging {
  static override readonly className: string = "Subtract";
  protected get merge(): nn.Subtract {
    return new nn.Subtract();
  }
}

/** The first input less the second. Shapes broadcast. */
export function subtract(options: LayerOptions = {}): Subtract {
  return new Subtract(options);
}

export class Multiply extends Merging {
  static override readonly className: string = "Multiply";
  protected get merge(): nn.Multiply {
    return new nn.Multiply();
  }
}

/** The product of its inputs, element by element. Shapes broadcast. */
export function multiply(options: LayerOptions = {}): Multiply {
  return new Multiply(options);
}

export class Average extends Merging {
  static override readonly className: string = "Average";
  protected get merge(): nn.Average {
    return new nn.Average();
  }
}

/** The mean of its inputs. Shapes broadcast. */
export function average(options: LayerOptions = {}): Average {
  return new Average(options);
}

export class Maximum extends Merging {
  static override readonly className: string = "Maximum";
  protected get merge(): nn.Maximum {
    return new nn.Maximum();
  }
}

/** The largest of its inputs at each place. Shapes broadcast. */
export function maximum(options: LayerOptions = {}): Maximum {
  return new Maximum(options);
}

export class Minimum extends Merging {
  static override readonly className: string = "Minimum";
  protected get merge(): nn.Minimum {
    return new nn.Minimum();
  }
}

/** The smallest of its inputs at each place. Shapes broadcast. */
export function minimum(options: LayerOptions = {}): Minimum {
  return new Minimum(options);
}

export interface ConcatenateOptions extends LayerOptions {
  /** The last by default. */
  readonly axis?: number | undefined;
}

export class Concatenate extends Merging<ConcatenateOptions> {
  static override readonly className: string = "Concatenate";
  protected get merge(): nn.Concatenate {
    return new nn.Concatenate(this.options.axis);
  }
}

/** Its inputs end to end along an axis. */
export function concatenate(options: ConcatenateOptions = {}): Concatenate {
  return new Concatenate(options);
}

export interface DotOptions extends LayerOptions {
  /** The axis of each input to sum over, the batch counted: one for both, or one each. */
  readonly axes: number | readonly [number, number];
  /** Whether vectors along the axes are brought to length 1 first: cosines. False by default. */
  readonly normalize?: boolean | undefined;
}

export class Dot extends Merging<DotOptions> {
  static override readonly className: string = "Dot";
  protected get merge(): nn.Dot {
    return new nn.Dot(this.options.axes, { normalize: this.options.normalize });
  }
}

/** Products of two inputs summed over one axis of each, for every example alone. */
export function dot(options: DotOptions): Dot {
  return new Dot(options);
}
