/**
 * Attention without shared memory: every thread has a few rows by itself, and reads columns a few at a time. This is how it
 * is done where rows are few, and where shared memory costs more than it saves.
 */
import { constant, index as freshIndex, type Expression } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, plainLoad } from "../../ir/rewrite.ts";
import { AttentionEnding, partialOf, type Partial } from "./attention-ending.ts";
import { blocksSeen, type Attention, type Factor } from "./attention-sides.ts";
import { Weights } from "./attention-weights.ts";
import { multiplyStep, Operand, Steps } from "./contract-operand.ts";
import { WIDTH, type Direction } from "./contract-sides.ts";
import { atMost, below, Code, loopOver, plus, repeat, storeTo, times, whole, when } from "./emit.ts";
import type { Passes } from "./passes.ts";

export interface RowsPlan {
  readonly kind: "rows";
  /** Rows of a thread, and columns that it takes at a time. */
  readonly rows: number;
  readonly columns: number;
  /** Blocks that the features of results are shared out in; each thread has one, and weights are made again for every block. */
  readonly blocks: number;
  readonly threads: number;
  /** Is code written out for every column? */
  readonly written: boolean;
  /** Parts that columns are shared out in, and how many times `columns` each has. */
  readonly parts: number;
  readonly partBlocks: number;
}

/** Features of a result whose values are read together. */
const STRIP = 16;
const MANY = 2 ** 31 - 1;

/** Adds the pass; the memory of its parts, where there are several. */
export function writeRows(attention: Attention, plan: RowsPlan, passes: Passes): Partial | undefined {
  const { kernel, batch, rows, columns, counts, products, values } = attention;
  const { slots } = passes;
  const partial = plan.parts > 1 ? partialOf(attention, plan.parts, passes) : undefined;
  const rowBlocks = Math.ceil(rows.count / plan.rows);
  const total = rowBlocks * plan.blocks * batch.count * plan.parts;
  const each = plan.rows * plan.columns;

  const group = freshIndex(MANY);
  const thread = freshIndex(plan.threads);
  const outer = new Code();
  const place = outer.name(plus(times(group, plan.threads), thread));

  // Where the thread is: [parts, batch, blocks of features, blocks of rows].
  const code = new Code();
  const rowSlot = slots.add(rowBlocks);
  const firstRow = code.name(times(plainDivide("remainder", place, rowSlot), plan.rows));
  const aboveRows = code.name(plainDivide("quotient", place, rowSlot));
  const block = code.name(plainDivide("remainder", aboveRows, plan.blocks));
  const aboveBlocks = code.name(plainDivide("quotient", aboveRows, plan.blocks));
  const number = code.name(plan.parts > 1 ? plainDivide("remainder", aboveBlocks, counts.batch) : aboveBlocks);
  const part = plan.parts > 1 ? code.name(plainDivide("quotient", aboveBlocks, counts.batch)) : whole(0);
  const batchPlaces = batch.locate(code, number);
  const lastRow = code.name(atMost(plus(firstRow, whole(plan.rows - 1)), plus(counts.rows, whole(-1))));

  const registers = {
    sums: passes.register("f32", each),
    products: products.map(() => passes.register("f32", each)),
    scores: passes.register("f32", each),
    weights: passes.register("f32", each),
    largest: passes.register("f32", plan.rows),
    total: passes.register("f32", plan.rows),
    by: passes.register("f32", plan.rows),
    left: passes.register("f32", plan.rows * WIDTH),
    right: passes.register("f32", plan.columns * WIDTH),
    value: passes.register("f32", STRIP),
  };

  // The thread's features of every result, in strips.
  const strips = values.flatMap((value, result) => {
    const size = sizeOfBlock(value.side.nest.count, plan.blocks);
    const first = code.name(times(block, size));
    return Array.from({ length: Math.ceil(size / STRIP) }, (_, s) => {
      const count = Math.min(STRIP, size - s * STRIP);
      const start = code.name(plus(first, whole(s * STRIP)));
      const isVector = value.reading.vector && value.reading.along === "free" && count % WIDTH === 0;
      const operand = new Operand(
        {
          side: value.side,
          batch: batchPlaces,
          depth: columns,
          vector: isVector ? "free" : undefined,
          first: start,
          count,
          limit: whole(value.side.nest.count),
          run: 1,
          buffer: registers.value,
        },
        code,
      );
      return { result, start, count, isVector, operand, sums: passes.register("f32", plan.rows * count) };
    });
  });

  const weights = new Weights(
    {
      attention,
      batch: batchPlaces,
      rows: plan.rows,
      columns: plan.columns,
      rowAt: (i) => (plan.rows === 1 ? firstRow : atMost(plus(firstRow, i), plus(counts.rows, whole(-1)))),
      uneven: columns.count % plan.columns !== 0,
      written: plan.written,
      buffers: registers,
    },
    code,
  );

  const lefts = products.map(
    ({ left }) =>
      new Operand(
        {
          side: left.side,
          batch: batchPlaces,
          depth: left.depth,
          ...readBy(left, plan.rows),
          first: firstRow,
          count: plan.rows,
          limit: counts.rows,
          buffer: registers.left,
        },
        code,
      ),
  );

  const share = { size: plan.columns, part, parts: plan.parts, each: plan.partBlocks };
  const { start: begin, count: steps } = blocksSeen(attention, share, batchPlaces, [firstRow, lastRow], slots, code);
  const loop = loopOver("sequential", steps, (step) => {
    const body = new Code();
    const first = body.name(times(plus(begin, step), plan.columns));
    products.forEach(({ left, right }, p) => {
      const sums = registers.products[p]!;
      const rights = new Operand(
        {
          side: right.side,
          batch: batchPlaces,
          depth: right.depth,
          ...readBy(right, plan.columns),
          first,
          count: plan.columns,
          limit: counts.columns,
          buffer: registers.right,
        },
        body,
      );
      body.statements.push(
        ...repeat(each, true, (at) => [storeTo(registers.sums, at, constant(0, "f32"))]),
        multiply(left, lefts[p]!, rights, registers.sums, plan.rows),
        ...repeat(each, true, (at) => [storeTo(sums, at, plainLoad(registers.sums, "f32", at))]),
      );
    });
    weights.begin((j) => plus(first, j), body);
    if (kernel.softmax) {
      const scaled = weights.overRows((i) => {
        const row = new Code();
        weights.weigh(i, weights.score(i, row), row);
        return row.statements;
      });
      body.statements.push(...scaled, ...strips.flatMap(({ sums, count }) => weights.shrink(sums, count)));
    }
    values.forEach((_, result) => {
      const { statements, buffer } = weights.result(result);
      const weighed = weights.overColumns((j) => {
        const column = new Code();
        const start = weights.indexAt(j, column);
        const at = { depth: columns, start, run: 1, distance: 1, neighbours: false, end: undefined };
        const steps = new Steps(at, column);
        const weight = (i: Expression): Expression => plainLoad(buffer, "f32", weights.place(i, j));
        for (const { operand, sums } of strips.filter((s) => s.result === result))
          column.statements.push(...operand.fetch(steps), multiplyStep(sums, plan.rows, weight, operand, 0));
        return column.statements;
      });
      body.statements.push(...statements, ...weighed);
    });
    return body.statements;
  });
  const zeros = strips.flatMap(({ sums, count }) =>
    repeat(plan.rows * count, plan.written, (at) => [storeTo(sums, at, constant(0, "f32"))]),
  );
  code.statements.push(...weights.clear(), ...zeros, loop);

  const ending = new AttentionEnding(
    attention,
    slots,
    { number, places: batchPlaces },
    partial && { partial, number: part },
  );
  const finished = weights.overRows((i) => {
    const row = new Code();
    const rowNumber = row.name(plus(firstRow, i));
    const inside = new Code();
    const spot = ending.row(inside, rowNumber);
    const state = { largest: plainLoad(registers.largest, "f32", i), total: plainLoad(registers.total, "f32", i) };
    const share = ending.share(inside, state);
    for (const { result, start, count, isVector, sums } of strips) {
      const features = values[result]!.side.nest.count;
      const isEven = sizeOfBlock(features, plan.blocks) * plan.blocks === features;
      const together = isVector && ending.storesVectors(result) ? WIDTH : 1;
      const stores = repeat(count / together, plan.written, (n) => {
        const place = new Code();
        const feature = ending.feature(place, result, plus(start, times(n, together)));
        const first = place.name(plus(times(i, count), times(n, together)));
        const made = ending.finishRun(
          result,
          spot,
          feature,
          together,
          (lane) => plainLoad(sums, "f32", plus(first, lane)),
          share,
        );
        return [...place.statements, ...(isEven ? made : [when(below(feature.number, whole(features)), ...made)])];
      });
      inside.statements.push(...stores);
    }
    const rowStores = ending.finishRow(spot, state);
    if (rowStores.length)
      inside.statements.push(
        ...(plan.blocks === 1 ? rowStores : [when(plainBinary("eq", block, whole(0)), ...rowStores)]),
      );
    return [
      ...row.statements,
      ...(plan.rows === 1 ? inside.statements : [when(below(rowNumber, counts.rows), ...inside.statements)]),
    ];
  });
  code.statements.push(...finished);
  passes.add(Math.ceil(total / plan.threads), group, thread, [
    ...outer.statements,
    when(below(place, slots.add(total)), ...code.statements),
  ]);
  return partial;
}

/** Features of a block: a multiple of WIDTH where there are several. */
export const sizeOfBlock = (features: number, blocks: number): number =>
  blocks === 1 ? features : Math.ceil(features / blocks / WIDTH) * WIDTH;

/** How a thread reads so many rows or columns of an operand. */
function readBy({ reading, depth }: Factor, count: number): { run: number; vector: Direction | undefined } {
  const run = depth.count >= WIDTH ? WIDTH : 1;
  const isVector = reading.vector && (reading.along === "depth" ? run : count) % WIDTH === 0;
  return { run, vector: isVector ? reading.along : undefined };
}

/** sums += left · right over all k. */
function multiply(left: Factor, lefts: Operand, rights: Operand, sums: number, rows: number): Statement {
  const { depth } = left;
  const run = depth.count >= WIDTH ? WIDTH : 1;
  const neighbours = lefts.vector === "depth" || rights.vector === "depth";
  const end = depth.count % run ? whole(depth.count) : undefined;
  return loopOver("sequential", Math.ceil(depth.count / run), (block) => {
    const body = new Code();
    const steps = new Steps({ depth, start: body.name(times(block, run)), run, distance: 1, neighbours, end }, body);
    body.statements.push(...lefts.fetch(steps), ...rights.fetch(steps));
    for (let u = 0; u < run; u++) body.statements.push(multiplyStep(sums, rows, (i) => lefts.element(i, u), rights, u));
    return body.statements;
  });
}
