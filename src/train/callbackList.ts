import { ArgumentError, CallbackError } from "../core/errors.ts";
import { isPromise } from "../data/ordered.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Callback, EpochSummary, Run, Watch } from "./callback.ts";

/** What callbacks keep, in their order. */
export type CallbackStates = readonly { readonly name: string; readonly state: unknown }[];

const METHODS = [
  "begin",
  "beginEpoch",
  "endStep",
  "tick",
  "beginValidation",
  "endValidation",
  "endEpoch",
  "end",
] as const satisfies readonly (keyof Callback)[];

type Method = (typeof METHODS)[number];

/** A callback whose functions have other names would be passed over in silence. */
function checkCallback(callback: Callback): void {
  if (typeof callback === "object" && ["watch", ...METHODS].some((name) => name in callback)) return;
  const got = typeof callback === "object" ? `an object with ${Object.keys(callback).join(", ")}` : typeof callback;
  throw new ArgumentError(
    `fit: a callback is an object with a name and some of ${METHODS.join(", ")} and watch, got ${got}`,
  );
}

/** The callbacks of a run, one after the other, with their names on what they throw. */
export class Callbacks {
  readonly #all: readonly Callback[];
  readonly #eachStep: readonly Callback[];
  readonly #run: Run;
  /** The watches, and whose they are. */
  readonly #watching: readonly { readonly callback: Callback; readonly watch: Watch }[];

  constructor(callbacks: readonly Callback[], run: Run) {
    callbacks.forEach(checkCallback);
    this.#all = callbacks;
    this.#eachStep = callbacks.filter((callback) => callback.endStep);
    this.#watching = callbacks.flatMap((callback) => (callback.watch ? [{ callback, watch: callback.watch }] : []));
    this.#run = run;
  }

  /** Numbers of the watches that look into a step; steps count from 1. */
  due(step: number): readonly number[] {
    const numbers: number[] = [];
    for (let at = 0; at < this.#watching.length; at++)
      if (step % this.#watching[at]!.watch.every === 0) numbers.push(at);
    return numbers;
  }

  /** Shows what was traced to the watches. A promise only where one of them has returned one. */
  see(
    due: readonly number[],
    values: readonly Readonly<Record<string, Tensor>>[],
    from: number = 0,
  ): void | Promise<void> {
    for (let at = from; at < due.length; at++) {
      const { callback, watch } = this.#watching[due[at]!]!;
      const result = this.#guarded(callback, "watch", () => watch.see(values[at]!, this.#run));
      if (isPromise(result)) return Promise.resolve(result).then(() => this.see(due, values, at + 1));
    }
  }

  begin(): Promise<void> {
    return this.#each("begin", (callback) => callback.begin?.(this.#run));
  }

  beginEpoch(): Promise<void> {
    return this.#each("beginEpoch", (callback) => callback.beginEpoch?.(this.#run));
  }

  /** A promise only where a callback has returned one: most steps have nothing to wait for. */
  endStep(): void | Promise<void> {
    for (const [at, callback] of this.#eachStep.entries()) {
      const result = this.#guarded(callback, "endStep", () => callback.endStep!(this.#run));
      if (isPromise(result)) return this.#endStepFrom(result, at + 1);
    }
  }

  async #endStepFrom(first: PromiseLike<void>, next: number): Promise<void> {
    await first;
    for (const callback of this.#eachStep.slice(next))
      await this.#guarded(callback, "endStep", () => callback.endStep!(this.#run));
  }

  state(): CallbackStates {
    return this.#all.flatMap((callback) => (callback.state ? [{ name: callback.name, state: callback.state() }] : []));
  }

  /** Gives callbacks what those of the same names kept; the second of a name what the second kept. */
  restore(states: CallbackStates): void {
    const rest = [...states];
    for (const callback of this.#all) {
      const at = callback.restore ? rest.findIndex(({ name }) => name === callback.name) : -1;
      if (at >= 0) callback.restore!(rest.splice(at, 1)[0]!.state);
    }
  }

  tick(): Promise<void> {
    return this.#each("tick", (callback) => callback.tick?.(this.#run));
  }

  /** Runs the validation between what callbacks do before and after it; after it in any case. */
  async validation<T>(validate: () => Promise<T>): Promise<T> {
    await this.#each("beginValidation", (callback) => callback.beginValidation?.(this.#run));
    try {
      return await validate();
    } finally {
      await this.#each("endValidation", (callback) => callback.endValidation?.(this.#run));
    }
  }

  endEpoch(summary: EpochSummary): Promise<void> {
    return this.#each("endEpoch", (callback) => callback.endEpoch?.(this.#run, summary));
  }

  /** Calls all of them, and returns what the first of them threw. */
  async end(error: unknown): Promise<unknown> {
    let failure: unknown;
    for (const callback of this.#all)
      try {
        await this.#guarded(callback, "end", () => callback.end?.(this.#run, error));
      } catch (thrown) {
        failure ??= thrown;
      }
    return failure;
  }

  async #each(method: Method, call: (callback: Callback) => void | PromiseLike<void>): Promise<void> {
    for (const callback of this.#all) {
      const result = this.#guarded(callback, method, () => call(callback));
      if (isPromise(result)) await result;
    }
  }

  #guarded(
    { name }: Callback,
    method: Method | "watch",
    call: () => void | PromiseLike<void>,
  ): void | PromiseLike<void> {
    const failed = (cause: unknown): never => {
      const { epoch, step } = this.#run;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new CallbackError(`${name}: ${message} (${method}, epoch ${epoch}, step ${step})`, { cause });
    };
    try {
      const result = call();
      return isPromise(result) ? result.then(undefined, failed) : undefined;
    } catch (cause) {
      return failed(cause);
    }
  }
}
