import type { Target } from "../cpu/target.ts";

/** Vectors of 128 bits. Fifteen of them live at once are as many as engines keep in registers. */
export const WASM: Target = {
  lanes: 4,
  wide: false,
  addressWords: 1,
  forks: false,
  anySteps: false,
  tileRows: 2,
  tileColumns: 16,
  tileCycles: 4,
  mostRows: 128,
  mostColumns: 256,
  mostDepth: 256,
};
