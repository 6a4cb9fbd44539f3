/**
 * Rows that are passed over several times, as in softmax: while one pass computes, memory would have nothing to do. The
 * pass before the last asks for what the last will write, and for the next row of what it reads itself.
 */
import { constant, type Expression } from "../../ir/expression.ts";
import type { Buffer, Loop, Store } from "../../ir/kernel.ts";
import { expressionsOf, plainBinary, replacer } from "../../ir/rewrite.ts";
import { loadsIn } from "../../ir/walk.ts";
import { definedIn } from "../cpu/speculate.ts";

/** A place that will be read or written, in terms of a pass's own index. */
export interface Fetch {
  readonly buffer: number;
  readonly offset: Expression;
  readonly store: boolean;
}

/** The pass of a loop over rows that has something to ask for, and what. */
export function fetchesOf(
  rows: Loop,
  buffers: readonly Buffer[],
): { readonly pass: Loop; readonly fetches: readonly Fetch[] } | undefined {
  const passes = rows.body.filter((s): s is Loop => s.kind === "loop" && s.axis === "vector");
  const [pass, last] = passes.slice(-2);
  if (!pass || !last) return undefined;
  const isFar = ({ buffer }: { readonly buffer: number }): boolean => buffers[buffer]!.space === "global";
  const late = definedIn([...pass.body, ...last.body]);
  /** Is it known where a pass begins, and without reading beyond the last row? */
  const isKnown = ({ offset }: { readonly offset: Expression }): boolean =>
    loadsIn([offset]).length === 0 && [...offset.free].every((v) => !late.has(v));
  const here = replacer(new Map([[last.index, pass.index]]));
  const next = replacer(new Map([[rows.index, plainBinary("add", rows.index, constant(1, "i32"))]]));
  const stores = last.body.filter((s): s is Store => s.kind === "store" && isFar(s) && isKnown(s));
  return {
    pass,
    fetches: [
      ...stores.map(({ buffer, offset }) => ({ buffer, offset: here(offset), store: true })),
      ...loadsIn(expressionsOf([pass]))
        .filter((load) => isFar(load) && isKnown(load) && load.offset.free.has(rows.index))
        .map(({ buffer, offset }) => ({ buffer, offset: next(offset), store: false })),
    ],
  };
}
