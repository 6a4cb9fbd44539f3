/**
 * Results that stay in a device's memory. Nobody says when they are no longer needed: the collector does, and only between macrotasks; and it
 * knows nothing of a device's memory, so that it would wait much too long. Above a bound of bytes whoever awaits something lets it work.
 */
import { turn } from "#platform";
import type { Memory } from "../device/device.ts";

const BOUND = 2 ** 28;
/** What makes the collector look: this much of the host's memory asked for and let go, untouched. 64 MB are too little, four times that is enough. */
const NUDGE = { bytes: 2 ** 26, times: 4 } as const;
/** How often it is asked before what is held counts as needed: one to five times are enough, up to 23 were seen where other work has the cores. */
const LOOKS = 60;

let held = 0;
let bound = BOUND;

const results = /* @__PURE__ */ new FinalizationRegistry<Memory>((memory) => {
  held -= memory.bytes;
  memory.device.free(memory);
});

/** Frees a memory when its owner was collected. */
export function keep(owner: object, memory: Memory): void {
  held += memory.bytes;
  results.register(owner, memory);
}

/** Bytes of results that were not freed yet, on all devices. */
export function bytesKept(): number {
  return held;
}

/** To be awaited between steps, where it returns a promise: gives results back that nobody holds any more. */
export function letGo(): void | Promise<void> {
  if (held > bound) return collect();
}

async function collect(): Promise<void> {
  const before = held;
  // It may take several looks until it has seen everything.
  for (let look = 0; look < LOOKS && held > before / 2; look++) {
    try {
      for (let i = 0; i < NUDGE.times; i++) new ArrayBuffer(NUDGE.bytes);
    } catch {
      // The host has no room either: its collector works as it is.
    }
    await turn();
  }
  // Where so much is held for good, asking again at each step would cost and give nothing.
  bound = Math.max(BOUND, 2 * held);
}
