import { now } from "#platform";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** A number that the user gives, or leaves to be found while the pipeline runs. */
export type Count = number | "auto";

/** How many elements may be under way, or lie ready, at a time. Found while the pipeline runs where it may change; order never depends on it. */
export class Window {
  size: number;
  readonly most: number;
  /** It is found while the pipeline runs. */
  readonly auto: boolean;
  #filled = false;
  #elements = 0;
  #waited = 0;
  #since = 0;
  #before = Infinity;

  /** @param most it stays what it is where this is the size. */
  constructor(size: number, most: number = size) {
    this.size = size;
    this.most = most;
    this.auto = most > size;
  }

  toString(): string {
    return this.auto ? `auto: ${this.size}` : `${this.size}`;
  }

  /**
   * For elements under way: the oldest was waited for, so long (milliseconds, 0 if it was ready). More are let under way as long as
   * that makes waits shorter.
   */
  hadToWait(milliseconds: number): void {
    if (this.size >= this.most) return;
    if (this.#elements === 0) this.#since = now() - milliseconds;
    this.#elements++;
    this.#waited += milliseconds;
    if (this.#elements < Math.max(8, 2 * this.size)) return;
    const each = this.#waited / this.#elements;
    const stalled = this.#waited / (now() - this.#since);
    [this.#elements, this.#waited] = [0, 0];
    if (stalled < STALLED || each > WORTH * this.#before) return;
    this.#before = each;
    this.size = Math.min(this.most, 2 * this.size);
  }

  /** For a queue: it is full. */
  wasFull(): void {
    this.#filled = true;
  }

  /**
   * For a queue: an element was asked for and none was ready. A longer queue helps where this one had been full: then elements come
   * fast enough, but not steadily.
   */
  wasEmpty(): void {
    if (!this.#filled || this.size >= this.most) return;
    this.#filled = false;
    this.size = Math.min(this.most, 2 * this.size);
  }
}

/** Shares of time: below the first nobody needs more; a step must make waits shorter by this factor to be followed by another. */
const STALLED = 0.05;
const WORTH = 0.9;

/** Always the same. */
export function fixed(size: number): Window {
  return new Window(size);
}

/** The one that lets more through. */
export function wider(a: Window, b: Window): Window {
  return b.most > a.most ? b : a;
}

/** Checks a number of elements under way. Left to be found, it starts at 2. */
export function parallelism(operation: string, count: Count): Window {
  if (count !== "auto") wholeNumber(operation, "parallel", count, 1);
  return count === "auto" ? new Window(2, MOST) : fixed(count);
}

/** Checks the length of a queue. Left to be found, it starts at 2. */
export function queueLength(operation: string, count: Count): Window {
  if (count !== "auto") wholeNumber(operation, "the count", count, 1);
  return count === "auto" ? new Window(2, MOST) : fixed(count);
}

/** No more than these are found to be needed: every one is memory. */
const MOST = 32;
