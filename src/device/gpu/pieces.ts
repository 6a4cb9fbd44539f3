/**
 * A loop kernel as pieces: statements that are done for every row, no row depending on another. Pieces run one after
 * another. Parallel loops directly inside one another are one row for each of their iterations together.
 */
import { index as freshIndex, register, type Expression, type Index, type Param } from "../../ir/expression.ts";
import type { Buffer, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { expressionsOf, plainDivide } from "../../ir/rewrite.ts";
import { storedBy, storesIn } from "../../ir/walk.ts";
import { definedIn } from "../cpu/speculate.ts";
import { byFours } from "./fours.ts";
import { levelsOf, type Level } from "./nest.ts";
import { Rewriter } from "./rewriter.ts";
import { strideOf } from "./strides.ts";
import type { Slots } from "./slots.ts";

export interface Piece {
  readonly rows: number | Param;
  readonly row: Index;
  readonly body: readonly Statement[];
}

export function piecesOf(kernel: LoopKernel, slots: Slots): Piece[] {
  // Statements outside of all loops over rows are one row, unless they are such loops themselves.
  return segments(kernel.body, kernel.buffers).flatMap((part) =>
    part.length === 1 && isMap(part[0]!)
      ? descend(levelsOf([part[0]]), part[0].body, kernel.buffers, slots)
      : [{ rows: 1, row: freshIndex(1), body: part }],
  );
}

const isMap = (s: Statement): s is Loop => s.kind === "loop" && s.axis === "parallel";

function descend(
  levels: readonly Level[],
  body: readonly Statement[],
  buffers: readonly Buffer[],
  slots: Slots,
): Piece[] {
  return segments(body, buffers).flatMap((part) =>
    part.length === 1 && isMap(part[0]!)
      ? descend([...levels, ...levelsOf([part[0]])], part[0].body, buffers, slots)
      : [joined(levels, part, slots)],
  );
}

/** One loop over rows in place of several: the innermost counts fastest. */
function joined(given: readonly Level[], all: readonly Statement[], slots: Slots): Piece {
  const ordered = nearestLast(given, all, slots);
  const { levels, body } = byFours(ordered, all, slots) ?? { levels: ordered, body: all };
  const [first] = levels as [Level, ...Level[]];
  if (levels.length === 1) return { rows: first.extent, row: first.index, body };
  const row = freshIndex(2 ** 31 - 1);
  const { lets, replace } = positions(levels, row);
  const rewriter = new Rewriter(replace);
  return { rows: slots.product(levels), row, body: [...lets, ...body.map(rewriter.statement)] };
}

/** The levels with that one last along which a map writes neighbours: neighbouring threads do so too. */
function nearestLast(levels: readonly Level[], body: readonly Statement[], slots: Slots): readonly Level[] {
  const [first] = body;
  if (first?.kind !== "store" || levels.length < 2) return levels;
  const nearest = levels.find(({ index }) => strideOf(first.offset, index, [], slots) === 1);
  return nearest ? [...levels.filter((level) => level !== nearest), nearest] : levels;
}

/** The indices of loops inside one another, of which the innermost counts fastest, from the number of an iteration. */
export function positions(
  levels: readonly Level[],
  flat: Expression,
): { readonly lets: Statement[]; readonly replace: Map<Expression, Expression> } {
  const lets: Statement[] = [];
  const name = (value: Expression): Expression => {
    const own = register("i32");
    lets.push({ kind: "let", register: own, value });
    return own;
  };
  const replace = new Map<Expression, Expression>();
  let rest = flat;
  for (let i = levels.length - 1; i > 0; i--) {
    const { index, extent } = levels[i]!;
    replace.set(index, name(plainDivide("remainder", rest, extent)));
    rest = name(plainDivide("quotient", rest, extent));
  }
  replace.set(levels[0]!.index, rest);
  return { lets, replace };
}

/** Parallel loops that stand alone, and what is left between them; everything in one where they need one another. */
function segments(body: readonly Statement[], buffers: readonly Buffer[]): (readonly Statement[])[] {
  const out: Statement[][] = [];
  let open = false;
  for (const s of body) {
    if (isMap(s) || !open) out.push([]);
    open = !isMap(s);
    out.at(-1)!.push(s);
  }
  if (out.length < 2) return [body];
  const defined = new Map<unknown, number>();
  out.forEach((part, at) => {
    for (const r of definedIn(part)) defined.set(r, at);
  });
  const apart = out.every(
    (part, at) =>
      !rowBuffersOf(part, buffers).length &&
      expressionsOf(part).every((e) => [...e.free].every((v) => (defined.get(v) ?? at) === at)),
  );
  return apart ? out : [body];
}

/** Does a statement store to memory that was there before? */
export const storesToGlobal = (s: Statement, buffers: readonly Buffer[]): boolean =>
  storesIn([s]).some(({ buffer }) => buffers[buffer]!.space === "global");

/** The buffers in which rows keep values from one loop to the next. */
export function rowBuffersOf(body: readonly Statement[], buffers: readonly Buffer[]): number[] {
  return [...storedBy(body)].filter((b) => buffers[b]!.space !== "global");
}
