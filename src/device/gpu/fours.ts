/**
 * Maps that touch neighbours four at a time: memory is read and written in vectors, and elements narrower than a word are
 * stored in whole words, which no two threads share.
 */
import { byteSize } from "../../core/dtype.ts";
import { constant, index as freshIndex, type Expression, type Index } from "../../ir/expression.ts";
import type { Statement, Store } from "../../ir/kernel.ts";
import { expressionsOf, plainSum } from "../../ir/rewrite.ts";
import { walk } from "../../ir/walk.ts";
import { loopAlong } from "./emit.ts";
import type { Level } from "./nest.ts";
import { Rewriter } from "./rewriter.ts";
import type { Slots } from "./slots.ts";

const FOUR = 4;
/** Operations of a map that may be written out four times, and of one that stores parts of words. */
const SMALL = 64;
const NARROW = 400;
/** Operations that a function of mathematics becomes. */
const FUNCTION = 16;
const FUNCTIONS: ReadonlySet<string> = new Set(["exp", "log", "sin", "cos", "tanh", "erf", "pow"]);

interface Fours {
  readonly levels: readonly Level[];
  readonly body: readonly Statement[];
}

/** The same map with a loop over four neighbours innermost; undefined where memory does not lie so. */
export function byFours(levels: readonly Level[], body: readonly Statement[], slots: Slots): Fours | undefined {
  const { index, extent } = levels.at(-1)!;
  const size = slots.valueOf(extent);
  const stores = body.filter((s): s is Store => s.kind === "store");
  if (size === 0 || size % FOUR || stores.length < body.length) return undefined;
  const narrow = stores.some((s) => byteSize(s.value.dtype) < 4);
  const { count, loads } = inspect(body);
  if (count > (narrow ? NARROW : SMALL)) return undefined;
  if (!stores.every((s) => follows(s.offset, index) && isAligned(s.offset, index, slots))) return undefined;
  if (!loads.every((offset) => !follows(offset, index) || isAligned(offset, index, slots))) return undefined;
  const block = freshIndex(2 ** 31 - 1);
  const part = freshIndex(FOUR);
  const place = plainSum([{ value: block, coefficient: constant(FOUR, "i32") }, { value: part }]);
  const { statement } = new Rewriter([[index, place]]);
  return {
    levels: [...levels.slice(0, -1), { index: block, extent: slots.add(size / FOUR) }],
    body: [loopAlong("vector", part, body.map(statement))],
  };
}

function inspect(body: readonly Statement[]): { count: number; loads: Expression[] } {
  const loads: Expression[] = [];
  let count = 0;
  walk(expressionsOf(body), (e) => {
    count += (e.kind === "unary" || e.kind === "binary") && FUNCTIONS.has(e.op) ? FUNCTION : 1;
    if (e.kind === "load") loads.push(e.offset);
  });
  return { count, loads };
}

/** Does a place move by one from neighbour to neighbour? */
function follows(offset: Expression, index: Index): boolean {
  if (offset === index) return true;
  if (offset.kind !== "affineParam") return false;
  const moving = offset.terms.filter((t) => t.value.free.has(index));
  return moving.length === 1 && moving[0]!.value === index && !moving[0]!.coefficient;
}

/** Is a place that follows the index a multiple of four where the index is one? */
function isAligned(offset: Expression, index: Index, slots: Slots): boolean {
  if (offset.kind !== "affineParam") return true;
  const whole = (e: Expression): boolean =>
    e.kind === "const" ? e.value % FOUR === 0 : e.kind === "param" && slots.isSize(e) && slots.valueOf(e) % FOUR === 0;
  return (
    (!offset.constant || whole(offset.constant)) &&
    offset.terms.every(({ value, coefficient }) => value === index || (coefficient !== undefined && whole(coefficient)))
  );
}
