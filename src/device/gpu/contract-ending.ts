/** What becomes of finished sums: the epilogue, or a place among the sums of parts of k. */
import { register, type Expression, type Param } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainSum } from "../../ir/rewrite.ts";
import type { Contraction } from "./contract-sides.ts";
import { type Code, type Nest, placing, plus, storeTo, type Places } from "./emit.ts";
import type { Slots } from "./slots.ts";

/** A row or a column: its number, and where that is in its indices. */
export interface Spot {
  readonly number: Expression;
  readonly places: Places;
}

/** Where sums of parts go: a buffer of [parts, batch, rows, columns], and which part this is. */
export interface Parts {
  readonly buffer: number;
  readonly part: Expression;
}

export class Ending {
  readonly #contraction: Contraction;
  readonly #batch: Spot;
  readonly #parts: Parts | undefined;
  /** Sums of a part, of one of its products, of a row. */
  readonly #pitches: readonly Param[];

  constructor(contraction: Contraction, slots: Slots, batch: Spot, parts: Parts | undefined) {
    this.#contraction = contraction;
    this.#batch = batch;
    this.#parts = parts;
    const [b, r, c] = [contraction.batch, contraction.rows.nest, contraction.columns.nest].map((nest) => nest.count);
    this.#pitches = parts ? [b! * r! * c!, r! * c!, c!].map((pitch) => slots.add(pitch)) : [];
  }

  row(code: Code, number: Expression): Spot {
    return this.#spot(code, number, this.#contraction.rows.nest);
  }

  column(code: Code, number: Expression): Spot {
    return this.#spot(code, number, this.#contraction.columns.nest);
  }

  /** The column so many further on, in the run of neighbours that begins there. */
  neighbour({ number, places }: Spot, lane: Expression): Spot {
    return {
      number: plus(number, lane),
      places: this.#parts ? places : this.#contraction.columns.nest.move(places, lane),
    };
  }

  finish(row: Spot, column: Spot, sum: Expression): Statement[] {
    const { kernel } = this.#contraction;
    if (this.#parts) {
      const numbers = [this.#parts.part, this.#batch.number, row.number];
      const offset = plainSum([
        ...numbers.map((value, i) => ({ value, coefficient: this.#pitches[i]! })),
        { value: column.number },
      ]);
      return [storeTo(this.#parts.buffer, offset, sum)];
    }
    const named = register("f32");
    const place = placing(new Map([...this.#batch.places, ...row.places, ...column.places, [kernel.sum, named]]));
    return [
      { kind: "let", register: named, value: sum },
      ...kernel.epilogue.map((s) => ({ ...s, offset: place(s.offset), value: place(s.value) })),
    ];
  }

  #spot(code: Code, number: Expression, nest: Nest): Spot {
    const named = code.name(number);
    return { number: named, places: this.#parts ? new Map() : nest.locate(code, named) };
  }
}
