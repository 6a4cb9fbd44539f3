/** What contractions are stored as while `autocast` is on: see amp.ts. */
import type { HalfType } from "../core/half.ts";

let current: HalfType | undefined;

/** The 16-bit dtype that products of matrices and convolutions take their operands in; undefined outside `autocast`. */
export function autocastType(): HalfType | undefined {
  return current;
}

/** Runs `f` with another one, or none. */
export function withAutocast<T>(dtype: HalfType | undefined, f: () => T): T {
  const before = current;
  current = dtype;
  try {
    return f();
  } finally {
    current = before;
  }
}
