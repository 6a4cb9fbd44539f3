import type { Shape } from "../../core/shape.ts";
import type { SameSize, Show, ShowOne } from "./shape.ts";

/**
 * The shape of a 2-D convolution of [n, c, h, w] with [out, in, h, w], or a sentence. P is the padding, G the number of groups,
 * D the stride.
 */
export type Conv2d<S extends Shape, W extends Shape, P, G = 1, D = 1> = S extends readonly [
  infer N extends number,
  infer C extends number,
  infer H extends number,
  infer X extends number,
]
  ? W extends readonly [infer O extends number, infer I extends number, number, number]
    ? G extends 1
      ? SameSize<C, I> extends true
        ? [P, D] extends ["same", 1]
          ? [N, O, H, X]
          : [N, O, number, number]
        : `conv2d: ${Show<S>} has ${ShowOne<C>} channels, the kernel ${Show<W>} wants ${ShowOne<I>}`
      : [N, O, number, number]
    : number extends W["length"]
      ? [N, number, number, number]
      : `conv2d: the kernel must be [out, in, h, w], got ${Show<W>}`
  : number extends S["length"]
    ? [number, number, number, number]
    : `conv2d: the input must be [n, c, h, w], got ${Show<S>}`;

/** The shape of a 2-D pooling: batch and channels stay. */
export type Pool2d<S extends Shape> = S extends readonly [
  infer N extends number,
  infer C extends number,
  number,
  number,
]
  ? [N, C, number, number]
  : [number, number, number, number];
