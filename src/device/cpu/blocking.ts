/**
 * How a contraction is cut into blocks and its operands are read: from its sizes alone, so that the same shapes
 * always add up in the same order. Every list of indices is cut by one rule: inner lists whole as long as they fit,
 * one list cut into parts, outer lists one at a time. So a block is always a box.
 */
import type { Expression } from "../../ir/expression.ts";
import type { Axes, ContractKernel } from "../../ir/kernel.ts";
import { SMALLEST_BOX } from "./boxes.ts";
import { contractionOf, strideOf, turnsRows, type Contraction, type Operand } from "./contraction.ts";
import type { Target } from "./target.ts";

/** Columns of a block, and the run of k, where rows are few. */
const DOT_COLUMNS = 64;
const DOT_DEPTH = 4096;
/** Blocks that are tried: the largest, and these parts of it. */
const SOME_ROWS: readonly number[] = [1, 1 / 2, 1 / 4];
const SOME_COLUMNS: readonly number[] = [1, 1 / 2, 1 / 4, 1 / 8];
/** Blocks should share out evenly over few threads and over many, whatever their number is. */
const THREADS: readonly number[] = [2, 8];

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
const PACKED_ROWS = 1;
/** Packed, rows (or columns) side by side. */
const PACKED_COLUMNS = 2;
/**
 * Turned from where they lie: columns with k side by side, or rows that lie side by side. What was packed that way is
 * turned as well: a tile wants columns side by side, and k side by side in rows.
 */
export const TURNED = 3;
/** Columns only: read where they lie, k side by side, by dot products. */
export const DOTS = 4;

/** No step that a row could have. */
const UNEVEN = -(2 ** 31);

export interface Plan {
  readonly batch: readonly number[];
  readonly rows: readonly Level[];
  readonly columns: readonly Level[];
  readonly depth: readonly Level[];
  readonly rowMode: number;
  readonly columnMode: number;
  /** Elements from one k to the next, for rows (`UNEVEN` where there is no such number) and for columns. */
  readonly rowStep: number;
  readonly columnStep: number;
  /** Elements from k to k where rows are packed side by side, before they are turned. */
  readonly rowPitch: number;
  /** Elements from row to row, or column to column, where k is packed side by side. */
  readonly depthPitch: number;
  /** Elements from k to k of the packed columns, and from row to row of the block of sums. */
  readonly pitch: number;
  readonly items: number;
}

/** The numbers of one use of a kernel. */
interface Use {
  readonly contraction: Contraction;
  readonly batch: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly depth: readonly number[];
  /** The strides of an operand that is a plain load. */
  readonly stride: (operand: Operand, axes: readonly Axes[]) => number[];
}

interface Known {
  readonly kernel: ContractKernel;
  readonly target: Target;
  readonly parts: number;
  readonly plan: Plan;
}
const plans = new WeakMap<readonly number[], Known>();

/**
 * The plan for one use of a kernel, whose items are to be shared out in so many equal parts along its outermost batch or
 * rows. Asked again with the same list of sizes, it is at hand. How sums are added up does not depend on the parts.
 */
export function planOf(kernel: ContractKernel, sizes: readonly number[], target: Target, parts = 1): Plan {
  let known = plans.get(sizes);
  if (known?.kernel !== kernel || known.target !== target || known.parts !== parts) {
    const use = sizesOf(kernel, sizes);
    const whole = choosePlan(use, target);
    const plan = parts > 1 && !use.batch.length ? choosePart(use, target, whole, parts) : whole;
    plans.set(sizes, (known = { kernel, target, parts, plan }));
  }
  return known.plan;
}

/** Can a kernel's items be shared out in equal parts? */
export function contractParts(
  kernel: ContractKernel,
  sizes: readonly number[],
  target: Target,
  parts: number,
): boolean {
  const { contraction, batch, rows } = sizesOf(kernel, sizes);
  if (batch.length) return batch[0]! % parts === 0;
  const count = rows.reduce((product, extent) => product * extent, 1) / parts;
  return contraction.rows === kernel.m && rows[0]! % parts === 0 && count <= target.mostRows;
}

/** The words that follow a contraction's sizes in its block: the plan, as `slotsOf` numbers it. */
export function contractWords(
  kernel: ContractKernel,
  sizes: readonly number[],
  target: Target,
  parts?: number,
): number[] {
  const plan = planOf(kernel, sizes, target, parts);
  const level = ({ extent, step, blocks, unit }: Level): number[] => [extent, step, blocks, unit];
  return [
    plan.rowMode,
    plan.columnMode,
    plan.rowStep,
    plan.columnStep,
    plan.rowPitch,
    plan.depthPitch,
    plan.pitch,
    ...plan.batch.flatMap((extent) => [extent, 1, extent, 1]),
    ...plan.rows.flatMap(level),
    ...plan.columns.flatMap(level),
    ...plan.depth.flatMap(level),
  ];
}

/** Items of one use of a kernel: blocks of its grid. */
export function contractItems(
  kernel: ContractKernel,
  sizes: readonly number[],
  target: Target,
  parts?: number,
): number {
  return planOf(kernel, sizes, target, parts).items;
}

/** What one use of a kernel costs on one core, in nanoseconds: an estimate from its sizes. */
export function contractCost(kernel: ContractKernel, sizes: readonly number[], target: Target, parts?: number): number {
  return cyclesOf(contractionOf(kernel), planOf(kernel, sizes, target, parts), target) / GIGAHERTZ;
}

/** The cheapest of some blocks, by an estimate. */
function choosePlan(use: Use, target: Target): Plan {
  const {
    contraction: { depth, column, mayDot },
  } = use;
  const { tileRows, tileColumns, mostRows, mostColumns, mostDepth } = target;
  if (mayDot) {
    const long = cut(use.depth, DOT_DEPTH, 4);
    if (flatStride(use.stride(column, depth), long) === 1)
      return planFor(use, target, cut(use.rows, mostRows, 2), cut(use.columns, DOT_COLUMNS, 4), long, DOTS);
  }
  const whole = cut(use.depth, mostDepth, 4);
  const runs = target.anySteps ? [whole] : [whole, evenRun(use, mostDepth)].filter((levels) => levels !== undefined);
  let best: Plan | undefined,
    least = Infinity;
  for (const rowPart of SOME_ROWS)
    for (const columnPart of SOME_COLUMNS) {
      const rows = cut(use.rows, mostRows * rowPart, tileRows),
        columns = cut(use.columns, mostColumns * columnPart, tileColumns);
      for (const k of runs) {
        const plan = planFor(use, target, rows, columns, k);
        const cost = cyclesOf(use.contraction, plan, target) * unevenness(plan);
        if (!best || cost < least) [best, least] = [plan, cost];
      }
    }
  return best!;
}

/** The cheapest of blocks that have one part's rows each, and add up as `whole` does. */
function choosePart(use: Use, target: Target, whole: Plan, parts: number): Plan {
  let unit = 1;
  const rows = use.rows
    .map((extent, i): Level => {
      const step = i === 0 ? extent / parts : extent;
      return { extent, step, blocks: extent / step, unit: 1 };
    })
    .reverse()
    .map((level) => ({ ...level, unit: (unit *= level.step) / level.step }))
    .reverse();
  const plans = SOME_COLUMNS.map((part) =>
    planFor(use, target, rows, cut(use.columns, target.mostColumns * part, target.tileColumns), whole.depth),
  );
  const cost = (plan: Plan): number => cyclesOf(use.contraction, plan, target);
  return plans.reduce((a, b) => (cost(b) < cost(a) ? b : a));
}

/** The longest run of k along which rows have even steps, so that they can be read in place; where that is less than all. */
function evenRun({ contraction: { row, depth }, depth: extents, stride }: Use, most: number): Level[] | undefined {
  if (!row.plain) return undefined;
  const strides = stride(row, depth);
  for (let from = 1; from < extents.length; from++) {
    // Kernels take shorter lists for whole.
    if (extents.slice(from - 1).reduce((product, extent) => product * extent, 1) <= SMALLEST_BOX) continue;
    const inner = cut(extents.slice(from), most, 4);
    if (flatStride(strides.slice(from), inner) === undefined) continue;
    const unit = boxOf(inner);
    return [...extents.slice(0, from).map((extent) => ({ extent, step: 1, blocks: extent, unit })), ...inner];
  }
  return undefined;
}

function sizesOf(kernel: ContractKernel, sizes: readonly number[]): Use {
  const contraction = contractionOf(kernel);
  const scalars = kernel.parameters.scalars.length;
  const number = (n: number | Expression): number => {
    if (typeof n === "number") return n;
    if (n.kind === "const") return n.value;
    if (n.kind === "param") return sizes[n.slot - scalars]!;
    throw new Error("contraction: an extent or stride is a number or a parameter");
  };
  const extents = (axes: readonly Axes[]): number[] => axes.map((a) => number(a.extent));
  const { batch, rows, columns, depth } = contraction;
  return {
    contraction,
    batch: extents(batch),
    rows: extents(rows),
    columns: extents(columns),
    depth: extents(depth),
    stride: ({ plain }, axes) =>
      axes.map(({ index }) => {
        const s = strideOf(plain!.offset, index);
        return s === null ? NaN : s === undefined ? 1 : number(s);
      }),
  };
}

function planFor(
  use: Use,
  { tileColumns, anySteps }: Target,
  rows: readonly Level[],
  columns: readonly Level[],
  depth: readonly Level[],
  mode?: typeof DOTS,
): Plan {
  const { contraction, batch, stride } = use;
  const { row, column } = contraction;
  const strides = row.plain && stride(row, contraction.depth);
  const evenStride = strides && flatStride(strides, depth);
  // Where the distances are uneven, that of neighbours counts.
  const rowStride = evenStride ?? (strides && anySteps && mode !== DOTS ? lastStride(strides, depth) : undefined);
  // Rows that lie side by side are gathered from far apart along k: packed, unless that is within a page.
  const rowInPlace = rowStride !== undefined && (mode === DOTS ? rowStride === 1 : !row.unitFree || rowStride <= NEAR);
  const rowsFlat = row.plain && flatStride(stride(row, contraction.rows), rows) === 1;
  const rowMode = rowInPlace ? IN_PLACE : !turnsRows(contraction) ? PACKED_ROWS : rowsFlat ? TURNED : PACKED_COLUMNS;
  const columnStride = column.plain && flatStride(stride(column, contraction.depth), depth);
  const columnsFlat = column.plain && flatStride(stride(column, contraction.columns), columns) === 1;
  // Packing pays when several rows use what was packed, unless it lies close together as it is.
  const columnInPlace =
    column.unitFree && columnStride !== undefined && columnsFlat && (boxOf(rows) <= 16 || columnStride <= CLOSE);
  const pitch = padded(boxOf(columns), tileColumns);
  return {
    batch,
    rows,
    columns,
    depth,
    rowMode,
    pitch,
    columnMode:
      mode ??
      (columnInPlace ? IN_PLACE : !column.unitDepth ? PACKED_COLUMNS : columnStride === 1 ? TURNED : PACKED_ROWS),
    rowPitch: padded(boxOf(rows), tileColumns),
    depthPitch: padded(boxOf(depth), tileColumns),
    rowStep: rowMode === IN_PLACE ? (evenStride ?? UNEVEN) : 1,
    columnStep: columnInPlace ? columnStride : pitch,
    items: batch.reduce((product, n) => product * n, 1) * blocksOf(rows) * blocksOf(columns),
  };
}

/** Cycles per element of reading an operand: in place, or packed in one of the ways; more where it must be computed. */
const READING: readonly number[] = [0.1, 1, 0.6, 0.8, 0];
const COMPUTED = 2;
/** Elements from one k to the next that caches follow. */
const NEAR = 256;
/** And those that fill the nearest cache about as well as packed columns do. */
const CLOSE = 64;
/** Cycles of a run of k: placing the operands, and of each tile, in times of one k: sums are loaded and stored. */
const RUN = 100;
const RUN_TILE = 1.2;
/** Cycles of a block, whatever its size. */
const ITEM = 400;
/** Of a usual core. */
const GIGAHERTZ = 3;

/** An estimate of the cycles of all blocks together. */
function cyclesOf({ row, column }: Contraction, plan: Plan, { tileRows, tileColumns, tileCycles }: Target): number {
  const { rows, columns, depth, items } = plan;
  if (!items) return 0;
  const k = depth.reduce((product, l) => product * l.extent, 1);
  const r = boxOf(rows),
    c = boxOf(columns);
  // Dot products read their columns from memory: a tile's work for every row and four columns.
  const tiles =
    plan.columnMode === DOTS ? sumOf(rows, 1) * sumOf(columns, 4) : sumOf(rows, tileRows) * sumOf(columns, tileColumns);
  const reading = (mode: number, computed: boolean): number =>
    READING[mode]! + (computed ? COMPUTED : 0) + (mode === PACKED_ROWS ? READING[TURNED]! : 0);
  const runs = blocksOf(depth);
  const each =
    k * (r * reading(plan.rowMode, !row.plain) + c * reading(plan.columnMode, !column.plain)) + runs * RUN + ITEM;
  return (tiles * (k + runs * RUN_TILE) * tileCycles * items) / (blocksOf(rows) * blocksOf(columns)) + items * each;
}

/** How much longer some threads work than others do, summed over some numbers of threads. */
function unevenness({ items }: Plan): number {
  return THREADS.reduce((sum, n) => sum + (Math.ceil(items / n) * n) / Math.max(1, items), 0);
}

/** Tiles of all blocks of some lists together. */
function sumOf(levels: readonly Level[], tile: number): number {
  const inner = [...levels].reverse();
  let whole = 1;
  while (inner[0]?.blocks === 1) whole *= inner.shift()!.extent;
  const cutLevel = inner.shift();
  if (!cutLevel) return Math.ceil(whole / tile);
  const { extent, step } = cutLevel;
  const full = Math.floor(extent / step);
  const tiles = full * Math.ceil((step * whole) / tile) + Math.ceil(((extent - full * step) * whole) / tile);
  return inner.reduce((product, l) => product * l.blocks, tiles);
}

/**
 * Room for whole tiles and a cache line more, so that rows of a power of two do not fall on one another in the cache.
 */
function padded(elements: number, tile: number): number {
  return Math.ceil(elements / tile) * tile + tile;
}

const boxOf = (levels: readonly Level[]): number => levels.reduce((product, l) => product * l.step, 1);
const blocksOf = (levels: readonly Level[]): number => levels.reduce((product, l) => product * l.blocks, 1);

/** Cuts lists so that a block has at most `most` combinations, and all blocks together the fewest tiles of `tile`. */
function cut(extents: readonly number[], most: number, tile: number): Level[] {
  const out: Level[] = [];
  let room = most,
    unit = 1;
  for (let i = extents.length - 1; i >= 0; i--) {
    const extent = extents[i]!;
    const step = extent <= room ? Math.max(1, extent) : bestStep(extent, room, unit, tile);
    out.unshift({ extent, step, blocks: Math.ceil(extent / step), unit });
    unit *= step;
    room = step < extent ? 1 : Math.floor(room / step);
  }
  return out;
}

/**
 * Of the larger half of possible steps the one with the fewest tiles; of equals the smallest, which is the most even.
 */
function bestStep(extent: number, room: number, unit: number, tile: number): number {
  const tiles = (count: number): number => Math.ceil((count * unit) / tile);
  let best = room,
    fewest = Infinity;
  const least = Math.ceil(extent / Math.ceil(extent / room));
  for (let step = room; step >= Math.min(least, Math.ceil(room / 2)); step--) {
    const blocks = Math.floor(extent / step);
    const total = blocks * tiles(step) + tiles(extent - blocks * step);
    if (total <= fewest && (Math.ceil(extent / step) === Math.ceil(extent / room) || total < fewest))
      [best, fewest] = [step, total];
  }
  return best;
}

/** The stride of a box's innermost list. */
function lastStride(strides: readonly number[], levels: readonly Level[]): number {
  return strides.reduce((last, stride, i) => (levels[i]!.step > 1 ? stride : last), 1);
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
