/** Running results along an axis: element i is made of the elements up to it. */
import { normalizeAxis } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { add, eq, sub } from "../../graph/ops/binary.ts";
import { detach } from "../../graph/ops/control.ts";
import * as ops from "../../graph/ops/cumulate.ts";
import { flip } from "../../graph/ops/movement.ts";
import { abs, exp, log } from "../../graph/ops/unary.ts";
import { where } from "../../graph/ops/where.ts";
import { like, together, toCountable, toFloat } from "./operands.ts";

export interface CumulativeOptions {
  /** Leaves each element itself out: the first result is that of no elements. False by default. */
  readonly exclusive?: boolean | undefined;
  /** Runs from the end of the axis. False by default. */
  readonly reverse?: boolean | undefined;
}

/** An extreme value and where it stands. */
export interface Ranked<T = Node> {
  readonly values: T;
  /** Positions along the axis, i32. */
  readonly indices: T;
}

/** A function of what lies before each element, run from the other end where asked. */
function directed(x: Node, axis: number, reverse: boolean, run: (x: Node) => Node): Node {
  return reverse ? flip(run(flip(x, [axis])), [axis]) : run(x);
}

/* @__NO_SIDE_EFFECTS__ */
const cumulative =
  (name: string, mode: "sum" | "prod", nothing: number) =>
  (input: Node, axis: number, { exclusive = false, reverse = false }: CumulativeOptions = {}): Node => {
    const at = normalizeAxis(name, axis, input.shape);
    return directed(toCountable(input), at, reverse, (x) => {
      const inclusive = ops.cumulate(mode, x, at);
      return exclusive ? ops.previous(inclusive, at, nothing) : inclusive;
    });
  };

/** Sums of the elements up to each one. bool and u8 sum as i32. */
export const cumsum: (x: Node, axis: number, options?: CumulativeOptions) => Node = cumulative("cumsum", "sum", 0);
/** Products of the elements up to each one; zeros have exact gradients. bool and u8 multiply as i32. */
export const cumprod: (x: Node, axis: number, options?: CumulativeOptions) => Node = cumulative("cumprod", "prod", 1);

/* @__NO_SIDE_EFFECTS__ */
const extreme =
  (name: string, mode: "max" | "min") =>
  (x: Node, axis: number): Ranked => {
    const at = normalizeAxis(name, axis, x.shape);
    const values = ops.cumulate(mode, x, at);
    return { values, indices: ops.extremePositions(x, values, at) };
  };

/** The largest element so far and the latest place where it stands. NaN stays from where it comes. */
export const cummax: (x: Node, axis: number) => Ranked = extreme("cummax", "max");
/** The smallest element so far and the latest place where it stands. */
export const cummin: (x: Node, axis: number) => Ranked = extreme("cummin", "min");

/**
 * ln Σ eˣ over the elements up to each one, without overflow: the sums are kept relative to the largest element so far,
 * and shrink by a linear recurrence whenever a larger one comes.
 */
export function logcumsumexp(input: Node, axis: number): Node {
  const x = toFloat(input);
  const at = normalizeAxis("logcumsumexp", axis, x.shape);
  const highest = ops.cumulate("max", detach(x), at);
  // Nothing is relative to infinity.
  const level = where(eq(abs(highest), like(x, Infinity)), like(x, 0), highest);
  const shrinking = exp(sub(ops.previous(highest, at, -Infinity), level));
  return add(log(ops.recurrence(shrinking, exp(sub(x, level)), at)), level);
}

/**
 * yᵢ = aᵢ · yᵢ₋₁ + bᵢ along an axis, from y = 0: discounted returns, moving averages and linear state spaces.
 * Operands broadcast and promote; what is no float counts in i32.
 */
export function linearRecurrence(a: Node | number, b: Node, axis: number): Node {
  const [factors, terms] = together("linearRecurrence", [a, toCountable(b)]) as [Node, Node];
  return ops.recurrence(factors, terms, normalizeAxis("linearRecurrence", axis, terms.shape));
}
