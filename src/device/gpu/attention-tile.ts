/**
 * Attention in tiles (FlashAttention 2: Dao 2023): a workgroup has a block of rows and goes through the columns a block at a
 * time. Operands come through shared memory, and so do weights, from the threads that make them to those that use them:
 * a thread keeps a part of the results of some rows in registers, and all threads of a row know its largest score.
 */
import { constant, index as freshIndex, type Expression } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, plainLoad } from "../../ir/rewrite.ts";
import { AttentionEnding, partialOf, type Partial } from "./attention-ending.ts";
import { blocksSeen, type Attention, type Factor } from "./attention-sides.ts";
import { Weights } from "./attention-weights.ts";
import { innerOf, Loader } from "./contract-loader.ts";
import { multiply, Share } from "./contract-share.ts";
import { WIDTH } from "./contract-sides.ts";
import { atMost, barrier, below, Code, loopOver, plus, storeTo, times, whole, when } from "./emit.ts";
import type { Passes } from "./passes.ts";

/** The shape of a workgroup's work. */
export interface TilePlan {
  readonly kind: "tile";
  /** Threads down and across, and how many rows and columns each has; rows in fours. */
  readonly down: number;
  readonly across: number;
  readonly rowsEach: number;
  readonly columnsEach: number;
  /** Steps of a product's sum, and columns of values, that are in shared memory at a time. */
  readonly depth: number;
  readonly steps: number;
  /** Features of each result that a thread has. */
  readonly featuresEach: readonly number[];
  /** Elements of shared memory: for rows and values, for columns, for weights. */
  readonly shared: readonly [number, number, number];
  /** Parts that columns are shared out in, and how many blocks each has. */
  readonly parts: number;
  readonly partBlocks: number;
}

const MANY = 2 ** 31 - 1;

/** Registers for so many rows or columns of an operand, at one step or at WIDTH steps where these lie side by side. */
export const fetched = ({ reading }: Factor, count: number): number =>
  innerOf(reading) === "free" ? count : count * WIDTH;

/** Adds the pass; the memory of its parts, where there are several. */
export function writeTiles(attention: Attention, plan: TilePlan, passes: Passes): Partial | undefined {
  const { kernel, batch, rows, columns, counts, products, values } = attention;
  const { down, across, rowsEach, columnsEach } = plan;
  const { slots } = passes;
  const threads = down * across;
  const [height, width] = [down * rowsEach, across * columnsEach];
  const partial = plan.parts > 1 ? partialOf(attention, plan.parts, passes) : undefined;
  const rowBlocks = Math.ceil(rows.count / height);
  const [group, thread] = [freshIndex(MANY), freshIndex(threads)];

  // Where the workgroup is, [parts, batch, blocks of rows], and the thread in it.
  const code = new Code();
  const rowSlot = slots.add(rowBlocks);
  const rowStart = code.name(times(plainDivide("remainder", group, rowSlot), height));
  const above = code.name(plainDivide("quotient", group, rowSlot));
  const number = code.name(plan.parts > 1 ? plainDivide("remainder", above, counts.batch) : above);
  const part = plan.parts > 1 ? code.name(plainDivide("quotient", above, counts.batch)) : whole(0);
  const batchPlaces = batch.locate(code, number);
  const x = code.name(plainDivide("remainder", thread, across));
  const y = code.name(plainDivide("quotient", thread, across));

  const register = (count: number): number => passes.register("f32", count);
  const [rowTile, columnTile, weightTile] = plan.shared.map((size) => passes.shared("f32", size)) as [
    number,
    number,
    number,
  ];
  const each = rowsEach * columnsEach;
  const registers = {
    products: products.map(() => register(each)),
    scores: register(each),
    weights: register(each),
    largest: register(rowsEach),
    total: register(rowsEach),
    by: register(rowsEach),
  };
  const exchanged = register(rowsEach);
  const loader = (
    { side, depth, reading }: Factor,
    block: { size: number; depth: number; start: Expression; end: boolean; tile: number },
    ahead: Code,
  ): Loader =>
    new Loader(
      {
        ...block,
        side,
        reading,
        threads,
        thread,
        batch: batchPlaces,
        k: depth,
        end: block.end ? slots.add(depth.count) : undefined,
        slots,
        stage: register(Math.ceil((block.size * block.depth) / WIDTH / threads) * WIDTH),
      },
      ahead,
    );
  const bring = (loaders: readonly Loader[], start: Expression): Statement[] => {
    const at = new Code();
    const first = at.name(start);
    return [
      ...at.statements,
      ...loaders.flatMap((l) => l.fetch(first)),
      ...loaders.flatMap((l) => l.deposit()),
      barrier,
    ];
  };

  // Weights lie row by row in lines of columns, as the left operand of the second product.
  const weightPitch = height + WIDTH;
  const mine = new Share(
    {
      tile: { buffer: weightTile, inner: "free", pitch: weightPitch },
      thread: y,
      threads: down,
      count: rowsEach,
      buffer: register(rowsEach),
    },
    code,
  );
  const rowNumbers = Array.from({ length: rowsEach }, (_, i) => code.name(plus(rowStart, mine.position(i))));
  const lastRow = plus(counts.rows, whole(-1));
  const weights = new Weights(
    {
      attention,
      batch: batchPlaces,
      rows: rowsEach,
      columns: columnsEach,
      rowAt: (i) => atMost(rowNumbers[(i as { readonly value?: number }).value!]!, lastRow),
      uneven: columns.count % width !== 0,
      written: true,
      buffers: registers,
    },
    code,
  );

  const inRuns = products.some(({ right }) => innerOf(right.reading) === "free");
  const lefts = products.map(({ left }) => {
    const loaded = loader(
      left,
      { size: height, depth: plan.depth, start: rowStart, end: left.depth.count % plan.depth !== 0, tile: rowTile },
      code,
    );
    const share = { tile: loaded.tile, thread: y, threads: down, count: rowsEach, inRuns: true };
    return { loaded, share: new Share({ ...share, buffer: register(fetched(left, rowsEach)) }, code) };
  });
  const results = values.map((value, r) => {
    const count = plan.featuresEach[r]!;
    const loaded = loader(
      value,
      { size: count * across, depth: plan.steps, start: whole(0), end: columns.count % width !== 0, tile: rowTile },
      code,
    );
    const share = { tile: loaded.tile, thread: x, threads: across, count, buffer: register(fetched(value, count)) };
    return { loaded, share: new Share(share, code), sums: register(rowsEach * count), count };
  });

  /** For each run of the thread's rows: a vector of what they have in registers, or of a line in shared memory. */
  const runs = (body: (run: number, lane: Expression) => Statement): Statement[] =>
    Array.from({ length: rowsEach / WIDTH }, (_, run) => loopOver("vector", WIDTH, (lane) => [body(run, lane)]));
  const inLine = (line: Expression, run: number, lane: Expression): Expression =>
    plus(times(line, weightPitch), mine.position(run * WIDTH), lane);
  const kept = (run: number, lane: Expression): Expression => plus(whole(run * WIDTH), lane);
  /** All threads of a row learn what theirs are together. The shared memory of weights must be free; it is not afterwards. */
  const exchange = (op: "max" | "add"): Statement[] => [
    ...runs((run, lane) => storeTo(weightTile, inLine(x, run, lane), plainLoad(exchanged, "f32", kept(run, lane)))),
    barrier,
    ...runs((run, lane) =>
      storeTo(exchanged, kept(run, lane), plainLoad(weightTile, "f32", inLine(whole(0), run, lane))),
    ),
    loopOver("sequential", across - 1, (other) =>
      runs((run, lane) => {
        const theirs = plainLoad(weightTile, "f32", inLine(plus(other, whole(1)), run, lane));
        return storeTo(
          exchanged,
          kept(run, lane),
          plainBinary(op, plainLoad(exchanged, "f32", kept(run, lane)), theirs),
        );
      }),
    ),
  ];

  const share = { size: width, part, parts: plan.parts, each: plan.partBlocks };
  const lastOfBlock = code.name(atMost(plus(rowStart, whole(height - 1)), lastRow));
  const { start: begin, count: blocks } = blocksSeen(
    attention,
    share,
    batchPlaces,
    [rowStart, lastOfBlock],
    slots,
    code,
  );
  const loop = loopOver("sequential", blocks, (step) => {
    const body = new Code();
    const first = body.name(times(plus(begin, step), width));
    const column = (j: number): Expression => places[j]!;
    let places: readonly Expression[] = [];
    products.forEach(({ right }, p) => {
      const loaded = loader(
        right,
        { size: width, depth: plan.depth, start: first, end: right.depth.count % plan.depth !== 0, tile: columnTile },
        body,
      );
      const theirs = new Share(
        {
          tile: loaded.tile,
          thread: x,
          threads: across,
          count: columnsEach,
          buffer: register(fetched(right, columnsEach)),
          inRuns,
        },
        body,
      );
      places = Array.from({ length: columnsEach }, (_, j) => theirs.position(j));
      const sums = registers.products[p]!;
      const { loaded: left, share: rowShare } = lefts[p]!;
      body.statements.push(
        loopOver("unroll", each, (at) => [storeTo(sums, at, constant(0, "f32"))]),
        loopOver("sequential", Math.ceil(right.depth.count / plan.depth), (block) => [
          ...bring([left, loaded], times(block, plan.depth)),
          multiply(rowShare, theirs, sums, plan.depth),
          barrier,
        ]),
      );
    });
    weights.begin((j) => plus(first, column((j as { readonly value?: number }).value!)), body);
    if (kernel.softmax) {
      for (let i = 0; i < rowsEach; i++)
        body.statements.push(storeTo(exchanged, whole(i), weights.score(whole(i), body)));
      body.statements.push(...exchange("max"), barrier);
      for (let i = 0; i < rowsEach; i++)
        weights.weigh(whole(i), body.name(plainLoad(exchanged, "f32", whole(i))), body);
      for (const { sums, count } of results) body.statements.push(...weights.shrink(sums, count));
    }
    results.forEach(({ loaded, share: theirs, sums }, r) => {
      const { statements, buffer } = weights.result(r);
      body.statements.push(...statements);
      for (let j = 0; j < columnsEach; j++)
        body.statements.push(
          ...runs((run, lane) => {
            const weight = plainLoad(buffer, "f32", weights.place(kept(run, lane), whole(j)));
            return storeTo(weightTile, inLine(column(j), run, lane), weight);
          }),
        );
      body.statements.push(
        loopOver("sequential", width / plan.steps, (block) => [
          ...bring([loaded], plus(first, times(block, plan.steps))),
          multiply(mine, theirs, sums, plan.steps, times(block, plan.steps)),
          barrier,
        ]),
      );
    });
    return body.statements;
  });
  code.statements.push(
    ...weights.clear(),
    ...results.map(({ sums, count }) =>
      loopOver("unroll", rowsEach * count, (at) => [storeTo(sums, at, constant(0, "f32"))]),
    ),
    loop,
  );
  if (kernel.softmax)
    code.statements.push(
      ...runs((run, lane) => storeTo(exchanged, kept(run, lane), plainLoad(registers.total, "f32", kept(run, lane)))),
      ...exchange("add"),
    );

  const ending = new AttentionEnding(
    attention,
    slots,
    { number, places: batchPlaces },
    partial && { partial, number: part },
  );
  rowNumbers.forEach((rowNumber, i) => {
    const inside = new Code();
    const spot = ending.row(inside, rowNumber);
    const state = {
      largest: plainLoad(registers.largest, "f32", whole(i)),
      total: plainLoad(exchanged, "f32", whole(i)),
    };
    const by = ending.share(inside, state);
    results.forEach(({ share: theirs, sums, count }, r) => {
      const features = values[r]!.side.nest.count;
      const together = theirs.isFree && ending.storesVectors(r) ? WIDTH : 1;
      for (let f = 0; f < count; f += together) {
        const feature = ending.feature(inside, r, theirs.position(f));
        const sum = (lane: Expression): Expression => plainLoad(sums, "f32", plus(whole(i * count + f), lane));
        const made = ending.finishRun(r, spot, feature, together, sum, by);
        inside.statements.push(
          ...(features === count * across ? made : [when(below(feature.number, whole(features)), ...made)]),
        );
      }
    });
    const rowStores = ending.finishRow(spot, state);
    if (rowStores.length) inside.statements.push(when(plainBinary("eq", x, whole(0)), ...rowStores));
    code.statements.push(when(below(rowNumber, counts.rows), ...inside.statements));
  });
  passes.add(rowBlocks * batch.count * plan.parts, group, thread, code.statements);
  return partial;
}
