/** Byte pairs: which two neighbours become one, learnt and applied. */

/** Two ids as one number. */
export const pairKey = (left: number, right: number): number => left * 2 ** 24 + right;

/** A heap whose top comes first by an order. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1]!, items[child]!)) child++;
      if (!this.#before(items[child]!, last)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}

/** A pair that becomes a new id. */
export interface Merge {
  readonly left: number;
  readonly right: number;
}

interface Candidate extends Merge {
  readonly count: number;
}

/**
 * Which pairs to merge, the commonest first, of equally common ones that with the smaller ids: as HuggingFace's trainer decides.
 * @param words ids of the pieces of each word, and how often it comes; changed.
 * @param merged is told of each merge, and gives the new id, or undefined when it is enough.
 */
export function learnMerges(
  words: { ids: number[]; readonly count: number }[],
  leastCount: number,
  merged: (pair: Merge) => number | undefined,
): void {
  const counts = new Map<number, number>();
  const places = new Map<number, Set<number>>();
  const heap = new Heap<Candidate>(
    (a, b) =>
      a.count > b.count || (a.count === b.count && (a.left < b.left || (a.left === b.left && a.right < b.right))),
  );
  const add = (left: number, right: number, count: number, word: number): void => {
    const key = pairKey(left, right);
    counts.set(key, (counts.get(key) ?? 0) + count);
    const known = places.get(key);
    if (known) known.add(word);
    else places.set(key, new Set([word]));
  };
  words.forEach(({ ids, count }, word) => {
    for (let at = 1; at < ids.length; at++) add(ids[at - 1]!, ids[at]!, count, word);
  });
  for (const [key, count] of counts) heap.push({ left: Math.floor(key / 2 ** 24), right: key % 2 ** 24, count });
  for (let best = heap.pop(); best !== undefined; best = heap.pop()) {
    const { left, right } = best;
    const key = pairKey(left, right);
    const now = counts.get(key) ?? 0;
    // Counts have changed since it was put there.
    if (now !== best.count) {
      if (now > 0 && now < best.count) heap.push({ left, right, count: now });
      continue;
    }
    if (best.count < Math.max(1, leastCount)) return;
    const id = merged(best);
    if (id === undefined) return;
    const grown = new Map<number, Merge>();
    for (const at of places.get(key)!) {
      const word = words[at]!;
      const { ids, count } = word;
      const next: number[] = [];
      for (let from = 0; from < ids.length; from++) {
        if (ids[from] === left && ids[from + 1] === right) {
          next.push(id);
          from++;
        } else next.push(ids[from]!);
      }
      for (let i = 1; i < ids.length; i++) {
        const old = pairKey(ids[i - 1]!, ids[i]!);
        counts.set(old, counts.get(old)! - count);
      }
      for (let i = 1; i < next.length; i++) {
        add(next[i - 1]!, next[i]!, count, at);
        if (next[i - 1] === id || next[i] === id)
          grown.set(pairKey(next[i - 1]!, next[i]!), { left: next[i - 1]!, right: next[i]! });
      }
      word.ids = next;
    }
    counts.delete(key);
    places.delete(key);
    for (const [pair, merge] of grown) heap.push({ ...merge, count: counts.get(pair)! });
  }
}

/** What a pair becomes, and how early that was learnt. */
export interface Rule {
  readonly rank: number;
  readonly id: number;
}

/** Merges neighbours by rules, the earliest learnt first, from the left; n ids take n·log n steps. */
export function applyMerges(ids: readonly number[], rules: ReadonlyMap<number, Rule>): number[] {
  const pieces = [...ids];
  const next = pieces.map((_, at) => at + 1);
  const before = pieces.map((_, at) => at - 1);
  const heap = new Heap<{ readonly rule: Rule; readonly at: number; readonly left: number; readonly right: number }>(
    (a, b) => a.rule.rank < b.rule.rank || (a.rule.rank === b.rule.rank && a.at < b.at),
  );
  const offer = (at: number): void => {
    const to = next[at]!;
    if (at < 0 || to >= pieces.length) return;
    const rule = rules.get(pairKey(pieces[at]!, pieces[to]!));
    if (rule) heap.push({ rule, at, left: pieces[at]!, right: pieces[to]! });
  };
  for (let at = 0; at + 1 < pieces.length; at++) offer(at);
  for (let best = heap.pop(); best !== undefined; best = heap.pop()) {
    const { rule, at, left, right } = best;
    const to = next[at]!;
    // One of the two was merged with another neighbour meanwhile.
    if (pieces[at] !== left || to >= pieces.length || pieces[to] !== right) continue;
    pieces[at] = rule.id;
    pieces[to] = -1;
    next[at] = next[to]!;
    if (next[to]! < pieces.length) before[next[to]!] = at;
    if (before[at]! >= 0) offer(before[at]!);
    offer(at);
  }
  return pieces.filter((piece) => piece >= 0);
}
