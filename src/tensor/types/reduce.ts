import type { Shape } from "../../core/shape.ts";
import type { Axis, AxisList, BadAxis } from "./axis.ts";

type Ones<S extends Shape> = { -readonly [I in keyof S]: 1 };

/** S without the axes I (a union of indices), or with 1 in their place. */
export type Drop<S extends Shape, I, Keep, R extends Shape = [], At extends 0[] = []> = S extends readonly [
  infer d extends number,
  ...infer T extends Shape,
]
  ? Drop<T, I, Keep, At["length"] extends I ? (Keep extends true ? [...R, 1] : R) : [...R, d], [...At, 0]>
  : R;

/** The shape after reducing over axes (all when undefined), or a sentence. */
export type Reduce<S extends Shape, A, Keep, Op extends string> = A extends undefined
  ? Keep extends true
    ? Ones<S>
    : []
  : S["length"] extends 9 | 10 | 11 | 12 // past the axis table
    ? Shape
    : number extends S["length"]
      ? A extends -1
        ? S extends readonly [...infer I extends Shape, number]
          ? Keep extends true
            ? [...I, 1]
            : [...I]
          : Shape
        : Shape
      : number extends AxisList<A>[number]
        ? Shape
        : [BadAxis<S, AxisList<A>, Op>] extends [never]
          ? Drop<S, Axis<S, AxisList<A>[number], Op>, Keep>
          : BadAxis<S, AxisList<A>, Op>;
