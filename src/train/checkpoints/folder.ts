/** The checkpoints of one run, side by side in a folder. */
import { fileExists, listDirectory, readFile, system } from "#platform";
import { ArgumentError, CheckpointError, MyelinError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { quote } from "../../formats/json.ts";
import { fixTier } from "../../tensor/engine.ts";
import { Checkpoint, take, write, type Fields, type Parts, type Snapshot } from "./checkpoint.ts";
import { decodeManifest, MANIFEST, PART_NAME, type Manifest } from "./manifest.ts";
import { unpack } from "./state.ts";

export interface FolderOptions {
  /** Checkpoints are called by it and their number: `model_v17`. "model" by default. */
  readonly name?: string | undefined;
  /** How many of the newest to keep, from 1 on; Infinity keeps all. 3 by default. */
  readonly keepLast?: number | undefined;
  /** How many of the best to keep besides, 1 by default. */
  readonly keepBest?: number | undefined;
  /** Which number among the fields, or in their `metrics`, says how good a checkpoint is: "val_loss". None by default: the newest is as good as any. */
  readonly by?: string | undefined;
  /** Whether smaller ("min", the default) or larger numbers are better. */
  readonly mode?: "min" | "max" | undefined;
}

/** A checkpoint in a folder: a number that no other one has or had. */
export interface Version {
  readonly version: number;
  readonly path: string;
}

type Options = Required<Omit<FolderOptions, "by">> & Pick<FolderOptions, "by">;
interface Lock {
  readonly held: boolean;
  release(): void;
}

const LOCK = "run.lock";
/** What a crash leaves: half a checkpoint, or one that was about to be removed. */
const LEFT = /_v\d+\.(?:[0-9a-f]{12}\.tmp|removed)$/;

/** The checkpoints in a folder, newest first; of one name where it is given. Whether they are whole is not known. */
async function versionsIn(folder: string, name?: string): Promise<Version[]> {
  if (!(await fileExists(folder))) return [];
  const found = (await listDirectory(folder)).flatMap((entry) => {
    const [, own, version] = /^(\w+)_v(\d+)$/.exec(entry) ?? [];
    return own !== undefined && (name === undefined || own === name)
      ? [{ version: Number(version), path: `${folder}/${own}_v${version}` }]
      : [];
  });
  return found.sort((a, b) => b.version - a.version);
}

/**
 * The newest checkpoint in a folder that is whole. Damaged ones are passed over, and that is said.
 * @param name of the checkpoints; any by default.
 * @returns undefined when the folder has none, or there is no such folder.
 * @throws CheckpointError when all are damaged.
 */
export async function latest(folder: string, name?: string): Promise<Checkpoint | undefined> {
  const versions = await versionsIn(folder, name);
  const damaged: string[] = [];
  for (const { path } of versions) {
    try {
      const checkpoint = await Checkpoint.read(path);
      if (damaged.length > 0) console.warn(`myelin: ${damaged.join(" ")} Going on with "${path}".`);
      return checkpoint;
    } catch (error) {
      damaged.push(sentence(error));
    }
  }
  if (damaged.length === 0) return undefined;
  throw new CheckpointError(`latest: no checkpoint in "${folder}" is whole: ${damaged.join(" ")}`);
}

/**
 * The best checkpoint in a folder that is whole, by a number among its fields.
 * @returns undefined when none has the number.
 */
export async function best(
  folder: string,
  { by, mode = "min", name }: { readonly by: string } & Pick<FolderOptions, "mode" | "name">,
): Promise<Checkpoint | undefined> {
  for (const { path } of await ranked(await versionsIn(folder, name), by, mode)) {
    try {
      return await Checkpoint.read(path);
    } catch (error) {
      console.warn(`myelin: ${sentence(error)} Going on with the next best.`);
    }
  }
  return undefined;
}

function sentence(error: unknown): string {
  const text = error instanceof MyelinError ? error.sentence : error instanceof Error ? error.message : String(error);
  return `${text.replace(/\.$/, "")}.`;
}

/** Those that have the number, best first; of equals the newest first. */
async function ranked(versions: readonly Version[], by: string, mode: "min" | "max"): Promise<Version[]> {
  const scored: { readonly one: Version; readonly score: number }[] = [];
  for (const one of versions) {
    const manifest = await manifestOf(one);
    const score = manifest && scoreIn(unpack("fields", manifest.fields, {}) as Fields, by);
    if (score !== undefined && !Number.isNaN(score)) scored.push({ one, score: mode === "min" ? score : -score });
  }
  return scored.sort((a, b) => a.score - b.score).map(({ one }) => one);
}

async function manifestOf({ path }: Version): Promise<Manifest | undefined> {
  try {
    return await decodeManifest(await readFile(`${path}/${MANIFEST}`));
  } catch {
    return undefined;
  }
}

function scoreIn(fields: Fields, by: string): number | undefined {
  const { metrics } = fields;
  const score = (typeof metrics === "object" ? (metrics as Fields | null)?.[by] : undefined) ?? fields[by];
  return typeof score === "number" ? score : undefined;
}

/**
 * The checkpoints of one run: it numbers them, keeps the last and the best, and makes sure that no other run writes into the
 * same folder. From `open` on, programs stay on one tier, so that a run that goes on from here does so bit for bit.
 *
 * @example
 * const folder = await checkpoints.CheckpointFolder.open("run", { keepLast: 3, by: "val_loss" });
 * const found = await folder.latest();
 * const first = found ? Number(found.restore({ model, optimizer }).epoch) : 0;
 * for (let epoch = first + 1; epoch <= 10; epoch++) {
 *   …
 *   await folder.save({ model, optimizer }, { epoch, val_loss });
 * }
 * folder.close();
 */
export class CheckpointFolder {
  readonly path: string;
  readonly #options: Options;
  readonly #lock: Lock;
  /** The highest number so far. */
  #version: number;
  /** Saves run one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, options: Options, lock: Lock, version: number) {
    this.path = path;
    this.#options = options;
    this.#lock = lock;
    this.#version = version;
  }

  /**
   * Takes a folder for this run; it is created where there is none. What an earlier run was writing when it was killed is removed.
   * @throws CheckpointError when another run has it, and in a browser; PlatformError when it cannot be written; ArgumentError for
   * options that make no sense.
   */
  static async open(path: string, options: FolderOptions = {}): Promise<CheckpointFolder> {
    const { name = "model", keepLast = 3, by, keepBest = by === undefined ? 0 : 1, mode = "min" } = options;
    if (!PART_NAME.test(name))
      throw new ArgumentError(`CheckpointFolder: name must be a word of letters and digits, got ${quote(name)}`);
    if (keepLast !== Infinity) wholeNumber("CheckpointFolder", "keepLast", keepLast, 1);
    wholeNumber("CheckpointFolder", "keepBest", keepBest, 0);
    if (keepBest > 0 && by === undefined)
      throw new ArgumentError(`CheckpointFolder: keepBest needs by, the name of a number among the fields: "val_loss"`);
    const os = system();
    if (!os)
      throw new CheckpointError("CheckpointFolder: a browser page cannot write files; keep model.stateDict() instead");
    const lock = os.lock(`${path}/${LOCK}`);
    if (!("release" in lock))
      throw new CheckpointError(
        `CheckpointFolder: process ${lock.process} on ${lock.host} has been writing into "${path}" since ${lock.since}; wait for its end, or give this run a folder of its own`,
      );
    try {
      for (const entry of await listDirectory(path)) if (LEFT.test(entry)) os.remove(`${path}/${entry}`);
      const [newest] = await versionsIn(path);
      fixTier();
      return new CheckpointFolder(path, { name, keepLast, keepBest, by, mode }, lock, newest?.version ?? 0);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Saves the state of this moment under the next number, and then removes what is neither among the last nor the best. The checkpoints
   * before stay until the new one is complete: where this fails, nothing is lost.
   * @param fields see {@link save}; with the number that `by` names.
   * @throws CheckpointError when the folder was closed or taken over, ArgumentError when `by` is missing, and what {@link save} throws.
   */
  save(parts: Parts, fields: Fields = {}): Promise<Version> {
    const snapshot = take(parts, fields);
    const turn = Promise.all([snapshot, this.#last]).then(([taken]) => this.#save(taken, fields));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #save(snapshot: Snapshot, fields: Fields): Promise<Version> {
    const { name, by } = this.#options;
    if (by !== undefined && scoreIn(fields, by) === undefined)
      throw new ArgumentError(
        `CheckpointFolder: fields must have the number ${by}, got ${Object.keys(fields).join(", ") || "none"}; give it there or in metrics`,
      );
    this.#check();
    const version = ++this.#version;
    const path = `${this.path}/${name}_v${version}`;
    await write(path, snapshot);
    await this.#clear();
    return { version, path };
  }

  /** The newest checkpoint that is whole; see {@link latest}. */
  latest(): Promise<Checkpoint | undefined> {
    return latest(this.path, this.#options.name);
  }

  /** The best checkpoint that is whole, undefined without `by`; see {@link best}. */
  async best(): Promise<Checkpoint | undefined> {
    const { by, mode, name } = this.#options;
    return by === undefined ? undefined : best(this.path, { by, mode, name });
  }

  /** What is there, newest first. */
  versions(): Promise<Version[]> {
    return versionsIn(this.path, this.#options.name);
  }

  /** Waits for what is being saved and gives the folder back, so that others may write into it. */
  async close(): Promise<void> {
    await this.#last;
    this.#lock.release();
  }

  #check(): void {
    if (!this.#lock.held)
      throw new CheckpointError(
        `CheckpointFolder: "${this.path}" is no longer this run's: it was closed, or another run took it over; open it again`,
      );
  }

  /** Removes what need not be kept. */
  async #clear(): Promise<void> {
    const { keepLast, keepBest, by, mode } = this.#options;
    const versions = await this.versions();
    if (versions.length <= keepLast) return;
    const top = by === undefined ? [] : (await ranked(versions, by, mode)).slice(0, keepBest);
    const kept = new Set([...versions.slice(0, keepLast), ...top].map(({ path }) => path));
    this.#check();
    const os = system()!;
    for (const { path } of versions) {
      if (kept.has(path)) continue;
      // Under another name first: a checkpoint that is half gone shall not look like a damaged one.
      os.rename(path, `${path}.removed`);
      os.remove(`${path}.removed`);
    }
  }
}
