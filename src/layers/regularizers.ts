/** Penalties on weights, as descriptions that layers save with their options. A number alone is the factor. */
import { described, type Described } from "./described.ts";

/** factor · Σ|w|, 0.01 by default. */
export function l1(options: number | { readonly l1?: number } = {}): Described {
  return described("L1", typeof options === "number" ? { l1: options } : options);
}

/** factor · Σw², 0.01 by default. */
export function l2(options: number | { readonly l2?: number } = {}): Described {
  return described("L2", typeof options === "number" ? { l2: options } : options);
}

/** The sum of both, 0.01 each by default. */
export function l1l2(options: { readonly l1?: number; readonly l2?: number } = {}): Described {
  return described("L1L2", options);
}

/** factor (0.01 by default) times the mean |cosine| of all pairs of rows, or columns. */
export function orthogonal(options: { readonly factor?: number; readonly mode?: "rows" | "columns" } = {}): Described {
  return described("Orthogonal", options);
}
