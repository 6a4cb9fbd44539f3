/** Channels traded for resolution and back, and channels mixed. */
import { ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { permute, reshape } from "../graph/ops/movement.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { Module } from "./module.ts";

type Image = readonly [n: number, c: number, h: number, w: number];

function imageShape(layer: object, x: Tensor): Image {
  const { shape } = x.node;
  if (shape.length !== 4) throw new ShapeError(`${layer}: the input must be [n, c, h, w], got ${show(shape)}`);
  return shape as Image;
}

/** [n, c·r², h, w] → [n, c, h·r, w·r]: Shi et al. 2016. */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number;

  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = upscaleFactor;
    checkSizes(`${this}`, { upscaleFactor });
  }

  forward(x: Tensor): Tensor {
    const [n, c, h, w] = imageShape(this, x);
    const r = this.upscaleFactor;
    if (c % r ** 2 !== 0)
      throw new ShapeError(`${this}: ${c} channels of ${show(x.node.shape)} do not fall into squares of ${r} × ${r}`);
    const apart = reshape(x.node, [n, c / r ** 2, r, r, h, w]);
    return fromNode(reshape(permute(apart, [0, 1, 4, 2, 5, 3]), [n, c / r ** 2, h * r, w * r]));
  }

  override toString(): string {
    return `PixelShuffle(${this.upscaleFactor})`;
  }
}

/** [n, c, h·r, w·r] → [n, c·r², h, w]: the way back. */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number;

  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = downscaleFactor;
    checkSizes(`${this}`, { downscaleFactor });
  }

  forward(x: Tensor): Tensor {
    const [n, c, h, w] = imageShape(this, x);
    const r = this.downscaleFactor;
    if (h % r !== 0 || w % r !== 0)
      throw new ShapeError(`${this}: height and width of ${show(x.node.shape)} must be multiples of ${r}`);
    const apart = reshape(x.node, [n, c, h / r, r, w / r, r]);
    return fromNode(reshape(permute(apart, [0, 1, 3, 5, 2, 4]), [n, c * r ** 2, h / r, w / r]));
  }

  override toString(): string {
    return `PixelUnshuffle(${this.downscaleFactor})`;
  }
}

/** Channels of [n, c, …] dealt out like cards, one of each group after the other: Zhang et al. 2018. */
export class ChannelShuffle extends Module {
  readonly groups: number;

  constructor(groups: number) {
    super();
    this.groups = groups;
    checkSizes(`${this}`, { groups });
  }

  forward(x: Tensor): Tensor {
    const { shape } = x.node;
    const [n, c, ...rest] = shape;
    if (n === undefined || c === undefined || c % this.groups !== 0)
      throw new ShapeError(
        `${this}: the input must be [n, c, …] with channels in ${this.groups} groups, got ${show(shape)}`,
      );
    const apart = reshape(x.node, [n, this.groups, c / this.groups, ...rest]);
    return fromNode(reshape(permute(apart, [0, 2, 1, ...rest.map((_, i) => 3 + i)]), shape));
  }

  override toString(): string {
    return `ChannelShuffle(${this.groups})`;
  }
}
