import { knownOptions } from "../core/knownOptions.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { Run } from "./callback.ts";
import { CheckpointFolder, type FolderOptions, type Parts } from "./checkpoints/index.ts";
import { readyParts } from "./checkpoints/state.ts";

/** When `fit` saves checkpoints, and which it keeps. */
export interface CheckpointOptions extends FolderOptions {
  /** Path of the folder, which is this run's alone; created where there is none. */
  readonly folder: string;
  /** Saves after so many steps, in mid-epoch; not by default. */
  readonly everySteps?: number | undefined;
  /** Saves after so many epochs, 1 by default. */
  readonly everyEpochs?: number | undefined;
}

/** Saves the checkpoints of a run, and lets it go on from the newest. */
export class Checkpointing {
  readonly folder: string;
  readonly #options: CheckpointOptions;
  readonly #resume: boolean;
  #open: CheckpointFolder | undefined;
  #parts: Parts = {};
  #run: Run | undefined;
  /** Where the last checkpoint is. */
  #savedAt = "";

  /** @throws ArgumentError for intervals that are no whole numbers of 1 or more. */
  constructor(options: CheckpointOptions, resume: boolean) {
    knownOptions("fit: checkpoint", options, {
      folder: true,
      everySteps: true,
      everyEpochs: true,
      name: true,
      keepLast: true,
      keepBest: true,
      by: true,
      mode: true,
    });
    const { folder, everySteps = 1, everyEpochs = 1 } = options;
    for (const [name, value] of Object.entries({ everySteps, everyEpochs }))
      wholeNumber("fit", `checkpoint.${name}`, value, 1);
    this.folder = folder;
    this.#options = options;
    this.#resume = resume;
  }

  /** Takes the folder and, where that was asked for, goes back to its newest checkpoint. */
  async open(run: Run, parts: Parts): Promise<void> {
    this.#run = run;
    this.#parts = parts;
    this.#open = await CheckpointFolder.open(this.folder, this.#options);
    const newest = this.#resume ? await this.#open.latest() : undefined;
    if (!newest) return;
    await readyParts(Object.values(parts));
    newest.restore(parts);
    this.#savedAt = placeOf(run);
    const { epoch, step } = newest.fields;
    run.log(`going on from "${newest.path}": epoch ${String(epoch)}, step ${String(step)}`);
  }

  /** Whether a checkpoint is to be saved after a step. */
  isDue(totalSteps: number): boolean {
    const { everySteps } = this.#options;
    return everySteps !== undefined && totalSteps % everySteps === 0;
  }

  async endEpoch(run: Run): Promise<void> {
    if (run.epoch % (this.#options.everyEpochs ?? 1) === 0) await this.save(run);
  }

  async save(run: Run): Promise<void> {
    const { by } = this.#options;
    const { epoch, step, totalSteps } = run;
    await run.collect();
    const metrics = { ...lastOf(run.history), ...run.means };
    // In the first epoch there is no validation yet; such a checkpoint is none of the best.
    const fields = {
      epoch,
      step,
      totalSteps,
      metrics: by !== undefined && !(by in metrics) ? { ...metrics, [by]: NaN } : metrics,
    };
    await this.#open!.save(this.#parts, fields);
    this.#savedAt = placeOf(run);
  }

  /** Saves what is not saved yet, but not after an error, and gives the folder back. */
  async close(failure: unknown): Promise<void> {
    try {
      if (this.#open && this.#run && failure === undefined && placeOf(this.#run) !== this.#savedAt)
        await this.save(this.#run);
    } finally {
      await this.#open?.close();
    }
  }
}

/** Tells the end of an epoch from the end of its last step. */
const placeOf = ({ totalSteps, history }: Run): string => `${totalSteps} ${history["loss"]?.length ?? 0}`;

function lastOf(history: Run["history"]): Record<string, number> {
  return Object.fromEntries(Object.entries(history).map(([name, values]) => [name, values.at(-1)!]));
}
