import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** A function as a layer, where one is wanted: `sequential` takes functions as they are. */
export class Lambda<F extends (...inputs: never[]) => Tensor> extends Module {
  readonly call: F;
  readonly name: string;

  constructor(call: F, name: string = call.name) {
    super();
    this.call = call;
    this.name = name;
  }

  forward(...inputs: Parameters<F>): ReturnType<F> {
    return this.call(...(inputs as never[])) as ReturnType<F>;
  }

  override toString(): string {
    return `Lambda(${this.name})`;
  }
}
