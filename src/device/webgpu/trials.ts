/**
 * Which of the ways to do a large contraction is the fastest on this GPU: tried for each shape once, on memory of their
 * own, before a program that has it is recorded. All ways add up in the same order, so that trials change no results.
 */
import { stepsOf, type Launch, type Program, type Step } from "../device.ts";
import { contractionChoices } from "../gpu/contract.ts";
import { choiceKey } from "../gpu/lower.ts";
import type { Choices } from "./choices.ts";
import { Pages, USAGE } from "./pages.ts";
import type { Recorder } from "./recorder.ts";

/** Operations from which on a trial pays, ways that are tried, and bytes that it may take. */
const OPERATIONS = 2 ** 31;
const WAYS = 4;
const BYTES = 2 ** 29;
/** A GPU that takes more milliseconds for one run is not tried further. */
const MOST_TIME = 100;
const ROUNDS = 3;

/** A contraction to be tried. */
interface Subject {
  readonly key: string;
  readonly step: Step;
  readonly launch: Launch;
  readonly ways: readonly string[];
}

export class Trials {
  readonly #recorder: Recorder;
  readonly #choices: Choices;
  readonly #operations: number;
  /** The way that was chosen, by {@link choiceKey}. */
  readonly chosen: Map<string, number> = new Map();
  /** Milliseconds of a run by way, of the shapes that this device tried. */
  readonly times: Map<string, readonly number[]> = new Map();

  /** @param operations from which on contractions are tried. */
  constructor(recorder: Recorder, choices: Choices, operations: number = OPERATIONS) {
    this.#recorder = recorder;
    this.#choices = choices;
    this.#operations = operations;
  }

  /** Has the program contractions that should be tried before it is recorded? */
  wants(program: Program): boolean {
    return this.#subjects(program).length > 0;
  }

  /** Tries them when the GPU has nothing else to do. Never rejects: what cannot be tried is done as it would be without. */
  async run(program: Program): Promise<void> {
    await this.#recorder.opened.gpu.queue.onSubmittedWorkDone().catch(() => undefined);
    for (const subject of this.#subjects(program)) {
      const { key, ways } = subject;
      let way: number | undefined;
      try {
        way = await this.#fastest(subject, program);
      } catch {
        // A shader that a driver refuses, or no memory: programs that need it say so.
      }
      this.chosen.set(key, way ?? 0);
      if (way !== undefined) this.#choices.set(key, ways[way]!);
    }
    await this.#choices.save();
  }

  #subjects(program: Program): Subject[] {
    const subjects = new Map<string, Subject>();
    for (const step of stepsOf(program.tape)) {
      const { kernel } = step;
      if (kernel.kind !== "contract") continue;
      for (const launch of step.launches) {
        const key = choiceKey(step.key, launch.sizes);
        if (this.chosen.has(key) || subjects.has(key)) continue;
        const choices = contractionChoices(kernel, launch.sizes, this.#recorder.opened.target);
        if (choices.operations < this.#operations) continue;
        const ways = choices.ways().slice(0, WAYS);
        const known = ways.length > 1 ? this.#choices.get(key, ways) : 0;
        if (known === undefined) subjects.set(key, { key, step, launch, ways });
        else this.chosen.set(key, known);
      }
    }
    return [...subjects.values()];
  }

  /** Undefined where it takes too much memory to be tried. */
  async #fastest({ key, step, launch, ways }: Subject, program: Program): Promise<number | undefined> {
    const bindings = launch.buffers.map((region) =>
      "binding" in region ? program.bindings[region.binding]! : region.bytes,
    );
    if (bindings.reduce((sum, bytes) => sum + bytes, 0) > BYTES) return undefined;
    const buffers = bindings.map((_, binding) => ({ binding }));
    const alone = { ...program, tape: [{ ...step, launches: [{ ...launch, buffers }] }], bindings, scratchBytes: 0 };
    const times: number[] = [];
    this.times.set(key, times);
    for (const way of ways.keys()) {
      const time = await this.#time(alone, new Map([[key, way]]));
      if (time === undefined) break;
      times.push(time);
      if (times[0]! > MOST_TIME) break;
    }
    return times.length ? times.indexOf(Math.min(...times)) : undefined;
  }

  /** Milliseconds of a run, the best of some; undefined where the GPU has no memory for it. */
  async #time(program: Program, chosen: ReadonlyMap<string, number>): Promise<number | undefined> {
    const { gpu, memory } = this.#recorder.opened;
    let isFull = false;
    const onFull = (): void => void (isFull = true);
    const storage = new Pages({ usage: USAGE.STORAGE, first: 1, most: 1, onFull, onEmpty: () => undefined });
    storage.attach(gpu, memory.bufferBytes, memory.maxBytes);
    const recording = this.#recorder.apart(storage, chosen).record(program);
    try {
      await recording.bind(program.bindings.map((bytes) => storage.allocate(bytes)));
      await storage.checked;
      let best = Infinity;
      for (let i = 0; i < ROUNDS && !isFull && (i === 0 || best < MOST_TIME); i++)
        best = Math.min(best, await recording.time(program.scalars.map(() => 0)));
      return isFull ? undefined : best;
    } finally {
      recording.release();
      storage.destroy();
    }
  }
}
