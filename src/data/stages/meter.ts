import { now } from "#platform";

/**
 * Counts and times what a stage does, at almost no cost: work that takes microseconds is timed now and then and stands for the calls
 * before it, work that takes longer, or is waited for, every time. Times are in milliseconds.
 */
export class Meter {
  /** Elements given. */
  elements = 0;
  /** In the stage's own work, added up over elements that are under way at the same time. */
  busy = 0;
  /** That whoever reads the stage's stream has waited for it. */
  waited = 0;
  /** Elements that lay ready when one was asked for, added up over `asked`. */
  ready = 0;
  /** How often a queue was asked for an element. */
  asked = 0;
  #untimed = 0;
  #gap = 0;

  /** Before work. Returns what `end` wants. */
  start(): number {
    return this.#untimed < this.#gap ? 0 : now();
  }

  /** After work that was done at once. */
  end(start: number): void {
    if (start === 0) {
      this.#untimed++;
      return;
    }
    const took = now() - start;
    this.busy += took * (1 + this.#untimed);
    this.#untimed = 0;
    // Gaps that differ: what comes round every eighth element must not always, or never, be met.
    this.#gap = took < TOO_SHORT ? (this.#gap + 11) % 32 : 0;
  }

  /** Times work that makes many elements at once. */
  many<R>(work: () => R): R {
    const start = now();
    const result = work();
    this.busy += now() - start;
    return result;
  }

  /** After work that was waited for. */
  endLater(start: number): void {
    this.#gap = 0;
    if (start !== 0) this.busy += now() - start;
  }
}

/** Work of fewer milliseconds is not timed every time: reading the clock would be a part of it. */
const TOO_SHORT = 0.005;
