/**
 * A contraction with few rows, or a small one: every thread has one column and `rows` rows, and reads both operands
 * where they lie. The steps of k may be shared out to several threads, whose sums are then added up in shared memory,
 * pair by pair.
 */
import { constant, type Expression } from "../../ir/expression.ts";
import type { Buffer, Statement } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, plainLoad, plainSelect, plainSum } from "../../ir/rewrite.ts";
import { Ending } from "./contract-ending.ts";
import { WIDTH, type Contraction } from "./contract-sides.ts";
import type { Written } from "./contract-tile.ts";
import { atMost, barrier, below, Code, hoist, loopOver, placing, plus, storeTo, times, whole, when } from "./emit.ts";
import type { Slots } from "./slots.ts";

export interface Thin {
  /** Rows of a thread. */
  readonly rows: number;
  /** Threads of a workgroup: side by side along columns, and sharing k. Both are powers of two. */
  readonly across: number;
  readonly sharing: number;
  /** Do neighbouring threads share k, rather than having neighbouring columns? */
  readonly depthFirst: boolean;
  /** Steps of k that a thread takes at a time. */
  readonly run: number;
}

export interface ThinOptions {
  readonly contraction: Contraction;
  readonly thin: Thin;
  /** Which operands have the steps of a run side by side: then each thread takes neighbours of k. */
  readonly rowVector: boolean;
  readonly columnVector: boolean;
  readonly parts: number;
  readonly partSteps: number;
  readonly slots: Slots;
}

/** Writes the kernel of a contraction without tiles. */
export function writeThin(options: ThinOptions): Written {
  const { contraction, thin, parts, partSteps, slots } = options;
  const { kernel, rows, columns, batch, depth } = contraction;
  const { across, sharing, run } = thin;
  const threads = across * sharing;
  const rowBlocks = Math.ceil(rows.nest.count / thin.rows);
  const total = columns.nest.count * rowBlocks * batch.count;
  const groups = Math.ceil(total / across);
  const workgroups = groups * parts;
  const neighbours = options.rowVector || options.columnVector;
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
    const [inner, outer] = [thin.depthFirst ? sharing : across, thin.depthFirst ? across : sharing];
    const low = outer === 1 ? thread : code.name(plainDivide("remainder", thread, inner));
    const high = outer === 1 ? whole(0) : code.name(plainDivide("quotient", thread, inner));
    const [mine, lane] = thin.depthFirst ? [high, low] : [low, high];
    const end = slots.add(total);
    const place = code.name(plus(times(block, across), mine));
    // Threads beyond the last column compute that one and store nothing.
    const flat = code.name(atMost(place, plus(end, whole(-1))));
    const columnCount = slots.add(columns.nest.count);
    const blockCount = slots.add(rowBlocks);
    const above = code.name(plainDivide("quotient", flat, columnCount));
    const firstRow = code.name(times(plainDivide("remainder", above, blockCount), thin.rows));
    const batchNumber = code.name(plainDivide("quotient", above, blockCount));
    const batchPlaces = batch.locate(code, batchNumber);
    const columnNumber = code.name(plainDivide("remainder", flat, columnCount));
    const rowCount = slots.add(rows.nest.count);
    const varying = new Set<Expression>(depth.axes.map((axes) => axes.index));
    const operand = (value: Expression, places: ReadonlyMap<Expression, Expression>): Expression =>
      hoist(placing(new Map([...batchPlaces, ...places]))(value), varying, code);
    const lefts = Array.from({ length: thin.rows }, (_, i) => {
      const number = code.name(atMost(plus(firstRow, whole(i)), plus(rowCount, whole(-1))));
      return operand(rows.value, rows.nest.locate(code, number));
    });
    const right = operand(columns.value, columns.nest.locate(code, columnNumber));

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
      const steps = Array.from({ length: neighbours ? 1 : run }, (_, u) => {
        const step = body.name(plus(start, whole(u * sharing)));
        if (isEven) return { places: depth.locate(body, step), inside: undefined };
        const clamped = body.name(atMost(step, plus(last, whole(neighbours ? -run : -1))));
        return { places: depth.locate(body, clamped), inside: body.name(below(step, last)) };
      });
      const element = (value: Expression, u: number, lane = whole(u)): Expression => {
        const { places, inside } = steps[neighbours ? 0 : u]!;
        const made = placing(neighbours ? depth.move(places, lane) : places)(value);
        return inside ? plainSelect(inside, made, constant(0, "f32")) : made;
      };
      const fetch = (into: number, at: number, value: Expression, together: boolean): void => {
        if (together)
          body.statements.push(
            loopOver("vector", WIDTH, (lane) => [storeTo(into, plus(whole(at), lane), element(value, 0, lane))]),
          );
        else for (let u = 0; u < run; u++) body.statements.push(storeTo(into, whole(at + u), element(value, u)));
      };
      fetch(column, 0, right, options.columnVector);
      lefts.forEach((left, i) => fetch(row, i * run, left, options.rowVector));
      for (let u = 0; u < run; u++)
        lefts.forEach((_, i) => {
          const product = plainBinary(
            "mul",
            plainLoad(row, "f32", whole(i * run + u)),
            plainLoad(column, "f32", whole(u)),
          );
          body.statements.push(storeTo(sums, whole(i), plainBinary("add", plainLoad(sums, "f32", whole(i)), product)));
        });
      return body.statements;
    });

    const ending = new Ending(
      contraction,
      slots,
      { number: batchNumber, places: batchPlaces },
      partial === undefined ? undefined : { buffer: partial, part },
    );
    const stores = (sum: (i: number) => Expression): Statement[] => {
      const after = new Code();
      const spot = ending.column(after, columnNumber);
      for (let i = 0; i < thin.rows; i++) {
        const number = after.name(plus(firstRow, whole(i)));
        const line = new Code();
        const statements = ending.finish(ending.row(line, number), spot, sum(i));
        after.statements.push(when(below(number, rowCount), ...line.statements, ...statements));
      }
      return after.statements;
    };
    const zeros = lefts.map((_, i) => storeTo(sums, whole(i), constant(0, "f32")));
    const own = (i: number): Expression => plainLoad(sums, "f32", whole(i));
    if (shared === undefined) return [...code.statements, ...zeros, loop, when(below(place, end), ...stores(own))];
    const slot = code.name(plus(mine, times(lane, across)));
    const at = (i: number, further = 0): Expression => plus(slot, whole((i * sharing + further) * across));
    const joined: Statement[] = lefts.map((_, i) => storeTo(shared, at(i), own(i)));
    for (let half = sharing / 2; half >= 1; half /= 2)
      joined.push(
        barrier,
        when(
          below(lane, whole(half)),
          ...lefts.map((_, i) =>
            storeTo(
              shared,
              at(i),
              plainBinary("add", plainLoad(shared, "f32", at(i)), plainLoad(shared, "f32", at(i, half))),
            ),
          ),
        ),
      );
    // The threads that added up the last pairs know the sums.
    return [
      ...code.statements,
      ...zeros,
      loop,
      ...joined,
      when(
        plainBinary("and", below(lane, whole(1)), below(place, end)),
        ...stores((i) => plainLoad(shared, "f32", at(i))),
      ),
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
      ...(shared === undefined ? [] : [own("shared", thin.rows * threads)]),
      own("register", Math.max(thin.rows, 1)),
      own("register", thin.rows * run),
      own("register", run),
    ],
  };
}
