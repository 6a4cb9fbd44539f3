/**
 * Sorting, as an order: the positions of the elements along an axis, smallest first. Short runs are put in order by
 * counting, then merged two by two, each pass one kernel in which every element is found on its own: O(n log² n) work,
 * parallel throughout, and no pass reads what it writes.
 */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { checkAxes, sameShape, show } from "../../core/shape.ts";
import {
  add,
  binary,
  cast,
  constant,
  index as freshIndex,
  quotient,
  register,
  remainder,
  scale,
  select,
  unary,
  type Expression,
} from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import type { Node } from "../node.ts";
import { apply, batchAlongAxis, type Access, type Op } from "../op.ts";
import { clamp, contiguous } from "./movement.ts";

/** `run`: how many neighbours are in order before (merge) or after (count) the op. */
type Order = { readonly axis: number; readonly run: number; readonly descending: boolean };

const i32 = (value: number): Expression => constant(value, "i32");
const sub = (a: Expression, b: Expression): Expression => add(a, scale(b, -1));
const both = (a: Expression, b: Expression): Expression => binary("and", a, b);

const invert = (condition: Expression): Expression => unary("not", condition);

/** Whether `a` comes strictly before `b`: NaN counts as the largest. */
function before(a: Expression, b: Expression, descending: boolean): Expression {
  const [small, large] = descending ? [b, a] : [a, b];
  const less = binary("lt", small, large);
  if (!isFloat(a.dtype)) return less;
  return binary("or", less, both(binary("eq", small, small), binary("ne", large, large)));
}

function checkRun(op: string, run: number): void {
  if (!Number.isInteger(run) || run < 1)
    throw new ArgumentError(`${op}: runs must be whole numbers of 1 or more, got ${run}`);
}

/** Positions along the axis, each run of neighbours sorted: an element's place is the number of those before it. i32. */
export const countRunsOp: Op<Order> = {
  name: "countRuns",
  infer([x], { axis, run }) {
    checkAxes("countRuns", [axis], x!.shape);
    checkRun("countRuns", run);
    return { shape: x!.shape, dtype: "i32" };
  },
  batch: batchAlongAxis,
  lowerLoops({ inputs: [x], shape, attributes: { axis, run, descending }, write }) {
    const length = shape[axis]!;
    const others = shape.map((size) => freshIndex(size));
    const block = freshIndex(Math.ceil(length / run));
    const [own, other] = [freshIndex(Math.min(run, length)), freshIndex(Math.min(run, length))];
    const place = (position: Expression): Expression[] => others.map((i, a) => (a === axis ? position : i));
    const start = scale(block, run);
    const [at, beside] = [add(start, own), add(start, other)];
    const key = (position: Expression): Expression => x!(place(clamp(position, length)));
    const [mine, theirs] = [key(at), key(beside)];
    // Equal elements keep their order: of two, the one behind counts the one in front.
    const first = select(
      binary("lt", other, own),
      invert(before(mine, theirs, descending)),
      before(theirs, mine, descending),
    );
    const rank = register("i32");
    const count: Statement = {
      kind: "loop",
      index: other,
      extent: other.extent,
      axis: "reduce",
      accumulators: [{ register: rank, op: "sum", value: cast(both(binary("lt", beside, i32(length)), first), "i32") }],
      body: [],
    };
    const body: Statement = {
      kind: "loop",
      index: own,
      extent: own.extent,
      axis: "sequential",
      accumulators: [],
      body: [
        {
          kind: "if",
          condition: binary("lt", at, i32(length)),
          body: [count, write(place(add(start, rank)), at)],
        },
      ],
    };
    return { parallel: others.map((i, a) => (a === axis ? block : i)), body: length === 0 ? [] : [body] };
  },
};

/** Sorted runs merged two by two: from keys, and their positions sorted in runs, to positions sorted in runs twice as long. i32. */
export const mergeRunsOp: Op<Order> = {
  name: "mergeRuns",
  infer([x, order], { axis, run }) {
    checkAxes("mergeRuns", [axis], x!.shape);
    checkRun("mergeRuns", run);
    if (order!.dtype !== "i32") throw new DTypeError(`mergeRuns: the order must be i32, got ${order!.dtype}`);
    if (!sameShape(x!.shape, order!.shape))
      throw new ShapeError(`mergeRuns: keys ${show(x!.shape)} and order ${show(order!.shape)} differ`);
    return { shape: x!.shape, dtype: "i32" };
  },
  batch: batchAlongAxis,
  lowerLoops({ inputs: [x, order], shape, attributes: { axis, run, descending }, write }) {
    const length = shape[axis]!;
    const index = shape.map((size) => freshIndex(size));
    const place = (position: Expression): Expression[] => index.map((i, a) => (a === axis ? position : i));
    const reader =
      (read: Access) =>
      (position: Expression): Expression =>
        read(place(clamp(position, length)));
    const positionAt = reader(order!);
    const keyAt = (position: Expression): Expression => reader(x!)(positionAt(position));
    const start = scale(quotient(index[axis]!, 2 * run), 2 * run);
    const middle = add(start, i32(run));
    const k = remainder(index[axis]!, 2 * run);
    const left = binary("min", sub(i32(length), start), i32(run));
    const right = binary("min", binary("max", sub(i32(length), middle), i32(0)), i32(run));
    // How many of the first k come from the left run, by bisection: as many as are not preceded by their rival on the right.
    const most = binary("min", k, left);
    let taken = binary("max", sub(k, right), i32(0));
    for (let step = 2 ** Math.ceil(Math.log2(run)); step >= 1; step /= 2) {
      const more = add(taken, i32(step));
      const rival = keyAt(add(middle, sub(k, more)));
      const last = keyAt(add(start, sub(more, i32(1))));
      const fits = both(binary("le", more, most), invert(before(rival, last, descending)));
      taken = select(fits, more, taken);
    }
    const [fromLeft, fromRight] = [add(start, taken), add(middle, sub(k, taken))];
    const takesLeft = both(
      binary("lt", taken, left),
      binary("or", binary("le", right, sub(k, taken)), invert(before(keyAt(fromRight), keyAt(fromLeft), descending))),
    );
    const value = select(takesLeft, positionAt(fromLeft), positionAt(fromRight));
    return { parallel: index, body: [write(index, value)] };
  },
};

/** Runs shorter than this are counted, not merged. */
const SHORT = 32;

/**
 * The order of the elements along an axis: positions, i32, of the smallest first (or the largest, `descending`). Equal
 * elements keep their order, and NaN counts as the largest.
 */
export function argsort(x: Node, axis: number, descending: boolean = false, short: number = SHORT): Node {
  // Every pass reads the keys many times: they are computed once.
  const keys = contiguous(x);
  let order = apply(countRunsOp, [keys], { axis, run: short, descending });
  for (let run = short; run < x.shape[axis]!; run *= 2)
    order = apply(mergeRunsOp, [keys, order], { axis, run, descending });
  return order;
}
