/** Statements with values replaced and buffers moved. */
import type { Expression } from "../../ir/expression.ts";
import type { Statement, Store } from "../../ir/kernel.ts";
import { copyWith, mapStatements, plainLoad } from "../../ir/rewrite.ts";

/** Where the elements of a buffer went. */
export interface Moved {
  readonly buffer: number;
  place(offset: Expression): Expression;
}

/** What one rewriter makes of one value it returns again, so that what was shared stays shared. */
export class Rewriter {
  readonly #memo: Map<Expression, Expression>;
  readonly #moved: (buffer: number) => Moved | undefined;

  constructor(
    replace: Iterable<readonly [Expression, Expression]>,
    moved: (buffer: number) => Moved | undefined = () => undefined,
  ) {
    this.#memo = new Map(replace);
    this.#moved = moved;
  }

  readonly value = (e: Expression): Expression => {
    let known = this.#memo.get(e);
    if (known === undefined) {
      known = copyWith(e, this.value);
      const moved = known.kind === "load" ? this.#moved(known.buffer) : undefined;
      if (known.kind === "load" && moved) known = plainLoad(moved.buffer, known.dtype, moved.place(known.offset));
      this.#memo.set(e, known);
    }
    return known;
  };

  readonly statement = (s: Statement): Statement => mapStatements([s], this.value, this.#store)[0]!;

  readonly #store = (s: Store): Store => {
    const moved = this.#moved(s.buffer);
    return moved ? { ...s, buffer: moved.buffer, offset: moved.place(s.offset) } : s;
  };
}
