import { ArgumentError } from "./errors.ts";

/**
 * Refuses misspelt options, which would change nothing and say nothing. What is far from all of them may stand in the object for others.
 * @param known every option there is; a type such as `Record<keyof Options, true>` keeps it whole.
 * @throws ArgumentError that names the nearest one.
 */
export function knownOptions(operation: string, given: object, known: Readonly<Record<string, true>>): void {
  const names = Object.keys(known);
  for (const name of Object.keys(given)) {
    if (known[name]) continue;
    const nearest = names.reduce((best, other) => (changes(name, other) < changes(name, best) ? other : best));
    if (changes(name, nearest) <= Math.ceil(name.length / 4))
      throw new ArgumentError(`${operation}: "${name}" is none of its options. Did you mean ${nearest}?`);
  }
}

/** How many letters must be changed, added or taken away to make one word of the other (Levenshtein 1965). */
function changes(from: string, to: string): number {
  const [a, b] = [from.toLowerCase(), to.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length]!;
}
