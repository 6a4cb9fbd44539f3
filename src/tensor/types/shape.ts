/**
 * What the type checker knows of a shape. The rules, in one place:
 *   - a literal size is checked; `number` is known only at run time and is never an error;
 *   - `readonly number[]` (a plain `Tensor`) is an unknown rank, `[...number[], 128]` an unknown rank with a known last size;
 *   - a failed check is a string, the sentence that tsc prints.
 */
import type { Shape } from "../../core/shape.ts";

declare const name: unique symbol;
/** A size known by its name only: assignable to `number`, never equal to another name or to a literal. */
export type Dim<Name extends string> = number & { readonly [name]: Name };

type ShowSize<D> = D extends { readonly [name]: infer N extends string } ? N : number extends D ? "?" : `${D & number}`;
type ShowSizes<S extends Shape> = S extends readonly []
  ? ""
  : S extends readonly [infer H]
    ? ShowSize<H>
    : S extends readonly [infer H, ...infer T extends Shape]
      ? `${ShowSize<H>}, ${ShowSizes<T>}`
      : S extends readonly [...infer I extends Shape, infer L]
        ? `${ShowSizes<I>}, ${ShowSize<L>}`
        : "…";
/** One size as a sentence shows it. */
export type ShowOne<D> = ShowSize<D>;
/** A shape as a sentence shows it: `[?, 784]`. */
export type Show<S extends Shape> = `[${ShowSizes<S>}]`;

/** The parameter type of a checked operation: `T` when the shape came out, the sentence when it did not. */
export type Checked<R, T> = R extends string ? R : T;

/**
 * The result of a checked operation; after an error an unknown rank, so that one mistake gives one message.
 * (`R extends Shape` would stay deferred for `[B, 128]` with a generic B.)
 */
export type Ok<R> = R extends infer Q extends Shape ? Q : Shape;

/** An alias, not a tuple literal: `[B] extends [B]` stays deferred for a generic B, `One<B> extends One<B>` does not. */
export type One<T> = [T];

/** True when the two could be the same size at run time; `number` is wider than every literal. */
export type SameSize<A, B> = One<A> extends One<B> ? true : One<B> extends One<A> ? true : false;

/** True when a size or the rank is known only at run time. */
export type IsDynamic<S extends Shape> = number extends S[number] ? true : number extends S["length"] ? true : false;

/** The same rank with every size unknown. */
export type Unknowns<S extends Shape> = Ok<{ -readonly [I in keyof S]: number }>;
