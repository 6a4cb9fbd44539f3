/**
 * A contraction without tiles: every thread has `rows` × `columns` sums, and reads both operands where they lie. This is
 * how it is done where rows or columns are few, where everything is small, and where shared memory costs more than it
 * saves. The steps of k may be shared out to several threads, whose sums are then added up in shared memory, pair by pair.
 */
import { constant, type Expression } from "../../ir/expression.ts";
import type { Buffer, Statement } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, plainLoad, plainSum } from "../../ir/rewrite.ts";
import { Ending, type Spot } from "./contract-ending.ts";
import { multiplyStep, Operand, Steps } from "./contract-operand.ts";
import { WIDTH, type Contraction, type Direction } from "./contract-sides.ts";
import type { Written } from "./contract-tile.ts";
import { atMost, barrier, below, Code, loopOver, plus, storeTo, times, whole, when } from "./emit.ts";
import type { Slots } from "./slots.ts";

export interface Direct {
  /** Rows and columns of a thread. */
  readonly rows: number;
  readonly columns: number;
  /** Threads of a workgroup: side by side along columns, and sharing k. Both are powers of two. */
  readonly across: number;
  readonly sharing: number;
  /** Do neighbouring threads share k, rather than having neighbouring columns? */
  readonly depthFirst: boolean;
  /** Steps of k that a thread takes at a time. */
  readonly run: number;
}

export interface DirectOptions {
  readonly contraction: Contraction;
  readonly direct: Direct;
  /** The direction in which WIDTH elements of an operand are loaded at once, if there is one. */
  readonly rowVector: Direction | undefined;
  readonly columnVector: Direction | undefined;
  /** Are the results of neighbouring columns stored together? */
  readonly vectorStores: boolean;
  readonly parts: number;
  readonly partSteps: number;
  readonly slots: Slots;
}

/** Writes the kernel of a contraction without tiles. */
export function writeDirect(options: DirectOptions): Written {
  const { contraction, direct, rowVector, columnVector, parts, partSteps, slots } = options;
  const { kernel, rows, columns, batch, depth } = contraction;
  const { across, sharing, run } = direct;
  const threads = across * sharing;
  const rowBlocks = Math.ceil(rows.nest.count / direct.rows);
  const columnBlocks = Math.ceil(columns.nest.count / direct.columns);
  const total = columnBlocks * rowBlocks * batch.count;
  const groups = Math.ceil(total / across);
  const workgroups = groups * parts;
  const each = direct.rows * direct.columns;
  const neighbours = rowVector === "depth" || columnVector === "depth";
  const isEven = parts * partSteps === depth.count && partSteps % (sharing * run) === 0;

  let buffer = kernel.buffers.length;
  const partial = parts > 1 ? buffer++ : undefined;
  const shared = sharing > 1 ? buffer++ : undefined;
  const [sums, row, column] = [buffer, buffer + 1, buffer + 2];

  const inThread = (group: Expression, thread: Expression): Statement[] => {
    const code = new Code();
    const groupSlot = slots.add(groups);
    const part = parts > 1 ? code.name(plainDivide("quotient", group, groupSlot)) : whole(0);
    const block = parts > 1 ? code.name(plainDivide("remainder", group, groupSlot)) : group;
    const [inner, outer] = direct.depthFirst ? [sharing, across] : [across, sharing];
    const low = outer === 1 ? thread : code.name(plainDivide("remainder", thread, inner));
    const high = outer === 1 ? whole(0) : code.name(plainDivide("quotient", thread, inner));
    const [mine, lane] = direct.depthFirst ? [high, low] : [low, high];
    const end = slots.add(total);
    const place = code.name(plus(times(block, across), mine));
    // Threads beyond the last compute that one's sums and store nothing.
    const flat = code.name(atMost(place, plus(end, whole(-1))));
    const columnSlot = slots.add(columnBlocks);
    const rowSlot = slots.add(rowBlocks);
    const above = code.name(plainDivide("quotient", flat, columnSlot));
    const firstRow = code.name(times(plainDivide("remainder", above, rowSlot), direct.rows));
    const firstColumn = code.name(times(plainDivide("remainder", flat, columnSlot), direct.columns));
    const batchNumber = code.name(plainDivide("quotient", above, rowSlot));
    const batchPlaces = batch.locate(code, batchNumber);
    const rowCount = slots.add(rows.nest.count);
    const columnCount = slots.add(columns.nest.count);
    const common = { batch: batchPlaces, depth, run };
    const lefts = new Operand(
      { ...common, side: rows, vector: rowVector, first: firstRow, count: direct.rows, limit: rowCount, buffer: row },
      code,
    );
    const rights = new Operand(
      {
        ...common,
        side: columns,
        vector: columnVector,
        first: firstColumn,
        count: direct.columns,
        limit: columnCount,
        buffer: column,
      },
      code,
    );

    const first = parts > 1 ? code.name(plainSum([{ value: part, coefficient: slots.add(partSteps) }])) : whole(0);
    const last = slots.add(depth.count);
    const loop = loopOver("sequential", slots.add(Math.ceil(partSteps / (sharing * run))), (block) => {
      const body = new Code();
      // Neighbours of k to one thread, or to the threads that share it.
      const start = body.name(
        neighbours
          ? plus(first, times(block, sharing * run), times(lane, run))
          : plus(first, times(block, sharing * run), lane),
      );
      const steps = new Steps(
        { depth, start, run, distance: sharing, neighbours, end: isEven ? undefined : last },
        body,
      );
      body.statements.push(...lefts.fetch(steps), ...rights.fetch(steps));
      for (let u = 0; u < run; u++)
        body.statements.push(multiplyStep(sums, direct.rows, (i) => lefts.element(i, u), rights, u));
      return body.statements;
    });

    const ending = new Ending(
      contraction,
      slots,
      { number: batchNumber, places: batchPlaces },
      partial === undefined ? undefined : { buffer: partial, part },
    );
    const stores = (from: number, at: (n: number, lane: Expression) => Expression): Statement[] => {
      const after = new Code();
      const together = options.vectorStores && direct.columns % WIDTH === 0 && from === sums ? WIDTH : 1;
      const spots = Array.from({ length: direct.columns / together }, (_, n) =>
        ending.column(after, plus(firstColumn, whole(n * together))),
      );
      for (let i = 0; i < direct.rows; i++) {
        const number = after.name(plus(firstRow, whole(i)));
        const line = new Code();
        const spot = ending.row(line, number);
        const one = (to: Spot, j: number, lane: Expression): Statement[] =>
          ending.finish(spot, to, plainLoad(from, "f32", at(i * direct.columns + j, lane)));
        spots.forEach((to, n) => {
          const statements =
            together === 1
              ? one(to, n, whole(0))
              : [loopOver("vector", WIDTH, (lane) => one(ending.neighbour(to, lane), n * WIDTH, lane))];
          line.statements.push(
            ...(direct.columns === 1 ? statements : [when(below(to.number, columnCount), ...statements)]),
          );
        });
        after.statements.push(
          ...(direct.rows === 1 ? line.statements : [when(below(number, rowCount), ...line.statements)]),
        );
      }
      return after.statements;
    };
    const zeros = Array.from({ length: each }, (_, n) => storeTo(sums, whole(n), constant(0, "f32")));
    if (shared === undefined)
      return [
        ...code.statements,
        ...zeros,
        loop,
        when(below(place, end), ...stores(sums, (n, lane) => plus(whole(n), lane))),
      ];
    const slot = code.name(plus(mine, times(lane, across)));
    const at = (n: number, further = 0): Expression => plus(slot, whole((n * sharing + further) * across));
    const all = Array.from({ length: each }, (_, n) => n);
    const joined: Statement[] = all.map((n) => storeTo(shared, at(n), plainLoad(sums, "f32", whole(n))));
    for (let half = sharing / 2; half >= 1; half /= 2) {
      const pair = (n: number): Expression =>
        plainBinary("add", plainLoad(shared, "f32", at(n)), plainLoad(shared, "f32", at(n, half)));
      joined.push(barrier, when(below(lane, whole(half)), ...all.map((n) => storeTo(shared, at(n), pair(n)))));
    }
    // The threads that added up the last pairs know the sums.
    return [
      ...code.statements,
      ...zeros,
      loop,
      ...joined,
      when(plainBinary("and", below(lane, whole(1)), below(place, end)), ...stores(shared, (n) => at(n))),
    ];
  };
  const body = loopOver("grid", slots.add(workgroups), (group) => [
    loopOver("thread", threads, (thread) => inThread(group, thread)),
  ]);
  const own = (space: Buffer["space"], size: number): Buffer => ({ dtype: "f32", space, access: "readwrite", size });
  return {
    body,
    workgroups,
    own: [
      ...(partial === undefined ? [] : [{ dtype: "f32", space: "global", access: "write" } as const]),
      ...(shared === undefined ? [] : [own("shared", each * threads)]),
      own("register", each),
      own("register", direct.rows * run),
      own("register", direct.columns * run),
    ],
  };
}
