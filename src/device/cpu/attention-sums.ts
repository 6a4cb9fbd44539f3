/** Sums of weighed values, with their f in the lanes of vectors: those of rows, and those of n that come across. */
import { register, type Expression } from "../../ir/expression.ts";
import type { Loop, Weighed } from "../../ir/kernel.ts";
import { plainBinary, plainLoad } from "../../ir/rewrite.ts";
import { f32, nest, range, times32, type Block, type Rows, type Seen, type Tile } from "./attention-block.ts";
import { isNumbers, Operand } from "./attention-operands.ts";
import type { Weights } from "./attention-weights.ts";
import { i32, placed, plus, times, type Body, type Places } from "./body.ts";

/** Lines that have sums, and lines that these are over. */
interface Lines {
  /** The lines of now, counted from the first that has sums. */
  readonly begin: Expression;
  readonly count: Expression;
  /** Which of the others they see. */
  readonly seen: Seen;
  readonly at: (line: Expression) => Places;
  readonly others: Tile;
  readonly atOther: (line: Expression) => Places;
  readonly weight: (line: Expression, other: Expression) => Expression;
}

abstract class Sums {
  protected readonly block: Block;
  protected readonly weights: Weights;
  protected readonly result: Weighed;
  protected readonly value: Operand;
  /** [line, f …], and how many numbers these are. */
  readonly #sums: number;

  /** @param lines how many have sums, others how many are summed over at a time. */
  constructor(block: Block, weights: Weights, result: Weighed, size: ReturnType<Block["volume"]>, others: number) {
    const { value, f } = result;
    this.block = block;
    this.weights = weights;
    this.result = result;
    this.value = new Operand(block, others, value, f, isNumbers(value, f.at(-1)));
    this.#sums = block.scratch(size);
  }

  /** Nothing was added yet. */
  start(body: Body): void {
    body.loop("parallel", this.block.buffers[this.#sums]!.size!, (inner, i) => inner.store(this.#sums, i, f32(0)));
  }

  protected addLines(body: Body, { begin, count, seen, at, others, atOther, weight }: Lines, isScaled: boolean): void {
    const { block, value } = this;
    const { f } = this.result;
    const groups = block.groups(body, count);
    nest(
      body,
      f,
      "vector",
      (lanes, fs) =>
        lanes.loop("sequential", groups, (inner, g) => {
          const first = inner.let(times(g, block.group));
          const sums = range(block.group).map(() => register("f32"));
          const [skipped, taken] = block.seenBy(inner, seen, at, first, others);
          inner.loop("sequential", taken, (innermost, step) => {
            const other = plus(skipped, step);
            const x = value.read(other, new Map([...atOther(other), ...fs]));
            return sums.map((sum, i) => ({
              register: sum,
              op: "sum",
              value: times32(weight(plus(first, i32(i)), other), x),
              isFused: true,
            }));
          });
          sums.forEach((sum, i) => {
            const line = plus(first, i32(i));
            const place = block.placeOf(f, plus(begin, line), fs);
            const before = plainLoad(this.#sums, "f32", place);
            const scaled = isScaled ? times32(before, this.weights.factor(line)) : before;
            inner.store(this.#sums, place, plainBinary("add", scaled, sum));
          });
        }),
      block.vectors,
    );
  }

  /** What becomes of the sums of so many lines. */
  protected store(body: Body, lines: Loop["extent"], at: (line: Expression) => Places, isScaled: boolean): void {
    const { f, sum, stores } = this.result;
    body.loop("parallel", lines, (inner, line) =>
      nest(inner, f, "parallel", (innermost, fs) => {
        const total = plainLoad(this.#sums, "f32", this.block.placeOf(f, line, fs));
        const made = innermost.let(isScaled ? times32(total, this.weights.factor(line)) : total);
        const places = new Map([...at(line), ...fs, [sum, made]]);
        for (const { buffer, offset, value } of stores)
          innermost.store(buffer, placed(offset, places), placed(value, places));
      }),
    );
  }
}

/** Sums of the rows of a block over all n. */
export class RowSums extends Sums {
  constructor(block: Block, weights: Weights, result: Weighed) {
    super(block, weights, result, block.volume(result.f, block.rows), block.tile);
  }

  add(body: Body, rows: Rows, tile: Tile): void {
    const { block } = this;
    const { first, last, softmax } = block.kernel;
    const atOther = (line: Expression): Places => block.atColumn(rows, plus(tile.begin, line));
    this.value.fill(body, tile.count, atOther);
    const lines: Lines = {
      begin: i32(0),
      count: rows.count,
      seen: { first, last },
      at: (row) => block.atRow(rows, plus(rows.start, row)),
      others: tile,
      atOther,
      weight: (row, line) => this.weights.at(this.result.weight, line, row),
    };
    this.addLines(body, lines, softmax !== undefined);
  }

  finish(body: Body, rows: Rows): void {
    const { block } = this;
    this.store(body, rows.count, (row) => block.atRow(rows, plus(rows.start, row)), block.kernel.softmax !== undefined);
  }
}

/** Sums of all n over all m: every block of rows adds its own, one after the other. */
export class ColumnSums extends Sums {
  constructor(block: Block, weights: Weights, result: Weighed) {
    const { f } = result;
    const { n } = block.kernel;
    // Behind the last n, what is left of a register tile.
    const size = block.word((sizes) => (block.count([n], sizes) + block.group) * block.count(f, sizes));
    super(block, weights, result, size, block.rows);
  }

  /** What is read of a block's rows, before its tiles. */
  fill(body: Body, rows: Rows): void {
    this.value.fill(body, rows.count, (row) => this.block.atRow(rows, plus(rows.start, row)));
  }

  add(body: Body, rows: Rows, tile: Tile): void {
    const { block } = this;
    const lines: Lines = {
      begin: tile.begin,
      count: tile.count,
      seen: block.kernel.across!,
      at: (line) => block.atColumn(rows, plus(tile.begin, line)),
      others: { begin: rows.start, count: rows.count },
      atOther: (row) => block.atRow(rows, plus(rows.start, row)),
      weight: (line, row) => this.weights.at(this.result.weight, line, row),
    };
    this.addLines(body, lines, false);
  }

  finish(body: Body, batch: Places): void {
    const { n } = this.block.kernel;
    this.store(body, n.extent, (line) => new Map([...batch, [n.index, line]]), false);
  }
}
