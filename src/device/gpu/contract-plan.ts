/** How a contraction is done on a GPU, chosen from its sizes: they alone decide in which order sums add up. */
import {
  WIDTH,
  exchanged,
  readingOf,
  storesVectors,
  type Contraction,
  type Direction,
  type Reading,
} from "./contract-sides.ts";
import type { Direct } from "./contract-direct.ts";
import type { Tile } from "./contract-tile.ts";
import type { GpuTarget } from "./kernel.ts";
import type { Slots } from "./slots.ts";

/** Parts that k is shared out to, and the steps of each: all but the last have all of them. */
interface Split {
  readonly parts: number;
  readonly partSteps: number;
}

export type Plan = Split & { readonly contraction: Contraction; readonly vectorStores: boolean } & (
    | {
        readonly kind: "tile";
        readonly tile: Tile;
        readonly rowReading: Reading;
        readonly columnReading: Reading;
      }
    | {
        readonly kind: "direct";
        readonly direct: Direct;
        readonly rowVector: Direction | undefined;
        readonly columnVector: Direction | undefined;
      }
  );

/** Rows (or columns) that one thread takes without tiles, and steps of k not worth a block of a tile. */
const FEW = 8;
/** Threads that keep a GPU busy. */
const BUSY = 32_768;

/** Sums that are few enough to leave part of a processor idle in large pieces. */
const SMALL = 2 ** 14;

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
  if (target.software || least <= FEW || (m < 16 && n < 16) || c.depth.count <= FEW)
    return directPlan(n < m && least <= FEW ? exchanged(c) : c, slots, target);
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
  const vectorStores = storesTogether(c, split, slots);
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

const storesTogether = (c: Contraction, { parts }: Split, slots: Slots): boolean =>
  parts > 1 ? c.columns.nest.count % WIDTH === 0 : storesVectors(c, slots);

function directPlan(c: Contraction, slots: Slots, target: GpuTarget): Plan {
  const [m, n, depth] = [c.rows.nest.count, c.columns.nest.count, c.depth.count];
  const most = target.software && m * n * c.batch.count < SMALL ? FEW / 2 : FEW;
  const rows =
    m <= most ? m : [0, 1, 2, 3].map((less) => most - less).reduce((a, b) => (ceil(m, b) < ceil(m, a) ? b : a));
  const reading = readingOf(c.columns, c.depth.axes, slots);
  const rowReading = readingOf(c.rows, c.depth.axes, slots);
  const columns = target.software && n >= most ? most : 1;
  const places = Math.ceil(m / rows) * Math.ceil(n / columns) * c.batch.count;
  const run = depth >= WIDTH && rows * columns <= 16 ? WIDTH : 1;
  const vector = (r: Reading, count: number): Direction | undefined =>
    r.vector && (r.along === "depth" ? run : count) % WIDTH === 0 ? r.along : undefined;
  const depthFirst = !target.software && reading.along === "depth" && depth >= 64;
  // As many threads share k as there are too few columns for, or as it takes to read along k.
  const fewest = depthFirst ? 16 : 1;
  const possible = powerBelow(Math.min(target.threads, 256, depth / (run * 4)));
  const wanted = powerAbove((target.software ? 64 : BUSY / 2) / Math.max(1, places));
  const sharing = Math.min(possible, Math.max(fewest, Math.min(wanted, depthFirst ? 256 : 16)));
  const across = Math.max(1, 64 / sharing);
  const groups = Math.ceil(places / across);
  const unit = sharing * run;
  const parts = Math.min(Math.ceil(128 / Math.max(1, groups)), Math.floor(depth / (unit * 8)), 64);
  const split =
    target.software || groups >= 64 || parts < 2
      ? { parts: 1, partSteps: Math.max(unit, ceil(depth, unit)) }
      : inParts(depth, parts, unit);
  const direct = { rows, columns, across, sharing, depthFirst, run };
  const vectorStores = columns % WIDTH === 0 && storesTogether(c, split, slots);
  const [rowVector, columnVector] = [vector(rowReading, rows), vector(reading, columns)];
  return { kind: "direct", contraction: c, direct, rowVector, columnVector, vectorStores, ...split };
}

const ceil = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
const powerBelow = (n: number): number => 2 ** Math.floor(Math.log2(Math.max(1, n)));
const powerAbove = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
