/** Rows that one thread each does by itself. */
import { add, index as freshIndex, register, scale } from "../../ir/expression.ts";
import { plainSum } from "../../ir/rewrite.ts";
import { below, when } from "./emit.ts";
import type { GpuTarget } from "./kernel.ts";
import type { Passes } from "./passes.ts";
import { rowBuffersOf, type Piece } from "./pieces.ts";
import { Rewriter, type Moved } from "./rewriter.ts";
import { sizeOf } from "./slots.ts";

/** So many rows keep a GPU busy in workgroups of the largest size. */
const MANY_ROWS = 4096;

/** Adds the pass of a piece in which neighbouring threads have neighbouring rows. */
export function lowerSolo(piece: Piece, passes: Passes, target: GpuTarget): void {
  const { slots, buffers } = passes;
  const rows = slots.valueOf(piece.rows);
  const threads = Math.min(rows >= MANY_ROWS ? 256 : 64, target.threads);
  const block = freshIndex(2 ** 31 - 1);
  const thread = freshIndex(threads);
  const row = register("i32");
  // What neighbours keep lies side by side.
  const moved = new Map(
    rowBuffersOf(piece.body, buffers).map((number): [number, Moved] => {
      const { dtype, size } = buffers[number]!;
      const buffer = passes.temporary(dtype, rows * slots.valueOf(size!));
      return [
        number,
        { buffer, place: (at) => plainSum([{ value: at, coefficient: sizeOf(piece.rows) }, { value: row }]) },
      ];
    }),
  );
  const { statement } = new Rewriter([[piece.row, row]], (b) => moved.get(b));
  passes.add(Math.ceil(rows / threads), block, thread, [
    { kind: "let", register: row, value: add(scale(block, threads), thread) },
    when(below(row, sizeOf(piece.rows)), ...piece.body.map(statement)),
  ]);
}
