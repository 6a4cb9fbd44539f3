/** Kernels of attention, both ways round. */
import type { AttentionKernel, Weighed } from "./kernel.ts";

/** All results, those of m first. */
export const resultsOf = ({ results, across }: AttentionKernel): readonly Weighed[] => [
  ...results,
  ...(across?.results ?? []),
];

/** What a kernel makes, by kernels whose results are of m alone: for who cannot sum over m and over n in one go. */
export function byRows(kernel: AttentionKernel): readonly AttentionKernel[] {
  const { across, ...rows } = kernel;
  if (!across) return [kernel];
  const turned: AttentionKernel = {
    ...rows,
    m: rows.n,
    n: rows.m,
    first: across.first,
    last: across.last,
    results: across.results,
    products: rows.products.map((p) => ({ ...p, left: p.right, right: p.left })),
    rowStores: [],
  };
  return rows.results.length + rows.rowStores.length ? [rows, turned] : [turned];
}
