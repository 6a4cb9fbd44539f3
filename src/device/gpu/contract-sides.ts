/** A contraction for one launch: its two sides, how many of everything there is, and how their operands lie in memory. */
import { childrenOf, type Expression } from "../../ir/expression.ts";
import { loadsIn } from "../../ir/walk.ts";
import type { Axes, ContractKernel, Store } from "../../ir/kernel.ts";
import { patternOf, termsOf, type Coefficient } from "../cpu/patterns.ts";
import { Nest } from "./emit.ts";
import type { Slots } from "./slots.ts";

/** Elements that are loaded, stored and multiplied together where they lie side by side. */
export const WIDTH = 4;

/** One operand, with the indices that only it (and the result) has. */
export interface Side {
  readonly nest: Nest;
  readonly value: Expression;
}

/** `rows` and `columns` are m and n, or the other way round: results lie side by side along columns. */
export interface Contraction {
  readonly kernel: ContractKernel;
  readonly batch: Nest;
  readonly rows: Side;
  readonly columns: Side;
  readonly depth: Nest;
}

/** What neighbouring threads read: elements along the operand's own indices, or along k. */
export type Direction = "free" | "depth";

/** How an operand is read from memory. */
export interface Reading {
  readonly along: Direction;
  /** Are runs of WIDTH elements side by side in that direction, each beginning at a multiple of WIDTH? */
  readonly vector: boolean;
}

export function contractionOf(kernel: ContractKernel, slots: Slots): Contraction {
  const left: Side = { nest: new Nest(kernel.m, slots), value: kernel.left };
  const right: Side = { nest: new Nest(kernel.n, slots), value: kernel.right };
  const jumps = (side: Side): number =>
    kernel.epilogue.reduce((sum, s) => sum + jumpsOf([s.offset], side.nest.axes, slots), 0);
  const turned = jumps(left) < jumps(right);
  const [rows, columns] = turned ? [right, left] : [left, right];
  return { kernel, rows, columns, batch: new Nest(kernel.batch, slots), depth: new Nest(kernel.k, slots) };
}

/** The same with rows and columns exchanged. */
export const exchanged = (c: Contraction): Contraction => ({ ...c, rows: c.columns, columns: c.rows });

/** How an operand is best read. */
export function readingOf({ nest: { axes }, value }: Side, depth: readonly Axes[], slots: Slots): Reading {
  const offsets = loadsIn([value]).map((load) => load.offset);
  const along = jumpsOf(offsets, axes, slots) < jumpsOf(offsets, depth, slots) ? "free" : "depth";
  const list = along === "free" ? axes : depth;
  const vector = offsets.some((offset) => moves(offset, list, slots) === "aligned") && fitsVectors(value, list, slots);
  return { along, vector };
}

/** May stores be done for WIDTH neighbours along the last of the indices at once? */
export const storesVectors = (stores: readonly Store[], axes: readonly Axes[], slots: Slots): boolean =>
  stores.every(({ offset, value }) => moves(offset, axes, slots) === "aligned" && fitsVectors(value, axes, slots));

/** Sectors of memory (of 8 elements) that each of many neighbours along these indices touches: 1 is the worst. */
function jumpsOf(offsets: readonly Expression[], axes: readonly Axes[], slots: Slots): number {
  const last = axes.at(-1);
  if (!last) return offsets.length;
  const run = Math.max(1, slots.valueOf(last.extent));
  return offsets.reduce((sum, offset) => {
    const pattern = patternOf(offset, last.index, new Set([last.index]));
    const step =
      pattern.kind === "uniform"
        ? 0
        : pattern.kind === "linear"
          ? Math.abs(valueOf(pattern.step, slots))
          : pattern.kind === "nearly"
            ? pattern.step
            : 8;
    return sum + Math.min(1, Math.max(1 / run, step / 8));
  }, 0);
}

/** Is every load either of one element or of neighbours that begin at a multiple of WIDTH, along the last of the indices? */
function fitsVectors(e: Expression, axes: readonly Axes[], slots: Slots): boolean {
  const { index } = axes.at(-1)!;
  if (!e.free.has(index)) return true;
  if (e.kind === "load") return moves(e.offset, axes, slots) !== undefined;
  // Arithmetic with the index itself.
  if (e.dtype === "i32") return false;
  return childrenOf(e).every((child) => fitsVectors(child, axes, slots));
}

/** How an offset moves along the last of the indices: not at all, or through neighbours from a multiple of WIDTH on. */
function moves(offset: Expression, axes: readonly Axes[], slots: Slots): "aligned" | "still" | undefined {
  const { index, extent } = axes.at(-1) ?? {};
  if (!index || slots.valueOf(extent!) % WIDTH !== 0) return undefined;
  if (!offset.free.has(index)) return "still";
  const { terms, constant } = termsOf(offset);
  const fits = terms.every(({ value, coefficient }) =>
    value === index ? coefficient === undefined : !value.free.has(index) && valueOf(coefficient, slots) % WIDTH === 0,
  );
  return fits && valueOf(constant, slots) % WIDTH === 0 ? "aligned" : undefined;
}

function valueOf(n: Coefficient, slots: Slots): number {
  if (n === undefined) return 1;
  if (typeof n === "number") return n;
  if (n.kind === "const") return n.value;
  if (n.kind === "param") return slots.valueOf(n);
  throw new Error("contraction: a stride is a number or a parameter");
}
