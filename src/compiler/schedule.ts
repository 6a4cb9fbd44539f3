/** The order of kernels, and which of them run as one step. */
import type { Node } from "../graph/node.ts";
import type { Kernel } from "../ir/kernel.ts";
import { parameterize, type Parameterized } from "../ir/parameterize.ts";
import { printKernel } from "../ir/print.ts";
import type { Kernelized } from "./kernelize.ts";

/** A kernel ready to be launched: its sizes taken out, its content address known. */
export interface Scheduled extends Kernelized {
  readonly parameterized: Parameterized;
  readonly key: string;
}

/** A loop: what is done before it, and the steps that are run again and again. */
export interface ScheduledLoop {
  readonly group: Kernelized["group"];
  readonly times: number;
  /** Stands for the number of the repetition among the program's numbers. */
  readonly counter: Node;
  readonly before: readonly ScheduledStep[];
  readonly steps: readonly ScheduledStep[];
  readonly key: string;
  /** How many rows there are whose repetitions do not depend on other rows; undefined where they do. */
  readonly rows: number | undefined;
}

/** Kernels of equal code that do not wait for one another, run as the segments of one step; or a loop. */
export type ScheduledStep =
  | { readonly key: string; readonly launches: readonly Scheduled[]; readonly loop?: undefined }
  | { readonly key: string; readonly loop: ScheduledLoop; readonly launches?: undefined };

/** Kernels that cost more (estimated nanoseconds) gain nothing from running together, and what each needs can go before the next. */
const ALONE = 100_000;

type Unit = Scheduled | ScheduledLoop;
const isLoop = (unit: Unit): unit is ScheduledLoop => "times" in unit;

/** All kernels of a unit, those of loops included. */
export function kernelsOf(units: readonly (Unit | ScheduledStep)[]): Scheduled[] {
  return units.flatMap((u): Scheduled[] => {
    if ("launches" in u && u.launches) return [...u.launches];
    const loop = "loop" in u ? u.loop! : (u as Unit);
    return isLoop(loop) ? [...kernelsOf(loop.before), ...kernelsOf(loop.steps)] : [loop];
  });
}

/** Names kernels by their content. Equal ones become one object, and what devices make of a kernel is made once. */
export function addressAll(kernels: readonly Kernelized[]): Scheduled[] {
  const equal = new Map<string, Kernel>();
  const known = new Map<Kernel, Pick<Scheduled, "parameterized" | "key">>();
  const addressed = (kernel: Kernel): Pick<Scheduled, "parameterized" | "key"> => {
    const { kernel: own, sizes } = parameterize(kernel);
    const key = printKernel(own);
    if (!equal.has(key)) equal.set(key, own);
    return { parameterized: { kernel: equal.get(key)!, sizes }, key };
  };
  return kernels.map((k) => {
    if (!known.has(k.kernel)) known.set(k.kernel, addressed(k.kernel));
    return { ...k, ...known.get(k.kernel)! };
  });
}

/**
 * Orders kernels so that each runs after those it waits for. Kernels that nobody waits for (updates of parameters and
 * moments) come last, so that all of equal code meet in one step: an optimizer is one launch however many parameters it has.
 * When kernels wait for one another in a circle, returns what is left: those, and what waits for them.
 *
 * @param bytes of a value in the scratch heap, 0 of others. Where given, a kernel that frees as much as it writes goes first: weight
 * gradients come as soon as they can, and what they read does not wait for the end of the backward pass. Sums that nobody waits for are
 * among them.
 */
export function schedule(
  kernels: readonly Unit[],
  waits: ReadonlyMap<Kernelized["group"], ReadonlySet<Kernelized["group"]>>,
  bytes?: (node: Node) => number,
): { readonly steps: ScheduledStep[]; readonly stuck: ReadonlySet<Unit> } {
  const awaited = new Set([...waits.values()].flatMap((set) => [...set]));
  const memory = bytes && new Balance(kernels, bytes);
  const inTurn = new Set(
    kernels.filter(
      (k) => awaited.has(k.group) || (memory !== undefined && !isLoop(k) && k.kind !== "map" && memory.reads(k)),
    ),
  );
  const pending = new Set(kernels);
  const done = new Set<Kernelized["group"]>();
  const steps: ScheduledStep[] = [];
  const isReady = ({ group }: Unit): boolean => {
    for (const g of waits.get(group) ?? []) if (!done.has(g)) return false;
    return true;
  };
  while (pending.size) {
    const ready = [...pending].filter(isReady);
    const next = ready.filter((k) => inTurn.has(k));
    const first = memory?.leanest(next) ?? next[0] ?? ready[0];
    if (!first) break;
    const last = !inTurn.has(first);
    const launches = isLoop(first)
      ? []
      : ready.filter(
          (k): k is Scheduled =>
            k === first || (!isLoop(k) && k.key === first.key && (last || (inTurn.has(k) && k.cost < ALONE))),
        );
    for (const k of isLoop(first) ? [first] : launches) {
      pending.delete(k);
      memory?.ran(k);
      done.add(k.group);
    }
    steps.push(isLoop(first) ? { key: first.key, loop: first } : { key: first.key, launches });
  }
  return { steps, stuck: pending };
}

/** Smaller values are not worth an order of their own: kernels of equal code would no longer meet in one step. */
const LEAST_BYTES = 2 ** 20;

/** What running a kernel takes from the scratch heap and gives back to it. */
class Balance {
  readonly #takes = new Map<Unit, number>();
  readonly #reads = new Map<Unit, readonly Node[]>();
  /** Kernels that are still to read a value. */
  readonly #readers = new Map<Node, number>();
  readonly #bytes: (node: Node) => number;

  constructor(kernels: readonly Unit[], of: (node: Node) => number) {
    const bytes = (this.#bytes = (node) => (of(node) >= LEAST_BYTES ? of(node) : 0));
    for (const k of kernels) {
      const own = kernelsOf([k]);
      const written = new Set(own.flatMap(writtenBy));
      const reads = [...new Set(own.flatMap((one) => one.buffers))].filter((n) => !written.has(n) && bytes(n) > 0);
      this.#takes.set(
        k,
        [...written].reduce((sum, n) => sum + bytes(n), 0),
      );
      this.#reads.set(k, reads);
      for (const n of reads) this.#readers.set(n, (this.#readers.get(n) ?? 0) + 1);
    }
  }

  /** Does the kernel read what could be freed? */
  reads(k: Unit): boolean {
    return this.#reads.get(k)!.length > 0;
  }

  ran(k: Unit): void {
    for (const n of this.#reads.get(k)!) this.#readers.set(n, this.#readers.get(n)! - 1);
  }

  /** The kernel after which most is free, if one leaves no less free than there was. */
  leanest(kernels: readonly Unit[]): Unit | undefined {
    let best: Unit | undefined;
    let least = 0;
    for (const k of kernels) {
      const given = this.#reads.get(k)!.reduce((sum, n) => sum + (this.#readers.get(n) === 1 ? this.#bytes(n) : 0), 0);
      const change = this.#takes.get(k)! - given;
      if (change < least || (change === 0 && !best)) [best, least] = [k, change];
    }
    return best;
  }
}

/** The values that a kernel writes. */
export const writtenBy = (k: Kernelized): Node[] => k.group.members.filter((m) => m.stored).map((m) => m.node);
