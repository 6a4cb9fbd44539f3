/** Operands of attention: read where they lie, where that is possible, and the products of a tile. */
import type { Expression, Load } from "../../ir/expression.ts";
import type { Axes, Loop } from "../../ir/kernel.ts";
import { plainLoad } from "../../ir/rewrite.ts";
import { nest, position, range, sumsOver, times32, type Block, type Rows, type Tile } from "./attention-block.ts";
import { i32, least, minus, placed, plus, times, type Body, type Places } from "./body.ts";
import { termsOf } from "./patterns.ts";

/** An operand: numbers in memory, or a panel of the thread with those of a line side by side, where a line is a row or an n. */
export class Operand {
  readonly value: Expression;
  readonly axes: readonly Axes[];
  readonly panel: number | undefined;
  readonly #block: Block;

  /** @param lines at most so many are looked at together. */
  constructor(block: Block, lines: number, value: Expression, axes: readonly Axes[], isPlain: boolean) {
    this.#block = block;
    this.value = value;
    this.axes = axes;
    this.panel = isPlain ? undefined : block.scratch(block.volume(axes, lines));
  }

  /** Fills the panel, if there is one. */
  fill(body: Body, lines: Loop["extent"], at: (line: Expression) => Places): void {
    const { panel, axes, value } = this;
    if (panel === undefined) return;
    body.loop("parallel", lines, (inner, line) =>
      nest(inner, axes, "parallel", (innermost, ks) =>
        innermost.store(panel, this.#block.placeOf(axes, line, ks), placed(value, new Map([...at(line), ...ks]))),
      ),
    );
  }

  /** Its number at a line of the panel, or else at the places of its indices. */
  read(line: Expression, places: Places): Expression {
    const { panel, axes, value } = this;
    return panel === undefined
      ? placed(value, places)
      : plainLoad(panel, "f32", this.#block.placeOf(axes, line, places));
  }
}

/** Is an operand nothing but numbers in memory, side by side along an index if it has to be? */
export function isNumbers(value: Expression, along?: Axes): boolean {
  if (value.kind !== "load" || value.dtype !== "f32") return false;
  const terms = termsOf(value.offset).terms.filter((t) => along && t.value.free.has(along.index));
  return !along || (terms.length === 1 && terms[0]!.value === along.index && terms[0]!.coefficient === undefined);
}

/** Sums of products, with the rows of a block in the lanes of vectors: only `left` has to be turned, once for a block. */
export class Products {
  readonly #block: Block;
  readonly #lefts: readonly Operand[];
  readonly #rights: readonly Operand[];
  /** Rows turned, and where they start. */
  readonly #turned: readonly number[];
  readonly #lines: number;

  constructor(block: Block) {
    this.#block = block;
    const { products } = block.kernel;
    this.#lefts = products.map(
      ({ left, k }) => new Operand(block, block.rows, left, k, k.length < 2 && isNumbers(left, k[0])),
    );
    this.#rights = products.map(({ right, k }) => new Operand(block, block.tile, right, k, isNumbers(right)));
    this.#turned = products.map(({ k }) => block.scratch(block.volume(k, block.rows)));
    this.#lines = block.scratch(block.rows, "i32");
  }

  /** `turned[k · rows + lane] := left` for all lanes. */
  turn(body: Body, rows: Rows): void {
    const block = this.#block;
    const places = (lane: Expression): Map<Expression, Expression> => block.atRow(rows, rows.at(lane));
    this.#lefts.forEach((left, p) => {
      const { value, axes, panel } = left;
      const to = this.#turned[p]!;
      const from = panel ?? (value as Load).buffer;
      const origin = axes.map(({ index }) => [index, i32(0)] as const);
      left.fill(body, block.rows, places);
      body.loop("parallel", block.rows, (inner, lane) => {
        const start =
          panel === undefined
            ? placed((value as Load).offset, new Map([...places(lane), ...origin]))
            : times(lane, block.volume(axes));
        inner.store(this.#lines, lane, start);
      });
      body.loop(
        "sequential",
        block.volume(axes),
        (inner, k) =>
          inner.loop("sequential", block.rows, (innermost, lane) => {
            const at = plus(plainLoad(this.#lines, "i32", lane), k);
            innermost.store(to, plus(times(k, block.rows), lane), plainLoad(from, "f32", at));
          }),
        { turn: { count: block.rows, lines: this.#lines, from, to, pitch: block.rows } },
      );
    });
  }

  /** `to[p][j · rows + lane] :=` the sum of product p for all n of a tile, some n at a time. */
  multiply(body: Body, rows: Rows, { begin, count }: Tile, to: readonly number[]): void {
    const block = this.#block;
    for (const right of this.#rights) right.fill(body, count, (line) => block.atColumn(rows, plus(begin, line)));
    body.loop("sequential", block.groups(body, count), (inner, g) => {
      // Behind the last n it is taken again: nothing reads what comes of it.
      const first = inner.let(times(g, block.group));
      const lines = range(block.group).map((i) => inner.let(least(plus(first, i32(i)), minus(count, i32(1)))));
      const ns = lines.map((line) => inner.let(plus(begin, line)));
      block.kernel.products.forEach(({ k }, p) =>
        inner.loop(
          "vector",
          block.rows,
          (lanes, lane) => {
            const sums = sumsOver(lanes, k, (ks) => {
              const left = plainLoad(this.#turned[p]!, "f32", plus(times(position(k, ks), block.rows), lane));
              return ns.map((n, i) => {
                const places = new Map([...block.atColumn(rows, n), ...ks]);
                return times32(this.#rights[p]!.read(lines[i]!, places), left);
              });
            });
            sums.forEach((sum, i) => lanes.store(to[p]!, plus(times(plus(first, i32(i)), block.rows), lane), sum));
          },
          { vectors: block.vectors },
        ),
      );
    });
  }
}
