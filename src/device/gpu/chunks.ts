/**
 * Few long rows: their loops are cut into chunks, and each chunk is a row of its own. A loop's chunks leave their shares
 * in memory, where all that comes after it reads and combines them.
 */
import { binary, index as freshIndex, type Expression, type Param, type Register } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { mapAccumulators, plainDivide, plainSum } from "../../ir/rewrite.ts";
import { below, Code, whole } from "./emit.ts";
import { isShared, levelsOf, nestOf } from "./nest.ts";
import { accumulatorsOf, combineKept, finalShare, freshShare, keep, keptAs, type Kept, type Share } from "./partial.ts";
import type { Passes } from "./passes.ts";
import { positions, rowBuffersOf, type Piece } from "./pieces.ts";
import { Rewriter, type Moved } from "./rewriter.ts";
import { sizeOf } from "./slots.ts";

/** Chunks begin at multiples of so many iterations, which threads read in one go. */
const ALIGNED = 64;

/**
 * The pieces that do what a piece does, each loop in so many chunks.
 * @param columns neighbouring rows lie closer together in memory than neighbouring iterations.
 */
export function inChunks(piece: Piece, chunks: number, columns: boolean, passes: Passes): Piece[] {
  const { slots } = passes;
  const { rows, row, body } = piece;
  const count = slots.add(chunks);
  const all = slots.add(slots.valueOf(rows) * chunks);
  const kept = new Map(
    rowBuffersOf(body, passes.buffers).map((b) => [b, keepRows(b, piece, columns, passes)] as const),
  );
  const pieces: Piece[] = [];
  /** What everything that follows needs to know first, of `row`. */
  const known: Statement[] = [];
  const once: Statement[] = [];
  for (const s of body) {
    if (s.kind === "store") once.push(s);
    else if (!isShared(s)) known.push(s);
    else {
      const shares = s.accumulators.map(freshShare);
      const temporaries = shares.map((share) => keepShares(share, slots.valueOf(all), passes));
      pieces.push(chunkOf(s, shares, temporaries));
      if (!shares.length) continue;
      const place = (chunk: Expression): Expression =>
        plainSum([{ value: chunk, coefficient: sizeOf(rows) }, { value: row }]);
      known.push(...combineKept(s.accumulators.map(finalShare), temporaries, count, place));
    }
  }
  if (once.length) {
    const rewriter = new Rewriter([], (b) => kept.get(b)?.(row));
    pieces.push({ rows, row, body: [...known, ...once].map(rewriter.statement) });
  }
  return pieces;

  function chunkOf(loop: Loop, shares: readonly Share[], temporaries: readonly Kept[]): Piece {
    const place = freshIndex(2 ** 31 - 1);
    const [outer, inner] = [new Code(), new Code()];
    const name = (value: Expression, code = outer): Register => code.name(value) as Register;
    const own = name(plainDivide("remainder", place, rows));
    const chunk = name(plainDivide("quotient", place, rows));
    const nest = nestOf(loop);
    const innermost = nest.at(-1)!;
    const extent = nest.length > 1 ? slots.product(levelsOf(nest)) : (loop.extent as number | Param);
    const length = ALIGNED * Math.ceil(slots.valueOf(extent) / chunks / ALIGNED);
    const size = slots.add(length);
    const start = name(plainSum([{ value: chunk, coefficient: size }]));
    const left = name(plainSum([{ value: sizeOf(extent) }, { value: start, coefficient: whole(-1) }]));
    const steps = name(binary("max", binary("min", left, size), whole(0)));
    slots.bound(steps, length);
    const step = freshIndex(2 ** 31 - 1);
    const at = name(plainSum([{ value: start }, { value: step }]), inner);
    const { lets, replace } =
      nest.length > 1
        ? positions(levelsOf(nest), at)
        : { lets: [], replace: new Map<Expression, Expression>([[loop.index, at]]) };
    const moved = (b: number): Moved | undefined => kept.get(b)?.(own);
    const outside = new Rewriter([[row, own]], moved);
    const rewriter = new Rewriter([[row, own], ...replace], moved);
    const accumulators = innermost.accumulators.map((a) => ({ ...a, position: a.position ?? innermost.index }));
    outer.statements.push(...known.map(outside.statement), {
      kind: "loop",
      axis: loop.axis,
      index: step,
      extent: steps,
      body: [...inner.statements, ...lets, ...innermost.body.map(rewriter.statement)],
      accumulators: accumulatorsOf(mapAccumulators(accumulators, rewriter.value), shares),
    });
    if (shares.length) {
      const some = name(below(whole(0), steps));
      outer.statements.push(...keep(shares, temporaries, place, some));
    }
    return { rows: all, row: place, body: outer.statements };
  }
}

/** Memory for a share of every chunk. */
function keepShares({ value, position }: Share, chunks: number, passes: Passes): Kept {
  return {
    value: passes.temporary(keptAs(value.dtype), chunks),
    position: position && passes.temporary("i32", chunks),
  };
}

/** Memory for what all rows keep, and where a row finds its own. */
function keepRows(number: number, { rows }: Piece, columns: boolean, passes: Passes): (row: Expression) => Moved {
  const { dtype, size } = passes.buffers[number]!;
  const buffer = passes.temporary(dtype, passes.slots.valueOf(rows) * passes.slots.valueOf(size!));
  return (row) => ({
    buffer,
    place: (at) =>
      columns
        ? plainSum([{ value: at, coefficient: sizeOf(rows) }, { value: row }])
        : plainSum([{ value: row, coefficient: sizeOf(size!) }, { value: at }]),
  });
}
