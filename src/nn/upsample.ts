import { checkResize, resize, type ResizeOptions } from "../tensor/functional/resize.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/**
 * [n, c, …] at other spatial sizes, one to three axes: nearest, linear, bilinear, trilinear, bicubic or area (the mean of
 * what falls together). Integers become f32.
 * @param options either `size` or `scaleFactor`; `mode` ("nearest" by default), `alignCorners`, `antialias`.
 * @throws ArgumentError for options that make no sense together, ShapeError for a rank that the mode is not for.
 * @example nn.interpolate(images, { size: [224, 224], mode: "bilinear", antialias: true })
 */
export function interpolate(x: Tensor, options: ResizeOptions): Tensor {
  return fromNode(resize(x.node, options));
}

/**
 * `interpolate` as a layer: larger or smaller images, signals and volumes.
 * @example new nn.Upsample({ scaleFactor: 2, mode: "bilinear" })
 */
export class Upsample extends Module {
  readonly options: ResizeOptions;

  constructor(options: ResizeOptions) {
    super();
    this.options = options;
    checkResize(`${this}`, options);
  }

  forward(x: Tensor): Tensor {
    return fromNode(resize(x.node, this.options, `${this}`));
  }

  override toString(): string {
    const { size, scaleFactor, mode = "nearest" } = this.options;
    return `Upsample(${size === undefined ? `× ${JSON.stringify(scaleFactor)}` : JSON.stringify(size)}, ${mode})`;
  }
}
