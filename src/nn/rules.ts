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

/** Number of spatial axes: signals, images, volumes. */
export type Spatial = 1 | 2 | 3;

/** As many unknown sizes as there are spatial axes. */
export type Sizes<N extends Spatial> = { 1: [number]; 2: [number, number]; 3: [number, number, number] }[N];

/** Names of spatial axes, for messages. */
export const AXES = { 1: "w", 2: "h, w", 3: "d, h, w" } as const;

/** [n, c, …] with new spatial sizes: batch and channels stay. */
export type Pooled<S extends Shape, N extends Spatial> = S extends readonly [
  infer B extends number,
  infer C extends number,
  ...infer X extends Shape,
]
  ? X["length"] extends N
    ? [B, C, ...Sizes<N>]
    : [number, number, ...Sizes<N>]
  : [number, number, ...Sizes<N>];

/** The rule of layers that change spatial sizes only. */
export interface PoolRule<N extends Spatial> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? Pooled<S, N> : never;
}

/** [n, I, …] to [n, O, …], the spatial sizes kept or not, or a sentence that begins with the layer's name. */
export type Convolved<
  S extends Shape,
  N extends Spatial,
  I extends number,
  O extends number,
  Keeps extends boolean,
  Name extends string,
> = number extends S["length"]
  ? [number, O, ...Sizes<N>]
  : S extends readonly [infer B extends number, infer C extends number, ...infer X extends Shape]
    ? X["length"] extends N
      ? SameSize<C, I> extends true
        ? Keeps extends true
          ? [B, O, ...X]
          : [B, O, ...Sizes<N>]
        : `${Name}: the input must have ${I} channels, got ${Show<S>}`
      : `${Name}: the input must be [n, ${I}, ${(typeof AXES)[N]}], got ${Show<S>}`
    : `${Name}: the input must be [n, ${I}, ${(typeof AXES)[N]}], got ${Show<S>}`;
