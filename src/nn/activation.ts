/** What activations have in common: modules made from functions. */
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import type { KeepRule } from "./rules.ts";

/** A module that keeps the shape. */
export abstract class Keep extends Module {
  declare readonly "~rule": KeepRule;
  abstract override forward<S extends Shape>(x: Tensor<S>): Tensor<S>;
}

/** The class of an activation whose options are `A`. */
export type ActivationClass<A extends readonly unknown[] = []> = new (...options: A) => Keep;

/** A function that keeps the shape, called with a tensor and options `A`. */
export interface ActivationFunction<A extends readonly unknown[] = []> {
  readonly "~rule"?: KeepRule;
  <S extends Shape>(x: Tensor<S>, ...options: A): Tensor<S>;
}

/** The class of a function that changes the shape. */
export type FunctionClass<A extends readonly unknown[] = []> = new (...options: A) => Module & {
  forward(x: Tensor): Tensor;
};

/** Wraps a function of a tensor and its options into a module class under its own name. */
export function functionClass<A extends readonly unknown[]>(
  name: string,
  call: (x: Tensor, ...options: A) => Tensor,
): FunctionClass<A> {
  const made = class extends Module {
    readonly options: A;

    constructor(...options: A) {
      super();
      this.options = options;
    }

    forward(x: Tensor): Tensor {
      return call(x, ...this.options);
    }

    override toString(): string {
      return `${name}(${this.options.join(", ")})`;
    }
  };
  return Object.defineProperty(made, "name", { value: name });
}

/** `functionClass` of a function that keeps the shape. */
export function activation<A extends readonly unknown[]>(
  name: string,
  call: ActivationFunction<A>,
): ActivationClass<A> {
  return functionClass(name, call as (x: Tensor, ...options: A) => Tensor) as ActivationClass<A>;
}
