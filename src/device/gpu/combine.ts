/**
 * What the lanes of a row accumulated becomes one value that all of them have. Lanes are the leaves of a tree that joins
 * neighbours: by exchanging values as far as threads can, and from there through shared memory, in two steps where many
 * are left. The tree is the same on all GPUs, and so are the bits of what it gives.
 */
import { byteSize, isFloat, type DType } from "../../core/dtype.ts";
import { add, constant, quotient, register, remainder, scale, select, type Expression } from "../../ir/expression.ts";
import type { Accumulator, PlainReduceOp, Statement } from "../../ir/kernel.ts";
import { plainBinary, plainCast, plainSelect } from "../../ir/rewrite.ts";
import { barrier, below, Code, when, whole } from "./emit.ts";
import type { GpuTarget } from "./kernel.ts";
import {
  atExtreme,
  finalShare,
  freshShare,
  join,
  joinKept,
  keep,
  keptAs,
  NOWHERE,
  plainOp,
  sharesLike,
  type Kept,
  type Share,
} from "./partial.ts";
import type { Passes } from "./passes.ts";
import type { Team } from "./team.ts";

/** Lanes whose values one thread joins by itself. */
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

export class Combination {
  readonly #team: Team;
  readonly #place: Place;
  readonly #passes: Passes;
  /** Lanes that exchange values, and blocks of so many in a row. */
  readonly #width: number;
  readonly #blocks: number;
  /** Buffers by dtype, number and size. */
  readonly #scratch = new Map<string, number>();
  #bytes = 0;
  /** May lanes still read what they all combined? */
  #busy = false;

  constructor(team: Team, place: Place, passes: Passes, { exchange = 1 }: GpuTarget) {
    this.#team = team;
    this.#place = place;
    this.#passes = passes;
    this.#width = team.columns ? 1 : Math.min(team.lanes, exchange);
    this.#blocks = team.lanes / this.#width;
  }

  /** Takes the shared memory that combining the accumulators of these loops needs. Returns its bytes. */
  reserve(loops: readonly (readonly Accumulator[])[]): number {
    for (const group of loops.flatMap(inGroups)) {
      const shares = group.map(freshShare);
      if (this.#blocks > 1) this.#buffers(shares, this.#blocks);
      if (this.#blocks > FAN) this.#buffers(shares, this.#blocks / FAN);
    }
    return this.#bytes;
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
    const [blocks, width] = [this.#blocks, this.#width];
    if (blocks === 1) return this.#exchange(shares, results, some);
    const { lane } = this.#place;
    const few = blocks > FAN ? blocks / FAN : blocks;
    const wide = this.#buffers(shares, blocks);
    // Those that one thread will join lie as far apart as threads do: all read side by side.
    const block = quotient(lane, width);
    const at = few < blocks ? add(scale(remainder(block, FAN), few), quotient(block, FAN)) : block;
    const out: Statement[] = [];
    if (width > 1) {
      const joined = sharesLike(shares);
      out.push(...this.#exchange(shares, joined, some));
      if (this.#busy) out.push(barrier);
      const first = plainBinary("eq", remainder(lane, width), whole(0));
      out.push(when(first, ...keep(joined, wide, this.#at(at, blocks), TRUE)));
    } else out.push(...(this.#busy ? [barrier] : []), ...keep(shares, wide, this.#at(at, blocks), some));
    out.push(barrier);
    // With a second step all have read the first when they come out of its barrier.
    this.#busy = few === blocks;
    let kept = wide;
    if (few < blocks) {
      kept = this.#buffers(shares, few);
      const between = sharesLike(shares);
      const places = Array.from({ length: FAN }, (_, i) => this.#at(add(lane, whole(i * few)), blocks));
      const first = [...joinKept(between, wide, places), ...keep(between, kept, this.#at(lane, few), TRUE)];
      out.push(when(below(lane, whole(few)), ...first), barrier);
    }
    const places = Array.from({ length: few }, (_, l) => this.#at(whole(l), few));
    return [...out, ...joinKept(results, kept, places)];
  }

  /** Joins the shares of neighbours that exchange values. */
  #exchange(shares: readonly Share[], results: readonly Share[], some: Expression): Statement[] {
    const code = new Code();
    shares.forEach(({ op, value, position }, k) => {
      const result = results[k]!;
      this.#across(plainOp(op), value, result.value, code);
      if (!position) return;
      const own = select(some, position, constant(NOWHERE, "i32"));
      this.#across("min", atExtreme(value, result.value, own), result.position!, code);
    });
    return code.statements;
  }

  #across(op: PlainReduceOp, value: Expression, result: Share["value"], code: Code): void {
    const { dtype } = value;
    let own = value;
    for (let mask = 1; mask < this.#width; mask *= 2) {
      const [sent, next] = [register(keptAs(dtype)), 2 * mask < this.#width ? register(dtype) : result];
      code.statements.push({ kind: "exchange", register: sent, value: plainCast(own, sent.dtype), mask });
      const other = plainCast(sent, dtype);
      let pair = [own, other];
      // Of two zeros the first stays: all threads must take the same one for the first.
      if (isFloat(dtype) && (op === "max" || op === "min")) {
        const isFirst = plainBinary("eq", plainBinary("and", this.#place.thread, whole(mask)), whole(0));
        pair = [plainSelect(isFirst, own, other), plainSelect(isFirst, other, own)];
      }
      code.statements.push({ kind: "let", register: next, value: join(op, pair) });
      own = next;
    }
  }

  /** Where number `l` of the row, of so many, keeps a value. */
  #at(l: Expression, count: number): Expression {
    const { columns, rows } = this.#team;
    const { local } = this.#place;
    return columns ? add(scale(l, rows), local) : add(scale(local, count), l);
  }

  /** Shared memory for so many of a row. */
  #buffers(shares: readonly Share[], count: number): Kept[] {
    const numbers = new Map<DType, number>();
    const one = (of: DType): number => {
      const dtype = keptAs(of);
      const number = numbers.get(dtype) ?? 0;
      numbers.set(dtype, number + 1);
      const name = `${dtype} ${number} ${count}`;
      let known = this.#scratch.get(name);
      if (known === undefined) {
        const elements = this.#team.rows * count;
        this.#scratch.set(name, (known = this.#passes.shared(dtype, elements)));
        this.#bytes += elements * byteSize(dtype);
      }
      return known;
    };
    return shares.map(({ value, position }) => ({ value: one(value.dtype), position: position && one("i32") }));
  }
}

const TRUE = constant(1, "bool");

function inGroups<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / TOGETHER) }, (_, g) =>
    list.slice(g * TOGETHER, (g + 1) * TOGETHER),
  );
}
