/** Functions of one real number (of two: `atan2`) that are no methods. Integers and bool are taken as f32. */
import type { Shape } from "../core/shape.ts";
import * as cordic from "./functional/cordic.ts";
import * as arcs from "./functional/trigonometric.ts";
import { operandOf } from "./operand.ts";
import { fromNode, type Operand, type Tensor } from "./tensor.ts";
import type { Broadcast } from "./types/broadcast.ts";
import type { Ok } from "./types/shape.ts";

/** The arc whose sine is x, −π/2 to π/2; NaN outside −1 … 1. */
export function asin<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.asin(x.node));
}

/** The arc whose cosine is x, 0 to π; NaN outside −1 … 1. */
export function acos<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.acos(x.node));
}

/** The arc whose tangent is x, −π/2 to π/2. */
export function atan<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.atan(x.node));
}

/** The angle of the point (x, y), −π to π, in all four quadrants. Operands broadcast and promote. */
export function atan2<A extends Shape, B extends Shape = []>(
  y: Tensor<A>,
  x: Operand<A, B, "atan2">,
): Tensor<Ok<Broadcast<A, B, "atan2">>> {
  const other = x as number | Tensor;
  return fromNode(arcs.atan2(y.node, operandOf(other)));
}

/** The inverse of sinh. */
export function asinh<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.asinh(x.node));
}

/** The inverse of cosh; NaN below 1. */
export function acosh<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.acosh(x.node));
}

/** The inverse of tanh: ±∞ at ±1, NaN outside. */
export function atanh<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.atanh(x.node));
}

/** ∛x, also of negative numbers. */
export function cbrt<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.cbrt(x.node));
}

/** The number whose erf is x: ±∞ at ±1, NaN outside. */
export function erfinv<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.erfinv(x.node));
}

/** ln |Γ(x)|: ∞ at 0, −1, −2 … */
export function lgamma<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.lgamma(x.node));
}

/** ψ(x), the derivative of ln Γ(x). */
export function digamma<S extends Shape>(x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.digamma(x.node));
}

/** The n-th derivative of ψ(x): ψ itself for 0. From the second on NaN below 0. Throws ArgumentError for a broken or negative n. */
export function polygamma<S extends Shape>(n: number, x: Tensor<S>): Tensor<S> {
  return fromNode(arcs.polygamma(n, x.node));
}

/**
 * tanh as hardware without a multiplier computes it (CORDIC): `iterations` (16 by default) steps that shift and add, each
 * worth a bit. For studying such hardware; `x.tanh()` is faster and exact.
 */
export function cordicTanh<S extends Shape>(x: Tensor<S>, iterations?: number): Tensor<S> {
  return fromNode(cordic.cordicTanh(x.node, iterations));
}

/** 1 / (1 + e⁻ˣ) by `cordicTanh`. */
export function cordicSigmoid<S extends Shape>(x: Tensor<S>, iterations?: number): Tensor<S> {
  return fromNode(cordic.cordicSigmoid(x.node, iterations));
}
