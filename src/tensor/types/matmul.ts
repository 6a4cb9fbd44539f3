import type { Shape } from "../../core/shape.ts";
import type { BroadcastOnto } from "./broadcast.ts";
import type { SameSize, Show, ShowOne } from "./shape.ts";

type Inner<K, K2, R> =
  SameSize<K, K2> extends true ? R : `matmul: inner dimensions differ: ${ShowOne<K>} vs ${ShowOne<K2>}`;

type Batched<A extends Shape, B extends Shape, M extends number, N extends number, X extends Shape, Y extends Shape> =
  BroadcastOnto<A, B, [M, N]> extends infer R
    ? [R] extends [never]
      ? `matmul: batch dimensions of ${Show<X>} and ${Show<Y>} do not broadcast`
      : R
    : never;

type General<A extends Shape, B extends Shape> = A extends readonly []
  ? "matmul: the left side is a scalar; use mul"
  : B extends readonly []
    ? "matmul: the right side is a scalar; use mul"
    : A extends readonly [infer K extends number]
      ? B extends readonly [infer K2 extends number]
        ? Inner<K, K2, []>
        : B extends readonly [...infer BB extends Shape, infer K2 extends number, infer N extends number]
          ? Inner<K, K2, [...BB, N]>
          : Shape
      : A extends readonly [...infer AB extends Shape, infer M extends number, infer K extends number]
        ? B extends readonly [infer K2 extends number]
          ? Inner<K, K2, [...AB, M]>
          : B extends readonly [...infer BB extends Shape, infer K2 extends number, infer N extends number]
            ? Inner<K, K2, Batched<AB, BB, M, N, A, B>>
            : Shape
        : A extends readonly [...infer AI extends Shape, infer K extends number] // [...number[], 128]
          ? B extends readonly [infer K2 extends number, infer N extends number]
            ? Inner<K, K2, [...AI, N]>
            : Shape
          : B extends readonly [number, infer N extends number]
            ? [...number[], N]
            : Shape;

/** The shape of a matrix product by NumPy's rules, or a sentence. The common case, two matrices, is tried first. */
export type MatMul<A extends Shape, B extends Shape> = A extends readonly [
  infer M extends number,
  infer K extends number,
]
  ? B extends readonly [infer K2 extends number, infer N extends number]
    ? Inner<K, K2, [M, N]>
    : General<A, B>
  : General<A, B>;
