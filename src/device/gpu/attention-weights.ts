/**
 * The weights that one thread makes, of some rows and columns at a time. Of a softmax it keeps, row by row, the largest score
 * so far and the sum of its weights so far (online softmax: Milakov and Gimelshein 2018).
 */
import { constant, register, type Expression, type ReduceOp, type Register } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainBinary, plainLoad, plainSelect, plainSum, plainUnary } from "../../ir/rewrite.ts";
import type { Attention } from "./attention-sides.ts";
import {
  atMost,
  below,
  Code,
  hoist,
  loopOver,
  placing,
  plus,
  repeat,
  storeTo,
  times,
  whole,
  type Places,
} from "./emit.ts";

/** Less than all scores but −∞: what is far below it weighs 0, and not NaN. */
const LEAST = -3.4028234663852886e38;

/** Buffers of registers. */
export interface WeightBuffers {
  /** The sums of each product, the scores and then weights of a softmax, and the weights of a result: all [rows, columns]. */
  readonly products: readonly number[];
  readonly scores: number;
  readonly weights: number;
  /** Of a softmax, for each row: the largest score, the sum of the weights, and what older weights are multiplied with. */
  readonly largest: number;
  readonly total: number;
  readonly by: number;
}

export interface WeightOptions {
  readonly attention: Attention;
  readonly batch: Places;
  readonly rows: number;
  readonly columns: number;
  /** The number of the thread's i-th row, none beyond the last. */
  readonly rowAt: (i: Expression) => Expression;
  /** May there be columns beyond the last? */
  readonly uneven: boolean;
  /** Is code written out for every row and column? */
  readonly written: boolean;
  readonly buffers: WeightBuffers;
}

/** A row: what is known of it, with column and products still open. */
interface Row {
  readonly score: Expression | undefined;
  readonly weights: readonly Expression[];
  readonly first: Expression | undefined;
  readonly last: Expression | undefined;
}

/** A column: its number, and expressions at it. Beyond the last it is that one, which nobody sees. */
interface Column {
  readonly number: Expression;
  readonly place: (e: Expression) => Expression;
}

type Repeated = (n: Expression) => readonly Statement[];

export class Weights {
  readonly #options: WeightOptions;
  /** Where code is written out, all rows and all columns. */
  readonly #rows: readonly Row[];
  #columns: readonly Column[] = [];
  #columnAt: (j: Expression) => Expression = () => whole(0);

  /** @param code what comes before all columns. */
  constructor(options: WeightOptions, code: Code) {
    this.#options = options;
    this.#rows = options.written ? Array.from({ length: options.rows }, (_, i) => this.#rowOf(whole(i), code)) : [];
  }

  /** What rows begin with. */
  clear(): Statement[] {
    const { attention, buffers, rows } = this.#options;
    const fill = (buffer: number, value: number): Statement[] =>
      this.#repeat(rows, (i) => [storeTo(buffer, i, constant(value, "f32"))]);
    return attention.kernel.softmax ? [...fill(buffers.largest, LEAST), ...fill(buffers.total, 0)] : [];
  }

  /** From here on the thread's j-th column is this one. */
  begin(columnAt: (j: Expression) => Expression, code: Code): void {
    this.#columnAt = columnAt;
    if (this.#options.written)
      this.#columns = Array.from({ length: this.#options.columns }, (_, j) => this.#columnOf(whole(j), code));
  }

  /** Statements for every row, or every column. */
  overRows(body: Repeated): Statement[] {
    return this.#repeat(this.#options.rows, body);
  }
  overColumns(body: Repeated): Statement[] {
    return this.#repeat(this.#options.columns, body);
  }

  /** Makes the scores of a row, −∞ where it does not see a column; the largest of them, and of those before. */
  score(i: Expression, code: Code): Expression {
    const { scores, largest } = this.#options.buffers;
    const row = this.#rowAt(i, code);
    const most = this.#reduce("max", code, (j, inner) => {
      const column = this.#column(j, inner);
      const score = this.#seen(row, column, this.#made(row.score!, i, j, column, undefined), -Infinity);
      inner.statements.push(storeTo(scores, this.place(i, j), score));
      return plainLoad(scores, "f32", this.place(i, j));
    });
    return code.name(plainBinary("max", plainLoad(largest, "f32", i), most));
  }

  /** Makes weights of a row's scores, now that none is above `most`. */
  weigh(i: Expression, most: Expression, code: Code): void {
    const { scores, largest, total, by } = this.#options.buffers;
    const load = (buffer: number): Expression => plainLoad(buffer, "f32", i);
    const shrink = code.name(plainUnary("exp", plainBinary("sub", load(largest), most)));
    code.statements.push(storeTo(largest, i, most), storeTo(by, i, shrink));
    const sum = this.#reduce("sum", code, (j, inner) => {
      const above = plainBinary("sub", plainLoad(scores, "f32", this.place(i, j)), most);
      inner.statements.push(storeTo(scores, this.place(i, j), plainUnary("exp", above)));
      return plainLoad(scores, "f32", this.place(i, j));
    });
    code.statements.push(storeTo(total, i, plainBinary("add", plainBinary("mul", load(total), shrink), sum)));
  }

  /** What weights were multiplied with so far, [rows, columns], becomes as much smaller as they did. */
  shrink(sums: number, columns: number): Statement[] {
    const { buffers } = this.#options;
    return this.overRows((i) =>
      this.#repeat(columns, (f) => {
        const at = plus(times(i, columns), f);
        return [storeTo(sums, at, plainBinary("mul", plainLoad(sums, "f32", at), plainLoad(buffers.by, "f32", i)))];
      }),
    );
  }

  /** Makes the weights of a result; the buffer that has them. */
  result(number: number): { readonly statements: Statement[]; readonly buffer: number } {
    const { attention, buffers } = this.#options;
    const { softmax, results } = attention.kernel;
    if (softmax && results[number]!.weight === softmax.weight) return { statements: [], buffer: buffers.scores };
    const statements = this.overRows((i) => {
      const code = new Code();
      const row = this.#rowAt(i, code);
      const each = this.overColumns((j) => {
        const inner = new Code();
        const column = this.#column(j, inner);
        const weight = softmax && plainLoad(buffers.scores, "f32", this.place(i, j));
        const made = this.#seen(row, column, this.#made(row.weights[number]!, i, j, column, weight), 0);
        return [...inner.statements, storeTo(buffers.weights, this.place(i, j), made)];
      });
      return [...code.statements, ...each];
    });
    return { statements, buffer: buffers.weights };
  }

  /** Where the buffers of rows and columns have these. */
  place(i: Expression, j: Expression): Expression {
    return plus(times(i, this.#options.columns), j);
  }

  /** A column's index, to read values at. */
  indexAt(j: Expression, code: Code): Expression {
    return this.#column(j, code).place(this.#options.attention.kernel.n.index);
  }

  #repeat(count: number, body: Repeated): Statement[] {
    return repeat(count, this.#options.written, body);
  }

  /** Statements for every column of a row, and what becomes of their values together. */
  #reduce(op: ReduceOp & ("max" | "sum"), code: Code, value: (j: Expression, inner: Code) => Expression): Expression {
    if (this.#options.written) {
      const values = Array.from({ length: this.#options.columns }, (_, j) => code.name(value(whole(j), code)));
      return values.reduce((a, b) => plainBinary(op === "max" ? "max" : "add", a, b));
    }
    const named: Register = register("f32");
    let last: Expression = named;
    const loop = loopOver("reduce", this.#options.columns, (j) => {
      const inner = new Code();
      last = value(j, inner);
      return inner.statements;
    });
    code.statements.push({ ...loop, accumulators: [{ register: named, op, value: last }] });
    return named;
  }

  #rowAt(i: Expression, code: Code): Row {
    return i.kind === "const" ? this.#rows[i.value]! : this.#rowOf(i, code);
  }

  #rowOf(i: Expression, code: Code): Row {
    const { attention, batch, rowAt, uneven } = this.#options;
    const { n, first, last, products, softmax, results } = attention.kernel;
    const end = uneven ? attention.counts.columns : undefined;
    const varying = new Set<Expression>([n.index, ...products.map((p) => p.sum), ...(softmax ? [softmax.weight] : [])]);
    const place = placing(new Map([...batch, ...attention.rows.locate(code, code.name(rowAt(i)))]));
    const known = (e: Expression): Expression => hoist(place(e), varying, code);
    const beyond = last && known(last);
    return {
      score: softmax && known(softmax.score),
      weights: results.map(({ weight }) => known(weight)),
      first: first && known(first),
      last: beyond && end ? code.name(atMost(beyond, end)) : (beyond ?? end),
    };
  }

  #column(j: Expression, code: Code): Column {
    return j.kind === "const" ? this.#columns[j.value]! : this.#columnOf(j, code);
  }

  #columnOf(j: Expression, code: Code): Column {
    const { attention, uneven } = this.#options;
    const number = code.name(this.#columnAt(j));
    const last = plainSum([{ value: attention.counts.columns }], whole(-1));
    const inside = uneven ? code.name(atMost(number, last)) : number;
    return { number, place: placing(attention.columns.locate(code, inside)) };
  }

  /** A value at a row and a column. */
  #made(open: Expression, i: Expression, j: Expression, column: Column, weight: Expression | undefined): Expression {
    const { attention, buffers } = this.#options;
    const { products, softmax } = attention.kernel;
    const known = new Map<Expression, Expression>(
      products.map(({ sum }, p) => [sum, plainLoad(buffers.products[p]!, "f32", this.place(i, j))]),
    );
    if (softmax && weight) known.set(softmax.weight, weight);
    return placing(known)(column.place(open));
  }

  #seen({ first, last }: Row, { number }: Column, value: Expression, otherwise: number): Expression {
    const from = first && plainBinary("le", first, number);
    const to = last && below(number, last);
    const seen = from && to ? plainBinary("and", from, to) : (from ?? to);
    return seen ? plainSelect(seen, value, constant(otherwise, "f32")) : value;
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
