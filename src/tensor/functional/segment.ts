/**
 * Rows of one tensor gathered into groups that data names: what neighbours in a graph, words of a document or members of a
 * batch of graphs add up to. The order of additions is that of the rows, whatever the number of threads.
 */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { detach } from "../../graph/ops/control.ts";
import { fill } from "../../graph/ops/leaf.ts";
import { exp, neg } from "../../graph/ops/unary.ts";
import { div, maximum, sub } from "./arithmetic.ts";
import { eq, where } from "./comparison.ts";
import { gather, scatter } from "./indexing.ts";
import { reshape } from "./movement.ts";
import { toCountable, toFloat } from "./operands.ts";

function check(op: string, x: Node, ids: Node, count: number): void {
  if (isFloat(ids.dtype) || ids.dtype === "bool")
    throw new DTypeError(`${op}: segments must be named by integers, got ${ids.dtype}. Use ids.int()`);
  if (ids.shape.length !== 1 || x.shape.length === 0 || ids.shape[0] !== x.shape[0])
    throw new ShapeError(
      `${op}: needs rows [n, …] and one segment for each, [n], got ${show(x.shape)} and ${show(ids.shape)}`,
    );
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError(`${op}: the number of segments must be a whole number of 1 or more, got ${count}`);
}

/** Rows in each segment, as [count, 1, …] beside results of rows like `x`. */
function sizes(x: Node, ids: Node, count: number): Node {
  const ones = fill(ids.shape, 1, x.dtype);
  return reshape(scatter("add", fill([count], 0, x.dtype), ids, ones), [count, ...x.shape.slice(1).map(() => 1)]);
}

/** Sums of rows [n, …] by segment: [count, …]. Empty segments are 0, rows of segments that are none are dropped. */
export function segmentSum(input: Node, ids: Node, count: number): Node {
  const x = toCountable(input);
  check("segmentSum", x, ids, count);
  return scatter("add", fill([count, ...x.shape.slice(1)], 0, x.dtype), ids, x);
}

/** Means of rows by segment; empty segments are 0. */
export function segmentMean(input: Node, ids: Node, count: number): Node {
  const x = toFloat(input);
  check("segmentMean", x, ids, count);
  return div(segmentSum(x, ids, count), maximum(sizes(x, ids, count), 1));
}

/** Largest elements of rows by segment; empty segments are 0. Equal largest ones share the gradient. */
export function segmentMax(input: Node, ids: Node, count: number): Node {
  const x = toFloat(input);
  check("segmentMax", x, ids, count);
  const largest = scatter("max", fill([count, ...x.shape.slice(1)], -Infinity, x.dtype), ids, x);
  return where(eq(sizes(x, ids, count), 0), 0, largest);
}

/** Smallest elements of rows by segment; empty segments are 0. */
export function segmentMin(input: Node, ids: Node, count: number): Node {
  return neg(segmentMax(neg(toFloat(input)), ids, count));
}

/** Softmax of rows among those of their segment, without overflow: [n, …]. Segments of nothing but −∞ give 0. */
export function segmentSoftmax(input: Node, ids: Node, count: number): Node {
  const x = toFloat(input);
  check("segmentSoftmax", x, ids, count);
  const largest = detach(segmentMax(x, ids, count));
  const power = exp(sub(x, gather(where(eq(largest, -Infinity), 0, largest), ids)));
  const total = segmentSum(power, ids, count);
  return div(power, gather(where(eq(total, 0), 1, total), ids));
}
