/** Windows of images as columns of a matrix, and back: im2col and col2im. */
import { fold, unfold, type ColumnOptions } from "../tensor/functional/columns.ts";
import { perAxis, type PerAxis } from "../tensor/functional/windows.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

function checkOptions(
  layer: string,
  kernelSize: PerAxis,
  { stride = 1, padding = 0, dilation = 1 }: ColumnOptions,
): void {
  perAxis(layer, "kernelSize", kernelSize, 2, 1);
  perAxis(layer, "stride", stride, 2, 1);
  perAxis(layer, "padding", padding, 2, 0);
  perAxis(layer, "dilation", dilation, 2, 1);
}

/** Every window of [n, c, h, w] as a column: [n, c · window, positions]. A convolution is a product with these. */
export class Unfold extends Module {
  readonly kernelSize: PerAxis;
  readonly options: ColumnOptions;

  constructor(kernelSize: PerAxis, options: ColumnOptions = {}) {
    super();
    this.kernelSize = kernelSize;
    this.options = options;
    checkOptions(`${this}`, kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    return fromNode(unfold(`${this}`, x.node, this.kernelSize, this.options));
  }

  override toString(): string {
    return `Unfold(${JSON.stringify(this.kernelSize)})`;
  }
}

/** Columns [n, c · window, positions] added up to images [n, c, h, w] of a given size: the transpose of `Unfold`. */
export class Fold extends Module {
  readonly outputSize: PerAxis;
  readonly kernelSize: PerAxis;
  readonly options: ColumnOptions;

  constructor(outputSize: PerAxis, kernelSize: PerAxis, options: ColumnOptions = {}) {
    super();
    this.outputSize = outputSize;
    this.kernelSize = kernelSize;
    this.options = options;
    perAxis(`${this}`, "outputSize", outputSize, 2, 1);
    checkOptions(`${this}`, kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    const image = perAxis(`${this}`, "outputSize", this.outputSize, 2, 1) as [number, number];
    return fromNode(fold(`${this}`, x.node, image, this.kernelSize, this.options));
  }

  override toString(): string {
    return `Fold(${JSON.stringify(this.outputSize)}, ${JSON.stringify(this.kernelSize)})`;
  }
}
