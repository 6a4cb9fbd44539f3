import type { Shape } from "../../core/shape.ts";
import type { One, Show } from "./shape.ts";

type Size<A extends number, B extends number> =
  One<A> extends One<B>
    ? One<B> extends One<A>
      ? A
      : One<A> extends One<1>
        ? B
        : A
    : One<A> extends One<1>
      ? B
      : One<B> extends One<1>
        ? A
        : One<B> extends One<A>
          ? B
          : never;

/**
 * A and B from the right, in front of the sizes `R` already joined; never when they do not broadcast.
 * The case of two known sizes is written out (not through `Size`), so that [B, C] + [C] resolves for generic B and C.
 */
export type BroadcastOnto<A extends Shape, B extends Shape, R extends Shape> = A extends readonly []
  ? [...B, ...R]
  : B extends readonly []
    ? R extends []
      ? A
      : [...A, ...R]
    : A extends readonly [...infer AI extends Shape, infer a extends number]
      ? B extends readonly [...infer BI extends Shape, infer b extends number]
        ? One<a> extends One<b>
          ? BroadcastOnto<AI, BI, [One<b> extends One<a> ? a : One<a> extends One<1> ? b : a, ...R]>
          : One<a> extends One<1>
            ? BroadcastOnto<AI, BI, [b, ...R]>
            : One<b> extends One<1>
              ? BroadcastOnto<AI, BI, [a, ...R]>
              : One<b> extends One<a>
                ? BroadcastOnto<AI, BI, [b, ...R]>
                : never
        : BroadcastOnto<AI, B, [Size<a, number>, ...R]>
      : B extends readonly [...infer BI extends Shape, infer b extends number]
        ? BroadcastOnto<A, BI, [Size<number, b>, ...R]>
        : R extends []
          ? Shape
          : [...number[], ...R];

/** The shape both broadcast to, or a sentence. */
export type Broadcast<A extends Shape, B extends Shape, Op extends string = ""> =
  BroadcastOnto<A, B, []> extends infer R
    ? One<R> extends One<never>
      ? `${Op}: cannot broadcast ${Show<A>} with ${Show<B>}`
      : R
    : never;
