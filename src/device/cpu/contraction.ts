/**
 * What a contraction's structure says, its sizes aside. `m` and `n` become the rows and columns of blocks, or the
 * other way round where `n` is hardly more than a number: columns are what vectors run along.
 */
import type { Expression, Index, Load } from "../../ir/expression.ts";
import type { Axes, ContractKernel } from "../../ir/kernel.ts";
import { isUnit, patternOf, termsOf, type Coefficient } from "./patterns.ts";

/** One operand: what it is, and how it may be read. */
export interface Operand {
  readonly value: Expression;
  /** The load that it is, when it is nothing else and moves linearly along every k. */
  readonly plain: Load | undefined;
  /** Do vectors lie side by side along its rows (or columns), or along k? */
  readonly unitFree: boolean;
  readonly unitDepth: boolean;
}

/** A contraction with its sides named by their part in a block. */
export interface Contraction {
  readonly kernel: ContractKernel;
  readonly batch: readonly Axes[];
  readonly rows: readonly Axes[];
  readonly columns: readonly Axes[];
  readonly depth: readonly Axes[];
  readonly row: Operand;
  readonly column: Operand;
  /** Few rows, and columns with k side by side: multiplied one by one, where the sizes allow, instead of in tiles. */
  readonly mayDot: boolean;
}

/** Rows that count as few. */
const FEW = 3;

const contractions = new WeakMap<ContractKernel, Contraction>();

/** What a kernel's structure says, sizes aside. */
export function contractionOf(kernel: ContractKernel): Contraction {
  let known = contractions.get(kernel);
  if (!known) {
    const { batch, m, n, k: depth } = kernel;
    const left = operandOf(kernel.left, m, depth),
      right = operandOf(kernel.right, n, depth);
    const turned = isTurned(kernel);
    const [row, column] = turned ? [right, left] : [left, right];
    const [rows, columns] = turned ? [n, m] : [m, n];
    const mayDot = isFew(rows) && column.plain !== undefined && column.unitDepth;
    known = { kernel, batch, rows, columns, depth, row, column, mayDot };
    contractions.set(kernel, known);
  }
  return known;
}

/** Do vectors run along m? Only where there is no n to speak of: who makes a kernel calls that n which they are to run along. */
function isTurned({ m, n }: ContractKernel): boolean {
  return isFew(n) && !isFew(m);
}

function isFew(axes: readonly Axes[]): boolean {
  return axes.reduce((count, { extent }) => count * (typeof extent === "number" ? extent : Infinity), 1) <= FEW;
}

function operandOf(value: Expression, free: readonly Axes[], depth: readonly Axes[]): Operand {
  const loads: Load[] = [];
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "load") loads.push(e);
    for (const child of operands(e)) visit(child);
  };
  visit(value);
  // Clamped and wrapped offsets are side by side nearly always.
  const unit = (axes: readonly Axes[]): number => {
    const { index: last, extent } = axes.at(-1) ?? {};
    // Windows of a few elements are no run.
    if (!last || (typeof extent === "number" && extent < 8)) return 0;
    return loads.filter((l) => {
      const pattern = patternOf(l.offset, last, new Set([last]));
      return isUnit(pattern) || (pattern.kind === "nearly" && pattern.step === 1) || movesByOne(l.offset, last);
    }).length;
  };
  const alongFree = unit(free),
    alongDepth = unit(depth);
  const plain =
    value.kind === "load" && value.dtype === "f32" && depth.every(({ index }) => strideOf(value.offset, index) !== null)
      ? value
      : undefined;
  return { value, plain, unitFree: alongFree > 0 && alongFree >= alongDepth, unitDepth: alongDepth > alongFree };
}

/**
 * Does the offset hold `index`, clamped or not, with a coefficient of exactly 1, while whatever else moves is far
 * away?
 */
function movesByOne(offset: Expression, index: Index): boolean {
  return termsOf(offset).terms.some(({ value, coefficient }) => coefficient === undefined && value.free.has(index));
}

function operands(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "unary":
    case "cast":
    case "bitcast":
      return [e.value];
    case "binary":
      return [e.left, e.right];
    case "select":
      return [e.yes, e.no];
    default:
      return [];
  }
}

/** The coefficient of an index in an offset: 0 where it has no part, null where it does not move it by a fixed step. */
export function strideOf(offset: Expression, index: Index): Coefficient | null {
  let stride: Coefficient | null = 0;
  for (const { value, coefficient } of termsOf(offset).terms) {
    if (value === index) stride = coefficient;
    else if (value.free.has(index)) return null;
  }
  return stride;
}

/** Do rows lie side by side, so that they are turned? Dot products are too short for that. */
export function turnsRows({ row, mayDot }: Contraction): boolean {
  return row.unitFree && !mayDot;
}

/** Can rows be read in place whatever the sizes? */
export function alwaysInPlace({ row, depth, mayDot }: Contraction): boolean {
  return row.plain !== undefined && depth.length === 1 && (mayDot ? row.unitDepth : !row.unitFree);
}
