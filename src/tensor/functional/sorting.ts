/** Elements in order along an axis, and what follows from their order. NaN counts as the largest, and equals keep their order. */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { normalizeAxis, show, sizeOf } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { add, and, eq, lt, mul, ne, or, sub } from "../../graph/ops/binary.ts";
import { gather } from "../../graph/ops/gather.ts";
import { fill, iota } from "../../graph/ops/leaf.ts";
import { concat, permute, reshape, slice } from "../../graph/ops/movement.ts";
import { argmax, maxReduce } from "../../graph/ops/reduce.ts";
import { scan } from "../../graph/ops/scan.ts";
import * as ops from "../../graph/ops/sort.ts";
import { bitcast, cast } from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import type { Ranked } from "./cumulative.ts";
import { expandTo, like, toFloat } from "./operands.ts";
import { any } from "./reductions.ts";

/** Positions of the elements in order, i32: the smallest first, or the largest. */
export function argsort(x: Node, axis: number = -1, descending: boolean = false): Node {
  return ops.argsort(x, normalizeAxis("argsort", axis, x.shape), descending);
}

/** The elements in order, and where they stood. The gradient goes back to where they stood. */
export function sort(x: Node, axis: number = -1, descending: boolean = false): Ranked {
  const at = normalizeAxis("sort", axis, x.shape);
  const indices = ops.argsort(x, at, descending);
  return { values: gather(x, indices, at), indices };
}

/** `count` positions of an axis from `from` on. */
function part(x: Node, axis: number, from: number, count: number): Node {
  return slice(
    x,
    x.shape.map((_, a) => (a === axis ? from : 0)),
    x.shape.map((size, a) => (a === axis ? count : size)),
  );
}

function checkRank(op: string, k: number, least: number, x: Node, axis: number): void {
  if (!Number.isInteger(k) || k < least || k > x.shape[axis]!)
    throw new ArgumentError(
      `${op}: k must be a whole number from ${least} to ${x.shape[axis]}, the size of axis ${axis} of ${show(x.shape)}, got ${k}`,
    );
}

/** The k largest (or smallest) elements, best first, and where they stand. */
export function topk(x: Node, k: number, axis: number = -1, largest: boolean = true): Ranked {
  const at = normalizeAxis("topk", axis, x.shape);
  checkRank("topk", k, 0, x, at);
  const few = k > 0 && k * PASSES_OF_A_SORT <= x.shape[at]!;
  const indices = few && hasKeys(x) ? best(x, k, at, largest) : part(ops.argsort(x, at, largest), at, 0, k);
  return { values: gather(x, indices, at), indices };
}

/** What sorting costs, in times of looking for the largest element, for each element: where k is less, k looks are faster. */
const PASSES_OF_A_SORT = 8;

/** Less than every key. */
const LEAST = -(2 ** 31);

const hasKeys = ({ dtype }: Node): boolean => dtype !== "f64" && dtype !== "i32" && dtype !== "u32";

/** i32 numbers in the order of the elements: of equals equal, of NaN the largest, and all more than `LEAST`, in either direction. */
function keysOf(x: Node, largest: boolean): Node {
  let keys = cast(x, isFloat(x.dtype) ? "f32" : "i32");
  if (isFloat(x.dtype)) {
    const [number, zero] = [keys, like(keys, 0)];
    // Below 0 bits are larger the smaller the number is. −0 is as large as 0.
    const bits = bitcast(where(eq(number, zero), zero, number), "i32");
    const ordered = where(lt(bits, like(bits, 0)), sub(like(bits, LEAST), bits), bits);
    keys = where(ne(number, number), like(bits, 2 ** 31 - 2), ordered);
  }
  return largest ? keys : sub(like(keys, -1), keys);
}

/** Where the k best stand: each is the best of those that come after the one before. */
function best(x: Node, k: number, axis: number, largest: boolean): Node {
  const keys = keysOf(x, largest);
  const places = iota(x.shape, axis);
  const one = x.shape.map((size, a) => (a === axis ? 1 : size));
  const whole = (node: Node): Node => expandTo(reshape(node, one), x.shape);
  const others = x.shape.filter((_, a) => a !== axis);
  const start = [2 ** 31 - 1, -1].map((value) => fill(others, value, "i32"));
  const { outputs } = scan(
    ([key, place]) => {
      const behind = and(eq(keys, whole(key!)), lt(whole(place!), places));
      const left = where(or(lt(keys, whole(key!)), behind), keys, like(keys, LEAST));
      const next = [maxReduce(left, [axis]), argmax(left, [axis])];
      return { carry: next, outputs: [next[1]!] };
    },
    start,
    [],
    k,
  );
  const order = x.shape.map((_, a) => a);
  return permute(outputs[0]!, [...order.slice(1, axis + 1), 0, ...order.slice(axis + 1)]);
}

const withoutAxis = (x: Node, axis: number): Node =>
  reshape(
    x,
    x.shape.filter((_, a) => a !== axis),
  );

/** The k-th smallest element (1 is the smallest) and where it stands; the axis disappears, or stays as 1. */
export function kthvalue(x: Node, k: number, axis: number = -1, keep: boolean = false): Ranked {
  const at = normalizeAxis("kthvalue", axis, x.shape);
  checkRank("kthvalue", k, 1, x, at);
  const indices = part(ops.argsort(x, at), at, k - 1, 1);
  const values = gather(x, indices, at);
  return keep ? { values, indices } : { values: withoutAxis(values, at), indices: withoutAxis(indices, at) };
}

/** All elements in a row where no axis is named. */
function alongOne(op: string, x: Node, axis: number | undefined): { x: Node; at: number } {
  const row = axis === undefined ? reshape(x, [sizeOf(x.shape)]) : x;
  const at = normalizeAxis(op, axis ?? 0, row.shape);
  if (row.shape[at] === 0) throw new ShapeError(`${op}: axis ${at} of ${show(x.shape)} is empty and has no ${op}`);
  return { x: row, at };
}

/** NaN where any of the elements along the axis is: an order that puts NaN last would hide it. */
function spoiled(value: Node, x: Node, axis: number): Node {
  return where(expandTo(any(ne(x, x), axis, true), value.shape), like(value, NaN), value);
}

/** The shape of a result over one axis, or over all. */
function finished(value: Node, axis: number | undefined, at: number, rank: number, keep: boolean): Node {
  if (!keep) return withoutAxis(value, at);
  return axis === undefined ? reshape(value, new Array<number>(rank).fill(1)) : value;
}

/** The middle element, the lower one of two (PyTorch's); NaN where there is one. Over all elements, or one axis. */
export function median(input: Node, axis?: number, keep: boolean = false): Node {
  const { x, at } = alongOne("median", input, axis);
  const { values } = kthvalue(x, Math.floor((x.shape[at]! + 1) / 2), at, true);
  return finished(isFloat(x.dtype) ? spoiled(values, x, at) : values, axis, at, input.shape.length, keep);
}

export type Interpolation = "linear" | "lower" | "higher" | "midpoint" | "nearest";

/** Between two neighbours in order: how much of the upper one is taken. */
function shareOf(interpolation: Interpolation, position: number): number {
  const share = position - Math.floor(position);
  switch (interpolation) {
    case "linear":
      return share;
    case "lower":
      return 0;
    case "higher":
      return share > 0 ? 1 : 0;
    case "midpoint":
      return share > 0 ? 0.5 : 0;
    case "nearest":
      // Halves to the even position, as rounding does.
      return share > 0.5 || (share === 0.5 && Math.floor(position) % 2 === 1) ? 1 : 0;
  }
}

/** The values below which shares `q` of the elements lie: along a new first axis for several, without one for a number. */
export function quantile(
  input: Node,
  q: number | readonly number[],
  axis?: number,
  keep: boolean = false,
  interpolation: Interpolation = "linear",
): Node {
  const wanted = typeof q === "number" ? [q] : q;
  const bad = wanted.find((share) => !(share >= 0 && share <= 1));
  if (bad !== undefined) throw new ArgumentError(`quantile: q must be from 0 to 1, got ${bad}`);
  if (!wanted.length) throw new ArgumentError("quantile: needs at least one q, got none");
  const { x, at } = alongOne("quantile", toFloat(input), axis);
  const { values } = sort(x, at);
  const results = wanted.map((share) => {
    const position = share * (x.shape[at]! - 1);
    const upper = shareOf(interpolation, position);
    const below = part(values, at, Math.floor(position), 1);
    const above = part(values, at, Math.ceil(position), 1);
    // Equal neighbours, also infinite ones, are the value itself.
    const between = add(below, mul(sub(above, below), like(below, upper)));
    const value = upper === 0 ? below : upper === 1 ? above : where(eq(below, above), below, between);
    return finished(spoiled(value, x, at), axis, at, input.shape.length, keep);
  });
  if (typeof q === "number") return results[0]!;
  return concat(
    results.map((value) => reshape(value, [1, ...value.shape])),
    0,
  );
}
