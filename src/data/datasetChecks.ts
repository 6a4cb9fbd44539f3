import { ArgumentError } from "../core/errors.ts";

/** @throws ArgumentError unless all are 0 or more and one is more. */
export function checkShares(operation: string, what: string, shares: readonly number[]): void {
  if (!shares.every((share) => share >= 0 && Number.isFinite(share)) || !shares.some((share) => share > 0))
    throw new ArgumentError(
      `${operation}: ${what} must be numbers of 0 or more, not all 0, got ${shares.join(", ") || "none"}`,
    );
}

/** For what wants elements by their position. */
export function noRandomAccess(operation: string): ArgumentError {
  return new ArgumentError(
    `${operation}: these elements come as a stream, without random access; ${operation} before filter, flatMap, repeat and prefetch`,
  );
}

/** @throws ArgumentError where an epoch has not as many of something as was said. */
export function checkCount(operation: string, what: string, wanted: number, got: number, epoch: number): void {
  if (got !== wanted)
    throw new ArgumentError(`${operation}: ${wanted} ${what} were announced, got ${got} in epoch ${epoch}`);
}

/** @throws ArgumentError for a position that a dataset of `length` elements has not. */
export function checkPositions(operation: string, positions: ArrayLike<number>, length: number): void {
  for (let at = 0; at < positions.length; at++) {
    const position = positions[at]!;
    if (!Number.isInteger(position) || position < 0 || position >= length)
      throw new ArgumentError(
        `${operation}: position ${position} (number ${at}) is none of a dataset of ${length} elements; give whole numbers from 0 to ${length - 1}`,
      );
  }
}
