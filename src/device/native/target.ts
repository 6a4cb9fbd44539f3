import type { Instructions } from "../../ir/mathematics.ts";
import type { Target } from "../cpu/target.ts";
import { TILE_VECTORS, tileRowsFor } from "./routines.c.ts";

/**
 * AVX-512 casts a vector between f16 and f32 at once (see prelude.c.ts) and has what a short exp is made of (see
 * exp.c.ts); where vectors are wider than the least, products are added in one instruction.
 */
export const instructionsOf = ({ lanes }: Pick<Target, "lanes">): Instructions => ({
  f16: lanes === 16,
  fused: lanes > 4,
  exp: lanes === 16,
});

/** What `place` reads (see header.c.ts). */
export const ADDRESS_WORDS = 2;

/** Vectors of so many 32-bit lanes; a block's packed columns and its sums stay in the second cache. */
export function targetFor(lanes: number): Target {
  const rows = tileRowsFor(lanes);
  return {
    lanes,
    wide: true,
    addressWords: ADDRESS_WORDS,
    forks: true,
    anySteps: true,
    tileRows: rows,
    tileColumns: TILE_VECTORS * lanes,
    tileCycles: rows * TILE_VECTORS,
    mostRows: 25 * rows,
    mostColumns: 256,
    mostDepth: 256,
  };
}
