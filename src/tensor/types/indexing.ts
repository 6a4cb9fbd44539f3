import type { Shape } from "../../core/shape.ts";
import type { Axis } from "./axis.ts";
import type { Ok } from "./shape.ts";

type Splice<S extends Shape, J, I extends Shape, R extends Shape = []> = S extends readonly [
  infer h extends number,
  ...infer T extends Shape,
]
  ? R["length"] extends J
    ? [...R, ...I, ...T]
    : Splice<T, J, I, [...R, h]>
  : Shape;

/** S with the axis A replaced by the shape of the index, or a sentence. */
export type Gather<S extends Shape, I extends Shape, A extends number> = number extends S["length"] | I["length"] | A
  ? Shape
  : Axis<S, A, "gather"> extends infer J
    ? J extends number
      ? Splice<S, J, I>
      : J
    : never;

/** A number keeps one element and drops the axis; [start, end] is a range, the end left out, with a step or without; null keeps the axis. */
export type Range = number | null | readonly [start: number, end?: number | undefined, step?: number];

/** A literal end counts when the range starts at 0 and the end is not counted from the back. */
type RangeSize<R> = R extends readonly [0, infer e extends number]
  ? `${e}` extends `-${string}`
    ? number
    : e
  : number;

export type Slice<S extends Shape, R extends readonly Range[], O extends Shape = []> = number extends
  | S["length"]
  | R["length"]
  ? Shape
  : R extends readonly [infer r, ...infer Q extends readonly Range[]]
    ? S extends readonly [infer d extends number, ...infer T extends Shape]
      ? Slice<T, Q, r extends number ? O : [...O, r extends null ? d : RangeSize<r>]>
      : `slice: more ranges than axes`
    : [...O, ...S];

/** S with size D at the axis A, or a sentence. */
export type Replace<S extends Shape, A extends number, D extends number, Op extends string> = number extends
  | S["length"]
  | A
  ? Shape
  : Axis<S, A, Op> extends infer I
    ? I extends number
      ? Ok<{ -readonly [K in keyof S]: K extends `${I}` ? D : S[K] }>
      : I
    : never;
