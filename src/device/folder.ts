/** The folder where what was compiled or measured lies between runs. Code from it is run, so it has to be this user's alone. */
import { environment } from "#platform";
import { DeviceError } from "../core/errors.ts";
import type { System } from "../platform/platform.ts";

/** Permission bits that let others write. */
const OTHERS_WRITE = 0o022;
/** Workspaces of compilations that never ended are removed after this time. */
const ABANDONED = 3_600_000;
const WORKSPACE = "work-";

/** Makes the error that a folder cannot be used, of a sentence. */
type Refusal = (sentence: string, options?: { cause?: unknown }) => DeviceError;

/**
 * Opens the cache: `path`, or MYELIN_CACHE, or the system's folder for such things, created for this user alone.
 * @param refuse makes the error; a DeviceError by default.
 * @throws what `refuse` makes when others own it or can write to it.
 */
export function openCacheFolder(
  os: System,
  path: string = environment("MYELIN_CACHE") ?? os.cacheFolder,
  refuse: Refusal = (sentence, options) => new DeviceError(sentence, options),
): CacheFolder {
  const folder = new CacheFolder(os.absolutePath(path), os, refuse);
  folder.check();
  return folder;
}

/** A folder of files that are written once. What cannot be written there goes to a temporary one, for this process. */
export class CacheFolder {
  readonly path: string;
  readonly system: System;
  readonly #refuse: Refusal;
  #temporary: string | undefined;

  constructor(path: string, os: System, refuse: Refusal) {
    this.path = path;
    this.system = os;
    this.#refuse = refuse;
  }

  /** Creates the folder where there is none, and refuses one that is not this user's alone. */
  check(): void {
    try {
      if (!this.system.fileState(this.path)) this.system.makeFolder(this.path);
    } catch {
      // Nothing is there to be read, and what is written goes elsewhere.
      return;
    }
    const state = this.system.fileState(this.path);
    if (!state?.isFolder) throw this.#refused("is a file", "Remove it");
    if (!state.owned) throw this.#refused("belongs to another user", "Remove it");
    if (state.mode & OTHERS_WRITE)
      throw this.#refused(`can be written by others (mode ${state.mode.toString(8)})`, `Run chmod 700 on it`);
  }

  #refused(what: string, fix: string): DeviceError {
    return this.#refuse(
      `the cache folder "${this.path}" ${what}, so what is in it cannot be trusted. ${fix}, or name another one in MYELIN_CACHE.`,
    );
  }

  /** The path of a file of this user's; undefined when there is none. */
  find(name: string): string | undefined {
    for (const root of this.#roots()) {
      const state = this.system.fileState(`${root}/${name}`);
      if (state?.owned && !state.isFolder && !(state.mode & OTHERS_WRITE)) return `${root}/${name}`;
    }
    return undefined;
  }

  read(name: string): Uint8Array | undefined {
    const path = this.find(name);
    return path === undefined ? undefined : this.system.readNow(path);
  }

  /** Writes a file as a whole. @throws DeviceError when there is no place for it. */
  write(name: string, bytes: Uint8Array): void {
    this.#place((root) => this.system.writeNow(`${root}/${name}`, bytes));
  }

  /**
   * A new folder to work in, with these files, to be removed by whoever asked for it.
   * @throws DeviceError when there is no place for it.
   */
  workspace(files: Readonly<Record<string, Uint8Array>>): string {
    this.#removeAbandoned();
    return this.#place((root) => {
      const path = this.system.makeTemporaryFolder(WORKSPACE, root);
      try {
        for (const [name, bytes] of Object.entries(files)) this.system.writeNow(`${path}/${name}`, bytes);
      } catch (cause) {
        this.system.remove(path);
        throw cause;
      }
      return path;
    });
  }

  #removeAbandoned(): void {
    const before = Date.now() - ABANDONED;
    for (const name of this.system.namesIn(this.path)) {
      const path = `${this.path}/${name}`;
      if (name.startsWith(WORKSPACE) && (this.system.fileState(path)?.modified ?? Infinity) < before)
        this.system.remove(path);
    }
  }

  remove(name: string): void {
    for (const root of this.#roots()) this.system.remove(`${root}/${name}`);
  }

  /** From here on writes to a temporary folder, because the other one is read-only or full. False when it did already. */
  giveUp(): boolean {
    if (this.#temporary !== undefined) return false;
    const temporary = this.system.makeTemporaryFolder("myelin-");
    this.#temporary = temporary;
    this.system.onExit(() => this.system.remove(temporary));
    return true;
  }

  #roots(): string[] {
    return this.#temporary === undefined ? [this.path] : [this.#temporary, this.path];
  }

  #place<T>(action: (root: string) => T): T {
    try {
      return action(this.#temporary ?? this.path);
    } catch (first) {
      try {
        this.giveUp();
        return action(this.#temporary!);
      } catch (cause) {
        throw this.#refuse(
          `neither "${this.path}" nor the system's temporary folder can be written. Free some space, or name a folder in MYELIN_CACHE.`,
          { cause: this.#temporary === undefined ? first : cause },
        );
      }
    }
  }
}
