/** A search: points that are tried, and what came of them. */
import { knownOptions } from "../../core/knownOptions.ts";
import { now } from "#platform";
import { ArgumentError } from "../../core/errors.ts";
import { HostRandom, hostSeed } from "../../core/random.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Course, Pruner } from "./pruner.ts";
import type { Observation, Sampler } from "./sampler.ts";
import { checkSpace, type Params, type Space } from "./space.ts";
import { StudyFile } from "./studyFile.ts";
import { resultTable } from "./table.ts";
import { tpe } from "./tpe.ts";
import { TrialRecord, type Trial, type TrialResult } from "./trial.ts";
import { TrialThreads } from "./trialThreads.ts";

/** Trains a model with these parameters and says how good it is. */
export type Objective<S extends Space> = (params: Params<S>, trial: Trial) => number | PromiseLike<number>;

export interface StudyOptions {
  /** Where to look next: `tpe()` by default. */
  readonly sampler?: Sampler | undefined;
  /** Which trials to give up early; none by default. */
  readonly pruner?: Pruner | undefined;
  /** Whether small or large values are wanted, "minimize" by default. */
  readonly direction?: "minimize" | "maximize" | undefined;
  /** Decides on the points, together with what the trials gave. The seed of `manualSeed` by default. */
  readonly seed?: number | undefined;
  /** Keeps all that happens in this file (JSON lines), and goes on from what is there; nothing is kept by default. */
  readonly file?: string | undefined;
}

export interface RunOptions {
  /** How many trials the study shall have in all, those of earlier runs included. All that the sampler has, by default; needed where that never ends. */
  readonly trials?: number | undefined;
  /** How many run at a time: 1 by default, one for each processor in threads. With more than 1, what is tried depends on which is done first. */
  readonly parallel?: number | undefined;
  /** Whether the study goes on after a trial that throws: it counts as failed. False by default: the error ends the run. */
  readonly keepGoing?: boolean | undefined;
  /** Begins no more trials once it is aborted; those that run are waited for. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a study of a space.
 *
 * @example
 * const study = await tune.study(
 *   { lr: tune.logUniform(1e-5, 1e-1), units: tune.int(16, 256, { log: true }), activation: tune.choice(["relu", "silu"]) },
 *   { pruner: tune.hyperband({ max: 27 }), file: "study.jsonl", seed: 1 },
 * );
 * const best = await study.run(async ({ lr, units, activation }, trial) => {
 *   const history = await fit(build(units, activation), train, { …, callbacks: [tune.pruning(trial, "val_loss")] });
 *   return history.val_loss!.at(-1)!;
 * }, { trials: 60 });
 * console.log(`${study.table()}`, best.params);
 *
 * @throws ArgumentError for a space that makes no sense or is not that of the file, FormatError when the file is damaged,
 * MyelinError when another process has it.
 */
export async function study<const S extends Space>(space: S, options: StudyOptions = {}): Promise<Study<S>> {
  knownOptions("study", options, { sampler: true, pruner: true, direction: true, seed: true, file: true });
  checkSpace(space);
  const { direction = "minimize", seed = hostSeed(), file: path } = options;
  // Found where it is written.
  new HostRandom(seed);
  const opened = path === undefined ? undefined : await StudyFile.open(path, { space, direction, seed });
  return new Study(space, { ...options, direction, seed }, opened?.trials ?? [], opened?.file);
}

export class Study<S extends Space> {
  readonly space: S;
  readonly #options: StudyOptions & Required<Pick<StudyOptions, "direction" | "seed">>;
  readonly #sampler: Sampler;
  readonly #file: StudyFile | undefined;
  readonly #trials: TrialRecord[];
  /** Trials of an earlier run that never came to an end. */
  readonly #again: TrialRecord[];

  constructor(space: S, options: Study<S>["options"], trials: TrialRecord[], file: StudyFile | undefined) {
    this.space = space;
    this.#options = options;
    this.#sampler = options.sampler ?? tpe();
    this.#file = file;
    this.#trials = trials;
    this.#again = trials.filter(({ state }) => state === "running");
  }

  get options(): StudyOptions & Required<Pick<StudyOptions, "direction" | "seed">> {
    return this.#options;
  }

  /** All trials, in the order in which they began. */
  get trials(): readonly TrialResult<Params<S>>[] {
    return this.#trials as readonly unknown[] as readonly TrialResult<Params<S>>[];
  }

  /**
   * The best trial that ran through.
   * @throws ArgumentError before there is one.
   */
  get best(): TrialResult<Params<S>> & { readonly value: number } {
    const [best] = this.ranked();
    if (best?.state !== "complete") throw new ArgumentError("study.best: no trial has run through yet; run some");
    return best as TrialResult<Params<S>> & { readonly value: number };
  }

  /** Trials that are over, best first: those that ran through, then those that were given up, then those that failed. */
  ranked(): readonly TrialResult<Params<S>>[] {
    const order = ["complete", "pruned", "failed"];
    const over = this.trials.filter(({ state }) => state !== "running");
    return over.sort(
      (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || this.#loss(a.value) - this.#loss(b.value) || 0,
    );
  }

  /** The trials as a table for people, best first. */
  table(): string {
    return resultTable(Object.keys(this.space), this.ranked() as readonly TrialResult[]);
  }

  /**
   * Tries points until there are enough, and returns the best.
   * @param objective a function; or the address of a module whose `default` export is one, which then runs in threads of its own,
   * each with its own tensors.
   * @throws what the objective throws, unless `keepGoing`; ArgumentError where no number of trials is given and the sampler never ends.
   */
  async run(
    objective: Objective<S> | URL,
    options: RunOptions = {},
  ): Promise<TrialResult<Params<S>> & { readonly value: number }> {
    knownOptions("study.run", options, { trials: true, parallel: true, keepGoing: true, signal: true });
    const { trials = Infinity, signal } = options;
    const threads = objective instanceof URL ? new TrialThreads(objective, options.parallel) : undefined;
    const parallel = threads?.count ?? options.parallel ?? 1;
    if (trials === Infinity && !this.#sampler.ends)
      throw new ArgumentError(`study.run: ${this.#sampler.name} never ends; say how many trials, as in { trials: 50 }`);
    wholeNumber("study.run", "parallel", parallel, 1);
    const evaluate = (record: TrialRecord, trial: Trial): PromiseLike<number> | number =>
      threads ? threads.run(record.params, trial) : (objective as Objective<S>)(record.params as Params<S>, trial);
    let failure: { readonly error: unknown } | undefined;
    const work = async (): Promise<void> => {
      while (!failure && !signal?.aborted) {
        const record = this.#next(trials);
        if (!record) return;
        try {
          await this.#try(record, evaluate);
        } catch (error) {
          if (!options.keepGoing) failure ??= { error };
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: parallel }, work));
    } finally {
      threads?.stop();
    }
    if (failure) throw (failure as { readonly error: unknown }).error;
    return this.best;
  }

  /** Gives the file back. */
  close(): void {
    this.#file?.close();
  }

  /** The next trial; undefined where there are enough. */
  #next(limit: number): TrialRecord | undefined {
    const again = this.#again.shift();
    if (again) {
      again.restart();
      return again;
    }
    const number = this.#trials.length;
    if (number >= limit) return undefined;
    const random = new HostRandom(this.#options.seed, number);
    const params = this.#sampler.suggest(this.space, this.#observations(), random, number);
    if (!params) return undefined;
    const record = new TrialRecord(number, params);
    this.#trials.push(record);
    return record;
  }

  async #try(
    record: TrialRecord,
    evaluate: (record: TrialRecord, trial: Trial) => PromiseLike<number> | number,
  ): Promise<void> {
    const { number, params } = record;
    await this.#file?.write({ trial: number, params });
    const begin = now();
    const end = (
      state: "complete" | "pruned" | "failed",
      value?: number,
      error?: string,
    ): Promise<void> | undefined => {
      record.end(state, value, (now() - begin) / 1000, error);
      return this.#file?.write({ trial: number, state, value, seconds: record.seconds, error });
    };
    try {
      const value = await evaluate(record, this.#trialOf(record));
      if (record.givenUp) await end("pruned", record.last);
      else if (Number.isFinite(value)) await end("complete", value);
      else await end("failed", undefined, `the objective gave ${typeof value === "number" ? value : typeof value}`);
    } catch (error) {
      if (record.state === "running")
        await end("failed", undefined, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  #trialOf(record: TrialRecord): Trial {
    return {
      number: record.number,
      report: async (step, value) => {
        record.note(step, value);
        await this.#file?.write({ trial: record.number, step, value });
        const others = this.#trials.filter((other) => other !== record).map((other) => this.#course(other));
        record.givenUp ||= this.#options.pruner?.prune(this.#course(record), step, others) ?? false;
      },
      shouldPrune: () => record.givenUp,
    };
  }

  #loss(value: number | undefined): number {
    if (value === undefined) return Infinity;
    return this.#options.direction === "minimize" ? value : -value;
  }

  #course({ number, reports }: TrialRecord): Course {
    return { number, reports: new Map([...reports].map(([step, value]) => [step, this.#loss(value)])) };
  }

  #observations(): Observation[] {
    return this.#trials
      .filter(({ state }) => state !== "running")
      .map((record) => ({
        ...this.#course(record),
        values: record.params,
        pruned: record.state === "pruned",
        loss: this.#loss(record.value),
      }));
  }
}
