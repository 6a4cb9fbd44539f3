import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Flatten as Flat } from "../tensor/types/movement.ts";
import { Module } from "./module.ts";
import type { Rule } from "./rules.ts";

interface FlattenRule extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? Flat<S, 1> : never;
}

/** All axes after the first as one: [n, …] → [n, product]. */
export class Flatten extends Module {
  declare readonly "~rule": FlattenRule;

  forward<S extends Shape>(x: Tensor<S>): Tensor<Flat<S, 1>>;
  forward(x: Tensor): Tensor {
    return x.flatten(1);
  }
}
