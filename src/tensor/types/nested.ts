import type { Shape } from "../../core/shape.ts";

/** Numbers or booleans, in arrays as deep as the tensor has axes. */
export type Nested = number | boolean | readonly Nested[];

/** The shape of a nested array, as far as its type tells; never when it is ragged. */
export type ShapeOf<T> = T extends number | boolean
  ? []
  : T extends ArrayBufferView
    ? [number]
    : T extends readonly []
      ? [0]
      : T extends readonly (infer E)[]
        ? [E] extends [number | boolean]
          ? [T["length"]]
          : [E] extends [readonly unknown[]]
            ? ShapeOfRows<E> extends infer Q extends Shape
              ? [Q] extends [never]
                ? never
                : [T["length"], ...Q]
              : never
            : Shape
        : Shape;

type ShapeOfRows<E extends readonly unknown[]> = E["length"] extends infer L extends number
  ? IsUnion<L> extends true
    ? never
    : E[number] extends infer X
      ? [X] extends [number | boolean]
        ? [L]
        : [X] extends [readonly unknown[]]
          ? ShapeOfRows<X> extends infer Q extends Shape
            ? [Q] extends [never]
              ? never
              : [L, ...Q]
            : never
          : Shape
      : never
  : never;

type IsUnion<T, U = T> = T extends unknown ? ([U] extends [T] ? false : true) : never;

/** The argument's type when it is rectangular, a sentence otherwise. */
export type Rectangular<T> = [ShapeOf<T>] extends [never] ? "tensor: the nested array is ragged" : T;
