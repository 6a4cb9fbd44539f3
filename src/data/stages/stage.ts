import { now } from "#platform";
import { DataError, MyelinError } from "../../core/errors.ts";
import type { IndexedSource, Place } from "../indexed.ts";
import { isPromise, ordered, range } from "../ordered.ts";
import { Meter } from "./meter.ts";
import { fixed, type Window } from "./window.ts";

/** Elements one after the other; whoever stops before the end calls `return`. */
export type Stream<T> = AsyncGenerator<T, void, undefined>;

/**
 * One step of a pipeline. It is immutable but for its meter, and an epoch of it is a function of the epoch's number: opened twice, it
 * gives the same elements. So a position in it is a number, and going on from there needs no more.
 */
export interface Stage<T> {
  /** What it does, in a word: `shuffle`. */
  readonly name: string;
  /** With what options: `seed 42`. */
  readonly about: string;
  readonly inputs: readonly Stage<unknown>[];
  /** Elements in an epoch: undefined when that is not known beforehand, Infinity where there is no end. */
  readonly length: number | undefined;
  readonly meter: Meter;
  /** How many elements are under way or lie ready, where the stage works ahead. */
  readonly window?: Window | undefined;
  /** The elements of an epoch from position `from` on. What is before it is made only where nobody knows another way. */
  open(epoch: number, from: number): Stream<T>;
}

/**
 * A stage with random access: nothing is computed before an element is asked for, so that `skip` skips the work too and `shuffle` is
 * exact wherever it stands.
 */
export interface IndexedStage<T> extends Stage<T> {
  readonly length: number;
  /** How many elements may be under way at a time. */
  readonly parallel: Window;
  at(epoch: number): Reader<T>;
}

/** Reads elements of an epoch by their position. */
export interface Reader<T> {
  get: IndexedSource<T>["get"];
  /** Many elements put on top of each other, as `stack` does, without making each of them. Absent where that cannot be. */
  stacked?: IndexedSource<T>["stacked"];
}

/** What there is to say of a stage. */
export interface StageText {
  readonly name: string;
  readonly about?: string;
  readonly inputs: readonly Stage<unknown>[];
}

export function isIndexed<T>(stage: Stage<T>): stage is IndexedStage<T> {
  return "at" in stage;
}

export function indexedStage<T>(
  { name, about = "", inputs }: StageText,
  length: number,
  read: (epoch: number) => Reader<T>,
  { parallel = fixed(1), window, meter = new Meter() }: { parallel?: Window; window?: Window; meter?: Meter } = {},
): IndexedStage<T> {
  const at = (epoch: number): Reader<T> => counted(meter, read(epoch));
  const open = (epoch: number, from: number): Stream<T> => ordered(range(from, length), at(epoch).get, parallel);
  return { name, about, inputs, length, meter, window, parallel, at, open: metered(meter, open, false) };
}

/** A stage with random access whose elements in order come another, faster way. */
export function withOrder<T>(stage: IndexedStage<T>, open: Stage<T>["open"]): IndexedStage<T> {
  return { ...stage, open: metered(stage.meter, open, true) };
}

function counted<T>(meter: Meter, { get, stacked }: Reader<T>): Reader<T> {
  return {
    get: (index) => {
      meter.elements++;
      return get(index);
    },
    ...(stacked && {
      stacked: (indices) => {
        meter.elements += indices.length;
        return stacked(indices);
      },
    }),
  };
}

/** A stage whose elements come one after the other only. A function that cannot seek becomes `open` by {@link fromStart}. */
export function streamStage<T>(
  { name, about = "", inputs }: StageText,
  length: number | undefined,
  open: Stage<T>["open"],
  { window, meter = new Meter() }: { window?: Window; meter?: Meter } = {},
): Stage<T> {
  return { name, about, inputs, length, meter, window, open: metered(meter, open, true) };
}

/** Opens at a position what can only be read from its start: what is before it is made and dropped. */
export function fromStart<T>(open: (epoch: number) => AsyncIterable<T> | Iterable<T>): Stage<T>["open"] {
  return async function* (epoch, from) {
    let index = 0;
    for await (const value of open(epoch)) if (index++ >= from) yield value;
  };
}

/** @param counts whether elements are counted here; those that are read by position are already. */
function metered<T>(meter: Meter, open: Stage<T>["open"], counts: boolean): Stage<T>["open"] {
  return (epoch, from) => {
    const stream = open(epoch, from);
    const next = (): Promise<IteratorResult<T, void>> => {
      const start = now();
      const result = stream.next();
      result.then(
        ({ done }) => {
          meter.waited += now() - start;
          if (counts && !done) meter.elements++;
        },
        () => undefined,
      );
      return result;
    };
    const metered: Stream<T> = {
      next,
      return: () => stream.return(),
      throw: (error) => stream.throw(error),
      [Symbol.asyncIterator]: () => metered,
      [Symbol.asyncDispose]: () => stream.return().then(() => undefined),
    };
    return metered;
  };
}

/** How many stages lie between a stage and the furthest source, itself included. */
function depth(inputs: readonly Stage<unknown>[]): number {
  return 1 + Math.max(0, ...inputs.map((input) => depth(input.inputs)));
}

/**
 * Calls a stage's own function for an element: its work is timed, and what it throws says where that was.
 * @returns what the function does, a promise where it does.
 */
export function worked<U>(
  text: StageText,
  meter: Meter,
  place: Place,
  work: () => U | PromiseLike<U>,
): U | PromiseLike<U> {
  const start = meter.start();
  let result: U | PromiseLike<U>;
  try {
    result = work();
  } catch (error) {
    throw failure(text, place, error);
  }
  if (!isPromise(result)) {
    meter.end(start);
    return result;
  }
  return result.then(
    (value: U) => {
      meter.endLater(start);
      return value;
    },
    (error: unknown) => {
      throw failure(text, place, error);
    },
  );
}

/** The error for an element that could not be made. Typed errors keep their type. */
export function failure({ name, inputs }: StageText, { epoch, index }: Place, cause: unknown): Error {
  const where = `${name} (stage ${depth(inputs)}), element ${index} of epoch ${epoch}`;
  if (!(cause instanceof MyelinError))
    return new DataError(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  const type = cause.constructor as typeof MyelinError;
  const ending = cause.line === undefined ? "" : `  at ${cause.line}`;
  const message = cause.message.endsWith(ending)
    ? cause.message.slice(0, cause.message.length - ending.length)
    : cause.message;
  return new type(`${where}: ${message}`, { cause, ...(cause.line === undefined ? {} : { line: cause.line }) });
}
