import type { Flow } from "../iteration.ts";
import type { Stage } from "./stage.ts";

/** What a stage has done since it was made. */
export interface StageStats {
  readonly name: string;
  /** With what options. */
  readonly about: string;
  /** Elements that it gave. */
  readonly elements: number;
  /** In its own work, added up over elements that were under way at the same time. */
  readonly busySeconds: number;
  /** That the stage behind it, or the consumer, waited for its elements. Stages with random access that are not read in order have none. */
  readonly waitSeconds: number;
  /** How many elements it lets be under way, or keeps ready; the number that was found where it was to be found. 1 for others. */
  readonly window: number;
  /** How many elements lay ready on average when one was asked for, for `prefetch`. */
  readonly ready: number | undefined;
}

/** What a pipeline has done. Prints as a table. */
export interface PipelineStats {
  /** From the sources on. */
  readonly stages: readonly StageStats[];
  /** That were given to the consumer. */
  readonly elements: number;
  /** From asking for the first element of an epoch to having the last, the consumer's work in between included. */
  readonly seconds: number;
  readonly elementsPerSecond: number;
  /** That the consumer waited for elements while the device computed nothing. */
  readonly stallSeconds: number;
  /** The share of `seconds` that the consumer waited, from 0 to 1. */
  readonly stalled: number;
  /** Who holds the others up: a stage by its number and name, such as `2 map`, or `consumer`. Undefined before anything ran. */
  readonly bottleneck: string | undefined;
  toString(): string;
}

/** Below this share of time the consumer does not wait for data. */
const FED = 0.05;

export function pipelineStats(last: Stage<unknown>, flow: Flow): PipelineStats {
  const list = inOrder(last);
  const stages = list.map(({ name, about, meter, window }) => ({
    name,
    about,
    elements: meter.elements,
    busySeconds: meter.busy / 1000,
    waitSeconds: meter.waited / 1000,
    window: window?.size ?? 1,
    ready: meter.asked === 0 ? undefined : meter.ready / meter.asked,
  }));
  const seconds = flow.total / 1000;
  const stalled = flow.total === 0 ? 0 : flow.stalled / flow.total;
  const stats = {
    stages,
    elements: flow.elements,
    seconds,
    elementsPerSecond: seconds === 0 ? 0 : flow.elements / seconds,
    stallSeconds: flow.stalled / 1000,
    stalled,
    bottleneck: flow.elements === 0 ? undefined : stalled < FED ? "consumer" : slowest(list, stages),
  };
  return { ...stats, toString: () => table(stats) };
}

/** The stage whose own work takes longest, for as many elements at a time as it works on. */
function slowest(list: readonly Stage<unknown>[], stages: readonly StageStats[]): string {
  // A source without work of its own to time has what others waited for it.
  const work = stages.map(({ busySeconds, waitSeconds, window }, at) =>
    list[at]!.inputs.length === 0 ? Math.max(busySeconds, waitSeconds) : busySeconds / window,
  );
  const at = work.indexOf(Math.max(...work));
  return `${at + 1} ${stages[at]!.name}`;
}

/** A stage's inputs before it, each once. */
function inOrder(last: Stage<unknown>): Stage<unknown>[] {
  const seen = new Set<Stage<unknown>>();
  const visit = (stage: Stage<unknown>): void => {
    for (const input of stage.inputs) visit(input);
    seen.add(stage);
  };
  visit(last);
  return [...seen];
}

/** The stages in a line; where several come together they stand in brackets. */
export function describe({ name, about, inputs, window }: Stage<unknown>): string {
  const options = [about, window === undefined || window.most === 1 ? "" : window.toString()]
    .filter(Boolean)
    .join(", ");
  const own = options === "" ? name : `${name} (${options})`;
  if (inputs.length === 0) return own;
  const before = inputs.map(describe);
  return `${before.length === 1 ? before[0] : `[${before.join(" | ")}]`} → ${own}`;
}

function table(stats: Omit<PipelineStats, "toString">): string {
  const seconds = (value: number): string => `${value.toFixed(3)} s`;
  const rows = [
    ["", "stage", "elements", "busy", "waited for", "window", "ready"],
    ...stats.stages.map(({ name, about, elements, busySeconds, waitSeconds, window, ready }, at) => [
      `${at + 1}`,
      about === "" ? name : `${name} (${about})`,
      `${elements}`,
      seconds(busySeconds),
      seconds(waitSeconds),
      `${window}`,
      ready === undefined ? "" : ready.toFixed(1),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 1 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  const { elements, elementsPerSecond, stallSeconds, stalled, bottleneck } = stats;
  return [
    ...lines,
    `${elements} elements in ${seconds(stats.seconds)}, ${elementsPerSecond.toFixed(0)} a second; the consumer waited ${seconds(stallSeconds)}, ${(100 * stalled).toFixed(1)} %; held up by: ${bottleneck ?? "nobody yet"}`,
  ].join("\n");
}
