/** What a GPU is to do, in order. What it cannot take yet waits here. */

/** Something to be done when its turn comes. */
export interface Command {
  /** What must be awaited before it can start, after which it is asked again; nothing when it can start now. */
  wait?(): Promise<unknown> | undefined;
  start(): void;
  /** Called when it could not start, or will never have its turn. */
  drop?(error: unknown): void;
}

/** Commands start one after another; the first of all at once, if it can. */
export class Queue {
  /** While there are any, something is awaited, or one of them is starting. */
  #commands: Command[] = [];
  /** Counts on when nobody waits any more for what is awaited. */
  #round = 0;
  #emptied: (() => void)[] = [];

  /** Whether everything that was asked for has been started. */
  get empty(): boolean {
    return this.#commands.length === 0;
  }

  /** Returns whether the command has been started. @throws what `start` throws, if it was. */
  push(command: Command): boolean {
    if (!this.empty) {
      this.#commands.push(command);
      return false;
    }
    const awaited = command.wait?.();
    if (!awaited) {
      command.start();
      return true;
    }
    this.#commands.push(command);
    this.#goAfter(awaited);
    return false;
  }

  /** Done when {@link empty}. */
  whenEmpty(): Promise<void> {
    return this.empty ? Promise.resolve() : new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** Gives up all that has not started. */
  drop(error: unknown): void {
    this.#round++;
    const rest = this.#commands;
    this.#commands = [];
    for (const command of rest) command.drop?.(error);
    this.#tell();
  }

  #goAfter(awaited: Promise<unknown>): void {
    const round = ++this.#round;
    const go = (): void => {
      if (this.#round === round) this.#go();
    };
    void awaited.then(go, go);
  }

  #go(): void {
    for (let command = this.#commands[0]; command; command = this.#commands[0]) {
      const awaited = command.wait?.();
      if (awaited) return this.#goAfter(awaited);
      try {
        command.start();
      } catch (error) {
        command.drop?.(error);
      }
      // Others may have been dropped meanwhile.
      if (this.#commands[0] === command) this.#commands.shift();
    }
    this.#tell();
  }

  #tell(): void {
    for (const done of this.#emptied.splice(0)) done();
  }
}
