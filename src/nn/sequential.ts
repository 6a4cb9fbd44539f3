import { ArgumentError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Broadcast } from "../tensor/types/broadcast.ts";
import type { Checked, Ok, Show } from "../tensor/types/shape.ts";
import { Module } from "./module.ts";
import type { Rule, Run } from "./rules.ts";

/** A module, or a function of one tensor. */
export type Layer = Module | ((x: never) => Tensor);

/** The result shape of a layer for S, or a sentence; an unknown rank where the layer says nothing. */
type Apply<L, S extends Shape> = L extends { readonly "~rule"?: infer F extends Rule | undefined }
  ? F extends Rule
    ? Run<F, S>
    : Typed<L, S>
  : Typed<L, S>;
type Typed<L, S extends Shape> = L extends { forward(x: infer X): infer R } | ((x: infer X) => infer R)
  ? Plain<X, R, S>
  : Shape;
type Plain<X, R, S extends Shape> =
  X extends Tensor<infer P>
    ? Fits<S, P> extends true
      ? ResultShape<R>
      : `wants ${Show<P>}, got ${Show<S>}`
    : ResultShape<R>;
type ResultShape<R> = R extends Tensor<infer Q> ? Q : Shape;
type Fits<S extends Shape, P extends Shape> = Broadcast<S, P> extends string ? false : true;
type Fold<L extends readonly unknown[], S extends Shape> = L extends readonly [infer H, ...infer T]
  ? Apply<H, S> extends infer R
    ? R extends Shape
      ? Fold<T, R>
      : R
    : never
  : S;
type FoldAny<L extends readonly unknown[], S extends Shape> = number extends L["length"] ? Shape : Fold<L, S>;

/** Each layer where it fits, the sentence where it does not. Tail-recursive, so that 120 layers pass. */
type Chain<L extends readonly unknown[], S extends Shape, Done extends unknown[] = []> = L extends readonly [
  infer H,
  ...infer T,
]
  ? Apply<H, S> extends infer R
    ? R extends Shape
      ? Chain<T, R, [...Done, H]>
      : [...Done, `sequential: layer ${Done["length"]}: ${R & string}`, ...T]
    : never
  : [...Done, ...L];
type Chained<L extends readonly Layer[]> =
  Chain<L, Shape> extends infer C
    ? { [I in keyof L]: I extends keyof C ? (C[I] extends string ? C[I] : L[I]) : L[I] }
    : never;

interface SequentialRule<L extends readonly unknown[]> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? FoldAny<L, S> : never;
}

/** Layers one after the other. State-dict names are their positions: `0.weight`. */
export class Sequential<L extends readonly Layer[] = readonly Layer[]> extends Module {
  declare readonly "~rule": SequentialRule<L>;
  readonly layers: L;

  constructor(layers: L) {
    super();
    if (!Array.isArray(layers))
      throw new ArgumentError("Sequential: wants its layers in an array; nn.sequential(a, b) takes them one by one");
    this.layers = layers;
  }

  override members(): Iterable<readonly [string, unknown]> {
    return Object.entries(this.layers);
  }

  forward<S extends Shape>(x: Checked<FoldAny<L, S>, Tensor<S>>): Tensor<Ok<FoldAny<L, S>>>;
  forward(x: Tensor): Tensor {
    return this.layers.reduce<Tensor>(
      (value, layer) =>
        layer instanceof Module ? Reflect.apply(layer.forward, layer, [value]) : layer(value as never),
      x,
    );
  }
}

/**
 * Chains layers: modules, and functions such as `nn.relu`. Layers that do not fit one another are found by the type checker
 * where their sizes are literal.
 * @example nn.sequential(new nn.Linear(784, 128), nn.relu, new nn.Linear(128, 10))
 */
export function sequential<const L extends Layer[]>(...layers: Chained<L>): Sequential<L> {
  return new Sequential<L>(layers as L);
}
