/**
 * Threads that share rows: each workgroup has `rows` rows and `lanes` threads for each of them. The iterations of a row's
 * loops go to its lanes in turn, and what the loops accumulate is combined in shared memory.
 */
import { byteSize } from "../../core/dtype.ts";
import {
  add,
  binary,
  constant,
  index as freshIndex,
  quotient,
  register,
  remainder,
  scale,
  type Expression,
  type Index,
  type Register,
} from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { mapAccumulators, plainBinary, plainDivide, plainSelect, plainSum } from "../../ir/rewrite.ts";
import { Combination, type Place } from "./combine.ts";
import type { GpuTarget } from "./kernel.ts";
import { isShared, levelsOf, nestOf } from "./nest.ts";
import { barrier, below, when, whole } from "./emit.ts";
import { accumulatorsOf, freshShare } from "./partial.ts";
import type { Passes } from "./passes.ts";
import { positions, rowBuffersOf, storesToGlobal, type Piece } from "./pieces.ts";
import { Rewriter, type Moved } from "./rewriter.ts";
import { sizeOf } from "./slots.ts";

/** How a workgroup's threads are shared out. */
export interface Team {
  readonly rows: number;
  /** Threads of a row: a power of two. */
  readonly lanes: number;
  /** Neighbouring threads have neighbouring rows; otherwise they are lanes of one row. */
  readonly columns: boolean;
}

const MANY = 2 ** 31 - 1;

/** Adds the pass of a piece whose rows are shared by the lanes of a team. */
export function lowerTeam(piece: Piece, team: Team, passes: Passes, target: GpuTarget): void {
  const block = freshIndex(MANY);
  const thread = freshIndex(team.rows * team.lanes);
  const body = new TeamWork(piece, team, passes, target, block, thread).statements();
  passes.add(Math.ceil(passes.slots.valueOf(piece.rows) / team.rows), block, thread, body);
}

class TeamWork {
  readonly #piece: Piece;
  readonly #team: Team;
  readonly #passes: Passes;
  readonly #place: Place;
  readonly #row: Register;
  /** Whether the thread has a row; undefined where all have. */
  readonly #valid: Register | undefined;
  readonly #combination: Combination;
  readonly #moved: ReadonlyMap<number, Moved>;
  readonly #out: Statement[] = [];
  /** May other lanes still read what a store would change? */
  #unordered = false;

  constructor(piece: Piece, team: Team, passes: Passes, target: GpuTarget, block: Index, thread: Index) {
    this.#piece = piece;
    this.#team = team;
    this.#passes = passes;
    const { rows, lanes, columns } = team;
    const place = columns
      ? { thread, local: remainder(thread, rows), lane: quotient(thread, rows) }
      : { thread, local: quotient(thread, lanes), lane: remainder(thread, lanes) };
    this.#place = place;
    this.#row = this.#named(add(scale(block, rows), place.local));
    this.#valid = rows > 1 ? this.#named(below(this.#row, sizeOf(piece.rows))) : undefined;
    this.#combination = new Combination(team, place, passes, target);
    this.#moved = this.#placeRowBuffers(target);
  }

  statements(): Statement[] {
    const { body } = this.#piece;
    const rewriter = this.#rewriter();
    for (let i = 0; i < body.length; i++) {
      const s = body[i]!;
      if (s.kind === "store") {
        const stores = [rewriter.statement(s)];
        while (body[i + 1]?.kind === "store") stores.push(rewriter.statement(body[++i]!));
        this.#once(stores);
      } else if (isShared(s)) this.#share(s);
      else this.#out.push(rewriter.statement(s));
    }
    return this.#out;
  }

  #named(value: Expression): Register {
    const name = register(value.dtype);
    this.#out.push({ kind: "let", register: name, value });
    return name;
  }

  #rewriter(replace: Iterable<readonly [Expression, Expression]> = []): Rewriter {
    return new Rewriter([[this.#piece.row, this.#row], ...replace], (buffer) => this.#moved.get(buffer));
  }

  /** What is done once for a row. */
  #once(body: Statement[]): void {
    if (this.#unordered) this.#out.push(barrier);
    const first = binary("eq", this.#place.lane, whole(0));
    this.#out.push(when(this.#valid ? plainBinary("and", this.#valid, first) : first, ...body));
    this.#unordered = true;
  }

  /** The lanes take the iterations of a loop in turn. */
  #share(loop: Loop): void {
    const { buffers, slots } = this.#passes;
    if (this.#unordered && storesToGlobal(loop, buffers)) {
      this.#out.push(barrier);
      this.#unordered = false;
    }
    const { lanes } = this.#team;
    const { lane } = this.#place;
    const nest = nestOf(loop);
    const innermost = nest.at(-1)!;
    const extent = sizeOf(nest.length > 1 ? slots.product(levelsOf(nest)) : loop.extent);
    const own = this.#valid ? this.#named(plainSelect(this.#valid, extent, whole(0))) : extent;
    const rounded = plainSum([{ value: own }, { value: lane, coefficient: whole(-1) }], whole(lanes - 1));
    const count = this.#named(plainDivide("quotient", rounded, lanes));
    const step = freshIndex(MANY);
    const at = register("i32");
    const inside =
      nest.length > 1
        ? positions(levelsOf(nest), at)
        : { lets: [], replace: new Map<Expression, Expression>([[loop.index, at]]) };
    const rewriter = this.#rewriter(inside.replace);
    const shares = loop.accumulators.map(freshShare);
    const taken = innermost.accumulators.map((a) => ({
      ...a,
      ...(a.op.startsWith("arg") ? { position: a.position ?? innermost.index } : {}),
    }));
    this.#out.push({
      kind: "loop",
      axis: loop.axis === "parallel" ? "sequential" : "reduce",
      index: step,
      extent: count,
      body: [
        { kind: "let", register: at, value: add(scale(step, lanes), lane) },
        ...inside.lets,
        ...innermost.body.map(rewriter.statement),
      ],
      accumulators: accumulatorsOf(mapAccumulators(taken, rewriter.value), shares),
    });
    this.#unordered = true;
    if (!shares.length) return;
    const some = shares.some((s) => s.position) ? this.#named(below(whole(0), count)) : constant(1, "bool");
    const combined = this.#combination.combine(loop.accumulators, shares, some);
    this.#unordered = !combined.includes(barrier);
    this.#out.push(...combined);
  }

  /** Values that a row keeps: in shared memory, or where they are too many in memory of their own. */
  #placeRowBuffers({ sharedBytes }: GpuTarget): Map<number, Moved> {
    const { rows, columns } = this.#team;
    const { buffers, slots } = this.#passes;
    const loops = this.#piece.body.filter(isShared);
    let room = sharedBytes - this.#combination.reserve(loops.map((l) => l.accumulators));
    const moved = new Map<number, Moved>();
    for (const number of rowBuffersOf(this.#piece.body, buffers)) {
      const { dtype, size } = buffers[number]!;
      const elements = slots.valueOf(size!);
      // Sizes near one another are one kernel.
      const most = 2 ** Math.ceil(Math.log2(Math.max(1, elements)));
      const bytes = rows * most * byteSize(dtype);
      const fits = bytes <= room;
      if (fits) room -= bytes;
      const [own, stride, all, pitch]: [Expression, Expression, Expression, number] = fits
        ? [this.#place.local, whole(most), whole(rows), rows * most]
        : [this.#row, sizeOf(size!), sizeOf(this.#piece.rows), slots.valueOf(this.#piece.rows) * elements];
      moved.set(number, {
        buffer: fits ? this.#passes.shared(dtype, pitch) : this.#passes.temporary(dtype, pitch),
        place: (at) =>
          columns
            ? plainSum([{ value: at, coefficient: all }, { value: own }])
            : plainSum([{ value: own, coefficient: stride }, { value: at }]),
      });
    }
    return moved;
  }
}
