/**
 * How a contraction is cut into blocks: from its sizes alone, so that the same shapes always add up in the same order.
 *
 * What stands on the rows and on the columns of a block is `m` and `n`, or the other way round where the results lie
 * side by side along `m`: columns are what vectors run along. Every list of indices is cut by one rule: inner lists
 * whole as long as they fit, one list cut into even parts, outer lists one at a time. So a block is always a box.
 */
import type { Expression, Index, Load } from "../../ir/expression.ts";
import type { Axes, ContractKernel } from "../../ir/kernel.ts";
import { patternOf, termsOf, isUnit, type Coefficient } from "./patterns.ts";
import { TILE_COLUMNS } from "./tile.ts";

/** The largest block: rows, columns, and the run of k that is packed at a time. */
export const MOST_ROWS = 128;
export const MOST_COLUMNS = 128;
export const MOST_DEPTH = 256;
/** Blocks get smaller until there are so many of them, unless they would be smaller than is worth a call. */
const ENOUGH_BLOCKS = 8;
const LEAST_PRODUCTS = 200_000;
const SMALLER: readonly (readonly [number, number])[] = [[MOST_ROWS, MOST_COLUMNS], [64, MOST_COLUMNS], [64, 64], [32, 64], [32, 32]];

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
/** Columns of a block, and the run of k, where rows are few. */
const DOT_COLUMNS = 64;
const DOT_DEPTH = 4096;

const contractions = new WeakMap<ContractKernel, Contraction>();

/** What a kernel's structure says, sizes aside. */
export function contractionOf(kernel: ContractKernel): Contraction {
  let known = contractions.get(kernel);
  if (!known) {
    const { batch, m, n, k: depth } = kernel;
    const left = operandOf(kernel.left, m, depth), right = operandOf(kernel.right, n, depth);
    const turned = isTurned(kernel);
    const [row, column] = turned ? [right, left] : [left, right];
    const [rows, columns] = turned ? [n, m] : [m, n];
    const mayDot = isFew(rows) && column.plain !== undefined && column.unitDepth;
    known = { kernel, batch, rows, columns, depth, row, column, mayDot };
    contractions.set(kernel, known);
  }
  return known;
}

/** Do vectors run along m? Where results lie side by side along m but not n, and where there is no n to speak of. */
function isTurned({ m, n, epilogue }: ContractKernel): boolean {
  if (isFew(m) || isFew(n)) return isFew(n) && !isFew(m);
  const along = (axes: readonly Axes[]): number => epilogue.filter((s) => isUnitAlong(s.offset, axes.at(-1)!.index)).length;
  return along(m) > along(n);
}

function isFew(axes: readonly Axes[]): boolean {
  return axes.reduce((count, { extent }) => count * (typeof extent === "number" ? extent : Infinity), 1) <= FEW;
}

function isUnitAlong(offset: Expression, index: Index): boolean {
  return isUnit(patternOf(offset, index, new Set([index])));
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
  const alongFree = unit(free), alongDepth = unit(depth);
  const plain = value.kind === "load" && value.dtype === "f32" && depth.every(({ index }) => strideOf(value.offset, index) !== null) ? value : undefined;
  return { value, plain, unitFree: alongFree > 0 && alongFree >= alongDepth, unitDepth: alongDepth > alongFree };
}

/** Does the offset hold `index`, clamped or not, with a coefficient of exactly 1, while whatever else moves is far away? */
function movesByOne(offset: Expression, index: Index): boolean {
  return termsOf(offset).terms.some(({ value, coefficient }) => coefficient === undefined && value.free.has(index));
}

function operands(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "unary": case "cast": case "bitcast": return [e.value];
    case "binary": return [e.left, e.right];
    case "select": return [e.yes, e.no];
    default: return [];
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

/** One list of indices, cut. */
export interface Level {
  readonly extent: number;
  /** Iterations of one block. */
  readonly step: number;
  readonly blocks: number;
  /** Distance of neighbours in the block's own order. */
  readonly unit: number;
}

/** How operands of a block are read. */
export const IN_PLACE = 0;
/** Packed, k side by side. */
export const PACKED_ROWS = 1;
/** Packed, rows (or columns) side by side. */
export const PACKED_COLUMNS = 2;
/** Columns only: turned from where they lie, k side by side, to packed columns. (Packed rows of columns are turned, too.) */
export const TURNED = 3;
/** Columns only: read where they lie, k side by side, by dot products. */
export const DOTS = 4;

export interface Plan {
  readonly batch: readonly number[];
  readonly rows: readonly Level[];
  readonly columns: readonly Level[];
  readonly depth: readonly Level[];
  readonly rowMode: number;
  readonly columnMode: number;
  /** Elements from one k to the next, for rows and for columns. */
  readonly rowStep: number;
  readonly columnStep: number;
  /** Elements from row to row of the packed rows. */
  readonly rowPitch: number;
  /** Elements from column to column where columns are packed with k side by side, before they are turned. */
  readonly stripPitch: number;
  /** Elements from k to k of the packed columns, and from row to row of the block of sums. */
  readonly pitch: number;
  readonly items: number;
}

/** The plan for one use of a kernel. */
export function planOf(kernel: ContractKernel, sizes: readonly number[]): Plan {
  const contraction = contractionOf(kernel);
  const scalars = kernel.parameters.scalars.length;
  const number = (n: number | Expression): number => {
    if (typeof n === "number") return n;
    if (n.kind === "const") return n.value;
    if (n.kind === "param") return sizes[n.slot - scalars]!;
    throw new Error("wasm: an extent or stride is a number or a parameter");
  };
  const extents = (axes: readonly Axes[]): number[] => axes.map((a) => number(a.extent));
  const count = (list: readonly number[]): number => list.reduce((product, n) => product * n, 1);
  const batch = extents(contraction.batch), rows = extents(contraction.rows), columns = extents(contraction.columns), depth = extents(contraction.depth);
  const stride = (operand: Operand, axes: readonly Axes[]): number[] =>
    axes.map(({ index }) => {
      const s = strideOf(operand.plain!.offset, index);
      return s === null ? NaN : s === undefined ? 1 : number(s);
    });

  const { row, column, mayDot } = contraction;
  const rowStrides = row.plain && stride(row, contraction.depth), columnStrides = column.plain && stride(column, contraction.depth);
  const long = mayDot ? cut(depth, DOT_DEPTH, 4) : [];
  const dots = mayDot && flatStride(columnStrides!, long) === 1;
  const k = dots ? long : cut(depth, MOST_DEPTH, 4);
  let r: Level[] = [], c: Level[] = [];
  for (const [mostRows, mostColumns] of dots ? ([[MOST_ROWS, DOT_COLUMNS]] as const) : SMALLER) {
    const rowsNow = cut(rows, mostRows, 2), columnsNow = cut(columns, mostColumns, TILE_COLUMNS);
    const blocks = count(batch) * blocksOf(rowsNow) * blocksOf(columnsNow);
    const products = boxOf(rowsNow) * boxOf(columnsNow) * count(depth);
    if (r.length + c.length && products < LEAST_PRODUCTS) break;
    [r, c] = [rowsNow, columnsNow];
    if (blocks >= ENOUGH_BLOCKS) break;
  }

  const rowStride = rowStrides && flatStride(rowStrides, k);
  // Rows that lie side by side are gathered from far apart along k: packed.
  const rowInPlace = rowStride !== undefined && (mayDot ? rowStride === 1 : !(row.unitFree && rowStride > 1));
  const rowMode = rowInPlace ? IN_PLACE : packsAlongRows(contraction) ? PACKED_COLUMNS : PACKED_ROWS;
  const rowPitch = rowMode === PACKED_COLUMNS ? padded(boxOf(r)) : padded(boxOf(k));
  const columnStride = columnStrides && flatStride(columnStrides, k);
  const columnsFlat = column.plain && flatStride(stride(column, contraction.columns), c) === 1;
  // Packing pays when several rows use what was packed.
  const columnInPlace = column.unitFree && columnStride !== undefined && columnsFlat && boxOf(r) < 8;
  const columnMode = dots ? DOTS : columnInPlace ? IN_PLACE : !column.unitDepth ? PACKED_COLUMNS : columnStride === 1 ? TURNED : PACKED_ROWS;
  const pitch = padded(boxOf(c));
  return {
    batch, rows: r, columns: c, depth: k, rowMode, columnMode, rowPitch, stripPitch: padded(boxOf(k)), pitch,
    rowStep: rowMode === IN_PLACE ? rowStride! : rowMode === PACKED_ROWS ? 1 : rowPitch,
    columnStep: columnMode === IN_PLACE ? columnStride! : pitch,
    items: count(batch) * blocksOf(r) * blocksOf(c),
  };
}

/** Are rows, when they are packed, packed side by side? Dot products want k side by side. */
export function packsAlongRows({ row, mayDot }: Contraction): boolean {
  return row.unitFree && !mayDot;
}

/** Room for whole tiles and a cache line more, so that rows of a power of two do not fall on one another in the cache. */
function padded(elements: number): number {
  return Math.ceil(elements / TILE_COLUMNS) * TILE_COLUMNS + TILE_COLUMNS;
}

const boxOf = (levels: readonly Level[]): number => levels.reduce((product, l) => product * l.step, 1);
const blocksOf = (levels: readonly Level[]): number => levels.reduce((product, l) => product * l.blocks, 1);

/** Cuts lists so that a block has at most `most` combinations; parts of a list are multiples of `multiple`. */
function cut(extents: readonly number[], most: number, multiple: number): Level[] {
  const out: Level[] = [];
  let room = most, unit = 1;
  for (let i = extents.length - 1; i >= 0; i--) {
    const extent = extents[i]!;
    let step = Math.max(1, Math.min(extent, room));
    if (step < extent && step > multiple) step = Math.ceil(Math.ceil(extent / Math.ceil(extent / step)) / multiple) * multiple;
    out.unshift({ extent, step, blocks: Math.ceil(extent / step), unit });
    unit *= step;
    room = step < extent ? 1 : Math.floor(room / Math.max(1, extent));
  }
  return out;
}

/** The stride of a box's combinations in order, when they have one. */
function flatStride(strides: readonly number[], levels: readonly Level[]): number | undefined {
  let flat: number | undefined;
  let next: number | undefined;
  for (let i = levels.length - 1; i >= 0; i--) {
    const { step } = levels[i]!;
    const stride = strides[i]!;
    if (Number.isNaN(stride)) return undefined;
    if (step === 1) continue;
    if (next !== undefined && stride !== next) return undefined;
    flat ??= stride;
    next = stride * step;
  }
  return flat ?? 1;
}
