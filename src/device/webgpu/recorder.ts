/** What the programs of a GPU share: pipelines, lowered launches, trials, and the memory that none needs for longer than a run. */
import type { Program, Step } from "../device.ts";
import type { GpuLaunch } from "../gpu/kernel.ts";
import { choiceKey, lowerLaunch } from "../gpu/lower.ts";
import type { OpenedGpu } from "./adapter.ts";
import type { Surroundings } from "./bindings.ts";
import type { Choices } from "./choices.ts";
import type { Pages, Range } from "./pages.ts";
import { Pipelines, Recent } from "./pipelines.ts";
import { Recording } from "./recording.ts";
import { launchCode } from "./shader.ts";
import { Stopwatch } from "./stopwatch.ts";
import { Trials } from "./trials.ts";

/** Launches whose passes are remembered. */
const LOWERED = 2048;
/** Bytes of the place where buffers are gathered for kernels that see too many. */
const GATHERED_BYTES = 2 ** 26;

/** Everything of a GPU that programs share. */
export class Recorder {
  readonly opened: OpenedGpu;
  readonly storage: Pages;
  readonly uniforms: Pages;
  readonly gathered: Pages;
  readonly pipelines: Pipelines;
  readonly stopwatch: Stopwatch;
  readonly trials: Trials;
  readonly #recordings = new Set<Recording>();
  readonly #choices: Choices;
  readonly #chosen: ReadonlyMap<string, number>;
  /** What launches became, by use of a kernel and the way that was chosen for it. */
  readonly #lowered = new Recent<GpuLaunch>(LOWERED);
  #scratch: Range | undefined;
  #gathering: Range | undefined;

  constructor(
    opened: OpenedGpu,
    { storage, uniforms, gathered }: { readonly storage: Pages; readonly uniforms: Pages; readonly gathered: Pages },
    choices: Choices,
    apart?: { readonly of: Recorder; readonly chosen: ReadonlyMap<string, number> },
  ) {
    this.opened = opened;
    this.storage = storage;
    this.uniforms = uniforms;
    this.gathered = gathered;
    this.pipelines = apart?.of.pipelines ?? new Pipelines(opened);
    this.stopwatch = apart?.of.stopwatch ?? new Stopwatch(opened);
    this.trials = new Trials(this, choices);
    this.#choices = choices;
    this.#chosen = apart?.chosen ?? this.trials.chosen;
  }

  /** One that has all but storage in common with this, and in which these ways are chosen. */
  apart(storage: Pages, chosen: ReadonlyMap<string, number>): Recorder {
    return new Recorder(this.opened, { ...this, storage }, this.#choices, { of: this, chosen });
  }

  /** Where intermediates of all programs are: nothing in it outlives a run. */
  get scratch(): Range | undefined {
    return this.#scratch;
  }

  /** What dividing a dispatch must know. */
  get surroundings(): Surroundings {
    const { memory } = this.opened;
    return {
      limits: memory,
      isParted: (page) => this.storage.isParted(page),
      gathering: () => (this.#gathering ??= this.gathered.allocate(Math.min(GATHERED_BYTES, memory.windowBytes), true)),
    };
  }

  /** The pages that a range belongs to: what is gathered has its own. */
  pagesOf({ page }: Range): Pages {
    return page === this.#gathering?.page ? this.gathered : this.storage;
  }

  /** Groups of bindings that programs keep. */
  get groups(): number {
    let count = 0;
    for (const recording of this.#recordings) count += recording.groups;
    return count;
  }

  /** The shaders of a step's first launch. */
  code(step: Step): string {
    const { features } = this.opened;
    return launchCode(this.lower(step, step.launches[0]!.sizes), { f16: features.has("shader-f16") });
  }

  /** The passes of a launch. Programs have many equal ones, and others have the same. */
  lower(step: Step, sizes: readonly number[]): GpuLaunch {
    const use = choiceKey(step.key, sizes);
    const way = this.#chosen.get(use) ?? 0;
    return this.#lowered.get(`${way} ${use}`, () => lowerLaunch(step, sizes, this.opened.target, way));
  }

  record(program: Program): Recording {
    const recording = new Recording(this, program);
    this.#recordings.add(recording);
    return recording;
  }

  /** Forgets a program that will not run any more. */
  forget(recording: Recording): void {
    this.#recordings.delete(recording);
    recording.release();
  }

  /** Makes the scratch at least so large, elsewhere when it must grow. */
  reserve(bytes: number): void {
    if (bytes <= (this.#scratch?.bytes ?? 0)) return;
    const before = this.#scratch;
    if (before) this.storage.free(before);
    try {
      this.#scratch = this.storage.allocate(bytes, true);
    } catch (error) {
      this.#scratch = before && this.storage.allocate(before.bytes, true);
      throw error;
    }
  }
}
