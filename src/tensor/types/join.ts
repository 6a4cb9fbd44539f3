import type { Shape } from "../../core/shape.ts";
import type { Axis } from "./axis.ts";
import type { Sum } from "./digits.ts";
import type { Insert } from "./movement.ts";
import type { Ok, SameSize, Show } from "./shape.ts";

/** Per axis other than I: could the sizes be the same? */
type Agree<S extends Shape, T extends Shape, I extends number> = {
  [K in keyof S]: K extends `${I}` ? true : K extends keyof T ? SameSize<S[K], T[K]> : true;
}[number];

type ConcatTwo<S extends Shape, T extends Shape, A extends number> = number extends S["length"] | T["length"] | A
  ? Shape
  : S["length"] extends T["length"]
    ? Axis<S, A, "concat"> extends infer I
      ? I extends number
        ? [Agree<S, T, I>] extends [true]
          ? Ok<{ -readonly [K in keyof S]: K extends `${I}` ? Sum<S[I], T[I]> : S[K] }>
          : `concat: ${Show<S>} and ${Show<T>} differ outside axis ${A}`
        : I
      : never
    : `concat: ${Show<S>} and ${Show<T>} differ in rank`;
type ConcatOnto<S extends Shape, R extends readonly Shape[], A extends number> = R extends readonly [
  infer H extends Shape,
  ...infer Q extends readonly Shape[],
]
  ? ConcatTwo<S, H, A> extends infer X
    ? X extends Shape
      ? ConcatOnto<X, Q, A>
      : X
    : never
  : S;

/** The shape of tensors end to end along an axis, or a sentence. */
export type Concat<T extends readonly Shape[], A extends number> = T extends readonly [
  infer H extends Shape,
  ...infer R extends readonly Shape[],
]
  ? ConcatOnto<H, R, A>
  : Shape;

type Alike<H extends Shape, R extends readonly Shape[]> = R extends readonly [
  infer X extends Shape,
  ...infer Q extends readonly Shape[],
]
  ? number extends X["length"]
    ? true
    : H["length"] extends X["length"]
      ? [Agree<H, X, -1>] extends [true]
        ? Alike<H, Q>
        : `stack: ${Show<H>} and ${Show<X>} differ`
      : `stack: ${Show<H>} and ${Show<X>} differ`
  : true;

/** The shape of tensors side by side along a new axis, or a sentence. */
export type Stack<T extends readonly Shape[], A extends number> = T extends readonly [
  infer H extends Shape,
  ...infer R extends readonly Shape[],
]
  ? number extends H["length"] | A
    ? Shape
    : Alike<H, R> extends infer X
      ? X extends string
        ? X
        : Axis<[...H, 0], A, "stack"> extends infer I
          ? I extends number
            ? Insert<H, I, T["length"]>
            : I
          : never
      : never
  : Shape;
