/** The last passes of attention whose columns were shared out: results of the parts are added up in order, and finished. */
import { constant, index as freshIndex, register, type Expression } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, plainLoad, plainSum, plainUnary } from "../../ir/rewrite.ts";
import { AttentionEnding, type Partial } from "./attention-ending.ts";
import type { Attention } from "./attention-sides.ts";
import { below, Code, loopOver, plus, times, when } from "./emit.ts";
import type { Passes } from "./passes.ts";

/** Threads of a workgroup at most, each with one element. */
const THREADS = 64;
const MANY = 2 ** 31 - 1;

/** Adds a pass for each result, and one for what becomes of rows. */
export function writeJoin(attention: Attention, parts: number, partial: Partial, passes: Passes, most: number): void {
  const { kernel, batch, rows, counts, values } = attention;
  const { slots } = passes;
  const threads = Math.min(THREADS, most);
  const partCount = slots.add(parts);
  const allRows = slots.add(batch.count * rows.count);

  /** A thread for each of so many elements of every row; `body` is given the row's number among all. */
  const pass = (each: number, body: (code: Code, element: Expression, row: Expression) => void): void => {
    const total = slots.add(batch.count * rows.count * each);
    const [group, thread] = [freshIndex(MANY), freshIndex(threads)];
    const outer = new Code();
    const place = outer.name(plus(times(group, threads), thread));
    const code = new Code();
    body(code, place, code.name(plainDivide("quotient", place, each)));
    passes.add(Math.ceil((batch.count * rows.count * each) / threads), group, thread, [
      ...outer.statements,
      when(below(place, total), ...code.statements),
    ]);
  };
  const endingOf = (code: Code, row: Expression) => {
    const number = code.name(plainDivide("quotient", row, counts.rows));
    const ending = new AttentionEnding(attention, slots, { number, places: batch.locate(code, number) }, undefined);
    return { ending, spot: ending.row(code, plainDivide("remainder", row, counts.rows)) };
  };
  const partOf = (buffer: number, part: Expression, row: Expression): Expression =>
    plainLoad(buffer, "f32", plainSum([{ value: part, coefficient: allRows }, { value: row }]));
  /** What a part's sums count for. */
  const by = (part: Expression, row: Expression, largest: Expression): Expression =>
    plainUnary("exp", plainBinary("sub", partOf(partial.largest, part, row), largest));
  const over = (op: "sum" | "max", value: (part: Expression) => Expression, code: Code): Expression => {
    const loop = loopOver("reduce", partCount, () => []);
    const named = register("f32");
    code.statements.push({ ...loop, accumulators: [{ register: named, op, value: value(loop.index) }] } as Loop);
    return named;
  };
  /** The row's softmax over all parts. */
  const stateOf = (code: Code, row: Expression) => {
    if (!kernel.softmax) return { largest: constant(0, "f32"), total: constant(1, "f32") };
    const largest = over("max", (part) => partOf(partial.largest, part, row), code);
    const total = over(
      "sum",
      (part) => plainBinary("mul", partOf(partial.total, part, row), by(part, row, largest)),
      code,
    );
    return { largest, total };
  };

  values.forEach(({ side }, result) => {
    const features = side.nest.count;
    pass(features, (code, element, row) => {
      const { ending, spot } = endingOf(code, row);
      const state = stateOf(code, row);
      const all = slots.add(batch.count * rows.count * features);
      const sum = over(
        "sum",
        (part) => {
          const one = plainLoad(
            partial.results[result]!,
            "f32",
            plainSum([{ value: part, coefficient: all }, { value: element }]),
          );
          return kernel.softmax ? plainBinary("mul", one, by(part, row, state.largest)) : one;
        },
        code,
      );
      const feature = ending.feature(code, result, plainDivide("remainder", element, features));
      const stores: Statement[] = ending.finish(result, spot, feature, sum, ending.share(code, state));
      code.statements.push(...stores);
    });
  });
  if (kernel.softmax && kernel.rowStores.length)
    pass(1, (code, _, row) => {
      const { ending, spot } = endingOf(code, row);
      code.statements.push(...ending.finishRow(spot, stateOf(code, row)));
    });
}
