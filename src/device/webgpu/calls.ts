/**
 * What is asked of a GPU: in order, from when it is open until it is lost. What goes wrong late, which no call can throw, is told to
 * all who wait then, or else to the first who waits again.
 */
import { DeviceError } from "../../core/errors.ts";
import { because } from "./adapter.ts";
import { Queue, type Command } from "./queue.ts";

export class Calls {
  /** Done when nothing can be done any more, with the reason. */
  readonly lost: Promise<DeviceError>;
  readonly #checked: () => Promise<void> | undefined;
  readonly #queue = new Queue();
  #opening: Promise<void> | undefined;
  /** Why nothing can be done any more. */
  #over: DeviceError | undefined;
  #lose!: (error: DeviceError) => void;
  /** Whoever waits for the GPU. */
  readonly #waiting = new Set<(error: DeviceError) => void>();
  /** Calls so far, and what went wrong. */
  #calls = 0;
  #fault: { readonly error: DeviceError; readonly before: number; told: boolean } | undefined;

  /** @param checked what must be awaited until it is known whether there is memory for all that was asked for. */
  constructor(checked: () => Promise<void> | undefined) {
    this.#checked = checked;
    this.lost = new Promise((resolve) => (this.#lose = resolve));
  }

  /** Why nothing can be done any more; undefined while it can. */
  get over(): DeviceError | undefined {
    return this.#over;
  }

  /** Whether everything that was asked for has been started. */
  get empty(): boolean {
    return this.#queue.empty;
  }

  /** Done when {@link empty}. */
  whenEmpty(): Promise<void> {
    return this.#queue.whenEmpty();
  }

  /** All that is asked for waits until the GPU is open. Nothing can be done if that fails. */
  open(opening: Promise<void>): void {
    this.#opening = opening.then(
      () => void (this.#opening = undefined),
      (error: unknown) =>
        void this.end(
          error instanceof DeviceError ? error : new DeviceError(`webgpu: it could not be opened${because(error)}.`),
        ),
    );
  }

  /** Done when the GPU is open. @throws DeviceError when it cannot be opened, or was lost. */
  async opened(): Promise<void> {
    await this.#opening;
    this.check();
  }

  /** @throws DeviceError when nothing can be done any more. */
  check(): void {
    if (this.#over) throw again(this.#over);
  }

  /** Nothing can be done from now on. Returns whether that is new. */
  end(error: DeviceError): boolean {
    if (this.#over) return false;
    this.#over = error;
    this.#opening = undefined;
    this.#lose(error);
    this.#queue.drop(error);
    for (const reject of this.#waiting) reject(again(error));
    this.#waiting.clear();
    return true;
  }

  /** Returns whether it was started at once. @throws what its start throws then. */
  push({ wait, start, drop }: Command): boolean {
    this.check();
    this.#calls++;
    return this.#queue.push({
      wait: () => this.#opening ?? wait?.(),
      start,
      drop: (error) => {
        if (drop) drop(error);
        else if (!this.#over) this.report(typed(error));
      },
    });
  }

  /** Does something in its turn and waits for it. @throws DeviceError when it, or something before it, fails. */
  await<T>(work: () => Promise<T>, wait?: () => Promise<unknown> | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call = this.#calls;
      this.#waiting.add(reject);
      const settle = (act: () => void): void => {
        const checked = this.#checked();
        if (checked) return void checked.then(() => settle(act));
        const fault = this.#fault;
        this.#waiting.delete(reject);
        if (!fault || (fault.told && call >= fault.before)) return act();
        fault.told = true;
        reject(again(fault.error));
      };
      this.push({
        ...(wait && { wait }),
        start: () => {
          work().then(
            (value) => settle(() => resolve(value)),
            // A device that was lost says so by itself, a moment later.
            (error: unknown) => void Promise.race([this.lost, pause()]).then(() => settle(() => reject(typed(error)))),
          );
        },
        drop: (error) => {
          this.#waiting.delete(reject);
          reject(again(typed(error)));
        },
      });
    });
  }

  /** What is awaited, but for the end of the device. */
  orEnd<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      promise.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  /** Tells those who wait, or else the first who will. */
  report(error: DeviceError): void {
    if (!this.#fault || this.#fault.told) this.#fault = { error, before: this.#calls, told: false };
  }

  /** An error that no call of ours caught. */
  hear(message: string): void {
    const checked = this.#checked();
    if (checked) return void checked.then(() => this.hear(message));
    // What uses a buffer that there was no memory for is invalid too.
    if (this.#fault && /invalid/i.test(message)) return;
    this.report(
      new DeviceError(
        `webgpu: the GPU refused a command (${message.trim()}). This is a fault of Myelin or of the driver; setDevice("cpu") runs the same programs.`,
      ),
    );
  }
}

/** The same error, for another caller. */
export const again = (error: DeviceError): DeviceError =>
  error.line === undefined ? new DeviceError(error.message, { cause: error }) : error;

export const typed = (error: unknown): DeviceError =>
  error instanceof DeviceError ? error : new DeviceError(`webgpu: it failed${because(error)}.`, { cause: error });

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
