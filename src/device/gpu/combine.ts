/**
 * What the lanes of a row accumulated becomes one value that all of them have: through shared memory, always in the same
 * order, in two steps where lanes are many.
 */
import { byteSize, type DType } from "../../core/dtype.ts";
import { add, binary, constant, scale, type Expression } from "../../ir/expression.ts";
import type { Accumulator, Statement } from "../../ir/kernel.ts";
import { combineKept, finalShare, freshShare, keep, keptAs, type Kept, type Share } from "./partial.ts";
import type { Passes } from "./passes.ts";
import type { Team } from "./team.ts";

/** Lanes whose values one thread combines by itself. */
const FAN = 16;
/** Values that are combined at a time. */
const TOGETHER = 4;

/** A thread's place in its workgroup. */
export interface Place {
  readonly thread: Expression;
  /** Its row in the workgroup. */
  readonly local: Expression;
  readonly lane: Expression;
}

/** One value of every lane, and of every first lane of the second step. */
interface Scratch {
  readonly wide: number;
  readonly narrow: number | undefined;
}

export class Combination {
  readonly #team: Team;
  readonly #place: Place;
  readonly #passes: Passes;
  readonly #scratch = new Map<string, Scratch>();
  /** May lanes still read what they all combined? */
  #busy = false;

  constructor(team: Team, place: Place, passes: Passes) {
    this.#team = team;
    this.#place = place;
    this.#passes = passes;
  }

  /** Shared memory that combining the accumulators of these loops takes, in bytes. */
  static bytes({ rows, lanes }: Team, loops: readonly (readonly Accumulator[])[]): number {
    const most = new Map<DType, number>();
    for (const accumulators of loops)
      for (const together of inGroups(accumulators)) {
        const counts = new Map<DType, number>();
        for (const a of together) {
          const share = freshShare(a);
          for (const { dtype } of [share.value, ...(share.position ? [share.position] : [])])
            counts.set(keptAs(dtype), (counts.get(keptAs(dtype)) ?? 0) + 1);
        }
        for (const [dtype, count] of counts) most.set(dtype, Math.max(count, most.get(dtype) ?? 0));
      }
    const elements = rows * (lanes + (lanes > FAN ? lanes / FAN : 0));
    return [...most].reduce((sum, [dtype, count]) => sum + count * elements * byteSize(dtype), 0);
  }

  /** Makes the shares of all lanes the accumulators' values. `some`: this lane had an iteration. */
  combine(accumulators: readonly Accumulator[], shares: readonly Share[], some: Expression): Statement[] {
    const groups = inGroups(accumulators.map((a, k) => ({ share: shares[k]!, result: finalShare(a) })));
    return groups.flatMap((group) =>
      this.#group(
        group.map((g) => g.share),
        group.map((g) => g.result),
        some,
      ),
    );
  }

  #group(shares: readonly Share[], results: readonly Share[], some: Expression): Statement[] {
    const { lanes } = this.#team;
    const { thread, lane } = this.#place;
    const [wide, narrow] = this.#buffers(shares);
    const before: Statement[] = this.#busy ? [BARRIER] : [];
    // With a second step all have read the first when they come out of its barrier.
    this.#busy = lanes <= FAN;
    const start = [...before, ...keep(shares, wide, thread, some), BARRIER];
    if (lanes <= FAN) return [...start, ...combineKept(results, wide, lanes, (l) => this.#at(l, lanes))];
    const few = lanes / FAN;
    const between = shares.map(({ op, value, position }): Share =>
      freshShare({ op, value, register: position ?? value }),
    );
    const first: Statement[] = [
      ...combineKept(between, wide, FAN, (i) => this.#at(add(lane, scale(i, few)), lanes)),
      ...keep(between, narrow, this.#at(lane, few), constant(1, "bool")),
    ];
    return [
      ...start,
      { kind: "if", condition: binary("lt", lane, constant(few, "i32")), body: first },
      BARRIER,
      ...combineKept(results, narrow, few, (l) => this.#at(l, few)),
    ];
  }

  /** Where lane `l` of the row, of so many, keeps a value. */
  #at(l: Expression, lanes: number): Expression {
    const { columns, rows } = this.#team;
    const { local } = this.#place;
    return columns ? add(scale(l, rows), local) : add(scale(local, lanes), l);
  }

  #buffers(shares: readonly Share[]): readonly [Kept[], Kept[]] {
    const counts = new Map<DType, number>();
    const one = (dtype: DType): Scratch => {
      const kept = keptAs(dtype);
      const number = counts.get(kept) ?? 0;
      counts.set(kept, number + 1);
      return this.#one(kept, number);
    };
    const scratch = shares.map(({ value, position }) => ({
      value: one(value.dtype),
      position: position && one("i32"),
    }));
    return [
      scratch.map(({ value, position }) => ({ value: value.wide, position: position?.wide })),
      scratch.map(({ value, position }) => ({ value: value.narrow!, position: position?.narrow })),
    ];
  }

  #one(dtype: DType, number: number): Scratch {
    const name = `${dtype}${number}`;
    let known = this.#scratch.get(name);
    if (!known) {
      const { rows, lanes } = this.#team;
      const wide = this.#passes.shared(dtype, rows * lanes);
      const narrow = lanes > FAN ? this.#passes.shared(dtype, (rows * lanes) / FAN) : undefined;
      this.#scratch.set(name, (known = { wide, narrow }));
    }
    return known;
  }
}

const BARRIER: Statement = { kind: "barrier" };

function inGroups<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / TOGETHER) }, (_, g) =>
    list.slice(g * TOGETHER, (g + 1) * TOGETHER),
  );
}
