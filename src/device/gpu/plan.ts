/** How a piece's rows are shared out among threads: by their number, their length, and what lies side by side in memory. */
import type { Expression } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { loadsIn, storesIn } from "../../ir/walk.ts";
import type { GpuTarget } from "./kernel.ts";
import { isShared, nestOf } from "./nest.ts";
import type { Passes } from "./passes.ts";
import { mayOwn, type Owners } from "./owners.ts";
import { rowBuffersOf, type Piece } from "./pieces.ts";
import { strideOf } from "./strides.ts";
import type { Slots } from "./slots.ts";
import type { Team } from "./team.ts";

export interface Plan {
  /** Undefined where one thread does each row. */
  readonly team?: Team;
  /** Where the statements of a row run in order, but its stores are shared out. */
  readonly owned?: Owners;
  /** Into how many chunks the rows are cut before all else. */
  readonly chunks?: number;
  /** Neighbouring rows lie closer together in memory than neighbouring iterations of a row. */
  readonly columns?: boolean;
}

/** Larger workgroups are not everywhere, and find room less easily. */
const MOST_THREADS = 256;
/** Threads that keep a GPU busy, in workgroups of the largest size. */
const BUSY = 64;
/** Threads, in workgroups, that long rows are cut for. */
const BUSY_IN_CHUNKS = 256;
/** Iterations of a loop that are worth a thread. */
const WORTH_A_LANE = 4;
/** Iterations of a lane that are worth a pass of their own. */
const WORTH_A_CHUNK = 32;
const MOST_CHUNKS = 256;
/** Threads in a row that read memory in one go. */
const WARP = 32;
/** Threads that the cores of a processor have in hand at a time, in vectors. */
const AT_A_TIME = 64;
/** Iterations that are worth a thread of a processor, and a pass. */
const WORTH_A_TURN = 1024;
/** Steps of a row that are worth more than one thread, all of which go through them. */
const WORTH_OWNERS = 32;
/** Rows this short are done by a thread each where rows are many. */
const SHORT = 8;

export function planOf(piece: Piece, passes: Passes, { threads: most, software }: GpuTarget): Plan {
  const { slots } = passes;
  const threads = Math.min(most, MOST_THREADS);
  const rows = slots.valueOf(piece.rows);
  if (!mayShare(piece, passes)) return software ? {} : planForOwners(piece, rows, threads, passes);
  const loops = piece.body.filter(isShared);
  const length = Math.max(...loops.map((l) => lengthOf(l, slots)));
  const busy = BUSY * threads;
  if (length <= SHORT && rows >= threads) return {};
  if (software) return planForCores(rows, length, loops);
  const columns = neighboursAreRows(piece, loops, slots);
  const team = columns ? teamOfColumns(rows, length, busy, threads) : teamOfRows(rows, length, busy, threads);
  const working = Math.max(rows, 1) * (team?.lanes ?? 1);
  const each = length / (team?.lanes ?? 1);
  const wanted = Math.min(
    Math.floor((BUSY_IN_CHUNKS * threads) / working),
    Math.floor(each / WORTH_A_CHUNK),
    MOST_CHUNKS,
  );
  if (wanted >= 2 && each >= 4 * WORTH_A_CHUNK && loops.every(mayCut)) return { chunks: wanted, columns };
  return team ? { team } : {};
}

/** Long loops that store here and there wait for memory at each step, if a thread has to take them all. */
function planForOwners(piece: Piece, rows: number, threads: number, passes: Passes): Plan {
  const { slots, buffers } = passes;
  const length = Math.max(0, ...piece.body.map((s) => (s.kind === "loop" ? slots.mostOf(s.extent) : 0)));
  const together = Math.min(WARP, ceilPower(rows), threads);
  const owners = threads / together;
  const worth = owners > 1 && length >= WORTH_OWNERS && rows * owners <= BUSY * threads;
  return worth && !rowBuffersOf(piece.body, buffers).length && mayOwn(piece)
    ? { owned: { rows: together, owners } }
    : {};
}

/** Rows are threads' own, and cut where they are fewer than the threads that cores take on at a time. */
function planForCores(rows: number, length: number, loops: readonly Loop[]): Plan {
  const wanted = Math.min(Math.floor(AT_A_TIME / Math.max(rows, 1)), Math.floor(length / WORTH_A_TURN));
  return wanted >= 2 && loops.every(mayCut) ? { chunks: wanted } : {};
}

const floorPower = (n: number): number => 2 ** Math.floor(Math.log2(Math.max(1, n)));
const ceilPower = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

function teamOfRows(rows: number, length: number, busy: number, threads: number): Team | undefined {
  let lanes = Math.min(floorPower(length), threads);
  // With rows enough, lanes do more each: combining is dear.
  while (lanes > WARP && length / lanes < WORTH_A_LANE && rows * lanes > busy) lanes /= 2;
  if (lanes < 2) return undefined;
  const together = Math.min(Math.max(1, Math.min(64, threads) / lanes), ceilPower(rows));
  return { rows: together, lanes, columns: false };
}

function teamOfColumns(rows: number, length: number, busy: number, threads: number): Team | undefined {
  const together = Math.min(WARP, ceilPower(rows), threads);
  let lanes = Math.min(threads / together, floorPower(length / WORTH_A_LANE));
  while (lanes > 1 && rows * (lanes / 2) >= busy) lanes /= 2;
  return lanes < 2 ? undefined : { rows: together, lanes, columns: true };
}

/** Do all statements of a row either happen once or belong to loops that lanes can take in turn? */
function mayShare({ body }: Piece, passes: Passes): boolean {
  const kept = new Set(rowBuffersOf(body, passes.buffers));
  return (
    body.some(isShared) &&
    body.every((s) =>
      isShared(s)
        ? keepsInTurn(s, kept)
        : s.kind === "store"
          ? !kept.has(s.buffer) && !loadsAny([s], (b) => kept.has(b))
          : s.kind === "let" && !loadsAny([s], () => true),
    )
  );
}

/** Are row buffers touched by each iteration at its own place only? Then it does not matter which lane has it. */
function keepsInTurn(loop: Loop, kept: ReadonlySet<number>): boolean {
  if (!kept.size) return true;
  const single = nestOf(loop).length === 1;
  const inside = (list: readonly Statement[], depth: number): boolean =>
    list.every((s) =>
      s.kind === "store"
        ? !kept.has(s.buffer) || (depth === 0 && single && s.offset === loop.index)
        : s.kind === "loop" || s.kind === "if"
          ? inside(s.body, depth + 1)
          : true,
    );
  return inside(loop.body, 0) && !loadsAny([loop], (b, offset) => kept.has(b) && !(single && offset === loop.index));
}

function loadsAny(list: readonly Statement[], test: (buffer: number, offset: Expression) => boolean): boolean {
  return loadsIn(expressionsOf(list)).some(({ buffer, offset }) => test(buffer, offset));
}

/** Can a loop be cut into runs of iterations? Not where its extent is itself computed. */
const mayCut = (l: Loop): boolean => typeof l.extent === "number" || l.extent.kind === "param";

function lengthOf(loop: Loop, slots: Slots): number {
  return nestOf(loop).reduce((product, { extent }) => product * slots.mostOf(extent), 1);
}

/** Does memory that neighbouring rows touch lie closer together than what neighbouring iterations of a row touch? */
function neighboursAreRows({ row, body }: Piece, loops: readonly Loop[], slots: Slots): boolean {
  let [along, across] = [0, 0];
  for (const loop of loops) {
    const innermost = nestOf(loop).at(-1)!;
    const lets = [...body, ...innermost.body];
    const length = lengthOf(loop, slots);
    for (const { offset } of [...loadsIn(expressionsOf([loop])), ...storesIn([loop])]) {
      if (strideOf(offset, innermost.index, lets, slots) === 1) along += length;
      else if (strideOf(offset, row, lets, slots) === 1) across += length;
    }
  }
  return across > along;
}
