import type { Shape } from "../../core/shape.ts";
import type { Show } from "./shape.ts";

/** rank → axis as written → index from the front. A table lookup is the cheapest arithmetic there is; it ends at rank 8. */
export interface AxisTable {
  0: {};
  1: { "0": 0; "-1": 0 };
  2: { "0": 0; "1": 1; "-1": 1; "-2": 0 };
  3: { "0": 0; "1": 1; "2": 2; "-1": 2; "-2": 1; "-3": 0 };
  4: { "0": 0; "1": 1; "2": 2; "3": 3; "-1": 3; "-2": 2; "-3": 1; "-4": 0 };
  5: { "0": 0; "1": 1; "2": 2; "3": 3; "4": 4; "-1": 4; "-2": 3; "-3": 2; "-4": 1; "-5": 0 };
  6: { "0": 0; "1": 1; "2": 2; "3": 3; "4": 4; "5": 5; "-1": 5; "-2": 4; "-3": 3; "-4": 2; "-5": 1; "-6": 0 };
  7: {
    "0": 0;
    "1": 1;
    "2": 2;
    "3": 3;
    "4": 4;
    "5": 5;
    "6": 6;
    "-1": 6;
    "-2": 5;
    "-3": 4;
    "-4": 3;
    "-5": 2;
    "-6": 1;
    "-7": 0;
  };
  8: {
    "0": 0;
    "1": 1;
    "2": 2;
    "3": 3;
    "4": 4;
    "5": 5;
    "6": 6;
    "7": 7;
    "-1": 7;
    "-2": 6;
    "-3": 5;
    "-4": 4;
    "-5": 3;
    "-6": 2;
    "-7": 1;
    "-8": 0;
  };
}

/** One axis or several, counted from either end. */
export type Axes = number | readonly number[];

/** The rank of a shape as a key of the table. */
export type Rank<S extends Shape> = S["length"] & keyof AxisTable;

export type AxisError<
  A extends number,
  S extends Shape,
  Op extends string,
> = `${Op}: axis ${A} is out of range for ${Show<S>}`;

/** The index of a literal axis, or a sentence. */
export type Axis<S extends Shape, A extends number, Op extends string> = `${A}` extends infer K
  ? K extends keyof AxisTable[Rank<S>]
    ? AxisTable[Rank<S>][K]
    : AxisError<A, S, Op>
  : never;

/** Axes as a list. */
export type AxisList<A> = A extends number ? [A] : A extends readonly number[] ? A : [];

/** The first sentence among the axes of a list, or never. */
export type BadAxis<S extends Shape, L extends readonly number[], Op extends string> = L extends readonly [
  infer H extends number,
  ...infer T extends Shape,
]
  ? Axis<S, H, Op> extends infer E extends string
    ? E
    : BadAxis<S, T, Op>
  : never;

/** S when every axis is in range or cannot be known; a sentence otherwise. */
export type CheckAxis<S extends Shape, A, Op extends string> = number extends S["length"]
  ? S
  : number extends AxisList<A>[number]
    ? S
    : [BadAxis<S, AxisList<A>, Op>] extends [never]
      ? S
      : BadAxis<S, AxisList<A>, Op>;
