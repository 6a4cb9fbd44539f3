/** Size slots that lowering adds to those of a kernel, and what they are for one launch. */
import { param, type Param } from "../../ir/expression.ts";
import type { Parameters } from "../../ir/kernel.ts";

export class Slots {
  readonly #scalars: Parameters["scalars"];
  readonly #values: number[];

  /** @param sizes values of the slots that the kernel has. */
  constructor({ scalars }: Parameters, sizes: readonly number[]) {
    this.#scalars = scalars;
    this.#values = [...sizes];
  }

  /** A further slot. */
  add(value: number): Param {
    return param(this.#scalars.length + this.#values.push(value) - 1, "i32");
  }

  /** What an extent or a divisor is in this launch. */
  valueOf(n: number | Param): number {
    return typeof n === "number" ? n : this.#values[n.slot - this.#scalars.length]!;
  }

  get values(): readonly number[] {
    return this.#values;
  }

  get parameters(): Parameters {
    return { scalars: this.#scalars, sizes: this.#values.length };
  }
}
