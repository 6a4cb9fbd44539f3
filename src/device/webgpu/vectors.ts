/**
 * Loops of axis `vector`, whose four iterations read and write neighbours: written out like all others, but accesses
 * whose places follow the loop are noted, so that memory may be accessed four elements at a time.
 */
import { childrenOf, constant, register, type Expression, type Index, type Load } from "../../ir/expression.ts";
import type { Loop, Statement, Store } from "../../ir/kernel.ts";
import { mapStatements, plainLoad, replacer } from "../../ir/rewrite.ts";

/** Elements of a vector. */
export const WIDTH = 4;

/** One of four neighbours that begin at a multiple of four. */
export interface Part {
  /** The load of all four: as an expression, that of the first. */
  readonly whole: Load;
  readonly lane: number;
}

/** Which of the loads and stores are parts of vectors. */
export interface Parts {
  readonly loads: ReadonlyMap<Expression, Part>;
  readonly stores: ReadonlyMap<Store, Part>;
}

/** May it be run four iterations at a time? */
export function isVectorLoop(s: Statement): boolean {
  return (
    s.kind === "loop" &&
    s.axis === "vector" &&
    s.extent === WIDTH &&
    !s.accumulators.length &&
    s.body.every((inner) => inner.kind === "let" || inner.kind === "store")
  );
}

/** Folded statements with vector loops written out, each statement for all lanes before the next. `fold` is what folded them. */
export function spreadVectors(
  statements: readonly Statement[],
  fold: (e: Expression) => Expression,
): { readonly body: Statement[] } & Parts {
  const spreading = new Spreading(fold);
  return { body: spreading.statements(statements), loads: spreading.loads, stores: spreading.stores };
}

class Spreading implements Parts {
  readonly loads = new Map<Expression, Part>();
  readonly stores = new Map<Store, Part>();
  /** Loads of four elements, by that of the first. */
  private readonly wholes = new Map<Expression, Load>();
  private readonly fold: (e: Expression) => Expression;

  constructor(fold: (e: Expression) => Expression) {
    this.fold = fold;
  }

  statements(list: readonly Statement[]): Statement[] {
    return list.flatMap((s): Statement[] => {
      if (s.kind !== "loop" && s.kind !== "if") return [s];
      return isVectorLoop(s) ? this.spread(s as Loop) : [{ ...s, body: this.statements(s.body) }];
    });
  }

  private spread({ index, body }: Loop): Statement[] {
    const lanes = Array.from(
      { length: WIDTH },
      (_, u) => new Map<Expression, Expression>([[index, constant(u, "i32")]]),
    );
    return body.flatMap((s) =>
      lanes.map((replace, lane): Statement => {
        const rewrite = replacer(replace);
        const [made] = mapStatements([s], (e) => this.fold(rewrite(e))) as [Statement];
        const seen = new Set<Expression>();
        const note = (e: Expression): void => {
          if (seen.has(e) || !e.free.size) return;
          seen.add(e);
          if (e.kind === "load" && follows(e.offset, index)) {
            const whole = this.whole(e.buffer, e.dtype, e.offset, lanes[0]!);
            this.loads.set(this.fold(rewrite(e)), { whole, lane });
          }
          childrenOf(e).forEach(note);
        };
        if (s.kind === "store" && made.kind === "store") {
          note(s.value);
          if (follows(s.offset, index))
            this.stores.set(made, { whole: this.whole(s.buffer, s.value.dtype, s.offset, lanes[0]!), lane });
        }
        if (s.kind === "let" && made.kind === "let") {
          note(s.value);
          const own = register(s.register.dtype);
          replace.set(s.register, own);
          return { ...made, register: own };
        }
        return made;
      }),
    );
  }

  private whole(
    buffer: number,
    dtype: Load["dtype"],
    offset: Expression,
    firstLane: ReadonlyMap<Expression, Expression>,
  ): Load {
    const first = this.fold(plainLoad(buffer, dtype, replacer(firstLane)(offset)));
    const known = this.wholes.get(first);
    if (known) return known;
    const made = { ...(first as Load) };
    this.wholes.set(first, made);
    return made;
  }
}

/** Does the place, a folded sum, move by one from lane to lane? */
function follows(offset: Expression, index: Index): boolean {
  if (offset === index) return true;
  if (offset.kind !== "affineParam") return false;
  const moving = offset.terms.filter((t) => t.value.free.has(index));
  return moving.length === 1 && moving[0]!.value === index && !moving[0]!.coefficient;
}
