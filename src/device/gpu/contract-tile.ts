/**
 * A contraction in tiles: a workgroup computes `rows` × `columns` sums, bringing blocks of `depth` steps of k of both
 * operands into shared memory, and each of its threads keeps a part of the sums in registers. Every sum adds up its k in
 * ascending order, whatever the tile.
 */
import { constant, type Expression } from "../../ir/expression.ts";
import type { Buffer, Loop, Statement } from "../../ir/kernel.ts";
import { plainDivide, plainLoad, plainSum } from "../../ir/rewrite.ts";
import { Ending } from "./contract-ending.ts";
import { Loader } from "./contract-loader.ts";
import { multiply, Share } from "./contract-share.ts";
import { WIDTH, type Contraction, type Reading } from "./contract-sides.ts";
import { barrier, below, Code, loopOver, plus, storeTo, times, whole, when } from "./emit.ts";
import type { Slots } from "./slots.ts";

/** The shape of a tile: how many threads there are down and across, what each of them has, and steps of k in a block. */
export interface Tile {
  readonly down: number;
  readonly across: number;
  readonly rowsEach: number;
  readonly columnsEach: number;
  readonly depth: number;
  /** Load the next block while this one is multiplied. */
  readonly ahead: boolean;
}

export interface TiledOptions {
  readonly contraction: Contraction;
  readonly tile: Tile;
  readonly rowReading: Reading;
  readonly columnReading: Reading;
  /** Are the results of neighbouring columns stored together? */
  readonly vectorStores: boolean;
  /** Parts that k is shared out to, and steps in each of them. */
  readonly parts: number;
  readonly partSteps: number;
  readonly slots: Slots;
}

/** The kernel's statements, its buffers behind those of the contraction (sums of parts first), and its workgroups. */
export interface Written {
  readonly body: Loop;
  readonly own: readonly Buffer[];
  readonly workgroups: number;
}

/** Writes the kernel of a contraction in tiles. */
export function writeTiles(options: TiledOptions): Written {
  const { contraction, tile, rowReading, columnReading, vectorStores, parts, partSteps, slots } = options;
  const { kernel, rows, columns, batch, depth } = contraction;
  const { down, across, rowsEach, columnsEach } = tile;
  const threads = down * across;
  const size = { rows: down * rowsEach, columns: across * columnsEach };
  const blocks = {
    rows: Math.ceil(rows.nest.count / size.rows),
    columns: Math.ceil(columns.nest.count / size.columns),
  };
  const workgroups = blocks.rows * blocks.columns * batch.count * parts;
  const isEven = parts * partSteps === depth.count && partSteps % tile.depth === 0;

  let buffer = kernel.buffers.length;
  const partial = parts > 1 ? buffer++ : undefined;
  const [rowTile, columnTile, rowStage, columnStage, row, column, sums] = Array.from({ length: 7 }, () => buffer++) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];

  const inThread = (group: Expression, thread: Expression): { statements: Statement[]; loaders: Loader[] } => {
    const code = new Code();
    const columnBlocks = slots.add(blocks.columns);
    const rowBlocks = slots.add(blocks.rows);
    const above = code.name(plainDivide("quotient", group, columnBlocks));
    const rest = code.name(plainDivide("quotient", above, rowBlocks));
    const columnStart = code.name(times(plainDivide("remainder", group, columnBlocks), size.columns));
    const rowStart = code.name(times(plainDivide("remainder", above, rowBlocks), size.rows));
    const partCount = slots.add(parts);
    const part = parts > 1 ? code.name(plainDivide("remainder", rest, partCount)) : whole(0);
    const batchNumber = parts > 1 ? code.name(plainDivide("quotient", rest, partCount)) : rest;
    const batchPlaces = batch.locate(code, batchNumber);
    const x = code.name(plainDivide("remainder", thread, across));
    const y = code.name(plainDivide("quotient", thread, across));

    const common = {
      depth: tile.depth,
      threads,
      thread,
      batch: batchPlaces,
      k: depth,
      end: isEven ? undefined : slots.add(depth.count),
      slots,
    };
    const left = new Loader(
      { ...common, side: rows, reading: rowReading, size: size.rows, start: rowStart, stage: rowStage, tile: rowTile },
      code,
    );
    const right = new Loader(
      {
        ...common,
        side: columns,
        reading: columnReading,
        size: size.columns,
        start: columnStart,
        stage: columnStage,
        tile: columnTile,
      },
      code,
    );
    const mine = {
      rows: new Share({ tile: left.tile, thread: y, threads: down, count: rowsEach, buffer: row }, code),
      columns: new Share({ tile: right.tile, thread: x, threads: across, count: columnsEach, buffer: column }, code),
    };
    const first = parts > 1 ? code.name(plainSum([{ value: part, coefficient: slots.add(partSteps) }])) : whole(0);
    const fetch = (step: Expression): Statement[] => {
      const at = new Code();
      const start = at.name(plus(first, times(step, tile.depth)));
      return [...at.statements, ...left.fetch(start), ...right.fetch(start)];
    };
    const steps = slots.add(partSteps / tile.depth);
    const fetchFirst = tile.ahead ? fetch(whole(0)) : [];
    const loop = loopOver("sequential", steps, (step) => {
      const next = plus(step, whole(1));
      return [
        ...(tile.ahead ? [] : fetch(step)),
        ...left.deposit(),
        ...right.deposit(),
        barrier,
        ...(tile.ahead ? [when(below(next, steps), ...fetch(next))] : []),
        multiply(mine.rows, mine.columns, sums, tile.depth),
        barrier,
      ];
    });
    const ending = new Ending(
      contraction,
      slots,
      { number: batchNumber, places: batchPlaces },
      partial === undefined ? undefined : { buffer: partial, part },
    );
    // Hoisted code is complete only now.
    const after = finish(ending, { ...mine, rowStart, columnStart, vectorStores, sums }, contraction, slots);
    return {
      loaders: [left, right],
      statements: [...code.statements, ...clear(sums, rowsEach * columnsEach), ...fetchFirst, loop, ...after],
    };
  };

  let loaders: Loader[] = [];
  const body = loopOver("grid", slots.add(workgroups), (group) => [
    loopOver("thread", threads, (thread) => {
      const written = inThread(group, thread);
      loaders = written.loaders;
      return written.statements;
    }),
  ]);
  const [left, right] = loaders as [Loader, Loader];
  const buffers = (space: Buffer["space"], ...list: readonly number[]): Buffer[] =>
    list.map((count) => ({ dtype: "f32", space, access: "readwrite", size: count }));
  const part = (loader: Loader, each: number): number => (loader.tile.inner === "depth" ? WIDTH : 1) * each;
  return {
    body,
    workgroups,
    own: [
      ...(partial === undefined ? [] : [{ dtype: "f32", space: "global", access: "write" } as const]),
      ...buffers("shared", left.tileSize, right.tileSize),
      ...buffers(
        "register",
        left.stageSize,
        right.stageSize,
        part(left, rowsEach),
        part(right, columnsEach),
        rowsEach * columnsEach,
      ),
    ],
  };
}

export function clear(buffer: number, count: number): Statement[] {
  return [
    loopOver("unroll", count / WIDTH, (run) => [
      loopOver("vector", WIDTH, (lane) => [storeTo(buffer, plus(times(run, WIDTH), lane), constant(0, "f32"))]),
    ]),
  ];
}

interface Finished {
  readonly rows: Share;
  readonly columns: Share;
  readonly rowStart: Expression;
  readonly columnStart: Expression;
  readonly vectorStores: boolean;
  readonly sums: number;
}

/** Hands the thread's sums to the ending, those that are inside. */
function finish(ending: Ending, f: Finished, { rows, columns }: Contraction, slots: Slots): Statement[] {
  const code = new Code();
  const lastRow = slots.add(rows.nest.count);
  const lastColumn = slots.add(columns.nest.count);
  const together = f.vectorStores && f.columns.isFree ? WIDTH : 1;
  // Each column is found once, not for every row again.
  const spots = Array.from({ length: f.columns.count / together }, (_, n) =>
    ending.column(code, plus(f.columnStart, f.columns.position(n * together))),
  );
  for (let i = 0; i < f.rows.count; i++) {
    const line = new Code();
    const row = code.name(plus(f.rowStart, f.rows.position(i)));
    const spot = ending.row(line, row);
    const sum = (j: number, lane: Expression): Expression =>
      plainLoad(f.sums, "f32", plus(whole(i * f.columns.count + j), lane));
    spots.forEach((column, n) => {
      const stores =
        together === 1
          ? ending.finish(spot, column, sum(n, whole(0)))
          : [
              loopOver("vector", WIDTH, (lane) =>
                ending.finish(spot, ending.neighbour(column, lane), sum(n * WIDTH, lane)),
              ),
            ];
      line.statements.push(when(below(column.number, lastColumn), ...stores));
    });
    code.statements.push(when(below(row, lastRow), ...line.statements));
  }
  return code.statements;
}
