/** How a contraction is done on a GPU, chosen from its sizes: they alone decide in which order sums add up. */
import { WIDTH, exchanged, readingOf, storesVectors, type Contraction, type Reading } from "./contract-sides.ts";
import type { Thin } from "./contract-thin.ts";
import type { Tile } from "./contract-tile.ts";
import type { GpuTarget } from "./kernel.ts";
import type { Slots } from "./slots.ts";

/** Parts that k is shared out to, and the steps of each: all but the last have all of them. */
interface Split {
  readonly parts: number;
  readonly partSteps: number;
}

export type Plan = Split & { readonly contraction: Contraction } & (
    | {
        readonly kind: "tile";
        readonly tile: Tile;
        readonly rowReading: Reading;
        readonly columnReading: Reading;
        readonly vectorStores: boolean;
      }
    | { readonly kind: "thin"; readonly thin: Thin; readonly rowVector: boolean; readonly columnVector: boolean }
  );

/** Rows (or columns) that one thread takes without tiles, and steps of k not worth a block of a tile. */
const FEW = 8;
/** Threads that keep a GPU busy. */
const BUSY = 32_768;

interface Candidate {
  readonly tile: Tile;
  /** Of the multiplications that are possible. */
  readonly efficiency: number;
}

const tile = (down: number, across: number, rowsEach: number, columnsEach: number, depth: number): Tile => ({
  down,
  across,
  rowsEach,
  columnsEach,
  depth,
  ahead: rowsEach * columnsEach > 16,
});

/** The more products a thread makes of what it loads, the better; there must be threads enough, though. */
const candidates = (): Candidate[] => [
  { tile: tile(16, 16, 8, 8, 8), efficiency: 1 },
  { tile: tile(16, 16, 8, 4, 16), efficiency: 0.9 },
  { tile: tile(16, 16, 4, 8, 16), efficiency: 0.9 },
  { tile: tile(8, 8, 8, 8, 16), efficiency: 0.85 },
  { tile: tile(16, 16, 4, 4, 16), efficiency: 0.75 },
  { tile: tile(8, 16, 4, 4, 16), efficiency: 0.65 },
  { tile: tile(16, 8, 4, 4, 16), efficiency: 0.65 },
  { tile: tile(8, 8, 4, 4, 16), efficiency: 0.6 },
  { tile: tile(4, 16, 4, 4, 16), efficiency: 0.55 },
  { tile: tile(16, 4, 4, 4, 16), efficiency: 0.55 },
];

export function planOf(c: Contraction, slots: Slots, target: GpuTarget): Plan {
  const [m, n] = [c.rows.nest.count, c.columns.nest.count];
  const least = Math.min(m, n);
  if (least <= FEW || (m < 16 && n < 16) || c.depth.count <= FEW)
    return thinPlan(n < m && least <= FEW ? exchanged(c) : c, slots, target);
  return tilePlan(c, slots, target);
}

function tilePlan(c: Contraction, slots: Slots, target: GpuTarget): Plan {
  const [m, n] = [c.rows.nest.count, c.columns.nest.count];
  const split = splitOf(c);
  const rowReading = readingOf(c.rows, c.depth.axes, slots);
  const columnReading = readingOf(c.columns, c.depth.axes, slots);
  const cost = ({ tile: t, efficiency }: Candidate): number => {
    const [height, width] = [t.down * t.rowsEach, t.across * t.columnsEach];
    const groups = Math.ceil(m / height) * Math.ceil(n / width) * c.batch.count * split.parts;
    const busy = Math.min(1, (groups * t.down * t.across) / BUSY);
    return (groups * height * width) / efficiency / busy;
  };
  const possible = candidates().filter(
    ({ tile: t }) => t.down * t.across <= target.threads && sharedBytes(t) <= target.sharedBytes,
  );
  const best = possible.reduce((a, b) => (cost(b) < cost(a) ? b : a));
  const vectorStores = split.parts > 1 ? n % WIDTH === 0 : storesVectors(c, slots);
  return { kind: "tile", contraction: c, tile: best.tile, rowReading, columnReading, vectorStores, ...split };
}

/** At most: lines are padded. */
function sharedBytes(t: Tile): number {
  const side = (size: number): number => Math.max(size * (t.depth + WIDTH), (size + WIDTH) * t.depth);
  return 4 * (side(t.down * t.rowsEach) + side(t.across * t.columnsEach));
}

/** Where there are few sums, k is shared out. */
function splitOf({ rows, columns, batch, depth }: Contraction): Split {
  const blocks = Math.ceil(rows.nest.count / 64) * Math.ceil(columns.nest.count / 64) * batch.count;
  const parts = Math.min(Math.ceil(128 / blocks), Math.floor(depth.count / 256), 64);
  return blocks >= 64 || parts < 2 ? { parts: 1, partSteps: ceil(depth.count, 16) } : inParts(depth.count, parts, 16);
}

/** So many parts, or fewer, of a multiple of `unit` steps. */
function inParts(depth: number, parts: number, unit: number): Split {
  const partSteps = ceil(Math.ceil(depth / parts), unit);
  return { parts: Math.max(1, Math.ceil(depth / partSteps)), partSteps };
}

function thinPlan(c: Contraction, slots: Slots, target: GpuTarget): Plan {
  const [m, n, depth] = [c.rows.nest.count, c.columns.nest.count, c.depth.count];
  const rows = m <= FEW ? m : [8, 7, 6, 5].reduce((a, b) => (ceil(m, b) < ceil(m, a) ? b : a));
  const reading = readingOf(c.columns, c.depth.axes, slots);
  const rowReading = readingOf(c.rows, c.depth.axes, slots);
  const places = Math.ceil(m / rows) * n * c.batch.count;
  const run = depth >= WIDTH ? WIDTH : 1;
  const isVector = (r: Reading): boolean => run === WIDTH && r.vector && r.along === "depth";
  const depthFirst = reading.along === "depth" && depth >= 64;
  // As many threads share k as there are too few columns for, or as it takes to read along k.
  const least = depthFirst ? 16 : 1;
  const most = Math.max(1, powerBelow(Math.min(target.threads, 256, depth / (run * 4))));
  const wanted = powerAbove(BUSY / 2 / Math.max(1, places));
  const sharing = Math.min(most, Math.max(least, Math.min(wanted, depthFirst ? 256 : 16)));
  const across = Math.max(1, 64 / sharing);
  const groups = Math.ceil(places / across);
  const unit = sharing * run;
  const parts = Math.min(Math.ceil(128 / Math.max(1, groups)), Math.floor(depth / (unit * 8)), 64);
  const split =
    groups >= 64 || parts < 2
      ? { parts: 1, partSteps: Math.max(unit, ceil(depth, unit)) }
      : inParts(depth, parts, unit);
  const thin = { rows, across, sharing, depthFirst, run };
  return {
    kind: "thin",
    contraction: c,
    thin,
    rowVector: isVector(rowReading),
    columnVector: isVector(reading),
    ...split,
  };
}

const ceil = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
const powerBelow = (n: number): number => 2 ** Math.floor(Math.log2(Math.max(1, n)));
const powerAbove = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
