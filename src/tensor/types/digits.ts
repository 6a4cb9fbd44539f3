/**
 * Exact arithmetic on literal numbers, digit by digit, least significant first: counting with tuple lengths stops near 10,000,
 * and tensors are larger. Tables are the cheapest arithmetic a type checker has.
 */
import type { Shape } from "../../core/shape.ts";

type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";

/** Two digits' product as [digit, carry]. */
type Products = {
  "0": {
    "0": ["0", "0"];
    "1": ["0", "0"];
    "2": ["0", "0"];
    "3": ["0", "0"];
    "4": ["0", "0"];
    "5": ["0", "0"];
    "6": ["0", "0"];
    "7": ["0", "0"];
    "8": ["0", "0"];
    "9": ["0", "0"];
  };
  "1": {
    "0": ["0", "0"];
    "1": ["1", "0"];
    "2": ["2", "0"];
    "3": ["3", "0"];
    "4": ["4", "0"];
    "5": ["5", "0"];
    "6": ["6", "0"];
    "7": ["7", "0"];
    "8": ["8", "0"];
    "9": ["9", "0"];
  };
  "2": {
    "0": ["0", "0"];
    "1": ["2", "0"];
    "2": ["4", "0"];
    "3": ["6", "0"];
    "4": ["8", "0"];
    "5": ["0", "1"];
    "6": ["2", "1"];
    "7": ["4", "1"];
    "8": ["6", "1"];
    "9": ["8", "1"];
  };
  "3": {
    "0": ["0", "0"];
    "1": ["3", "0"];
    "2": ["6", "0"];
    "3": ["9", "0"];
    "4": ["2", "1"];
    "5": ["5", "1"];
    "6": ["8", "1"];
    "7": ["1", "2"];
    "8": ["4", "2"];
    "9": ["7", "2"];
  };
  "4": {
    "0": ["0", "0"];
    "1": ["4", "0"];
    "2": ["8", "0"];
    "3": ["2", "1"];
    "4": ["6", "1"];
    "5": ["0", "2"];
    "6": ["4", "2"];
    "7": ["8", "2"];
    "8": ["2", "3"];
    "9": ["6", "3"];
  };
  "5": {
    "0": ["0", "0"];
    "1": ["5", "0"];
    "2": ["0", "1"];
    "3": ["5", "1"];
    "4": ["0", "2"];
    "5": ["5", "2"];
    "6": ["0", "3"];
    "7": ["5", "3"];
    "8": ["0", "4"];
    "9": ["5", "4"];
  };
  "6": {
    "0": ["0", "0"];
    "1": ["6", "0"];
    "2": ["2", "1"];
    "3": ["8", "1"];
    "4": ["4", "2"];
    "5": ["0", "3"];
    "6": ["6", "3"];
    "7": ["2", "4"];
    "8": ["8", "4"];
    "9": ["4", "5"];
  };
  "7": {
    "0": ["0", "0"];
    "1": ["7", "0"];
    "2": ["4", "1"];
    "3": ["1", "2"];
    "4": ["8", "2"];
    "5": ["5", "3"];
    "6": ["2", "4"];
    "7": ["9", "4"];
    "8": ["6", "5"];
    "9": ["3", "6"];
  };
  "8": {
    "0": ["0", "0"];
    "1": ["8", "0"];
    "2": ["6", "1"];
    "3": ["4", "2"];
    "4": ["2", "3"];
    "5": ["0", "4"];
    "6": ["8", "4"];
    "7": ["6", "5"];
    "8": ["4", "6"];
    "9": ["2", "7"];
  };
  "9": {
    "0": ["0", "0"];
    "1": ["9", "0"];
    "2": ["8", "1"];
    "3": ["7", "2"];
    "4": ["6", "3"];
    "5": ["5", "4"];
    "6": ["4", "5"];
    "7": ["3", "6"];
    "8": ["2", "7"];
    "9": ["1", "8"];
  };
};
/** Two digits' sum as [digit, carry]. */
type Sums = {
  "0": {
    "0": ["0", "0"];
    "1": ["1", "0"];
    "2": ["2", "0"];
    "3": ["3", "0"];
    "4": ["4", "0"];
    "5": ["5", "0"];
    "6": ["6", "0"];
    "7": ["7", "0"];
    "8": ["8", "0"];
    "9": ["9", "0"];
  };
  "1": {
    "0": ["1", "0"];
    "1": ["2", "0"];
    "2": ["3", "0"];
    "3": ["4", "0"];
    "4": ["5", "0"];
    "5": ["6", "0"];
    "6": ["7", "0"];
    "7": ["8", "0"];
    "8": ["9", "0"];
    "9": ["0", "1"];
  };
  "2": {
    "0": ["2", "0"];
    "1": ["3", "0"];
    "2": ["4", "0"];
    "3": ["5", "0"];
    "4": ["6", "0"];
    "5": ["7", "0"];
    "6": ["8", "0"];
    "7": ["9", "0"];
    "8": ["0", "1"];
    "9": ["1", "1"];
  };
  "3": {
    "0": ["3", "0"];
    "1": ["4", "0"];
    "2": ["5", "0"];
    "3": ["6", "0"];
    "4": ["7", "0"];
    "5": ["8", "0"];
    "6": ["9", "0"];
    "7": ["0", "1"];
    "8": ["1", "1"];
    "9": ["2", "1"];
  };
  "4": {
    "0": ["4", "0"];
    "1": ["5", "0"];
    "2": ["6", "0"];
    "3": ["7", "0"];
    "4": ["8", "0"];
    "5": ["9", "0"];
    "6": ["0", "1"];
    "7": ["1", "1"];
    "8": ["2", "1"];
    "9": ["3", "1"];
  };
  "5": {
    "0": ["5", "0"];
    "1": ["6", "0"];
    "2": ["7", "0"];
    "3": ["8", "0"];
    "4": ["9", "0"];
    "5": ["0", "1"];
    "6": ["1", "1"];
    "7": ["2", "1"];
    "8": ["3", "1"];
    "9": ["4", "1"];
  };
  "6": {
    "0": ["6", "0"];
    "1": ["7", "0"];
    "2": ["8", "0"];
    "3": ["9", "0"];
    "4": ["0", "1"];
    "5": ["1", "1"];
    "6": ["2", "1"];
    "7": ["3", "1"];
    "8": ["4", "1"];
    "9": ["5", "1"];
  };
  "7": {
    "0": ["7", "0"];
    "1": ["8", "0"];
    "2": ["9", "0"];
    "3": ["0", "1"];
    "4": ["1", "1"];
    "5": ["2", "1"];
    "6": ["3", "1"];
    "7": ["4", "1"];
    "8": ["5", "1"];
    "9": ["6", "1"];
  };
  "8": {
    "0": ["8", "0"];
    "1": ["9", "0"];
    "2": ["0", "1"];
    "3": ["1", "1"];
    "4": ["2", "1"];
    "5": ["3", "1"];
    "6": ["4", "1"];
    "7": ["5", "1"];
    "8": ["6", "1"];
    "9": ["7", "1"];
  };
  "9": {
    "0": ["9", "0"];
    "1": ["0", "1"];
    "2": ["1", "1"];
    "3": ["2", "1"];
    "4": ["3", "1"];
    "5": ["4", "1"];
    "6": ["5", "1"];
    "7": ["6", "1"];
    "8": ["7", "1"];
    "9": ["8", "1"];
  };
};

type Low<T> = T extends [infer L extends Digit, Digit] ? L : never;
type High<T> = T extends [Digit, infer H extends Digit] ? H : never;
type Plus<A extends Digit, B extends Digit> = Sums[A][B];

type Digits<S extends string, R extends Digit[] = []> = S extends `${infer H extends Digit}${infer T}`
  ? Digits<T, [H, ...R]>
  : R;

/** A list times one digit, with a carry. */
type TimesDigit<A extends Digit[], B extends Digit, Carry extends Digit = "0"> = A extends [
  infer H extends Digit,
  ...infer T extends Digit[],
]
  ? [
      Low<Plus<Low<Products[H][B]>, Carry>>,
      ...TimesDigit<T, B, Low<Plus<High<Products[H][B]>, High<Plus<Low<Products[H][B]>, Carry>>>>>,
    ]
  : Carry extends "0"
    ? []
    : [Carry];

/** The sum of two lists, with a carry. */
type Add<A extends Digit[], B extends Digit[], Carry extends Digit = "0"> = A extends [
  infer a extends Digit,
  ...infer AT extends Digit[],
]
  ? B extends [infer b extends Digit, ...infer BT extends Digit[]]
    ? [
        Low<Plus<Low<Plus<a, b>>, Carry>>,
        ...Add<AT, BT, Low<Plus<High<Plus<a, b>>, High<Plus<Low<Plus<a, b>>, Carry>>>>>,
      ]
    : Carry extends "0"
      ? A
      : Add<A, ["0"], Carry>
  : B extends []
    ? Carry extends "0"
      ? []
      : [Carry]
    : Add<["0"], B, Carry>;

/** The product of two lists: school multiplication. */
type Times<A extends Digit[], B extends Digit[]> = B extends [infer b extends Digit, ...infer T extends Digit[]]
  ? Add<TimesDigit<A, b>, T extends [] ? [] : ["0", ...Times<A, T>]>
  : [];

type Join<L extends Digit[]> = L extends [infer H extends Digit, ...infer T extends Digit[]] ? `${Join<T>}${H}` : "";
type ProductDigits<S extends Shape, Sofar extends Digit[] = ["1"]> = S extends readonly [
  infer H extends number,
  ...infer T extends Shape,
]
  ? ProductDigits<T, Times<Sofar, Digits<`${H}`>>>
  : Sofar;
type Read<S extends string> = S extends `${infer N extends number}` ? N : number;

/** Product of the literal sizes of a shape. */
export type Product<S extends Shape> = S extends readonly []
  ? 1
  : S extends readonly [infer A extends number]
    ? A
    : 0 extends S[number]
      ? 0
      : S extends readonly [1, ...infer T extends Shape]
        ? Product<T>
        : Read<Join<ProductDigits<S>>>;

/** Sum of two literal sizes; `number` when either is unknown. */
export type Sum<A extends number, B extends number> = number extends A | B
  ? number
  : Read<Join<Add<Digits<`${A}`>, Digits<`${B}`>>>>;
