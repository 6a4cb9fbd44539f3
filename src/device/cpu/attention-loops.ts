/**
 * Attention as loops. A block of rows m of one batch goes through n in tiles: the products of a tile; the weights that are
 * made of them, in the thread's memory; then the sums of weighed values. Tiles that no row of the block sees are left out.
 * An item is a block, or where there are sums across, all blocks of a batch.
 */
import type { Expression } from "../../ir/expression.ts";
import type { AttentionKernel, LoopKernel } from "../../ir/kernel.ts";
import { plainDivide } from "../../ir/rewrite.ts";
import { Block, whole, type Rows, type Word } from "./attention-block.ts";
import { Products } from "./attention-operands.ts";
import { ColumnSums, RowSums } from "./attention-sums.ts";
import { Weights } from "./attention-weights.ts";
import { Body, i32, least, minus, most, placed, plus, times, type Places } from "./body.ts";
import type { Target } from "./target.ts";

export interface Lowered {
  readonly kernel: LoopKernel;
  /** What follows the kernel's sizes, the number of items first. */
  readonly words: readonly Word[];
}

/** A parameterized kernel as loops. */
export function lowerAttention(kernel: AttentionKernel, target: Target): Lowered {
  const { batch, m, across } = kernel;
  const block = new Block(kernel, target);
  const blocksOf: Word = (sizes) => Math.ceil(block.count([m], sizes) / block.rows);
  // Items come first among the words.
  const items = block.word((sizes) => block.count(batch, sizes) * (across ? 1 : blocksOf(sizes)));
  const blocks = block.word(blocksOf);
  const products = new Products(block);
  const weights = new Weights(block);
  const ofRows = kernel.results.map((result) => new RowSums(block, weights, result));
  const ofColumns = (across?.results ?? []).map((result) => new ColumnSums(block, weights, result));

  const rowsOf = (body: Body, batch: Places, number: Expression): Rows => {
    const start = body.let(times(number, block.rows));
    const count = body.let(least(i32(block.rows), minus(whole(m.extent), start)));
    const last = body.let(plus(start, count, i32(-1)));
    return { batch, start, count, at: (lane) => least(plus(start, lane), last) };
  };

  const writeBlock = (body: Body, rows: Rows): void => {
    const { n, first, last, softmax, rowStores } = kernel;
    const of = (e: Expression, row: Expression): Expression => placed(e, block.atRow(rows, row));
    products.turn(body, rows);
    for (const sums of ofColumns) sums.fill(body, rows);
    weights.start(body, rows);
    for (const sums of ofRows) sums.start(body);
    const from = body.let(first ? most(i32(0), of(first, rows.start)) : i32(0));
    const end = whole(n.extent);
    const to = body.let(last ? least(end, of(last, rows.at(i32(block.rows)))) : end);
    const seen = most(i32(0), plus(minus(to, from), i32(block.tile - 1)));
    const tiles = body.let(plainDivide("quotient", seen, block.tile));
    body.loop("sequential", tiles, (inner, t) => {
      const begin = inner.let(plus(from, times(t, block.tile)));
      const tile = { begin, count: inner.let(least(i32(block.tile), minus(to, begin))) };
      products.multiply(inner, rows, tile, weights.buffers);
      weights.make(inner, rows, tile);
      for (const sums of [...ofRows, ...ofColumns]) sums.add(inner, rows, tile);
    });
    weights.finish(body);
    if (rowStores.length)
      body.loop("parallel", rows.count, (inner, row) => {
        const places = block.atRow(rows, plus(rows.start, row));
        if (softmax) places.set(softmax.norm, inner.let(weights.norm(row)));
        for (const { buffer, offset, value } of rowStores)
          inner.store(buffer, placed(offset, places), placed(value, places));
      });
    for (const sums of ofRows) sums.finish(body, rows);
  };

  const body = new Body();
  body.loop("parallel", items, (inner, item) => {
    const places = new Map<Expression, Expression>();
    let rest: Expression = across ? item : plainDivide("quotient", item, blocks);
    for (const { index, extent } of [...batch].reverse()) {
      places.set(index, inner.let(plainDivide("remainder", rest, extent)));
      rest = plainDivide("quotient", rest, extent);
    }
    if (!across) return writeBlock(inner, rowsOf(inner, places, plainDivide("remainder", item, blocks)));
    for (const sums of ofColumns) sums.start(inner);
    inner.loop("sequential", blocks, (each, number) => writeBlock(each, rowsOf(each, places, number)));
    for (const sums of ofColumns) sums.finish(inner, places);
  });
  const { scalars, sizes } = kernel.parameters;
  const parameters = { scalars, sizes: sizes + block.words.length };
  return { kernel: { kind: "loops", buffers: block.buffers, parameters, body: body.statements }, words: block.words };
}
