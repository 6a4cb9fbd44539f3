/** How attention is done on a GPU, chosen from its sizes: they alone decide in which order sums add up. */
import { loadsIn } from "../../ir/walk.ts";
import { sizeOfBlock, type RowsPlan } from "./attention-rows.ts";
import type { Attention } from "./attention-sides.ts";
import { fetched, type TilePlan } from "./attention-tile.ts";
import { tileSize } from "./contract-loader.ts";
import { WIDTH } from "./contract-sides.ts";
import type { GpuTarget } from "./kernel.ts";

/** Rows that are not worth a tile. */
const FEW = 8;
/** Workgroups that keep a GPU busy, and threads. */
const ENOUGH = 128;
const BUSY = 16_384;
/** Columns that are worth a part of their own. */
const LEAST_PART = 32;
/** Registers that a thread has for what it keeps, and for all. */
const SUMS = 128;
const SOFTWARE_SUMS = 512;
const REGISTERS = 256;

/** Ways to do it, the one that should be fastest first. */
export function plansOf(attention: Attention, target: GpuTarget): readonly (RowsPlan | TilePlan)[] {
  const { kernel, rows } = attention;
  // Barriers are reached by all threads of a workgroup only where bounds are known without memory.
  const bounds = [kernel.first, kernel.last].flatMap((e) => e ?? []);
  const inTiles = !target.software && rows.count > FEW && !loadsIn(bounds).length;
  return [...(inTiles ? tilePlans(attention, target) : []), rowsPlan(attention, target)];
}

function tilePlans(attention: Attention, target: GpuTarget): readonly TilePlan[] {
  const { batch, rows, columns, products, values } = attention;
  const shapes = [
    { down: 16, across: 16, efficiency: 1 },
    { down: 16, across: 8, efficiency: 0.9 },
    { down: 8, across: 16, efficiency: 0.85 },
    { down: 8, across: 8, efficiency: 0.75 },
    { down: 16, across: 4, efficiency: 0.65 },
    { down: 4, across: 16, efficiency: 0.6 },
  ];
  const blocks = [
    { depth: 16, steps: 16, efficiency: 1 },
    { depth: 8, steps: 16, efficiency: 0.97 },
    { depth: 16, steps: 8, efficiency: 0.97 },
    { depth: 8, steps: 8, efficiency: 0.95 },
    { depth: 8, steps: 4, efficiency: 0.9 },
  ];
  const [rowsEach, columnsEach] = [WIDTH, WIDTH];
  const found = shapes.flatMap(({ down, across, efficiency }) => {
    const threads = down * across;
    const [height, width] = [down * rowsEach, across * columnsEach];
    if (threads > target.threads) return [];
    const featuresEach = values.map(({ side }) => Math.max(1, Math.ceil(side.nest.count / across / WIDTH)) * WIDTH);
    const kept = featuresEach.reduce((sum, count) => sum + count, 0);
    const groups = Math.ceil(rows.count / height) * batch.count;
    const split = partsOf(Math.ceil(columns.count / width), 2 * groups >= ENOUGH ? 1 : Math.ceil(ENOUGH / groups), 2);
    const depths = products.reduce((sum, { left }) => sum + left.depth.count, 0);
    const work = groups * height * Math.ceil(columns.count / width) * width * (depths + kept * across);
    const busy = Math.min(1, (groups * split.parts * threads) / BUSY);
    return blocks.flatMap((block) => {
      const { depth, steps } = block;
      const most = (sizes: readonly number[]): number => Math.max(0, ...sizes);
      const ofValues = values.map(({ reading }, r) => tileSize(reading, featuresEach[r]! * across, steps));
      const shared: TilePlan["shared"] = [
        most([...products.map(({ left }) => tileSize(left.reading, height, depth)), ...ofValues]),
        most(products.map(({ right }) => tileSize(right.reading, width, depth))),
        width * (height + WIDTH),
      ];
      if (4 * shared.reduce((sum, size) => sum + size, 0) > target.sharedBytes) return [];
      const staged = (size: number): number => Math.ceil(size / WIDTH / threads) * WIDTH;
      const registers =
        (2 + products.length) * rowsEach * columnsEach +
        5 * rowsEach +
        products.reduce(
          (sum, { left, right }) =>
            sum +
            staged(height * depth) +
            staged(width * depth) +
            fetched(left, rowsEach) +
            fetched(right, columnsEach),
          0,
        ) +
        values.reduce((sum, value, r) => {
          const f = featuresEach[r]!;
          return sum + staged(f * across * steps) + fetched(value, f) + rowsEach * f;
        }, 0);
      if (registers > REGISTERS) return [];
      const plan: TilePlan = {
        kind: "tile",
        down,
        across,
        rowsEach,
        columnsEach,
        depth,
        steps,
        featuresEach,
        shared,
        ...split,
      };
      return [{ plan, cost: work / efficiency / block.efficiency / busy }];
    });
  });
  return found.sort((a, b) => a.cost - b.cost).map(({ plan }) => plan);
}

function rowsPlan({ batch, rows, columns, values }: Attention, target: GpuTarget): RowsPlan {
  const choice = target.software
    ? { sums: SOFTWARE_SUMS, most: 8, columns: 8, enough: 16, written: false }
    : { sums: SUMS, most: 4, columns: 4, enough: BUSY, written: true };
  const features = values.reduce((sum, { side }) => sum + side.nest.count, 0);
  const blocks = Math.max(1, Math.ceil(features / choice.sums));
  const kept = values.reduce((sum, { side }) => sum + sizeOfBlock(side.nest.count, blocks), 0);
  const each = Math.max(1, Math.min(choice.most, rows.count, Math.floor(choice.sums / Math.max(1, kept))));
  const places = Math.ceil(rows.count / each) * blocks * batch.count;
  const threads = Math.min(
    target.threads,
    target.software ? Math.min(32, 2 ** Math.ceil(Math.log2(Math.max(4, places)))) : 64,
  );
  const split = partsOf(
    Math.ceil(columns.count / choice.columns),
    Math.ceil(choice.enough / places),
    LEAST_PART / choice.columns,
  );
  return { kind: "rows", rows: each, columns: choice.columns, blocks, threads, written: choice.written, ...split };
}

/** At most so many parts, each of so many blocks at least. */
function partsOf(blocks: number, most: number, least: number): { parts: number; partBlocks: number } {
  const parts = Math.max(1, Math.min(most, Math.floor(blocks / least)));
  const partBlocks = Math.max(1, Math.ceil(blocks / parts));
  return { parts: Math.max(1, Math.ceil(blocks / partBlocks)), partBlocks };
}
