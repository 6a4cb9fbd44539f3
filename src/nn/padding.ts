/** Elements put around [n, c, …], or cut off. */
import { classNameOf } from "../core/className.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { padAround, type PaddingMode } from "../tensor/functional/padding.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import { AXES, type Pooled, type PoolRule, type Spatial } from "./rules.ts";

/**
 * One width for all sides, or two for each axis, from the last axis to the first as in PyTorch: [left, right], [left, right,
 * top, bottom], [left, right, top, bottom, front, back]. Negative widths cut.
 */
export type PadWidths = number | readonly number[];

/** Before and after each axis, first axis first. */
function widthsOf(layer: string, spatial: Spatial, padding: PadWidths): (readonly [number, number])[] {
  const list = typeof padding === "number" ? new Array<number>(2 * spatial).fill(padding) : padding;
  if (list.length !== 2 * spatial || !list.every(Number.isInteger))
    throw new ArgumentError(
      `${layer}: padding must be a whole number, or ${2 * spatial} of them, got ${JSON.stringify(padding)}`,
    );
  return Array.from({ length: spatial }, (_, i) => {
    const at = 2 * (spatial - 1 - i);
    return [list[at]!, list[at + 1]!] as const;
  });
}

abstract class Pad<N extends Spatial> extends Module {
  declare readonly "~rule": PoolRule<N>;
  readonly spatial: N;
  readonly mode: PaddingMode;
  readonly padding: PadWidths;
  readonly value: number;

  constructor(spatial: N, mode: PaddingMode, padding: PadWidths, value: number = 0) {
    super();
    this.spatial = spatial;
    this.mode = mode;
    this.padding = padding;
    this.value = value;
    widthsOf(`${this}`, spatial, padding);
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<Pooled<S, N>> {
    const { spatial, mode, value } = this;
    const { shape } = x.node;
    if (shape.length !== spatial + 2)
      throw new ShapeError(`${this}: the input must be [n, c, ${AXES[spatial]}], got ${show(shape)}`);
    return fromNode(padAround(`${this}`, x.node, widthsOf(`${this}`, spatial, this.padding), mode, value));
  }

  override toString(): string {
    return `${classNameOf(this)}(${JSON.stringify(this.padding)})`;
  }
}

/** Zeros around [n, c, w]. */
export class ZeroPad1d extends Pad<1> {
  constructor(padding: PadWidths) {
    super(1, "zeros", padding);
  }
}
/** Zeros around [n, c, h, w]. */
export class ZeroPad2d extends Pad<2> {
  constructor(padding: PadWidths) {
    super(2, "zeros", padding);
  }
}
/** Zeros around [n, c, d, h, w]. */
export class ZeroPad3d extends Pad<3> {
  constructor(padding: PadWidths) {
    super(3, "zeros", padding);
  }
}
/** A number around [n, c, w]. */
export class ConstantPad1d extends Pad<1> {
  constructor(padding: PadWidths, value: number) {
    super(1, "zeros", padding, value);
  }
}
/** A number around [n, c, h, w]. */
export class ConstantPad2d extends Pad<2> {
  constructor(padding: PadWidths, value: number) {
    super(2, "zeros", padding, value);
  }
}
/** A number around [n, c, d, h, w]. */
export class ConstantPad3d extends Pad<3> {
  constructor(padding: PadWidths, value: number) {
    super(3, "zeros", padding, value);
  }
}
/** The mirrored inside, without the edge, around [n, c, w]. */
export class ReflectionPad1d extends Pad<1> {
  constructor(padding: PadWidths) {
    super(1, "reflect", padding);
  }
}
/** The mirrored inside, without the edge, around [n, c, h, w]. */
export class ReflectionPad2d extends Pad<2> {
  constructor(padding: PadWidths) {
    super(2, "reflect", padding);
  }
}
/** The mirrored inside, without the edge, around [n, c, d, h, w]. */
export class ReflectionPad3d extends Pad<3> {
  constructor(padding: PadWidths) {
    super(3, "reflect", padding);
  }
}
/** The edge repeated around [n, c, w]. */
export class ReplicationPad1d extends Pad<1> {
  constructor(padding: PadWidths) {
    super(1, "replicate", padding);
  }
}
/** The edge repeated around [n, c, h, w]. */
export class ReplicationPad2d extends Pad<2> {
  constructor(padding: PadWidths) {
    super(2, "replicate", padding);
  }
}
/** The edge repeated around [n, c, d, h, w]. */
export class ReplicationPad3d extends Pad<3> {
  constructor(padding: PadWidths) {
    super(3, "replicate", padding);
  }
}
/** The other end around [n, c, w]. */
export class CircularPad1d extends Pad<1> {
  constructor(padding: PadWidths) {
    super(1, "circular", padding);
  }
}
/** The other end around [n, c, h, w]. */
export class CircularPad2d extends Pad<2> {
  constructor(padding: PadWidths) {
    super(2, "circular", padding);
  }
}
/** The other end around [n, c, d, h, w]. */
export class CircularPad3d extends Pad<3> {
  constructor(padding: PadWidths) {
    super(3, "circular", padding);
  }
}

/** Widths to cut off: the widths of a padding, turned around. */
function cut(layer: string, widths: PadWidths): PadWidths {
  if ([widths].flat().some((width) => width < 0))
    throw new ArgumentError(`${layer}: widths must be 0 or more, got ${JSON.stringify(widths)}. Use ZeroPad to add`);
  return typeof widths === "number" ? -widths : widths.map((width) => -width);
}

/** Elements cut off both ends of [n, c, w]: one width, or [left, right]. */
export class Cropping1d extends Pad<1> {
  constructor(widths: PadWidths) {
    super(1, "zeros", cut("Cropping1d", widths));
  }
}
/** Elements cut off the sides of [n, c, h, w]: one width, or [left, right, top, bottom]. */
export class Cropping2d extends Pad<2> {
  constructor(widths: PadWidths) {
    super(2, "zeros", cut("Cropping2d", widths));
  }
}
/** Elements cut off the sides of [n, c, d, h, w]: one width, or [left, right, top, bottom, front, back]. */
export class Cropping3d extends Pad<3> {
  constructor(widths: PadWidths) {
    super(3, "zeros", cut("Cropping3d", widths));
  }
}
