/** State of all that takes part in training, as JSON and tensors. */
import { ArgumentError, FormatError } from "../../core/errors.ts";
import { isPlainObject } from "../../core/plainObject.ts";
import { isJsonObject, quote, type Json } from "../../formats/json.ts";
import { isPromise } from "../../data/ordered.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Something with state, under PyTorch's pair of names: models, optimizers, schedulers, gradient scalers. */
export interface HasStateDict {
  stateDict(): object;
  loadStateDict(state: never): unknown;
  /** Awaited before `stateDict` is called, where it returns a promise: brings numbers to the host from a device that answers later. */
  ready?(): void | Promise<void>;
}

/** Something with state, under the pair of names that datasets and callbacks have. */
export interface HasState {
  state(): unknown;
  restore(state: never): unknown;
}

/** What a checkpoint keeps. Its state is a tree of plain objects and arrays of numbers, texts, booleans, null and tensors. */
export type Stateful = HasStateDict | HasState;

/** To be awaited before `stateOf`, where it returns a promise. */
export function readyParts(parts: readonly (Stateful | undefined)[]): void | Promise<void> {
  const waiting = parts.flatMap((part) => (part && "ready" in part ? [part.ready?.()] : [])).filter(isPromise);
  if (waiting.length > 0) return Promise.all(waiting).then(() => undefined);
}

/** A part's state at this moment. */
export function stateOf(part: Stateful): unknown {
  return "stateDict" in part ? part.stateDict() : part.state();
}

/** Goes back to a state. */
export function putState(part: Stateful, state: unknown): void {
  if ("loadStateDict" in part) part.loadStateDict(state as never);
  else part.restore(state as never);
}

/** Stands in JSON for a tensor of that name. */
const TENSOR = "$tensor";
/** Stands in JSON for a number that JSON has no word for: "NaN", "Infinity", "-Infinity", "-0". */
const NUMBER = "$number";
const NUMBERS: readonly string[] = ["NaN", "Infinity", "-Infinity", "-0"];

/** State without its tensors, which have names. */
export interface Packed {
  readonly json: Json;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/**
 * Takes the tensors out of state and names them by their path: `{ "0": { exp_avg } }` has `0.exp_avg`.
 * @param part names the state in messages.
 * @throws ArgumentError for what JSON cannot say.
 */
export function pack(part: string, state: unknown): Packed {
  const tensors = new Map<string, Tensor>();
  const visit = (value: unknown, path: string): Json => {
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number")
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { [NUMBER]: Object.is(value, -0) ? "-0" : `${value}` };
    if (value instanceof Tensor) {
      let name = path;
      // `{ "a.b": x, a: { b: y } }` gives one path twice.
      for (let again = 2; tensors.has(name); again++) name = `${path}#${again}`;
      tensors.set(name, value);
      return { [TENSOR]: name };
    }
    const inside = (name: string): string => (path === "" ? name : `${path}.${name}`);
    if (Array.isArray(value)) return value.map((item: unknown, i) => visit(item, inside(`${i}`)));
    if (isPlainObject(value)) {
      const entries = Object.entries(value).filter(([, item]) => item !== undefined);
      if (entries.some(([name]) => name === TENSOR || name === NUMBER))
        throw new ArgumentError(`checkpoint: the state of ${part} has the key ${TENSOR} or ${NUMBER}; rename it`);
      return Object.fromEntries(entries.map(([name, item]) => [name, visit(item, inside(name))]));
    }
    throw new ArgumentError(
      `checkpoint: the state of ${part} holds ${typeof value === "object" ? `a ${value.constructor.name}` : `a ${typeof value}`} at ${quote(path)}; give plain objects and arrays of numbers, texts, booleans, null and tensors`,
    );
  };
  const json = visit(state, "");
  return { json, tensors: Object.fromEntries(tensors) };
}

/**
 * Puts the tensors back into state.
 * @throws FormatError where the JSON names tensors or numbers that there are not.
 */
export function unpack(part: string, json: Json, tensors: Readonly<Record<string, Tensor>>): unknown {
  const visit = (value: Json): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (!isJsonObject(value)) return value;
    const { [TENSOR]: tensor, [NUMBER]: number } = value;
    if (typeof tensor === "string") {
      if (Object.hasOwn(tensors, tensor)) return tensors[tensor];
      throw new FormatError(`the state of ${part} wants a tensor ${quote(tensor)}, which is not there; it is damaged`);
    }
    if (number !== undefined) {
      if (NUMBERS.includes(number as string)) return Number(number);
      throw new FormatError(`the state of ${part} has the number ${quote(String(number))}; it is damaged`);
    }
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, visit(item)]));
  };
  return visit(json);
}
