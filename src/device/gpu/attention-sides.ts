/** Attention for one launch: its rows (m), columns (n), products and results, and how many of everything there is. */
import { register, type Expression, type Param } from "../../ir/expression.ts";
import type { AttentionKernel, Loop } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, plainSum } from "../../ir/rewrite.ts";
import { readingOf, type Reading, type Side } from "./contract-sides.ts";
import { atMost, type Code, Nest, placing, plus, whole, type Places } from "./emit.ts";
import type { Slots } from "./slots.ts";

/** An operand of a contraction, and the indices that are summed over. */
export interface Factor {
  readonly side: Side;
  readonly depth: Nest;
  readonly reading: Reading;
}

export interface Attention {
  readonly kernel: AttentionKernel;
  readonly batch: Nest;
  readonly rows: Nest;
  readonly columns: Nest;
  readonly products: readonly { readonly left: Factor; readonly right: Factor }[];
  /** How many there are of each. */
  readonly counts: { readonly batch: Param; readonly rows: Param; readonly columns: Param };
  /** The values of each result: weights and they are contracted over the columns. */
  readonly values: readonly Factor[];
}

export function attentionOf(kernel: AttentionKernel, slots: Slots): Attention {
  const [rows, columns] = [new Nest([kernel.m], slots), new Nest([kernel.n], slots)];
  const factor = (side: Side, depth: Nest): Factor => ({ side, depth, reading: readingOf(side, depth.axes, slots) });
  const batch = new Nest(kernel.batch, slots);
  return {
    kernel,
    batch,
    counts: { batch: slots.add(batch.count), rows: slots.add(rows.count), columns: slots.add(columns.count) },
    rows,
    columns,
    products: kernel.products.map(({ k, left, right }) => {
      const depth = new Nest(k, slots);
      return {
        left: factor({ nest: rows, value: left }, depth),
        right: factor({ nest: columns, value: right }, depth),
      };
    }),
    values: kernel.results.map(({ f, value }) => factor({ nest: new Nest(f, slots), value }, columns)),
  };
}

/** A share of the columns: parts of so many blocks, of so many columns each. */
export interface ColumnBlocks {
  readonly size: number;
  readonly part: Expression;
  readonly parts: number;
  readonly each: number;
}

/** The first of the blocks that any of these rows sees, and how many there are: those in front and behind are left out. */
export function blocksSeen(
  { kernel, columns }: Attention,
  { size, part, parts, each }: ColumnBlocks,
  batch: Places,
  [firstRow, lastRow]: readonly [Expression, Expression],
  slots: Slots,
  code: Code,
): { readonly start: Expression; readonly count: Loop["extent"] } {
  const all = slots.add(Math.ceil(columns.count / size));
  let [from, to]: [Expression, Expression] = [whole(0), all];
  if (parts > 1) {
    const blocks = slots.add(each);
    from = code.name(plainSum([{ value: part, coefficient: blocks }]));
    to = atMost(plus(from, blocks), all);
  }
  const atRow = (e: Expression, row: Expression, more: number): Expression =>
    plainDivide("quotient", plus(atLeast0(placing(new Map([...batch, [kernel.m.index, row]]))(e)), whole(more)), size);
  if (kernel.first) from = plainBinary("max", from, atRow(kernel.first, firstRow, 0));
  if (kernel.last) to = atMost(to, atRow(kernel.last, lastRow, size - 1));
  if (to === all && from.kind === "const") return { start: from, count: all };
  const start = code.name(from);
  const count = register("i32");
  code.statements.push({
    kind: "let",
    register: count,
    value: atLeast0(plainSum([{ value: to }, { value: start, coefficient: whole(-1) }])),
  });
  return { start, count };
}

const atLeast0 = (e: Expression): Expression => plainBinary("max", e, whole(0));
