/** What all of preprocessing is: learnt from training data, applied to everything, saved with the model. */
import { ArgumentError, FormatError } from "../../core/errors.ts";
import { isJsonObject, quote, type Json } from "../../formats/json.ts";

/** Learns from training data how to change it, and changes other data in the same way. */
export interface Transformer<In, Out = In> {
  /** What columns of a table are given to it as: see `ColumnTransformer`. */
  readonly takes: "numbers" | "categories";
  /** Learns from training data, and forgets what it learnt before. */
  fit(data: In): this;
  /** @throws ArgumentError before `fit`. */
  transform(data: In): Out;
  /** What was transformed, as it was. @throws ArgumentError where nothing can take it back. */
  inverse(data: Out): In;
  /** `fit`, then `transform` of the same data. */
  fitTransform(data: In): Out;
  /** All that it is and has learnt: `preprocessing.fromJSON` makes it again. */
  toJSON(): Json;
}

/** Any transformer: what goes in and comes out is checked while running. */
export interface AnyTransformer {
  readonly takes: "numbers" | "categories";
  fit(data: never): unknown;
  transform(data: never): unknown;
  inverse(data: never): unknown;
  fitTransform(data: never): unknown;
  toJSON(): Json;
}

/** A transformer as JSON. */
export interface Saved {
  readonly type: string;
  readonly options: { readonly [name: string]: Json };
  /** What was learnt; null before `fit`. */
  readonly state: Json;
}

/** The options that were given, as JSON. */
export function given(options: object): { readonly [name: string]: Json } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [name: string]: Json;
  };
}

/** What was learnt, or an error that says to fit first. */
export function fitted<S>(type: string, state: S | undefined): S {
  if (state === undefined)
    throw new ArgumentError(`${type}: it has learnt nothing yet; call fit with the training data before transform`);
  return state;
}

/** Reads what was learnt from JSON that is not trusted. */
export class StateReader {
  readonly type: string;
  readonly #state: { readonly [name: string]: Json };

  constructor(type: string, state: Json) {
    this.type = type;
    if (!isJsonObject(state)) throw new FormatError(`${type}: what it learnt is no object; the file is damaged`);
    this.#state = state;
  }

  #read(name: string, wanted: string, fits: (value: Json) => boolean): Json {
    const value = Object.hasOwn(this.#state, name) ? this.#state[name]! : null;
    if (!fits(value))
      throw new FormatError(
        `${this.type}: ${quote(name)} should be ${wanted}, got ${quote(JSON.stringify(value))}; the file is damaged`,
      );
    return value;
  }

  number(name: string): number {
    return this.#read(name, "a number", (value) => typeof value === "number") as number;
  }

  numbers(name: string): readonly number[] {
    return this.#read(name, "a list of numbers", isNumbers) as readonly number[];
  }

  texts(name: string): readonly string[] {
    return this.#read(
      name,
      "a list of texts",
      (value) => Array.isArray(value) && value.every((entry) => typeof entry === "string"),
    ) as readonly string[];
  }

  /** Lists of numbers, all equally long. */
  matrix(name: string): readonly (readonly number[])[] {
    return this.#read(
      name,
      "rows of numbers of one length",
      (value) =>
        Array.isArray(value) &&
        value.every((row) => isNumbers(row) && (row as Json[]).length === (value[0] as Json[]).length),
    ) as readonly (readonly number[])[];
  }

  /** Lists of numbers, texts, and truths. */
  lists(name: string): readonly (readonly (number | string | boolean)[])[] {
    return this.#read(
      name,
      "lists of numbers and texts",
      (value) =>
        Array.isArray(value) &&
        value.every(
          (list) =>
            Array.isArray(list) && list.every((entry) => ["number", "string", "boolean"].includes(typeof entry)),
        ),
    ) as readonly (readonly (number | string | boolean)[])[];
  }
}

function isNumbers(value: Json): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === "number");
}
