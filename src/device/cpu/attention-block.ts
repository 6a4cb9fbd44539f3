/** What all parts of the loops of attention know: the kernel, how it is cut, memory of the thread, and places in it. */
import {
  constant,
  param,
  register,
  type Binary,
  type Expression,
  type Param,
  type Register,
} from "../../ir/expression.ts";
import type { AttentionKernel, Axes, Axis, Buffer } from "../../ir/kernel.ts";
import { plainBinary, plainDivide } from "../../ir/rewrite.ts";
import { extentIn, i32, least, most, minus, placed, plus, times, type Body, type Places } from "./body.ts";
import type { Target } from "./target.ts";

/** A block has at least so many rows: what was read of n serves all of them. */
const LEAST_ROWS = 32;
/** The n of a tile: weights stay in the nearest cache. */
const TILE = 64;

/** A number of one use of the kernel, from its sizes. */
export type Word = (sizes: readonly number[]) => number;

/** The rows of a block: where they are, and what stands for the batch. */
export interface Rows {
  readonly batch: Places;
  readonly start: Expression;
  readonly count: Register;
  /** The row in a lane; lanes without a row do what the last row does. */
  readonly at: (lane: Expression) => Expression;
}

/** The n of a tile. */
export interface Tile {
  readonly begin: Expression;
  readonly count: Register;
}

/** Lines among others, which are only seen from some on, and before some. */
export interface Seen {
  readonly first?: Expression | undefined;
  readonly last?: Expression | undefined;
}

export class Block {
  readonly kernel: AttentionKernel;
  readonly buffers: Buffer[];
  readonly words: Word[] = [];
  /** Rows of a block, n of a tile. */
  readonly rows: number;
  readonly tile: number;
  /** Lines of a register tile, and its vectors. */
  readonly group: number;
  readonly vectors: number;
  /** Has the target vectors of f64? */
  readonly wide: boolean;

  constructor(kernel: AttentionKernel, { lanes, wide, tileRows, tileColumns }: Target) {
    this.wide = wide;
    this.kernel = kernel;
    this.buffers = [...kernel.buffers];
    this.group = tileRows;
    this.vectors = tileColumns / lanes;
    this.rows = multipleOf(LEAST_ROWS, leastMultiple(tileRows, tileColumns));
    this.tile = multipleOf(TILE, tileRows);
  }

  // ---------- sizes

  count(axes: readonly Axes[], sizes: readonly number[]): number {
    return axes.reduce((product, { extent }) => product * extentIn(this.kernel, extent, sizes), 1);
  }

  /** How many combinations indices have, times a number. */
  volume(axes: readonly Axes[], by = 1): number | Param {
    if (axes.every(({ extent }) => typeof extent === "number")) return by * this.count(axes, []);
    return this.word((sizes) => by * this.count(axes, sizes));
  }

  word(word: Word): Param {
    const { scalars, sizes } = this.kernel.parameters;
    this.words.push(word);
    return param(scalars.length + sizes + this.words.length - 1, "i32");
  }

  /** A buffer of the thread's own. */
  scratch(size: number | Param, dtype: Buffer["dtype"] = "f32"): number {
    return this.buffers.push({ dtype, space: "register", access: "readwrite", size }) - 1;
  }

  // ---------- places

  /** Where a line's number is for a combination of indices. */
  placeOf(axes: readonly Axes[], line: Expression, places: Places): Expression {
    return plus(times(line, this.volume(axes)), position(axes, places));
  }

  /** What stands for a row. */
  atRow(rows: Rows, row: Expression): Map<Expression, Expression> {
    return new Map([...rows.batch, [this.kernel.m.index, row]]);
  }

  /** What stands for an n. */
  atColumn(rows: Rows, n: Expression): Map<Expression, Expression> {
    return new Map([...rows.batch, [this.kernel.n.index, n]]);
  }

  /** How many register tiles so many lines are. */
  groups(body: Body, count: Expression): Register {
    return body.let(plainDivide("quotient", plus(count, i32(this.group - 1)), this.group));
  }

  /** Of `count` lines from `origin` on, those that some line of a register tile sees: how many are left out before, and how many follow. */
  seenBy(
    body: Body,
    { first, last }: Seen,
    at: (line: Expression) => Places,
    line: Expression,
    { begin, count }: Tile,
  ): [skipped: Expression, taken: Register] {
    const of = (e: Expression, x: Expression): Expression => minus(placed(e, at(x)), begin);
    const end = last ? least(count, of(last, plus(line, i32(this.group - 1)))) : count;
    if (!first) return [i32(0), last ? body.let(end) : count];
    const skipped = body.let(most(i32(0), of(first, line)));
    return [skipped, body.let(minus(end, skipped))];
  }
}

export const f32 = (value: number): Expression => constant(value, "f32");
export const times32 = (left: Expression, right: Expression): Binary => plainBinary("mul", left, right);
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const whole = (n: number | Param): Expression => (typeof n === "number" ? i32(n) : n);

const multipleOf = (n: number, of: number): number => Math.ceil(n / of) * of;
function leastMultiple(a: number, b: number): number {
  let out = a;
  while (out % b) out += a;
  return out;
}

/** Loops over a list of indices, the innermost of a kind. */
export function nest(
  body: Body,
  [axes, ...inner]: readonly Axes[],
  axis: Axis,
  write: (body: Body, places: ReadonlyMap<Expression, Expression>) => void,
  vectors?: number,
  places: Places = new Map(),
): void {
  if (!axes) return write(body, places);
  body.loop(
    inner.length && axis === "vector" ? "sequential" : axis,
    axes.extent,
    (next, i) => nest(next, inner, axis, write, vectors, new Map([...places, [axes.index, i]])),
    inner.length || !vectors ? {} : { vectors },
  );
}

/** Sums of products over a list of indices. */
export function sumsOver(
  body: Body,
  [axes, ...inner]: readonly Axes[],
  products: (places: Places) => readonly Binary[],
  places: Places = new Map(),
): readonly Register[] {
  if (!axes) return products(places).map((product) => body.let(product));
  let sums: Register[] = [];
  body.loop("sequential", axes.extent, (next, i) => {
    const here = new Map([...places, [axes.index, i]] as const);
    const values = inner.length ? sumsOver(next, inner, products, here) : products(here);
    sums = values.map(() => register("f32"));
    return values.map((value, at) => ({ register: sums[at]!, op: "sum", value, isFused: value.kind === "binary" }));
  });
  return sums;
}

/** The number of a combination of indices. */
export function position(axes: readonly Axes[], places: Places): Expression {
  return axes.reduce<Expression>((sofar, { index, extent }) => plus(times(sofar, extent), places.get(index)!), i32(0));
}
