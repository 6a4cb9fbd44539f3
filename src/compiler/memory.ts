/** Places values in one heap so that values that are never alive together may share bytes. */

/** Something that needs `bytes` from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Placement {
  /** Byte offset of every lifetime, in order. */
  readonly offsets: readonly number[];
  /** Bytes of the whole heap. */
  readonly bytes: number;
}

/** Bytes that a block is rounded up to: what WebGPU wants of ranges that kernels see, and whole cache lines. */
const ALIGNMENT = 256;

/**
 * Best fit, largest first: each value goes into the tightest gap left by the values placed before whose lifetimes overlap
 * its own ("greedy by size", Pisarchyk and Lee 2020).
 */
export function planMemory(lifetimes: readonly Lifetime[]): Placement {
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: { readonly life: Lifetime; readonly from: number; readonly to: number }[] = [];
  let total = 0;
  for (const i of order) {
    const life = lifetimes[i]!;
    const size = Math.ceil(life.bytes / ALIGNMENT) * ALIGNMENT;
    const busy = placed.filter((p) => p.life.first <= life.last && life.first <= p.life.last);
    let best = -1,
      bestGap = Infinity,
      end = 0;
    for (const p of busy) {
      const gap = p.from - end;
      if (gap >= size && gap < bestGap) {
        best = end;
        bestGap = gap;
      }
      end = Math.max(end, p.to);
    }
    const from = best >= 0 ? best : end;
    offsets[i] = from;
    total = Math.max(total, from + size);
    const at = placed.findIndex((p) => p.from > from);
    placed.splice(at < 0 ? placed.length : at, 0, { life, from, to: from + size });
  }
  return { offsets, bytes: total };
}
