/**
 * The weights of a tile, made of the sums of its products, in the thread's memory. Softmax is online (Milakov and Gimelshein
 * 2018): where a tile raises a row's largest score, what was added up before is to be scaled down.
 */
import { childrenOf, register, type Expression, type Index, type Load, type Register } from "../../ir/expression.ts";
import { resultsOf } from "../../ir/attention.ts";
import type { AttentionKernel } from "../../ir/kernel.ts";
import { plainBinary, plainLoad, plainSelect, plainUnary } from "../../ir/rewrite.ts";
import { loadsIn, walk } from "../../ir/walk.ts";
import { f32, range, times32, type Block, type Rows, type Tile } from "./attention-block.ts";
import { i32, minus, placed, placer, plus, times, type Body, type Places } from "./body.ts";

/**
 * Numbers that a block keeps of each row: its largest score so far and the sum of its weights, what its results so far are to
 * be multiplied by; then what scores and weights take from memory for it.
 */
const LARGEST = 0;
const SUM = 1;
const FACTOR = 2;
const STATES = 3;

export class Weights {
  readonly #block: Block;
  /** What results are weighed by, each once. */
  readonly #made: readonly Expression[];
  /** Buffers of the thread: sums of products at [n, row] and then, in their place, weights. */
  readonly buffers: readonly number[];
  readonly #states: number;
  /** Rows are in the lanes of vectors, unless masks are made of numbers for which there are none. */
  readonly #axis: "vector" | "sequential";
  /** What scores and weights take from memory for rows alone, and what else they load for rows. */
  readonly #ofRows: readonly Expression[];
  readonly #ofPairs: readonly Load[];

  constructor(block: Block) {
    this.#block = block;
    const { kernel } = block;
    this.#made = [...new Set(resultsOf(kernel).map(({ weight }) => weight))];
    const count = Math.max(kernel.products.length, this.#made.length);
    this.buffers = range(count).map(() => block.scratch(block.tile * block.rows));
    const made = [...(kernel.softmax ? [kernel.softmax.score] : []), ...this.#made];
    this.#axis = block.wide || !anyIn(made, (e) => e.dtype === "f64") ? "vector" : "sequential";
    [this.#ofRows, this.#ofPairs] = takenForRows(kernel);
    this.#states = block.scratch((STATES + this.#ofRows.length) * block.rows);
  }

  /** A weight at a line of the tile and a row of the block. */
  at(weight: Expression, line: Expression, row: Expression): Expression {
    return plainLoad(this.buffers[this.#made.indexOf(weight)]!, "f32", this.#place(line, row));
  }

  /** What results so far are multiplied by; when all is seen, what finished ones are. */
  factor(row: Expression): Expression {
    return this.#state(FACTOR, row);
  }

  /** The logarithm of the sum of exp(score), when all is seen. */
  norm(row: Expression): Expression {
    return this.#state(LARGEST, row);
  }

  /** Nothing was seen yet. */
  start(body: Body, rows: Rows): void {
    const block = this.#block;
    body.loop("parallel", block.rows, (inner, lane) => {
      const places = block.atRow(rows, rows.at(lane));
      this.#ofRows.forEach((value, i) => this.#setState(inner, STATES + i, lane, placed(value, places)));
      if (!block.kernel.softmax) return;
      this.#setState(inner, LARGEST, lane, f32(-Infinity));
      this.#setState(inner, SUM, lane, f32(0));
    });
  }

  /** Weights from the sums of products. */
  make(body: Body, rows: Rows, tile: Tile): void {
    if (this.#block.kernel.softmax) this.#normalize(body, rows, tile);
    else this.#weigh(body, rows, tile);
  }

  #weigh(body: Body, rows: Rows, { begin, count }: Tile): void {
    const block = this.#block;
    const { across } = block.kernel;
    const end = across && times(block.groups(body, count), block.group);
    const behind = end && body.let(minus(end, count));
    body.loop(this.#axis, block.rows, (lanes, lane) => {
      lanes.loop("sequential", count, (inner, j) => {
        const n = plus(begin, j);
        const places = this.#pair(inner, rows, lane, j, n);
        const place = placer(places);
        const weights = this.#made.map((weight) => inner.let(this.#masked(place(weight), 0, places, n)));
        weights.forEach((weight, w) => inner.store(this.buffers[w]!, this.#place(j, lane), weight));
      });
      // Results across add whole register tiles.
      if (behind)
        lanes.loop("sequential", behind, (inner, j) =>
          this.#made.forEach((_, w) => inner.store(this.buffers[w]!, this.#place(plus(count, j), lane), f32(0))),
        );
    });
  }

  /** Of a softmax, and what the tile's largest scores change about the sums so far. */
  #normalize(body: Body, rows: Rows, { begin, count }: Tile): void {
    const block = this.#block;
    const { score, weight } = block.kernel.softmax!;
    const [scores] = this.buffers as [number];
    body.loop(this.#axis, block.rows, (lanes, lane) => {
      const top = register("f32");
      lanes.loop("sequential", count, (inner, j) => {
        const n = plus(begin, j);
        const places = this.#pair(inner, rows, lane, j, n);
        const value = inner.let(this.#masked(placed(score, places), -Infinity, places, n));
        inner.store(scores, this.#place(j, lane), value);
        return [{ register: top, op: "max", value }];
      });
      const before = lanes.let(this.#state(LARGEST, lane));
      const largest = lanes.let(plainBinary("max", before, top));
      // Where nothing was seen yet, scores and this are −∞.
      const base = lanes.let(plainSelect(equal(largest, f32(-Infinity)), f32(0), largest));
      const factor = lanes.let(exp(plainBinary("sub", before, base)));
      const total = register("f32");
      lanes.loop("sequential", count, (inner, j) => {
        const value = inner.let(exp(plainBinary("sub", plainLoad(scores, "f32", this.#place(j, lane)), base)));
        const places = this.#places(rows, lane, plus(begin, j));
        places.set(weight, value);
        const place = placer(places);
        this.#made.forEach((made, w) => inner.store(this.buffers[w]!, this.#place(j, lane), place(made)));
        return [{ register: total, op: "sum", value }];
      });
      this.#setState(lanes, SUM, lane, plainBinary("add", times32(this.#state(SUM, lane), factor), total));
      this.#setState(lanes, LARGEST, lane, largest);
      this.#setState(lanes, FACTOR, lane, factor);
    });
  }

  /** All was seen. */
  finish(body: Body): void {
    if (!this.#block.kernel.softmax) return;
    body.loop("vector", this.#block.rows, (lanes, lane) => {
      const sum = lanes.let(this.#state(SUM, lane));
      const sawNothing = equal(sum, f32(0));
      const norm = plainBinary("add", this.#state(LARGEST, lane), plainUnary("log", sum));
      this.#setState(lanes, LARGEST, lane, plainSelect(sawNothing, f32(-Infinity), norm));
      this.#setState(lanes, FACTOR, lane, plainSelect(sawNothing, f32(0), plainBinary("div", f32(1), sum)));
    });
  }

  /** The same with the sums of their products. */
  #pair(body: Body, rows: Rows, lane: Expression, j: Expression, n: Expression): Map<Expression, Expression> {
    const places = this.#places(rows, lane, n);
    this.#block.kernel.products.forEach(({ sum }, p) =>
      places.set(sum, body.let(plainLoad(this.buffers[p]!, "f32", this.#place(j, lane)))),
    );
    return places;
  }

  /** What stands for the indices of a row and an n, and for what is loaded for them. */
  #places(rows: Rows, lane: Expression, n: Expression): Map<Expression, Expression> {
    const { kernel } = this.#block;
    const places = new Map([...rows.batch, [kernel.m.index, plus(rows.start, lane)], [kernel.n.index, n]]);
    const inside = new Map([...places, [kernel.m.index, rows.at(lane)]]);
    this.#ofRows.forEach((value, i) => places.set(value, this.#state(STATES + i, lane)));
    for (const l of this.#ofPairs) places.set(l, placed(l, inside));
    return places;
  }

  /** A value where the row sees n, and elsewhere another. */
  #masked(value: Expression, otherwise: number, places: Places, n: Expression): Expression {
    const { first, last } = this.#block.kernel;
    const after = first && plainBinary("le", placed(first, places), n);
    const before = last && plainBinary("lt", n, placed(last, places));
    const sees = after && before ? plainBinary("and", after, before) : (after ?? before);
    return sees ? plainSelect(sees, value, f32(otherwise)) : value;
  }

  #place(line: Expression, row: Expression): Expression {
    return plus(times(line, this.#block.rows), row);
  }

  #state(slot: number, lane: Expression): Expression {
    return plainLoad(this.#states, "f32", plus(lane, i32(slot * this.#block.rows)));
  }

  #setState(body: Body, slot: number, lane: Expression, value: Expression): void {
    body.store(this.#states, plus(lane, i32(slot * this.#block.rows)), value);
  }
}

function anyIn(list: readonly Expression[], is: (e: Expression) => boolean): boolean {
  let found = false;
  walk(list, (e) => void (found ||= is(e)));
  return found;
}
const equal = (left: Expression, right: Expression): Expression => plainBinary("eq", left, right);
const exp = (value: Expression): Expression => plainUnary("exp", value);

/**
 * What scores and weights take from memory for a row: the largest parts that are numbers of rows alone, and the loads
 * that are in none of them.
 */
function takenForRows(kernel: AttentionKernel): [numbers: Expression[], loads: Load[]] {
  const { batch, m, softmax } = kernel;
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
  [...(softmax ? [softmax.score] : []), ...resultsOf(kernel).map((r) => r.weight)].forEach(visit);
  return [[...numbers], [...loads]];
}
