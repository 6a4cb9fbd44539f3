/** Statements with values replaced and buffers moved. */
import type { Expression } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { copyWith, plainLoad } from "../../ir/rewrite.ts";

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

  readonly statement = (s: Statement): Statement => {
    switch (s.kind) {
      case "loop":
        return {
          ...s,
          extent: this.extent(s.extent),
          body: s.body.map(this.statement),
          accumulators: this.accumulators(s),
        };
      case "let":
        return { ...s, value: this.value(s.value) };
      case "store": {
        const moved = this.#moved(s.buffer);
        const offset = this.value(s.offset);
        return {
          ...s,
          buffer: moved ? moved.buffer : s.buffer,
          offset: moved ? moved.place(offset) : offset,
          value: this.value(s.value),
        };
      }
      case "if":
        return { ...s, condition: this.value(s.condition), body: s.body.map(this.statement) };
      case "barrier":
        return s;
    }
  };

  extent(extent: Loop["extent"]): Loop["extent"] {
    return typeof extent === "number" ? extent : (this.value(extent) as Exclude<Loop["extent"], number>);
  }

  accumulators({ accumulators }: Loop): Loop["accumulators"] {
    return accumulators.map((a) => ({
      ...a,
      value: this.value(a.value),
      ...(a.position ? { position: this.value(a.position) } : {}),
    }));
  }
}
