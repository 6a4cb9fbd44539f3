/** What the type checker knows of layers: how each one maps a shape, so that `sequential` can fold a chain of them. */
import type { Shape } from "../core/shape.ts";
import type { SameSize, Show } from "../tensor/types/shape.ts";

/**
 * A layer's shape rule as a function of types: `s` goes in, `r` comes out, a shape or a sentence. Layers declare theirs under
 * the key "~rule" (a string, because isolated declarations refuse symbols; sorted last by editors).
 */
export interface Rule {
  readonly s: unknown;
  readonly r: unknown;
}

/** The result of a rule for a shape. */
export type Run<F extends Rule, S extends Shape> = (F & { readonly s: S })["r"];

/** Shapes with the last size I become the same with O; anything else is a sentence that begins with the layer's name. */
export type LastTo<S extends Shape, I extends number, O extends number, Name extends string> = S extends readonly [
  ...infer B extends Shape,
  infer L extends number,
]
  ? SameSize<L, I> extends true
    ? [...B, O]
    : `${Name}: the last dimension must be ${I}, got ${Show<S>}`
  : S extends readonly []
    ? `${Name}: needs at least one dimension, got a scalar`
    : [...number[], O];

/** The rule of layers that keep the shape. */
export interface KeepRule extends Rule {
  readonly r: this["s"];
}
