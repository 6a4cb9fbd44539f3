/**
 * Which of the ways to do a large contraction is the fastest on this GPU: tried for each shape once, on memory of their
 * own, before a program that has it is recorded. All ways add up in the same order, so that trials change no results.
 */
import { stepsOf, type Launch, type Program, type Step } from "../device.ts";
import { contractionChoices } from "../gpu/contract.ts";
import type { GpuLaunch } from "../gpu/kernel.ts";
import { choiceKey, lowerLaunch } from "../gpu/lower.ts";
import { aligned } from "../heap.ts";
import type { OpenedGpu } from "./adapter.ts";
import type { Choices } from "./choices.ts";
import type { Pipelines } from "./pipelines.ts";
import { MOST_WORKGROUPS } from "./shader.ts";
import type { Encode, Stopwatch } from "./stopwatch.ts";

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
  /** The way that was chosen, by {@link choiceKey}. */
  readonly chosen: ReadonlyMap<string, number>;
  /** Milliseconds of a run by way, of the shapes that this device tried. */
  readonly times: ReadonlyMap<string, readonly number[]>;
  readonly #chosen = new Map<string, number>();
  readonly #times = new Map<string, readonly number[]>();
  readonly #opened: OpenedGpu;
  readonly #pipelines: Pipelines;
  readonly #stopwatch: Stopwatch;
  readonly #choices: Choices;
  readonly #operations: number;

  /** @param operations from which on contractions are tried. */
  constructor(
    opened: OpenedGpu,
    pipelines: Pipelines,
    stopwatch: Stopwatch,
    choices: Choices,
    operations: number = OPERATIONS,
  ) {
    this.#opened = opened;
    this.#pipelines = pipelines;
    this.#stopwatch = stopwatch;
    this.#choices = choices;
    this.#operations = operations;
    this.chosen = this.#chosen;
    this.times = this.#times;
  }

  /** Has the program contractions that should be tried before it is recorded? */
  wants(program: Program): boolean {
    return this.#subjects(program).length > 0;
  }

  /** Tries them when the GPU has nothing else to do. Never rejects: what cannot be tried is done as it would be without. */
  async run(program: Program): Promise<void> {
    await this.#opened.gpu.queue.onSubmittedWorkDone().catch(() => undefined);
    for (const subject of this.#subjects(program)) {
      const { key, ways } = subject;
      let way: number | undefined;
      try {
        way = await this.#fastest(subject, program);
      } catch {
        // A shader that a driver refuses, or no memory: programs that need it say so.
      }
      this.#chosen.set(key, way ?? 0);
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
        if (this.#chosen.has(key) || subjects.has(key)) continue;
        const choices = contractionChoices(kernel, launch.sizes, this.#opened.target);
        if (choices.operations < this.#operations) continue;
        const ways = choices.ways().slice(0, WAYS);
        const known = ways.length > 1 ? this.#choices.get(key, ways) : 0;
        if (known === undefined) subjects.set(key, { key, step, launch, ways });
        else this.#chosen.set(key, known);
      }
    }
    return [...subjects.values()];
  }

  /** Undefined where it takes too much memory to be tried. */
  async #fastest({ key, step, launch, ways }: Subject, program: Program): Promise<number | undefined> {
    const { gpu } = this.#opened;
    const bytes = launch.buffers.map((region) =>
      "binding" in region ? program.bindings[region.binding]! : region.bytes,
    );
    const lowered = ways.map((_, way) => lowerLaunch(step, launch.sizes, this.#opened.target, way));
    const handed = Math.max(0, ...lowered.map(({ temporaries }) => temporaries.reduce((sum, b) => sum + b, 0)));
    const { bindingBytes, bindings } = this.#opened.memory;
    const isLarge = [...bytes, handed].some((b) => b > bindingBytes) || bytes.length >= bindings;
    if (isLarge || bytes.reduce((sum, b) => sum + b, handed) > BYTES) return undefined;
    const made: GPUBuffer[] = [];
    const buffer = (size: number, usage: number): GPUBuffer => {
      const one = gpu.createBuffer({ size: Math.max(16, aligned(size, 16)), usage });
      made.push(one);
      return one;
    };
    gpu.pushErrorScope("out-of-memory");
    // GPUBufferUsage.STORAGE
    const memories = bytes.map((size) => buffer(size, 0x80));
    const enough = (await gpu.popErrorScope()) === null;
    const times: number[] = [];
    try {
      for (const way of enough ? lowered : []) {
        times.push(await this.#time(await this.#encoder(way, step, launch, memories, buffer)));
        if (times[0]! > MOST_TIME) break;
      }
    } finally {
      for (const one of made) one.destroy();
    }
    this.#times.set(key, times);
    return times.length ? times.indexOf(Math.min(...times)) : undefined;
  }

  /** A function that records one run. */
  async #encoder(
    { passes, temporaries }: GpuLaunch,
    step: Step,
    { scalars }: Launch,
    memories: readonly GPUBuffer[],
    buffer: (size: number, usage: number) => GPUBuffer,
  ): Promise<Encode> {
    const { gpu } = this.#opened;
    const handed = temporaries.map((bytes) => buffer(bytes, 0x80));
    const name = `a trial of ${step.about?.() ?? "a contraction"}`;
    const ready = await Promise.all(
      passes.map(async (pass) => {
        const bound = pass.buffers.map((b) => (typeof b === "number" ? memories[b]! : handed[b.temporary]!));
        const shape = { bindings: bound.map((_, i) => i), based: bound.map(() => false) };
        const pipeline = this.#pipelines.get(pass, shape, () => name);
        const words = new Int32Array(aligned(scalars.length + pass.sizes.length + 1, 4));
        words.set(pass.sizes, scalars.length);
        // GPUBufferUsage.UNIFORM | COPY_DST
        const uniform = buffer(words.byteLength, 0x48);
        gpu.queue.writeBuffer(uniform, 0, words);
        const group = gpu.createBindGroup({
          layout: this.#pipelines.layout(shape).group,
          entries: [...bound, uniform].map((one, binding) => ({ binding, resource: { buffer: one } })),
        });
        await pipeline.ready;
        if (!pipeline.compiled) throw pipeline.failure!;
        return { compiled: pipeline.compiled, group, workgroups: pass.workgroups };
      }),
    );
    return (commands) => {
      const encoder = commands.pass();
      for (const { compiled, group, workgroups } of ready) {
        encoder.setPipeline(compiled);
        encoder.setBindGroup(0, group, [0]);
        encoder.dispatchWorkgroups(Math.min(workgroups, MOST_WORKGROUPS), Math.ceil(workgroups / MOST_WORKGROUPS));
      }
    };
  }

  /** Milliseconds of a run, the best of some. */
  async #time(encode: Encode): Promise<number> {
    let best = Infinity;
    for (let i = 0; i < ROUNDS && (i === 0 || best < MOST_TIME); i++)
      best = Math.min(best, await this.#stopwatch.time(encode));
    return best;
  }
}
