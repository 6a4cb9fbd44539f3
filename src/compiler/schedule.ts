/** The order of kernels, and which of them run as one step. */
import type { Node } from "../graph/node.ts";
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

type Unit = Scheduled | ScheduledLoop;
export const isLoop = (unit: Unit): unit is ScheduledLoop => "times" in unit;

/** All kernels of a unit, those of loops included. */
export function kernelsOf(units: readonly (Unit | ScheduledStep)[]): Scheduled[] {
  return units.flatMap((u): Scheduled[] => {
    if ("launches" in u && u.launches) return [...u.launches];
    const loop = "loop" in u ? u.loop! : (u as Unit);
    return isLoop(loop) ? [...kernelsOf(loop.before), ...kernelsOf(loop.steps)] : [loop];
  });
}

/** Names a kernel by its content. */
export function address(kernelized: Kernelized): Scheduled {
  const parameterized = parameterize(kernelized.kernel);
  return { ...kernelized, parameterized, key: printKernel(parameterized.kernel) };
}

/**
 * Orders kernels so that each runs after those it waits for. Kernels that nobody waits for (updates of parameters and
 * moments) come last, so that all of equal code meet in one step: an optimizer is one launch however many parameters it has.
 * When kernels wait for one another in a circle, returns what is left: those, and what waits for them.
 */
export function schedule(
  kernels: readonly Unit[],
  waits: ReadonlyMap<Kernelized["group"], ReadonlySet<Kernelized["group"]>>,
): { readonly steps: ScheduledStep[]; readonly stuck: ReadonlySet<Unit> } {
  const awaited = new Set([...waits.values()].flatMap((set) => [...set]));
  const pending = new Set(kernels);
  const done = new Set<Kernelized["group"]>();
  const steps: ScheduledStep[] = [];
  const ready = (k: Unit): boolean => [...(waits.get(k.group) ?? [])].every((g) => done.has(g));
  while (pending.size) {
    const list = [...pending];
    const first = list.find((k) => awaited.has(k.group) && ready(k)) ?? list.find(ready);
    if (!first) break;
    const last = !awaited.has(first.group);
    const launches = isLoop(first)
      ? []
      : list.filter(
          (k): k is Scheduled => !isLoop(k) && k.key === first.key && ready(k) && (last || awaited.has(k.group)),
        );
    for (const k of isLoop(first) ? [first] : launches) {
      pending.delete(k);
      done.add(k.group);
    }
    steps.push(isLoop(first) ? { key: first.key, loop: first } : { key: first.key, launches });
  }
  return { steps, stuck: pending };
}

/** The values that a kernel writes. */
export const writtenBy = (k: Kernelized): Node[] => k.group.members.filter((m) => m.stored).map((m) => m.node);
