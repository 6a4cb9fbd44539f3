/**
 * Allocation inside one linear address space: best fit, freed neighbours joined, every block on a boundary of 64 bytes or
 * more. Knows numbers only; whoever owns the bytes lets it grow.
 */
import { showBytes } from "../core/bytes.ts";
import { DeviceError } from "../core/errors.ts";

/** Blocks start and end on this boundary: a cache line, and more than any vector load wants. */
export const ALIGNMENT = 64;

/** There is no room for what was asked for. */
export class NoRoom extends DeviceError {}

/** What to do then. */
export const USE_LESS =
  "Use smaller batches, mixed precision, gradient accumulation or checkpointing (see memory.memoryAdvice), or drop tensors that are no longer needed.";

interface Hole {
  readonly start: number;
  readonly size: number;
}

/** `bytes` rounded up to the next boundary. */
export function aligned(bytes: number, alignment: number = ALIGNMENT): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Hands out ranges of addresses. */
export class Heap {
  /** Holes by size, equal sizes by address: the first that is large enough fits best. */
  readonly #bySize: Hole[] = [];
  readonly #byStart = new Map<number, Hole>();
  readonly #byEnd = new Map<number, Hole>();
  readonly #taken = new Map<number, number>();
  readonly #start: number;
  readonly #grow: (end: number) => number;
  readonly #alignment: number;
  #end: number;
  #used = 0;

  /**
   * Manages the addresses `start` … `end` − 1. When they do not suffice, `grow` is called with the end that is wanted
   * and answers with the end there is now: the same as before when it refuses, more than wanted when it likes.
   */
  constructor(start: number, end: number, grow: (end: number) => number = () => end, alignment: number = ALIGNMENT) {
    this.#alignment = alignment;
    this.#start = aligned(start, alignment);
    this.#end = this.#start;
    this.#grow = grow;
    this.#extend(end);
  }

  /** Bytes handed out, rounded up to the boundary. */
  get used(): number {
    return this.#used;
  }

  /** The largest block that could be handed out without growing. */
  get largest(): number {
    return this.#bySize.at(-1)?.size ?? 0;
  }

  /**
   * The address of a new block.
   * @throws NoRoom
   */
  allocate(bytes: number): number {
    const size = Math.max(this.#alignment, aligned(bytes, this.#alignment));
    let hole = this.#bestFit(size);
    if (!hole) {
      const last = this.#byEnd.get(this.#end);
      this.#extend(this.#grow(this.#end + size - (last?.size ?? 0)));
      hole = this.#bestFit(size);
    }
    if (!hole)
      throw new NoRoom(
        `alloc: ${showBytes(bytes)} were asked for, and of ${showBytes(this.#end - this.#start)} there are ` +
          `${showBytes(this.#end - this.#start - this.#used)} free, the largest piece ${showBytes(this.largest)}. ${USE_LESS}`,
      );
    this.#removeHole(hole);
    if (hole.size > size) this.#addHole(hole.start + size, hole.size - size);
    this.#taken.set(hole.start, size);
    this.#used += size;
    return hole.start;
  }

  /** Gives a block back; its address is the one that {@link allocate} answered. */
  free(address: number): void {
    const size = this.#taken.get(address);
    if (size === undefined)
      throw new DeviceError(`free: there is no block at ${address}. It was freed before, or is another device's.`);
    this.#taken.delete(address);
    this.#used -= size;
    this.#join(address, size);
  }

  #extend(end: number): void {
    const to = end - (end % this.#alignment);
    if (to <= this.#end) return;
    const from = this.#end;
    this.#end = to;
    this.#join(from, to - from);
  }

  /** Adds a hole, merged with the holes on both sides. */
  #join(start: number, size: number): void {
    const before = this.#byEnd.get(start);
    const after = this.#byStart.get(start + size);
    if (before) this.#removeHole(before);
    if (after) this.#removeHole(after);
    this.#addHole(before?.start ?? start, (before?.size ?? 0) + size + (after?.size ?? 0));
  }

  #addHole(start: number, size: number): void {
    const hole = { start, size };
    this.#bySize.splice(this.#position(size, start), 0, hole);
    this.#byStart.set(start, hole);
    this.#byEnd.set(start + size, hole);
  }

  #removeHole(hole: Hole): void {
    this.#bySize.splice(this.#position(hole.size, hole.start), 1);
    this.#byStart.delete(hole.start);
    this.#byEnd.delete(hole.start + hole.size);
  }

  #bestFit(size: number): Hole | undefined {
    return this.#bySize[this.#position(size, -Infinity)];
  }

  /** Where a hole of this size and address stands, or would stand. */
  #position(size: number, start: number): number {
    let low = 0;
    let high = this.#bySize.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const hole = this.#bySize[middle]!;
      if (hole.size < size || (hole.size === size && hole.start < start)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
