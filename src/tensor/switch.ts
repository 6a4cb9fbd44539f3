/**
 * Booleans on the host that traced functions may read and set, such as the mode of a module. What a function read is part
 * of what its program is chosen by: another value is another program, and going back finds the old one.
 */
import { currentTrace } from "./trace.ts";

export class Switch {
  #on: boolean;

  constructor(on: boolean) {
    this.#on = on;
  }

  get on(): boolean {
    currentTrace()?.noteSwitch(this);
    return this.#on;
  }

  set on(on: boolean) {
    currentTrace()?.noteSwitch(this);
    this.#on = on;
  }

  /** As `on`, without telling the trace. */
  get onNow(): boolean {
    return this.#on;
  }
}
