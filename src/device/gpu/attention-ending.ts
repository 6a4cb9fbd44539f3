/** What becomes of finished results: their stores, or a place among those of parts of the columns. */
import { register, type Expression, type Param } from "../../ir/expression.ts";
import type { Statement, Store } from "../../ir/kernel.ts";
import { plainBinary, plainSum } from "../../ir/rewrite.ts";
import type { Attention } from "./attention-sides.ts";
import { normOf, shareOf } from "./attention-weights.ts";
import type { Spot } from "./contract-ending.ts";
import { storesVectors, WIDTH } from "./contract-sides.ts";
import { Code, loopOver, placing, plus, storeTo, whole, type Nest } from "./emit.ts";
import type { Passes } from "./passes.ts";
import type { Slots } from "./slots.ts";

/** Memory for the results of parts: [parts, batch, rows, features], and of a softmax [parts, batch, rows]. */
export interface Partial {
  readonly results: readonly number[];
  readonly largest: number;
  readonly total: number;
}

export function partialOf({ kernel, batch, rows, values }: Attention, parts: number, passes: Passes): Partial {
  const count = parts * batch.count * rows.count;
  const state = (): number => (kernel.softmax ? passes.temporary("f32", count) : -1);
  return {
    results: values.map(({ side }) => passes.temporary("f32", count * side.nest.count)),
    largest: state(),
    total: state(),
  };
}

/** Of a row's softmax. */
export interface RowState {
  readonly largest: Expression;
  readonly total: Expression;
}

export class AttentionEnding {
  readonly #attention: Attention;
  readonly #batch: Spot;
  readonly #part: { readonly partial: Partial; readonly number: Expression } | undefined;
  readonly #slots: Slots;
  readonly #featureCounts: readonly Param[];

  constructor(
    attention: Attention,
    slots: Slots,
    batch: Spot,
    part: { readonly partial: Partial; readonly number: Expression } | undefined,
  ) {
    this.#attention = attention;
    this.#batch = batch;
    this.#part = part;
    this.#slots = slots;
    this.#featureCounts = attention.values.map(({ side }) => slots.add(side.nest.count));
  }

  row(code: Code, number: Expression): Spot {
    return this.#spot(code, number, this.#attention.rows);
  }

  feature(code: Code, result: number, number: Expression): Spot {
    return this.#spot(code, number, this.#attention.values[result]!.side.nest);
  }

  /** May a result be stored for WIDTH neighbouring features at once? */
  storesVectors(result: number): boolean {
    const { kernel, values } = this.#attention;
    const { axes, count } = values[result]!.side.nest;
    return this.#part ? count % WIDTH === 0 : storesVectors(kernel.results[result]!.stores, axes, this.#slots);
  }

  /** What the sums of a row's results are multiplied with; undefined for nothing. */
  share(code: Code, { total }: RowState): Expression | undefined {
    return this.#attention.kernel.softmax && !this.#part ? code.name(shareOf(total)) : undefined;
  }

  finish(result: number, row: Spot, feature: Spot, sum: Expression, share: Expression | undefined): Statement[] {
    const value = share ? plainBinary("mul", sum, share) : sum;
    if (this.#part) {
      const place = plainSum([
        { value: this.#stateAt(row), coefficient: this.#featureCounts[result]! },
        { value: feature.number },
      ]);
      return [storeTo(this.#part.partial.results[result]!, place, value)];
    }
    const { stores, sum: named } = this.#attention.kernel.results[result]!;
    return this.#stores(stores, named, value, [...row.places, ...feature.places]);
  }

  /** The same for so many neighbours at once, of which that is the first: 1 or WIDTH. */
  finishRun(
    result: number,
    row: Spot,
    { number, places }: Spot,
    count: number,
    sum: (lane: Expression) => Expression,
    share: Expression | undefined,
  ): Statement[] {
    if (count === 1) return this.finish(result, row, { number, places }, sum(whole(0)), share);
    const { nest } = this.#attention.values[result]!.side;
    return [
      loopOver("vector", count, (lane) => {
        const feature = { number: plus(number, lane), places: this.#part ? places : nest.move(places, lane) };
        return this.finish(result, row, feature, sum(lane), share);
      }),
    ];
  }

  /** Once for each row. */
  finishRow(row: Spot, { largest, total }: RowState): Statement[] {
    const { softmax, rowStores } = this.#attention.kernel;
    if (!softmax) return [];
    if (this.#part) {
      const code = new Code();
      const { partial } = this.#part;
      const place = code.name(this.#stateAt(row));
      return [...code.statements, storeTo(partial.largest, place, largest), storeTo(partial.total, place, total)];
    }
    return rowStores.length ? this.#stores(rowStores, softmax.norm, normOf(largest, total), row.places) : [];
  }

  #stores(
    stores: readonly Store[],
    named: Expression,
    value: Expression,
    places: Iterable<readonly [Expression, Expression]>,
  ): Statement[] {
    const known = register("f32");
    const place = placing(new Map([...this.#batch.places, ...places, [named, known]]));
    return [
      { kind: "let", register: known, value },
      ...stores.map((s) => ({ ...s, offset: place(s.offset), value: place(s.value) })),
    ];
  }

  /** Where among [parts, batch, rows]. */
  #stateAt(row: Spot): Expression {
    const { counts } = this.#attention;
    const above = plainSum([{ value: this.#part!.number, coefficient: counts.batch }, { value: this.#batch.number }]);
    return plainSum([{ value: above, coefficient: counts.rows }, { value: row.number }]);
  }

  #spot(code: Code, number: Expression, nest: Nest): Spot {
    const named = code.name(number);
    return { number: named, places: this.#part ? new Map() : nest.locate(code, named) };
  }
}
