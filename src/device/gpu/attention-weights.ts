/**
 * The weights that one thread knows: those of some rows and columns. Of a softmax it keeps, row by row, the largest score
 * so far and the sum of what the weights were so far (online softmax: Milakov and Gimelshein 2018).
 */
import { constant, type Expression } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainBinary, plainLoad, plainSelect, plainUnary } from "../../ir/rewrite.ts";
import type { Attention } from "./attention-sides.ts";
import { atMost, below, Code, hoist, loopOver, placing, plus, storeTo, whole, type Places } from "./emit.ts";

/** Less than all scores but −∞: what is far below it weighs 0, and not NaN. */
const LEAST = -3.4028234663852886e38;

/** Buffers of registers. */
export interface WeightBuffers {
  /** Of each product: [rows, columns]. */
  readonly products: readonly number[];
  /** Scores, then weights of the softmax; and the weights of a result: [rows, columns]. */
  readonly scores: number;
  readonly weights: number;
  /** Of each row: the largest score, and the sum of the thread's weights. */
  readonly largest: number;
  readonly total: number;
  /** What the weights have been multiplied with so far. */
  readonly results: readonly { readonly buffer: number; readonly columns: number }[];
}

export interface WeightOptions {
  readonly attention: Attention;
  readonly batch: Places;
  /** The thread's rows, none beyond the last. */
  readonly rows: readonly Expression[];
  /** How many columns it has at a time. */
  readonly columns: number;
  /** May there be columns beyond the last? */
  readonly uneven: boolean;
  readonly buffers: WeightBuffers;
}

interface Row {
  readonly score: Expression | undefined;
  readonly weights: readonly Expression[];
  readonly first: Expression | undefined;
  readonly last: Expression | undefined;
}

export class Weights {
  readonly #options: WeightOptions;
  /** With places of batch and row, columns and products still open. */
  readonly #rows: readonly Row[];

  constructor(options: WeightOptions, code: Code) {
    this.#options = options;
    const { attention, batch, rows, uneven } = options;
    const { n, first, last, products, softmax, results } = attention.kernel;
    const end = uneven ? attention.counts.columns : undefined;
    const open: readonly Expression[] = [n.index, ...products.map((p) => p.sum), ...(softmax ? [softmax.weight] : [])];
    const varying = new Set(open);
    const inBatch = placing(batch);
    this.#rows = rows.map((number) => {
      const inRow = placing(attention.rows.locate(code, number));
      const place = (e: Expression): Expression => hoist(inRow(inBatch(e)), varying, code);
      const beyond = last && place(last);
      return {
        score: softmax && place(softmax.score),
        weights: results.map(({ weight }) => place(weight)),
        first: first && place(first),
        last: beyond && end ? code.name(atMost(beyond, end)) : (beyond ?? end),
      };
    });
  }

  /** What rows begin with. */
  clear(): Statement[] {
    const { buffers, rows } = this.#options;
    const fill = (buffer: number, count: number, value: number): Statement =>
      loopOver("unroll", count, (i) => [storeTo(buffer, i, constant(value, "f32"))]);
    return [
      ...(this.#hasSoftmax ? [fill(buffers.largest, rows.length, LEAST), fill(buffers.total, rows.length, 0)] : []),
      ...buffers.results.map(({ buffer, columns }) => fill(buffer, rows.length * columns, 0)),
    ];
  }

  /** Makes scores of the products at these columns. */
  score(columns: readonly Expression[]): Statement[] {
    const { softmax } = this.#options.attention.kernel;
    if (!softmax) return [];
    return this.#each(
      columns,
      this.#options.buffers.scores,
      -Infinity,
      (row) => row.score!,
      () => [],
    );
  }

  /** The largest of a row's scores. */
  largest(row: number): Expression {
    const { columns, buffers } = this.#options;
    return Array.from({ length: columns }, (_, j) =>
      plainLoad(buffers.scores, "f32", whole(row * columns + j)),
    ).reduce<Expression>((a, b) => plainBinary("max", a, b), plainLoad(buffers.largest, "f32", whole(row)));
  }

  /** Makes weights of a row's scores, now that no score so far is above `largest`; what was made with a smaller one is made smaller. */
  weigh(row: number, largest: Expression): Statement[] {
    const { columns, buffers } = this.#options;
    const [at, code] = [whole(row), new Code()];
    const reference = code.name(largest);
    const by = code.name(plainUnary("exp", plainBinary("sub", plainLoad(buffers.largest, "f32", at), reference)));
    let total = plainBinary("mul", plainLoad(buffers.total, "f32", at), by);
    for (let j = 0; j < columns; j++) {
      const place = whole(row * columns + j);
      const above = plainBinary("sub", plainLoad(buffers.scores, "f32", place), reference);
      const weight = code.name(plainUnary("exp", above));
      total = plainBinary("add", total, weight);
      code.statements.push(storeTo(buffers.scores, place, weight));
    }
    code.statements.push(storeTo(buffers.total, at, total), storeTo(buffers.largest, at, reference));
    for (const { buffer, columns: count } of buffers.results)
      code.statements.push(
        loopOver("unroll", count, (f) => {
          const place = plus(whole(row * count), f);
          return [storeTo(buffer, place, plainBinary("mul", plainLoad(buffer, "f32", place), by))];
        }),
      );
    return code.statements;
  }

  /** Makes the weights of a result at these columns; the buffer that they are in then. */
  result(
    number: number,
    columns: readonly Expression[],
  ): { readonly statements: Statement[]; readonly buffer: number } {
    const { attention, buffers } = this.#options;
    const { softmax, results } = attention.kernel;
    if (softmax && results[number]!.weight === softmax.weight) return { statements: [], buffer: buffers.scores };
    const weight = (i: number, j: number): readonly (readonly [Expression, Expression])[] =>
      softmax ? [[softmax.weight, plainLoad(buffers.scores, "f32", this.#place(i, j))]] : [];
    return {
      statements: this.#each(columns, buffers.weights, 0, (row) => row.weights[number]!, weight),
      buffer: buffers.weights,
    };
  }

  /** The sum of all weights so far, of this thread. */
  total(row: number): Expression {
    return plainLoad(this.#options.buffers.total, "f32", whole(row));
  }

  get #hasSoftmax(): boolean {
    return this.#options.attention.kernel.softmax !== undefined;
  }

  #place(row: number, column: number): Expression {
    return whole(row * this.#options.columns + column);
  }

  /** Stores a value for every row and column; `otherwise` where the row does not see the column. */
  #each(
    columns: readonly Expression[],
    into: number,
    otherwise: number,
    value: (row: Row) => Expression,
    more: (row: number, column: number) => Iterable<readonly [Expression, Expression]>,
  ): Statement[] {
    const { attention, buffers } = this.#options;
    const code = new Code();
    columns.forEach((column, j) => {
      // What depends on the column alone is the same for all rows.
      const inColumn = placing(attention.columns.locate(code, column));
      this.#rows.forEach((row, i) => {
        const sums = attention.kernel.products.map(
          ({ sum }, p) => [sum, plainLoad(buffers.products[p]!, "f32", this.#place(i, j))] as const,
        );
        const made = placing(new Map([...sums, ...more(i, j)]))(inColumn(value(row)));
        const from = row.first && plainBinary("le", row.first, column);
        const to = row.last && below(column, row.last);
        const seen = from && to ? plainBinary("and", from, to) : (from ?? to);
        const guarded = seen ? plainSelect(seen, made, constant(otherwise, "f32")) : made;
        code.statements.push(storeTo(into, this.#place(i, j), guarded));
      });
    });
    return code.statements;
  }
}

/** 1 / sum, or 0 where a row saw nothing: what its results are multiplied with. */
export const shareOf = (total: Expression): Expression =>
  plainSelect(
    plainBinary("eq", total, constant(0, "f32")),
    constant(0, "f32"),
    plainBinary("div", constant(1, "f32"), total),
  );

/** The logarithm of the sum of exp(score). */
export const normOf = (largest: Expression, total: Expression): Expression =>
  plainBinary("add", largest, plainUnary("log", total));
