import { ArgumentError } from "./errors.ts";

/** The names of options, of all where there are several kinds. */
type NamesOf<O> = O extends unknown ? Extract<keyof O, string> : never;

/**
 * Refuses misspelt options, which would change nothing and say nothing, and what is no object. What is far from all of them may stand in
 * the object for others.
 * @param known every option there is: the compiler sees to it that none is missing.
 * @param elsewhere what other libraries call some of them, however far that is.
 * @throws ArgumentError that names the nearest one.
 */
export function knownOptions<O extends object>(
  operation: string,
  given: O,
  known: KnownOptions<O>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  const names = Object.keys(known);
  if (typeof given !== "object" || given === null)
    throw new ArgumentError(`${operation}: its options are an object, such as { ${names[0]}: … }, got ${show(given)}`);
  for (const name of Object.keys(given)) {
    if (name in known) continue;
    const nearest = names.reduce((best, other) => (changes(name, other) < changes(name, best) ? other : best));
    const meant = elsewhere[name] ?? (changes(name, nearest) <= Math.ceil(name.length / 4) ? nearest : undefined);
    if (meant !== undefined)
      throw new ArgumentError(`${operation}: "${name}" is none of its options. Did you mean ${meant}?`);
  }
}

/** All options, by name. */
export type KnownOptions<O> = Readonly<Record<NamesOf<O>, true>>;

function show(given: unknown): string {
  return typeof given === "string" ? `"${given}"` : String(given);
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
