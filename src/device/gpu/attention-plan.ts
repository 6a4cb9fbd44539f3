/** How attention is done on a GPU, chosen from its sizes: they alone decide in which order sums add up. */
import { sizeOfBlock, type RowsPlan } from "./attention-rows.ts";
import type { Attention } from "./attention-sides.ts";
import type { GpuTarget } from "./kernel.ts";

/** Sums of results that a thread keeps. */
const SUMS = 128;
const SOFTWARE_SUMS = 512;
/** Threads that keep a GPU busy, and columns that are worth a part of their own. */
const BUSY = 16_384;
const LEAST_PART = 32;

export function planOf(attention: Attention, target: GpuTarget): RowsPlan {
  const { batch, rows, columns, values } = attention;
  const {
    sums,
    most,
    columns: size,
    enough,
    written,
  } = target.software
    ? { sums: SOFTWARE_SUMS, most: 8, columns: 8, enough: 16, written: false }
    : { sums: SUMS, most: 4, columns: 4, enough: BUSY, written: true };
  const features = values.reduce((sum, { side }) => sum + side.nest.count, 0);
  const blocks = Math.max(1, Math.ceil(features / sums));
  const kept = values.reduce((sum, { side }) => sum + sizeOfBlock(side.nest.count, blocks), 0);
  const each = Math.max(1, Math.min(most, rows.count, Math.floor(sums / Math.max(1, kept))));
  const places = Math.ceil(rows.count / each) * blocks * batch.count;
  const threads = target.software ? Math.min(32, 2 ** Math.ceil(Math.log2(Math.max(4, places)))) : 64;
  const wanted = Math.ceil(enough / places);
  const all = Math.max(1, Math.ceil(columns.count / size));
  const parts = Math.max(1, Math.min(wanted, Math.floor(columns.count / LEAST_PART)));
  const partBlocks = Math.ceil(all / parts);
  return {
    rows: each,
    columns: size,
    blocks,
    threads,
    written,
    parts: Math.max(1, Math.ceil(all / partBlocks)),
    partBlocks,
  };
}
