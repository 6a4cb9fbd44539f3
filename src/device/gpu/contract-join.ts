/** The second pass of a contraction whose k was shared out: the sums of its parts are added up in order, and finished. */
import { register } from "../../ir/expression.ts";
import { plainDivide, plainLoad, plainSum } from "../../ir/rewrite.ts";
import { Ending } from "./contract-ending.ts";
import type { Contraction } from "./contract-sides.ts";
import type { Written } from "./contract-tile.ts";
import { below, Code, loopOver, plus, times, when } from "./emit.ts";
import type { Slots } from "./slots.ts";

/** Threads of a workgroup, each with one sum. */
const THREADS = 64;

export function writeJoin(contraction: Contraction, parts: number, slots: Slots): Written {
  const { kernel, batch, rows, columns } = contraction;
  const count = batch.count * rows.nest.count * columns.nest.count;
  const workgroups = Math.ceil(count / THREADS);
  const partial = kernel.buffers.length;
  const all = slots.add(count);
  const columnCount = slots.add(columns.nest.count);
  const rowCount = slots.add(rows.nest.count);
  const body = loopOver("grid", slots.add(workgroups), (group) => [
    loopOver("thread", THREADS, (thread) => {
      const code = new Code();
      const place = code.name(plus(times(group, THREADS), thread));
      const total = register("f32");
      const inside = new Code();
      const above = inside.name(plainDivide("quotient", place, columnCount));
      const batchNumber = inside.name(plainDivide("quotient", above, rowCount));
      const ending = new Ending(
        contraction,
        slots,
        { number: batchNumber, places: batch.locate(inside, batchNumber) },
        undefined,
      );
      const row = ending.row(inside, plainDivide("remainder", above, rowCount));
      const column = ending.column(inside, plainDivide("remainder", place, columnCount));
      const loop = loopOver("reduce", slots.add(parts), () => []);
      const offset = plainSum([{ value: loop.index, coefficient: all }, { value: place }]);
      const sum = {
        ...loop,
        accumulators: [{ register: total, op: "sum", value: plainLoad(partial, "f32", offset) }],
      } as const;
      return [
        ...code.statements,
        when(below(place, all), sum, ...inside.statements, ...ending.finish(row, column, total)),
      ];
    }),
  ]);
  return { body, workgroups, own: [{ dtype: "f32", space: "global", access: "read" }] };
}
