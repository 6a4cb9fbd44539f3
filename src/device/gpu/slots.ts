/** Size slots that lowering adds to those of a kernel, and what they are for one launch. */
import { constant, param, type Expression, type Param, type Register } from "../../ir/expression.ts";
import type { Loop, Parameters } from "../../ir/kernel.ts";

export class Slots {
  readonly scalars: Parameters["scalars"];
  readonly #values: number[];
  readonly #known = new Map<string, Param>();
  readonly #bounds = new Map<Register, number>();

  /** @param sizes values of the slots that the kernel has. */
  constructor({ scalars }: Parameters, sizes: readonly number[]) {
    this.scalars = scalars;
    this.#values = [...sizes];
  }

  /** A further slot. `what` it stands for is one slot however often it is asked for. */
  add(value: number, what?: string): Param {
    const known = what === undefined ? undefined : this.#known.get(what);
    if (known) return known;
    const slot = param(this.scalars.length + this.#values.push(value) - 1, "i32");
    if (what !== undefined) this.#known.set(what, slot);
    return slot;
  }

  /** What an extent or a divisor is in this launch. */
  valueOf(n: number | Param): number {
    return typeof n === "number" ? n : this.#values[n.slot - this.scalars.length]!;
  }

  /** The iterations of loops inside one another; one slot for the same loops. */
  product(levels: readonly { readonly extent: number | Param }[]): Param {
    const name = levels.map(({ extent }) => (typeof extent === "number" ? `${extent}` : `s${extent.slot}`)).join("*");
    return this.add(
      levels.reduce((total, { extent }) => total * this.valueOf(extent), 1),
      name,
    );
  }

  /** Is it a size, not a number of the program's? */
  isSize({ slot }: Param): boolean {
    return slot >= this.scalars.length;
  }

  /** Says how large an extent that is computed can become. */
  bound(extent: Register, most: number): void {
    this.#bounds.set(extent, most);
  }

  /** The most iterations of a loop. */
  mostOf(extent: Loop["extent"]): number {
    return typeof extent === "number" || extent.kind === "param" ? this.valueOf(extent) : this.#bounds.get(extent)!;
  }

  get values(): readonly number[] {
    return this.#values;
  }

  get parameters(): Parameters {
    return { scalars: this.scalars, sizes: this.#values.length };
  }
}

/** An extent as a value. */
export const sizeOf = (extent: Loop["extent"]): Expression =>
  typeof extent === "number" ? constant(extent, "i32") : extent;
