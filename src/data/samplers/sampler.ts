import { ArgumentError } from "../../core/errors.ts";

/** Says in which order elements are read: for every epoch as many positions. A function of the epoch, so that it can be gone on with. */
export interface Sampler {
  /** How many positions an epoch has. */
  readonly length: number;
  indices(epoch: number): ArrayLike<number>;
}

/** Says which elements are read together: for every epoch as many lists of positions. */
export interface BatchSamplerLike {
  /** How many batches an epoch has. */
  readonly length: number;
  batches(epoch: number): ArrayLike<ArrayLike<number>>;
}

/** What has a known number of elements. */
export interface Sized {
  readonly length?: number | undefined;
}

/** @throws ArgumentError where nobody knows how many elements there are. */
export function lengthOf(operation: string, { length }: Sized): number {
  if (length === undefined || !Number.isSafeInteger(length))
    throw new ArgumentError(
      `${operation}: a sampler needs to know how many elements there are, and this dataset has ${length === undefined ? "no length" : `a length of ${length}`}; use an array, or an object with length and get`,
    );
  return length;
}
