/** Windows of images as columns, and columns added back: im2col and its transpose. */
import { ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { fold as foldAxis, permute, reshape } from "../../graph/ops/movement.ts";
import { pad } from "./movement.ts";
import { geometry, perAxis, reachOf, windows, type Geometry, type PerAxis } from "./windows.ts";

export interface ColumnOptions {
  /** Distance between the elements of a window, 1 by default. */
  readonly dilation?: PerAxis | undefined;
  /** Zeros around the image, 0 by default. */
  readonly padding?: PerAxis | undefined;
  /** Step between windows, 1 by default. */
  readonly stride?: PerAxis | undefined;
}

type Pair = readonly [number, number];

function laidOut(op: string, image: Pair, size: PerAxis, options: ColumnOptions): { sizes: Pair; shape: Geometry } {
  const { dilation = 1, padding = 0, stride = 1 } = options;
  const sizes = perAxis(op, "kernelSize", size, 2, 1) as unknown as Pair;
  return { sizes, shape: geometry(op, image, sizes, { dilation, padding, stride }) };
}

/** [n, c, h, w] → [n, c · window, positions]. */
export function unfold(op: string, x: Node, size: PerAxis, options: ColumnOptions): Node {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  if (x.shape.length !== 4) throw new ShapeError(`${op}: the input must be [n, c, h, w], got ${show(x.shape)}`);
  const { sizes, shape } = laidOut(op, [h, w], size, options);
  const view = windows(op, pad(x, [[0, 0], [0, 0], ...shape.padding]), sizes, shape);
  const [rows, columns] = view.shape.slice(2, 4) as [number, number];
  return reshape(permute(view, [0, 1, 4, 5, 2, 3]), [n, c * sizes[0] * sizes[1], rows * columns]);
}

/** [n, c · window, positions] → [n, c, h, w], overlapping elements added: the transpose of `unfold`. */
export function fold(op: string, x: Node, [h, w]: Pair, size: PerAxis, options: ColumnOptions): Node {
  const { sizes, shape } = laidOut(op, [h, w], size, options);
  const lengths = [h, w].map((length, i) => length + shape.padding[i]![0] + shape.padding[i]![1]) as [number, number];
  const counts = lengths.map(
    (length, i) => Math.floor((length - reachOf(sizes[i]!, shape.dilation[i]!)) / shape.stride[i]!) + 1,
  ) as [number, number];
  const area = sizes[0] * sizes[1];
  const positions = Math.max(0, counts[0]) * Math.max(0, counts[1]);
  const [n, features, given] = x.shape as readonly [number, number, number];
  if (x.shape.length !== 3 || features % area !== 0 || given !== positions)
    throw new ShapeError(
      `${op}: the input must be [n, c · ${area}, ${positions}] for an image of ${show([h, w])}, got ${show(x.shape)}`,
    );
  const view = permute(reshape(x, [n, features / area, ...sizes, ...counts]), [0, 1, 4, 5, 2, 3]);
  const step = (i: 0 | 1) => ({ axis: 2 + i, size: sizes[i]!, stride: shape.stride[i]!, dilation: shape.dilation[i]! });
  const wide = foldAxis(view, { ...step(1), length: lengths[1] });
  const whole = foldAxis(wide, { ...step(0), length: lengths[0] });
  return pad(whole, [[0, 0], [0, 0], ...shape.padding.map(([low, high]) => [-low, -high] as const)]);
}
