/**
 * Rows whose statements must run in order, but store far apart (scatter): several threads go through a row together, and
 * each does the stores that are its own. Whose an element is, its place alone decides, so what happens to it happens in
 * the row's order.
 */
import {
  add,
  childrenOf,
  constant,
  index as freshIndex,
  quotient,
  register,
  remainder,
  scale,
  type Expression,
} from "../../ir/expression.ts";
import type { Statement, Store } from "../../ir/kernel.ts";
import { plainBinary, plainCast } from "../../ir/rewrite.ts";
import { storedBy } from "../../ir/walk.ts";
import { below, when } from "./emit.ts";
import type { Passes } from "./passes.ts";
import type { Piece } from "./pieces.ts";
import { Rewriter } from "./rewriter.ts";
import { sizeOf } from "./slots.ts";

/** An odd number that spreads places over the upper bits of 32 (Knuth, volume 3, 6.4). */
const SPREAD = 0x9e3779b1;

export interface Owners {
  /** Neighbouring threads have neighbouring rows. */
  readonly rows: number;
  /** Threads of a row: a power of two. */
  readonly owners: number;
}

/** Is what the piece stores read by the stores of the same places only? */
export function mayOwn({ body }: Piece): boolean {
  const stored = storedBy(body);
  const free = (e: Expression, own?: Store, seen: Set<Expression> = new Set()): boolean => {
    if (seen.has(e)) return true;
    seen.add(e);
    if (e.kind === "load" && stored.has(e.buffer) && !(own && own.buffer === e.buffer && own.offset === e.offset))
      return false;
    return childrenOf(e).every((child) => free(child, own, seen));
  };
  const may = (list: readonly Statement[]): boolean =>
    list.every((s) => {
      if (s.kind === "store") return free(s.offset) && free(s.value, s);
      if (s.kind === "if") return free(s.condition) && may(s.body);
      // What is accumulated would be so by every thread.
      if (s.kind === "loop") return !s.accumulators.length && may(s.body);
      return s.kind === "let" && free(s.value);
    });
  return may(body);
}

/** Adds the pass of a piece whose stores are shared out. */
export function lowerOwned(piece: Piece, { rows, owners }: Owners, passes: Passes): void {
  const block = freshIndex(2 ** 31 - 1);
  const thread = freshIndex(rows * owners);
  const row = register("i32");
  const own = plainCast(quotient(thread, rows), "u32");
  const rewriter = new Rewriter([[piece.row, row]]);
  const ours = (offset: Expression): Expression => {
    const spread = plainBinary("mul", plainCast(offset, "u32"), constant(SPREAD, "u32"));
    return plainBinary("eq", plainBinary("shr", spread, constant(32 - Math.log2(owners), "u32")), own);
  };
  const shared = (s: Statement): Statement =>
    s.kind === "store"
      ? when(ours(s.offset), s)
      : s.kind === "loop" || s.kind === "if"
        ? { ...s, body: s.body.map(shared) }
        : s;
  passes.add(Math.ceil(passes.slots.valueOf(piece.rows) / rows), block, thread, [
    { kind: "let", register: row, value: add(scale(block, rows), remainder(thread, rows)) },
    when(below(row, sizeOf(piece.rows)), ...piece.body.map(rewriter.statement).map(shared)),
  ]);
}
