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
/** Sums that would leave part of a processor idle if threads had many each. */
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
  { tile: tile(16, 16, 8, 8, 16), efficiency: 1.05 },
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

/** Ways to do a contraction, the one that should be fastest first. All of them add up in the same order. */
export function plansOf(c: Contraction, slots: Slots, target: GpuTarget): readonly [Plan, ...Plan[]] {
  const [m, n] = [c.rows.nest.count, c.columns.nest.count];
  const least = Math.min(m, n);
  const turned = n < m && least <= FEW ? exchanged(c) : c;
  if (target.software) {
    const isSmall = m * n * c.batch.count < SMALL;
    const plan = (most: number): Plan => directPlan(turned, most, most, slots, target);
    return isSmall ? [plan(FEW / 2), plan(FEW)] : [plan(FEW), plan(FEW / 2)];
  }
  if (least <= FEW || (m < 16 && n < 16) || c.depth.count <= FEW) return [directPlan(turned, FEW, 1, slots, target)];
  return tilePlans(c, slots, target);
}

function tilePlans(c: Contraction, slots: Slots, target: GpuTarget): readonly [Plan, ...Plan[]] {
  const [m, n] = [c.rows.nest.count, c.columns.nest.count];
  const split = splitOf(c, target);
  const rowReading = readingOf(c.rows, c.depth.axes, slots);
  const columnReading = readingOf(c.columns, c.depth.axes, slots);
  const vectorStores = storesTogether(c, split, slots);
  const cost = ({ tile: t, efficiency }: Candidate): number => {
    const [height, width] = [t.down * t.rowsEach, t.across * t.columnsEach];
    const groups = Math.ceil(m / height) * Math.ceil(n / width) * c.batch.count * split.parts;
    const threads = (m * n * c.batch.count * split.parts) / (t.rowsEach * t.columnsEach);
    const busy = Math.min(1, threads / BUSY);
    return (groups * height * width) / efficiency / busy;
  };
  return candidates()
    .filter(({ tile: t }) => t.down * t.across <= target.threads && sharedBytes(t) <= target.sharedBytes)
    .map((candidate) => ({ candidate, cost: cost(candidate) }))
    .sort((a, b) => a.cost - b.cost)
    .map(({ candidate: { tile: t } }): Plan => ({
      kind: "tile",
      contraction: c,
      tile: t,
      rowReading,
      columnReading,
      vectorStores,
      ...split,
    })) as [Plan, ...Plan[]];
}

/** At most: lines are padded. */
function sharedBytes(t: Tile): number {
  const side = (size: number): number => Math.max(size * (t.depth + WIDTH), (size + WIDTH) * t.depth);
  return 4 * (side(t.down * t.rowsEach) + side(t.across * t.columnsEach));
}

/** Where there are few sums, k is shared out. */
function splitOf({ rows, columns, batch, depth }: Contraction, target: GpuTarget): Split {
  // A processor has few cores, and gains nothing from short pieces.
  const { side, enough, least } = target.software
    ? { side: 32, enough: 16, least: 256 }
    : { side: 64, enough: 128, least: 128 };
  const blocks = Math.ceil(rows.nest.count / side) * Math.ceil(columns.nest.count / side) * batch.count;
  const parts = Math.min(Math.ceil(enough / blocks), Math.floor(depth.count / least), 64);
  return 2 * blocks >= enough || parts < 2
    ? { parts: 1, partSteps: ceil(depth.count, 16) }
    : inParts(depth.count, parts, 16);
}

/** So many parts, or fewer, of a multiple of `unit` steps. */
function inParts(depth: number, parts: number, unit: number): Split {
  const partSteps = ceil(Math.ceil(depth / parts), unit);
  return { parts: Math.max(1, Math.ceil(depth / partSteps)), partSteps };
}

const storesTogether = (c: Contraction, { parts }: Split, slots: Slots): boolean =>
  parts > 1 ? c.columns.nest.count % WIDTH === 0 : storesVectors(c.kernel.epilogue, c.columns.nest.axes, slots);

function directPlan(c: Contraction, mostRows: number, mostColumns: number, slots: Slots, target: GpuTarget): Plan {
  const [m, n, depth] = [c.rows.nest.count, c.columns.nest.count, c.depth.count];
  const reading = readingOf(c.columns, c.depth.axes, slots);
  const rowReading = readingOf(c.rows, c.depth.axes, slots);
  const rows = inBlocks(m, mostRows);
  const rowBlocks = Math.ceil(m / rows) * c.batch.count;
  // A wide row is read in vectors.
  const isWide = reading.along === "free" && reading.vector && n * rowBlocks >= 2 * BUSY;
  const columns = n < mostColumns ? 1 : isWide ? Math.max(WIDTH, mostColumns) : mostColumns;
  const places = rowBlocks * Math.ceil(n / columns);
  // Places in several lists of k are long to find, unless one is that of its neighbours, too.
  const isShort = rows * columns > 16 && c.depth.axes.length > 1;
  const isTogether = [reading, rowReading].some(({ along, vector }) => along === "depth" && vector);
  const run = depth >= WIDTH && (!isShort || isTogether) ? WIDTH : 1;
  const vector = (r: Reading, count: number): Direction | undefined =>
    r.vector && (r.along === "depth" ? run : count) % WIDTH === 0 ? r.along : undefined;
  // As many threads share k as there are too few columns for, or as it takes to read along k.
  const depthFirst = !target.software && reading.along === "depth" && depth >= 64;
  const wanted = powerAbove(BUSY / 2 / Math.max(1, places));
  const possible = powerBelow(depth / (run * 4));
  const sharing = target.software
    ? 1
    : Math.min(possible, depthFirst ? Math.min(256, Math.max(16, wanted)) : Math.min(8, wanted));
  // Where threads take turns, those without sums of their own are not for free; and groups are shared out to a processor's cores.
  const across = depthFirst
    ? Math.max(1, 64 / sharing)
    : target.software
      ? Math.min(64, Math.max(4, powerBelow(places / 16)))
      : sharing > 1
        ? 32
        : 64;
  const groups = Math.ceil(places / across);
  const unit = sharing * run;
  const parts = Math.min(Math.ceil(128 / Math.max(1, groups)), Math.floor(depth / (unit * 8)), 64);
  const split = target.software
    ? splitOf(c, target)
    : groups >= 64 || parts < 2
      ? { parts: 1, partSteps: Math.max(unit, ceil(depth, unit)) }
      : inParts(depth, parts, unit);
  const direct = { rows, columns, across, sharing, depthFirst, run };
  const vectorStores = columns % WIDTH === 0 && storesTogether(c, split, slots);
  const [rowVector, columnVector] = [vector(rowReading, rows), vector(reading, columns)];
  return { kind: "direct", contraction: c, direct, rowVector, columnVector, vectorStores, ...split };
}

/** Blocks of at most so many, and not much fewer, that leave the least over. */
function inBlocks(count: number, most: number): number {
  if (count <= most) return count;
  return [0, 1, 2, 3].map((less) => most - less).reduce((a, b) => (ceil(count, b) < ceil(count, a) ? b : a));
}

const ceil = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
const powerBelow = (n: number): number => 2 ** Math.floor(Math.log2(Math.max(1, n)));
const powerAbove = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
