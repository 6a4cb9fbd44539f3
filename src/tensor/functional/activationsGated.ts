/** Activations in which one part of the input opens a gate for another, and the maximum over pieces. */
import { ShapeError } from "../../core/errors.ts";
import { normalizeAxes, show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { mul } from "../../graph/ops/binary.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { narrow } from "./movement.ts";
import { toFloat } from "./operands.ts";
import { max } from "./reductions.ts";

/** a · gate(b) of the two halves [a, b] along an axis. Throws ShapeError where its size is odd. */
export function gated(op: string, input: Node, axis: number, gate: (b: Node) => Node): Node {
  const x = toFloat(input);
  const [at] = normalizeAxes(op, axis, x.shape);
  const size = x.shape[at!]!;
  if (size % 2 !== 0)
    throw new ShapeError(`${op}: axis ${axis} is cut in two halves, so its size must be even, got ${show(x.shape)}`);
  const half = (part: number): Node => narrow(x, at!, (part * size) / 2, size / 2);
  return mul(half(0), gate(half(1)));
}

/** The largest of every `pieces` neighbours along an axis. Throws ShapeError where they do not divide its size. */
export function maxout(x: Node, pieces: number, axis: number = -1): Node {
  const [at] = normalizeAxes("maxout", axis, x.shape);
  const size = x.shape[at!]!;
  if (!Number.isInteger(pieces) || pieces < 1 || size % pieces !== 0)
    throw new ShapeError(`maxout: axis ${axis} of ${show(x.shape)} does not divide into units of ${pieces} pieces`);
  const shape = [...x.shape.slice(0, at), size / pieces, pieces, ...x.shape.slice(at! + 1)];
  return max(reshape(x, shape), at! + 1);
}
