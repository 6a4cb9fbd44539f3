import { now } from "#platform";
import { deviceIdle } from "../tensor/engine.ts";

/**
 * Times how long a reader waits for data. As long as the device computes what it was given before, nobody does: the next step could not begin.
 * @returns what says, in milliseconds, how long it has been.
 */
export function startWaiting(): () => number {
  const idle = deviceIdle();
  let since = idle ? Infinity : now();
  void idle?.then(() => (since = now()));
  return () => Math.max(0, now() - since);
}
