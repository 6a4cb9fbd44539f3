import type { Shape } from "../../core/shape.ts";
import type { Axis, AxisError, AxisTable, BadAxis, Rank } from "./axis.ts";
import type { Drop, Reduce } from "./reduce.ts";
import type { IsDynamic, Ok, SameSize, Show, ShowOne } from "./shape.ts";
import type { Product } from "./digits.ts";

/** S with a size D put in at index I. */
export type Insert<S extends Shape, I, D extends number, R extends Shape = []> = R["length"] extends I
  ? [...R, D, ...S]
  : S extends readonly [infer h extends number, ...infer T extends Shape]
    ? Insert<T, I, D, [...R, h]>
    : Shape;

export type Unsqueeze<S extends Shape, A extends number> = number extends S["length"] | A
  ? Shape
  : Axis<[...S, 0], A, "unsqueeze"> extends infer I
    ? I extends number
      ? Insert<S, I, 1>
      : AxisError<A, S, "unsqueeze">
    : never;

type WithoutOnes<S extends Shape, R extends Shape = []> = S extends readonly [
  infer h extends number,
  ...infer T extends Shape,
]
  ? WithoutOnes<T, [h] extends [1] ? R : [...R, h]>
  : R;

export type Squeeze<S extends Shape, A> =
  IsDynamic<S> extends true
    ? A extends undefined
      ? Shape
      : number extends S["length"]
        ? Shape
        : Reduce<S, A, false, "squeeze">
    : A extends number
      ? number extends A
        ? Shape
        : Axis<S, A, "squeeze"> extends infer I
          ? I extends number
            ? SameSize<S[I], 1> extends true
              ? Drop<S, I, false>
              : `squeeze: axis ${A} of ${Show<S>} has size ${ShowOne<S[I]>}, not 1`
            : I
          : never
      : WithoutOnes<S>;

/**
 * rank → the sizes in reverse. A table, not recursion: the compiler can tell that it is covariant, without which no
 * `Parameter<[2, 3]>` would be a `Parameter`.
 */
interface Reversed<S extends Shape> {
  readonly [rank: number]: Shape;
  readonly 0: [];
  readonly 1: [S[0]];
  readonly 2: [S[1], S[0]];
  readonly 3: [S[2], S[1], S[0]];
  readonly 4: [S[3], S[2], S[1], S[0]];
  readonly 5: [S[4], S[3], S[2], S[1], S[0]];
  readonly 6: [S[5], S[4], S[3], S[2], S[1], S[0]];
  readonly 7: [S[6], S[5], S[4], S[3], S[2], S[1], S[0]];
  readonly 8: [S[7], S[6], S[5], S[4], S[3], S[2], S[1], S[0]];
}
/** The sizes in reverse; an unknown rank beyond 8. */
export type Reverse<S extends Shape> = Reversed<S>[S["length"]];

type Pick<S extends Shape, P extends readonly number[]> = {
  -readonly [I in keyof P]: Axis<S, P[I], ""> extends infer J extends number ? S[J] : number;
};
type Order<P extends readonly number[], R extends string = ""> = P extends readonly [
  infer H extends number,
  ...infer T extends Shape,
]
  ? Order<T, R extends "" ? `${H}` : `${R}, ${H}`>
  : R;

export type Permute<S extends Shape, P extends readonly number[]> = number extends S["length"] | P["length"]
  ? Shape
  : number extends P[number]
    ? { -readonly [I in keyof P]: number }
    : P["length"] extends S["length"]
      ? [BadAxis<S, P, "permute">] extends [never]
        ? [AxisTable[Rank<S>][keyof AxisTable[Rank<S>]]] extends [Axis<S, P[number], "">]
          ? Ok<Pick<S, P>>
          : `permute: an axis is repeated in [${Order<P>}]`
        : BadAxis<S, P, "permute">
      : `permute: ${Show<S>} has ${S["length"]} axes, got ${P["length"]}`;

type Swapped<S extends Shape, I extends number, J extends number> = {
  -readonly [K in keyof S]: K extends `${I}` ? S[J] : K extends `${J}` ? S[I] : S[K];
};
export type Swap<S extends Shape, A extends number, B extends number> = number extends S["length"] | A | B
  ? Shape
  : Axis<S, A, "transpose"> extends infer I
    ? Axis<S, B, "transpose"> extends infer J
      ? I extends number
        ? J extends number
          ? Ok<Swapped<S, I, J>>
          : J
        : I
      : never
    : never;

// reshape: equal sizes cancel first (free), what is left is multiplied (digits), anything unknown ends the check.

/** S without its first D, or never. */
type Take<S extends Shape, D, R extends Shape = []> = S extends readonly [
  infer h extends number,
  ...infer T extends Shape,
]
  ? [h, D] extends [D, h]
    ? [...R, ...T]
    : Take<T, D, [...R, h]>
  : never;
type Cancel<A extends Shape, B extends Shape, Left extends Shape = []> = B extends readonly [
  infer h extends number,
  ...infer T extends Shape,
]
  ? [h] extends [1]
    ? Cancel<A, T, Left>
    : [Take<A, h>] extends [never]
      ? Cancel<A, T, [...Left, h]>
      : Cancel<Take<A, h>, T, Left>
  : [WithoutOnes<A>, Left];
type SizesDiffer<
  A extends Shape,
  B extends Shape,
> = `reshape: ${Show<A>} has ${Product<A>} elements, ${Show<B>} wants ${Product<B>}`;
type WithoutHole<B extends Shape, R extends Shape = []> = B extends readonly [
  infer h extends number,
  ...infer T extends Shape,
]
  ? h extends -1
    ? [...R, ...T]
    : WithoutHole<T, [...R, h]>
  : never;
type FillHole<B extends Shape, D extends number> = { -readonly [I in keyof B]: B[I] extends -1 ? D : B[I] };
type SolveHole<A extends Shape, M extends Shape, B extends Shape> =
  Cancel<A, M> extends [infer X extends Shape, infer Y extends Shape]
    ? Y extends readonly []
      ? number extends X[number]
        ? X extends readonly [infer n extends number]
          ? FillHole<B, n>
          : FillHole<B, number>
        : FillHole<B, Product<X>>
      : FillHole<B, number>
    : never;

export type Reshape<A extends Shape, B extends Shape> = number extends B["length"]
  ? Shape
  : -1 extends B[number]
    ? number extends B[number]
      ? FillHole<B, number>
      : number extends A["length"]
        ? FillHole<B, number>
        : SolveHole<A, WithoutHole<B>, B>
    : IsDynamic<A> extends true
      ? B
      : IsDynamic<B> extends true
        ? B
        : 0 extends A[number] & B[number]
          ? B
          : Cancel<A, B> extends [infer X extends Shape, infer Y extends Shape]
            ? X extends readonly []
              ? Y extends readonly []
                ? B
                : SizesDiffer<A, B>
              : Product<X> extends Product<Y>
                ? B
                : SizesDiffer<A, B>
            : never;

type Flat<S extends Shape> = IsDynamic<S> extends true ? number : Product<S>;
export type Flatten<S extends Shape, Start extends number> = number extends S["length"]
  ? Start extends 1
    ? [number, number]
    : Shape
  : Start extends 1
    ? S extends readonly [infer b extends number, ...infer T extends Shape]
      ? [b, Flat<T>]
      : Shape
    : Start extends 0
      ? [Flat<S>]
      : Shape;

type ExpandOnto<S extends Shape, T extends Shape, R extends Shape> = S extends readonly [
  ...infer SI extends Shape,
  infer s extends number,
]
  ? T extends readonly [...infer TI extends Shape, infer t extends number]
    ? [t] extends [-1]
      ? ExpandOnto<SI, TI, [s, ...R]>
      : [s] extends [1]
        ? ExpandOnto<SI, TI, [t, ...R]>
        : SameSize<s, t> extends true
          ? ExpandOnto<SI, TI, [t, ...R]>
          : never
    : never
  : [...T, ...R];
export type Expand<S extends Shape, T extends Shape> = number extends T["length"] | S["length"]
  ? T
  : ExpandOnto<S, T, []> extends infer R
    ? [R] extends [never]
      ? `expand: ${Show<S>} does not expand to ${Show<T>}`
      : R
    : never;
