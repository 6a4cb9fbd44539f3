/**
 * Attention as loops. An item is a block of rows m of one batch. It goes through n in tiles: the products of a tile, for
 * some n at a time, with the rows in the lanes of vectors; the weights that are made of them, in the thread's scratch; then
 * the results, with their f in the lanes. So only `left` has to be turned, once for a block, while `right` and `value` are
 * read where they lie. Softmax is online (Milakov and Gimelshein 2018): where a tile raises a row's largest score, what was
 * added up before is scaled down. Tiles that no row of the block sees are left out.
 */
import {
  childrenOf,
  constant,
  param,
  register,
  type Binary,
  type Expression,
  type Index,
  type Load,
  type Param,
  type Register,
} from "../../ir/expression.ts";
import type { AttentionKernel, Axes, Axis, Buffer, Loop, LoopKernel, Store } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, plainLoad, plainSelect, plainUnary } from "../../ir/rewrite.ts";
import { loadsIn } from "../../ir/walk.ts";
import { Body, extentIn, i32, least, minus, most, placed, plus, times, type Places } from "./body.ts";
import { termsOf } from "./patterns.ts";
import type { Target } from "./target.ts";

/** A block has at least so many rows: what was read of n serves all of them. */
const LEAST_ROWS = 32;
/** The n of a tile: weights stay in the nearest caches, and usual short sequences are one tile. */
const TILE = 128;

/**
 * Numbers that a block keeps of each row: its largest score so far and the sum of its weights, what its results so far are to
 * be multiplied by; then what scores and weights take from memory for it.
 */
const LARGEST = 0;
const SUM = 1;
const FACTOR = 2;
const STATES = 3;

/** A number of one use of the kernel, from its sizes. */
export type Word = (sizes: readonly number[]) => number;

export interface Lowered {
  readonly kernel: LoopKernel;
  /** What follows the kernel's sizes, the number of items first. */
  readonly words: readonly Word[];
}

/** The rows of an item: where they are, and what stands for the batch. */
interface Rows {
  readonly batch: Places;
  readonly start: Expression;
  readonly count: Register;
  /** The row in a lane; lanes without a row do what the last row does. */
  readonly at: (lane: Expression) => Expression;
}

/** The n of a tile. */
interface Tile {
  readonly begin: Expression;
  readonly count: Register;
}

/** An operand: read in place, or as numbers side by side for each line, which is a row or an n. */
interface Operand {
  readonly value: Expression;
  readonly axes: readonly Axes[];
  /** The buffer of these numbers. */
  readonly panel: number | undefined;
}

/** A parameterized kernel as loops. */
export function lowerAttention(kernel: AttentionKernel, target: Target): Lowered {
  return new Lowering(kernel, target).lower();
}

class Lowering {
  private readonly kernel: AttentionKernel;
  private readonly buffers: Buffer[];
  private readonly words: Word[] = [];
  /** Rows of a block, rows (or n) of a register tile and its vectors, n of a tile. */
  private readonly rows: number;
  private readonly group: number;
  private readonly vectors: number;
  private readonly tile: number;
  private readonly lefts: readonly Operand[];
  private readonly rights: readonly Operand[];
  private readonly values: readonly Operand[];
  /** Buffers of the thread: where rows start, turned rows, products and then weights, sums of results, numbers of each row. */
  private readonly lines: number;
  private readonly turned: readonly number[];
  private readonly weights: readonly number[];
  private readonly sums: readonly number[];
  private readonly states: number;
  /** What scores and weights take from memory for rows alone, and what else they load for rows. */
  private readonly ofRows: readonly Expression[];
  private readonly ofPairs: readonly Load[];

  constructor(kernel: AttentionKernel, { lanes, tileRows, tileColumns }: Target) {
    this.kernel = kernel;
    this.buffers = [...kernel.buffers];
    this.group = tileRows;
    this.vectors = tileColumns / lanes;
    this.rows = multipleOf(LEAST_ROWS, leastMultiple(tileRows, tileColumns));
    this.tile = multipleOf(TILE, tileRows);
    const { products, results } = kernel;
    [this.ofRows, this.ofPairs] = takenForRows(kernel);
    const operand = (lines: number, value: Expression, axes: readonly Axes[], isPlain: boolean): Operand => ({
      value,
      axes,
      panel: isPlain ? undefined : this.scratch(lines, axes),
    });
    this.lefts = products.map(({ left, k }) => operand(this.rows, left, k, k.length < 2 && isNumbers(left, k[0])));
    this.rights = products.map(({ right, k }) => operand(this.tile, right, k, isNumbers(right)));
    this.values = results.map(({ value, f }) => operand(this.tile, value, f, isNumbers(value, f.at(-1))));
    this.turned = products.map(({ k }) => this.scratch(this.rows, k));
    const weights = range(Math.max(products.length, results.length));
    this.weights = weights.map(() => this.scratch(this.tile * this.rows));
    this.sums = results.map(({ f }) => this.scratch(this.rows, f));
    this.lines = this.scratch(this.rows, [], "i32");
    this.states = this.scratch((STATES + this.ofRows.length) * this.rows);
  }

  lower(): Lowered {
    const { batch, m } = this.kernel;
    const blocksOf: Word = (sizes) => Math.ceil(this.count([m], sizes) / this.rows);
    // Items come first among the words.
    const items = this.word((sizes) => this.count(batch, sizes) * blocksOf(sizes));
    const blocks = this.word(blocksOf);
    const body = new Body();
    body.loop("parallel", items, (inner, item) => {
      const places = new Map<Expression, Expression>();
      const start = inner.let(times(plainDivide("remainder", item, blocks), this.rows));
      let rest: Expression = plainDivide("quotient", item, blocks);
      for (const { index, extent } of [...batch].reverse()) {
        places.set(index, inner.let(plainDivide("remainder", rest, extent)));
        rest = plainDivide("quotient", rest, extent);
      }
      const count = inner.let(least(i32(this.rows), minus(sizeOf(m), start)));
      const end = inner.let(plus(start, count));
      const at = (lane: Expression): Expression => least(plus(start, lane), minus(end, i32(1)));
      this.block(inner, { batch: places, start, count, at });
    });
    const { scalars, sizes } = this.kernel.parameters;
    const parameters = { scalars, sizes: sizes + this.words.length };
    return { kernel: { kind: "loops", buffers: this.buffers, parameters, body: body.statements }, words: this.words };
  }

  private block(body: Body, rows: Rows): void {
    const { m, n, first, last, softmax } = this.kernel;
    const of = (e: Expression, row: Expression): Expression => placed(e, new Map([...rows.batch, [m.index, row]]));
    this.turn(body, rows);
    this.start(body, rows);
    const from = body.let(first ? most(i32(0), of(first, rows.start)) : i32(0));
    const bottom = rows.at(i32(this.rows));
    const to = body.let(last ? least(sizeOf(n), of(last, bottom)) : sizeOf(n));
    const seen = most(i32(0), plus(minus(to, from), i32(this.tile - 1)));
    const tiles = body.let(plainDivide("quotient", seen, this.tile));
    body.loop("sequential", tiles, (inner, t) => {
      const begin = inner.let(plus(from, times(t, this.tile)));
      const tile = { begin, count: inner.let(least(i32(this.tile), minus(to, begin))) };
      this.pack(inner, rows, tile);
      this.multiply(inner, rows, tile);
      if (softmax) this.normalize(inner, rows, tile);
      else this.weigh(inner, rows, tile);
      this.add(inner, rows, tile);
    });
    this.finish(body, rows);
  }

  /** `turned[k · rows + lane] := left` for all lanes. */
  private turn(body: Body, rows: Rows): void {
    const { m } = this.kernel;
    const places = (lane: Expression): Map<Expression, Expression> =>
      new Map([...rows.batch, [m.index, rows.at(lane)]]);
    this.lefts.forEach(({ value, axes, panel }, p) => {
      const to = this.turned[p]!;
      const from = panel ?? (value as Load).buffer;
      const origin = axes.map(({ index }) => [index, i32(0)] as const);
      this.fill(body, this.lefts[p]!, this.rows, places);
      body.loop("parallel", this.rows, (inner, lane) => {
        const start =
          panel === undefined
            ? placed((value as Load).offset, new Map([...places(lane), ...origin]))
            : times(lane, this.volume(axes));
        inner.store(this.lines, lane, start);
      });
      body.loop(
        "sequential",
        this.volume(axes),
        (inner, k) =>
          inner.loop("sequential", this.rows, (innermost, lane) => {
            const at = plus(plainLoad(this.lines, "i32", lane), k);
            innermost.store(to, plus(times(k, this.rows), lane), plainLoad(from, "f32", at));
          }),
        { turn: { count: this.rows, lines: this.lines, from, to, pitch: this.rows } },
      );
    });
  }

  /** Nothing was seen yet. */
  private start(body: Body, rows: Rows): void {
    const { m, softmax } = this.kernel;
    body.loop("parallel", this.rows, (inner, lane) => {
      const places = new Map([...rows.batch, [m.index, rows.at(lane)]] as const);
      this.ofRows.forEach((value, i) => this.setState(inner, STATES + i, lane, placed(value, places)));
      if (!softmax) return;
      this.setState(inner, LARGEST, lane, f32(-Infinity));
      this.setState(inner, SUM, lane, f32(0));
    });
    for (const sums of this.sums)
      body.loop("parallel", this.buffers[sums]!.size!, (inner, i) => inner.store(sums, i, f32(0)));
  }

  /** The tile's operands that are not read in place. */
  private pack(body: Body, rows: Rows, { begin, count }: Tile): void {
    const places = (line: Expression): Places => new Map([...rows.batch, [this.kernel.n.index, plus(begin, line)]]);
    for (const operand of [...this.rights, ...this.values]) this.fill(body, operand, count, places);
  }

  /** Sums of products, for some n at a time. */
  private multiply(body: Body, rows: Rows, { begin, count }: Tile): void {
    const { n, products } = this.kernel;
    body.loop("sequential", this.groups(body, count), (inner, g) => {
      // Behind the last n it is taken again: nothing reads what comes of it.
      const first = inner.let(times(g, this.group));
      const lines = range(this.group).map((i) => inner.let(least(plus(first, i32(i)), minus(count, i32(1)))));
      const ns = lines.map((line) => inner.let(plus(begin, line)));
      products.forEach(({ k }, p) => {
        const right = this.rights[p]!;
        inner.loop(
          "vector",
          this.rows,
          (lanes, lane) => {
            const sums = sumsOver(lanes, k, (ks) => {
              const left = plainLoad(this.turned[p]!, "f32", plus(times(position(k, ks), this.rows), lane));
              return ns.map((at, i) => {
                const places = new Map([...rows.batch, ...ks, [n.index, at]] as const);
                return times32(this.read(right, right.panel === undefined ? at : lines[i]!, places), left);
              });
            });
            sums.forEach((sum, i) =>
              lanes.store(this.weights[p]!, plus(times(plus(first, i32(i)), this.rows), lane), sum),
            );
          },
          { vectors: this.vectors },
        );
      });
    });
  }

  /** Weights from the sums of products, in their place. */
  private weigh(body: Body, rows: Rows, { begin, count }: Tile): void {
    const { products, results } = this.kernel;
    body.loop("vector", this.rows, (lanes, lane) =>
      lanes.loop("sequential", count, (inner, j) => {
        const at = plus(times(j, this.rows), lane);
        const n = plus(begin, j);
        const places = this.pair(rows, lane, n);
        products.forEach(({ sum }, p) => places.set(sum, inner.let(plainLoad(this.weights[p]!, "f32", at))));
        const weights = results.map(({ weight }) => inner.let(this.masked(placed(weight, places), 0, places, n)));
        weights.forEach((weight, r) => inner.store(this.weights[r]!, at, weight));
      }),
    );
  }

  /** Weights of a softmax, and what the tile's largest scores change about the sums so far. */
  private normalize(body: Body, rows: Rows, { begin, count }: Tile): void {
    const { products, softmax, results } = this.kernel;
    const { score, weight } = softmax!;
    body.loop("vector", this.rows, (lanes, lane) => {
      const top = register("f32");
      lanes.loop("sequential", count, (inner, j) => {
        const at = plus(times(j, this.rows), lane);
        const n = plus(begin, j);
        const places = this.pair(rows, lane, n);
        products.forEach(({ sum }, p) => places.set(sum, inner.let(plainLoad(this.weights[p]!, "f32", at))));
        const value = inner.let(this.masked(placed(score, places), -Infinity, places, n));
        inner.store(this.weights[0]!, at, value);
        return [{ register: top, op: "max", value }];
      });
      const before = lanes.let(this.state(LARGEST, lane));
      const largest = lanes.let(plainBinary("max", before, top));
      // Where nothing was seen yet, scores and this are −∞.
      const base = lanes.let(plainSelect(equal(largest, f32(-Infinity)), f32(0), largest));
      const factor = lanes.let(exp(plainBinary("sub", before, base)));
      const total = register("f32");
      lanes.loop("sequential", count, (inner, j) => {
        const at = plus(times(j, this.rows), lane);
        const value = inner.let(exp(plainBinary("sub", plainLoad(this.weights[0]!, "f32", at), base)));
        const places = this.pair(rows, lane, plus(begin, j));
        places.set(weight, value);
        results.forEach((result, r) => inner.store(this.weights[r]!, at, placed(result.weight, places)));
        return [{ register: total, op: "sum", value }];
      });
      this.setState(lanes, SUM, lane, plainBinary("add", times32(this.state(SUM, lane), factor), total));
      this.setState(lanes, LARGEST, lane, largest);
      this.setState(lanes, FACTOR, lane, factor);
    });
  }

  /** Takes the tile into the sums. */
  private add(body: Body, rows: Rows, tile: Tile): void {
    const { n, softmax, results } = this.kernel;
    const groups = this.groups(body, rows.count);
    results.forEach(({ f }, r) => {
      const value = this.values[r]!;
      nest(
        body,
        f,
        "vector",
        (lanes, fs) =>
          lanes.loop("sequential", groups, (inner, g) => {
            const first = inner.let(times(g, this.group));
            const sums = range(this.group).map(() => register("f32"));
            const [skipped, taken] = this.seenBy(inner, plus(rows.start, first), tile);
            inner.loop("sequential", taken, (innermost, step) => {
              const j = plus(skipped, step);
              const at = plus(tile.begin, j);
              const places = new Map([...rows.batch, ...fs, [n.index, at]] as const);
              const x = this.read(value, value.panel === undefined ? at : j, places);
              const from = plus(times(j, this.rows), first);
              return sums.map((sum, i) => ({
                register: sum,
                op: "sum",
                value: times32(plainLoad(this.weights[r]!, "f32", plus(from, i32(i))), x),
                isFused: true,
              }));
            });
            sums.forEach((sum, i) => {
              const row = plus(first, i32(i));
              const at = this.placeOf(f, row, fs);
              const before = plainLoad(this.sums[r]!, "f32", at);
              const scaled = softmax ? times32(before, this.state(FACTOR, row)) : before;
              inner.store(this.sums[r]!, at, plainBinary("add", scaled, sum));
            });
          }),
        this.vectors,
      );
    });
  }

  /** What becomes of the finished sums. */
  private finish(body: Body, rows: Rows): void {
    const { m, softmax, results, rowStores } = this.kernel;
    if (softmax)
      body.loop("vector", this.rows, (lanes, lane) => {
        const sum = lanes.let(this.state(SUM, lane));
        const sawNothing = equal(sum, f32(0));
        const norm = plainBinary("add", this.state(LARGEST, lane), plainUnary("log", sum));
        this.setState(lanes, LARGEST, lane, plainSelect(sawNothing, f32(-Infinity), norm));
        this.setState(lanes, FACTOR, lane, plainSelect(sawNothing, f32(0), plainBinary("div", f32(1), sum)));
      });
    const places = (row: Expression): Map<Expression, Expression> =>
      new Map([...rows.batch, [m.index, plus(rows.start, row)]]);
    const store = (inner: Body, stores: readonly Store[], at: Places): void => {
      for (const { buffer, offset, value } of stores) inner.store(buffer, placed(offset, at), placed(value, at));
    };
    if (rowStores.length)
      body.loop("parallel", rows.count, (inner, row) => {
        const at = places(row);
        if (softmax) at.set(softmax.norm, inner.let(this.state(LARGEST, row)));
        store(inner, rowStores, at);
      });
    results.forEach(({ f, sum, stores }, r) =>
      body.loop("parallel", rows.count, (inner, row) =>
        nest(inner, f, "parallel", (innermost, fs) => {
          const total = plainLoad(this.sums[r]!, "f32", this.placeOf(f, row, fs));
          const result = innermost.let(softmax ? times32(total, this.state(FACTOR, row)) : total);
          store(innermost, stores, new Map([...places(row), ...fs, [sum, result]]));
        }),
      ),
    );
  }

  // ---------- pieces

  /** What stands for the indices of a row and an n, and for what is loaded for them. */
  private pair(rows: Rows, lane: Expression, n: Expression): Map<Expression, Expression> {
    const { kernel } = this;
    const places = new Map([...rows.batch, [kernel.m.index, plus(rows.start, lane)], [kernel.n.index, n]]);
    const inside = new Map([...places, [kernel.m.index, rows.at(lane)]]);
    this.ofRows.forEach((value, i) => places.set(value, this.state(STATES + i, lane)));
    for (const l of this.ofPairs) places.set(l, placed(l, inside));
    return places;
  }

  /** A value where the row sees n, and elsewhere another. */
  private masked(value: Expression, otherwise: number, places: Places, n: Expression): Expression {
    const { first, last } = this.kernel;
    const after = first && plainBinary("le", placed(first, places), n);
    const before = last && plainBinary("lt", n, placed(last, places));
    const sees = after && before ? plainBinary("and", after, before) : (after ?? before);
    return sees ? plainSelect(sees, value, f32(otherwise)) : value;
  }

  /** How many n of a tile no row of a group sees, and how many from there on some may see. */
  private seenBy(body: Body, row: Expression, { begin, count }: Tile): [skipped: Expression, taken: Register] {
    const { m, first, last } = this.kernel;
    const of = (e: Expression, at: Expression): Expression => minus(placed(e, new Map([[m.index, at]])), begin);
    const end = last ? least(count, of(last, plus(row, i32(this.group - 1)))) : count;
    if (!first) return [i32(0), last ? body.let(end) : count];
    const skipped = body.let(most(i32(0), of(first, row)));
    return [skipped, body.let(minus(end, skipped))];
  }

  /** `panel[line · k + …] := value` for all lines of an operand that is not read in place. */
  private fill(
    body: Body,
    { panel, value, axes }: Operand,
    lines: Loop["extent"],
    places: (line: Expression) => Places,
  ): void {
    if (panel === undefined) return;
    body.loop("parallel", lines, (inner, line) =>
      nest(inner, axes, "parallel", (innermost, ks) =>
        innermost.store(panel, this.placeOf(axes, line, ks), placed(value, new Map([...places(line), ...ks]))),
      ),
    );
  }

  /** An operand at a line of its panel, or else at the places of its indices. */
  private read({ panel, value, axes }: Operand, line: Expression, places: Places): Expression {
    return panel === undefined ? placed(value, places) : plainLoad(panel, "f32", this.placeOf(axes, line, places));
  }

  private placeOf(axes: readonly Axes[], line: Expression, places: Places): Expression {
    return plus(times(line, this.volume(axes)), position(axes, places));
  }

  private groups(body: Body, count: Expression): Register {
    return body.let(plainDivide("quotient", plus(count, i32(this.group - 1)), this.group));
  }

  private state(slot: number, lane: Expression): Expression {
    return plainLoad(this.states, "f32", plus(lane, i32(slot * this.rows)));
  }

  private setState(body: Body, slot: number, lane: Expression, value: Expression): void {
    body.store(this.states, plus(lane, i32(slot * this.rows)), value);
  }

  // ---------- sizes

  private count(axes: readonly Axes[], sizes: readonly number[]): number {
    return axes.reduce((product, { extent }) => product * extentIn(this.kernel, extent, sizes), 1);
  }

  /** How many combinations indices have, times a number. */
  private volume(axes: readonly Axes[], by = 1): number | Param {
    if (axes.every(({ extent }) => typeof extent === "number")) return by * this.count(axes, []);
    return this.word((sizes) => by * this.count(axes, sizes));
  }

  private word(word: Word): Param {
    const { scalars, sizes } = this.kernel.parameters;
    this.words.push(word);
    return param(scalars.length + sizes + this.words.length - 1, "i32");
  }

  /** A buffer of the thread's own: so many numbers for each combination of some indices. */
  private scratch(by: number, axes: readonly Axes[] = [], dtype: Buffer["dtype"] = "f32"): number {
    return this.buffers.push({ dtype, space: "register", access: "readwrite", size: this.volume(axes, by) }) - 1;
  }
}

const f32 = (value: number): Expression => constant(value, "f32");
const times32 = (left: Expression, right: Expression): Binary => plainBinary("mul", left, right);
const equal = (left: Expression, right: Expression): Expression => plainBinary("eq", left, right);
const exp = (value: Expression): Expression => plainUnary("exp", value);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sizeOf = ({ extent }: Axes): Expression => (typeof extent === "number" ? i32(extent) : extent);

const multipleOf = (n: number, of: number): number => Math.ceil(n / of) * of;
function leastMultiple(a: number, b: number): number {
  let out = a;
  while (out % b) out += a;
  return out;
}

/** Is an operand nothing but numbers in memory, side by side along an index if it has to be? */
function isNumbers(value: Expression, along?: Axes): boolean {
  if (value.kind !== "load" || value.dtype !== "f32") return false;
  const terms = termsOf(value.offset).terms.filter((t) => along && t.value.free.has(along.index));
  return !along || (terms.length === 1 && terms[0]!.value === along.index && terms[0]!.coefficient === undefined);
}

/**
 * What scores and weights take from memory for a row: the largest parts that are numbers of rows alone, and the loads
 * that are in none of them.
 */
function takenForRows({ batch, m, results, softmax }: AttentionKernel): [numbers: Expression[], loads: Load[]] {
  const ofRow = new Set<Index | Register>([...batch, m].map((axes) => axes.index));
  const [numbers, loads] = [new Set<Expression>(), new Set<Load>()];
  // Random bits are made of so many shared parts that paths to them cannot be walked one by one.
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (!e.free.has(m.index) || seen.has(e)) return;
    seen.add(e);
    const isOfRow = [...e.free].every((v) => ofRow.has(v));
    if (isOfRow && e.dtype === "f32" && loadsIn([e]).length) numbers.add(e);
    else if (e.kind === "load") loads.add(e);
    else childrenOf(e).forEach(visit);
  };
  [...(softmax ? [softmax.score] : []), ...results.map((r) => r.weight)].forEach(visit);
  return [[...numbers], [...loads]];
}

/** Loops over a list of indices, the innermost of a kind. */
function nest(
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
function sumsOver(
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
function position(axes: readonly Axes[], places: Places): Expression {
  return axes.reduce<Expression>((sofar, { index, extent }) => plus(times(sofar, extent), places.get(index)!), i32(0));
}
