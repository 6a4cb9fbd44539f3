import { now } from "#platform";
import { roomToRun } from "../tensor/engine.ts";
import type { Stream } from "./stages/stage.ts";
import { startWaiting } from "./waiting.ts";

/** Where in a dataset one is, as plain JSON: what `Dataset.restore` goes on from. */
export interface DatasetState {
  /** Counted from 0. */
  readonly epoch: number;
  /** How many elements of the epoch have been given. */
  readonly position: number;
}

/** How long iterations took, and how much of that the consumer stood and waited while the device computed nothing either. In milliseconds. */
export interface Flow {
  elements: number;
  total: number;
  stalled: number;
}

/** One epoch being gone through: knows where it is and how long its reader has waited. */
export class Iteration<T> implements AsyncGenerator<T, void, undefined> {
  epoch: number;
  position: number;
  readonly #stream: Stream<T>;
  readonly #flow: Flow;
  #last: number | undefined;

  constructor(stream: Stream<T>, { epoch, position }: DatasetState, flow: Flow) {
    this.#stream = stream;
    this.epoch = epoch;
    this.position = position;
    this.#flow = flow;
  }

  async next(): Promise<IteratorResult<T, void>> {
    const start = now();
    const waited = startWaiting();
    // Whoever trains on one element after the other and reads nothing would pile up work.
    const room = roomToRun();
    if (room) await room;
    const result = await this.#stream.next();
    const end = now();
    this.#flow.stalled += waited();
    this.#flow.total += end - (this.#last ?? start);
    this.#last = end;
    if (result.done) {
      this.epoch++;
      this.position = 0;
    } else {
      this.#flow.elements++;
      this.position++;
    }
    return result;
  }

  return(): Promise<IteratorResult<T, void>> {
    return this.#stream.return();
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    return this.#stream.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
