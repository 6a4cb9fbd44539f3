/** How close translations are to those of people: Papineni et al. 2002. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";

/** A sentence: words, or numbers of tokens. */
export type Sentence = readonly (string | number)[];

export interface BleuOptions {
  /** The longest sequence of words that is compared, 4 by default. */
  readonly maxLength?: number | undefined;
  /** Added to counts of 0 matches, so that one missing length does not make everything 0; 0 (none) by default. */
  readonly smoothing?: number | undefined;
}

/** How often each sequence of n words occurs. */
function sequences(sentence: Sentence, n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= sentence.length; i++) {
    const key = JSON.stringify(sentence.slice(i, i + n));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/**
 * BLEU of a corpus, from 0 to 1: the geometric mean of the precisions of sequences of 1 to 4 words, each counted at most as often as in
 * the reference that has it most often, times a penalty for being shorter than the closest reference.
 * @param references one or more sentences for each candidate.
 * @throws ShapeError where there are not as many, ArgumentError for none, and for options that make no sense.
 */
export function bleu(
  references: readonly (readonly Sentence[])[],
  candidates: readonly Sentence[],
  { maxLength = 4, smoothing = 0 }: BleuOptions = {},
): number {
  if (references.length !== candidates.length)
    throw new ShapeError(
      `bleu: every candidate wants references, got ${candidates.length} candidates and ${references.length} lists`,
    );
  if (candidates.length === 0 || references.some((list) => list.length === 0))
    throw new ArgumentError("bleu: there are no candidates, or one has no reference");
  if (!Number.isInteger(maxLength) || maxLength < 1 || !(smoothing >= 0))
    throw new ArgumentError(
      `bleu: maxLength must be a whole number of 1 or more and smoothing 0 or more, got ${maxLength} and ${smoothing}`,
    );
  let [said, wanted] = [0, 0];
  const matches = new Float64Array(maxLength);
  const possible = new Float64Array(maxLength);
  candidates.forEach((candidate, at) => {
    const others = references[at]!;
    said += candidate.length;
    const distance = (length: number): number => Math.abs(length - candidate.length);
    wanted += others
      .map(({ length }) => length)
      .reduce((best, length) =>
        distance(length) < distance(best) || (distance(length) === distance(best) && length < best) ? length : best,
      );
    for (let n = 1; n <= maxLength; n++) {
      const known = others.map((other) => sequences(other, n));
      for (const [key, count] of sequences(candidate, n))
        matches[n - 1]! += Math.min(count, Math.max(...known.map((counts) => counts.get(key) ?? 0)));
      possible[n - 1]! += Math.max(1, candidate.length - n + 1);
    }
  });
  if (matches[0] === 0) return 0;
  let logarithms = 0;
  for (let n = 0; n < maxLength; n++) logarithms += Math.log((matches[n] || smoothing) / possible[n]!);
  const penalty = said > wanted ? 1 : Math.exp(1 - wanted / said);
  return penalty * Math.exp(logarithms / maxLength);
}
