/**
 * Kernels compiled and kept on disk by their content. A library is named by its own checksum and holds the kernels that
 * were compiled together; small files for each kernel, named by its key and by that of what it is made from, say in which
 * library it is.
 */
import { threadCount } from "#platform";
import type { PlatformProcess } from "../../platform/platform.ts";
import { NativeUnavailable } from "./errors.ts";
import type { CacheFolder } from "./folder.ts";
import { firstError, type Toolchain } from "./toolchain.ts";

/** C to compile. */
export interface KernelSource {
  /** What many kernels begin with. Kernels with equal preludes are compiled together. */
  readonly prelude: string;
  /** What the body is made from, equal for equal bodies alone: under a name that is known, the body is not asked for. */
  readonly name?: string;
  /**
   * Defines the function `kernel$`. All names that it defines outside of functions end in `$`, which becomes a name of
   * the kernel's own.
   */
  readonly body: string;
}

/** Where a kernel's machine code is. */
export interface CompiledKernel {
  readonly path: string;
  readonly symbol: string;
}

/** Kernels on their way. */
export interface Compilation {
  /** True when all are there, or it failed. Looks after the processes, so those who neither wait nor await ask now and then. */
  readonly done: boolean;
  /** Blocks until all are there, in the order of the sources. @throws NativeUnavailable ("compiler" or "cache") */
  wait(): readonly CompiledKernel[];
  /** The same without blocking. */
  result(): Promise<readonly CompiledKernel[]>;
}

export interface CacheOptions {
  /** Compilers that run at once. Default: one for each core. */
  readonly processes?: number;
  /** Milliseconds for one process that compiles up to {@link KERNELS_PER_LIMIT} kernels; more kernels get more. Default: 60,000. */
  readonly timeLimit?: number;
  /** Bytes of libraries that may stay. Default: 512 MiB. */
  readonly bound?: number;
}

const KERNELS_PER_LIMIT = 16;
/** Part of every key: changes when the files' meaning does. */
const FORMAT = "2";
/** Milliseconds between two looks at running processes. */
const INTERVAL = 2;
/** A library that is used is marked so at most this often: its time decides what goes when there are too many. */
const MARK_INTERVAL = 24 * 3_600_000;
/** Of the bound, what stays when there are too many libraries. */
const KEPT = 0.8;

/** Runs the compiler, keeps what it says, and tells that it ended, which otherwise only the event loop would learn. */
const WRAPPER = '"$@" > log 2>&1; echo $? > ended.part; mv ended.part ended';

/** What compilers say when the disk refuses. */
const NO_ROOM = /no space left|quota exceeded|read-only file system/i;

interface Wanted {
  readonly key: string;
  readonly prelude: string;
  readonly body: string;
}

/** Kernels that are compiled together. */
interface Job {
  readonly wanted: readonly Wanted[];
  process: CompilerProcess;
  failure?: NativeUnavailable;
  done: boolean;
}

interface CompilerProcess {
  readonly workspace: string;
  readonly deadline: number;
  /** Kills it if it still runs, and removes what it made. */
  end(): void;
}

export class KernelCache {
  readonly folder: CacheFolder;
  readonly toolchain: Toolchain;
  readonly #processes: number;
  readonly #timeLimit: number;
  readonly #bound: number;
  /** Kernels whose library was found whole. */
  readonly #ready = new Map<string, CompiledKernel>();
  /** Libraries by name: whether they are whole. */
  readonly #libraries = new Map<string, string | undefined>();
  readonly #preludes = new Map<string, string>();
  readonly #running = new Map<string, Job>();
  /** Keys of names by those of the bodies, which are on their way. */
  readonly #names = new Map<string, Set<string>>();
  /** Bytes of all libraries, once they were counted. */
  #bytes: number | undefined;

  constructor(folder: CacheFolder, toolchain: Toolchain, options: CacheOptions = {}) {
    this.folder = folder;
    this.toolchain = toolchain;
    this.#processes = Math.max(1, options.processes ?? threadCount());
    this.#timeLimit = options.timeLimit ?? 60_000;
    this.#bound = options.bound ?? 512 * 2 ** 20;
  }

  /** Starts compiling what is not there yet, and returns at once. Never throws: the result does. */
  compile(sources: readonly KernelSource[]): Compilation {
    const missing = new Map<string, Wanted>();
    const keys = sources.map((source) => {
      const name = source.name === undefined ? undefined : this.#keyOf(source.prelude, `name ${source.name}`);
      if (name !== undefined && this.#find(name)) return name;
      const { prelude, body } = source;
      const key = this.#keyOf(prelude, body);
      const found = this.#find(key);
      if (!found && !this.#running.has(key)) missing.set(key, { key, prelude, body });
      if (name !== undefined) this.#call(key, name, found);
      return key;
    });
    let failure: unknown;
    try {
      for (const group of this.#groups([...missing.values()])) this.#start(group);
    } catch (cause) {
      failure = cause;
    }
    const jobs = new Set(keys.flatMap((key) => this.#running.get(key) ?? []));
    const done = (): boolean => failure !== undefined || [...jobs].every((job) => this.#look(job));
    const result = (): readonly CompiledKernel[] => {
      failure ??= [...jobs].find((job) => job.failure)?.failure;
      if (failure !== undefined) throw failure;
      return keys.map((key) => this.#ready.get(key)!);
    };
    return {
      get done() {
        return done();
      },
      wait() {
        while (!done()) sleep(INTERVAL);
        return result();
      },
      async result() {
        while (!done()) await new Promise((resolve) => setTimeout(resolve, INTERVAL));
        return result();
      },
    };
  }

  #keyOf(prelude: string, content: string): string {
    const { system } = this.folder;
    let start = this.#preludes.get(prelude);
    if (start === undefined)
      this.#preludes.set(prelude, (start = system.hash(`${FORMAT}\n${this.toolchain.identity}\n${prelude}`)));
    return system.hash(`${start}\n${content}`).slice(0, 32);
  }

  /** Notes a name of a kernel, now or when it is there. */
  #call(key: string, name: string, kernel: CompiledKernel | undefined): void {
    if (!kernel) this.#names.set(key, (this.#names.get(key) ?? new Set()).add(name));
    else
      try {
        this.#note(name, kernel);
      } catch {
        // The next process asks for the body again.
      }
  }

  // ---------- what is there

  #find(key: string): CompiledKernel | undefined {
    const known = this.#ready.get(key);
    if (known) return known;
    const note = this.folder.read(noteName(key));
    const [, library, bytes, symbol] = NOTED.exec(note ? new TextDecoder().decode(note) : "") ?? [];
    const path = library === undefined ? undefined : this.#whole(library, Number(bytes));
    if (path === undefined) return undefined;
    const kernel = { path, symbol: symbol! };
    this.#ready.set(key, kernel);
    return kernel;
  }

  /** Notes that a kernel of a library that is there is known by a key. */
  #note(key: string, kernel: CompiledKernel): void {
    this.#ready.set(key, kernel);
    const library = kernel.path.slice(kernel.path.lastIndexOf("/") + 1);
    const { bytes } = this.folder.system.fileState(kernel.path)!;
    this.folder.write(noteName(key), new TextEncoder().encode(`${library} ${bytes} ${kernel.symbol}\n`));
  }

  /** The path of a library whose length and checksum are right. One that is damaged is removed. */
  #whole(library: string, bytes: number): string | undefined {
    if (this.#libraries.has(library)) return this.#libraries.get(library);
    const { folder } = this;
    let path = folder.find(library);
    if (path !== undefined) {
      const content = folder.system.readNow(path);
      if (content?.length !== bytes || libraryName(folder.system.hash(content)) !== library) {
        folder.remove(library);
        path = undefined;
      } else if (Date.now() - folder.system.fileState(path)!.modified > MARK_INTERVAL) folder.system.touch(path);
    }
    if (path !== undefined) this.#libraries.set(library, path);
    return path;
  }

  // ---------- compiling

  /** What one process each compiles: about equal work, one prelude. */
  #groups(wanted: readonly Wanted[]): Wanted[][] {
    const byPrelude = new Map<string, Wanted[]>();
    for (const item of wanted) byPrelude.set(item.prelude, [...(byPrelude.get(item.prelude) ?? []), item]);
    return [...byPrelude.values()].flatMap((list) => {
      const groups = Array.from({ length: Math.min(this.#processes, list.length) }, () => ({
        work: 0,
        list: [] as Wanted[],
      }));
      for (const item of list.sort((a, b) => b.body.length - a.body.length)) {
        const least = groups.reduce((a, b) => (b.work < a.work ? b : a));
        least.list.push(item);
        least.work += item.body.length;
      }
      return groups.map((group) => group.list);
    });
  }

  #start(wanted: readonly Wanted[]): void {
    const job: Job = { wanted, process: this.#startCompiler(wanted), done: false };
    for (const { key } of wanted) this.#running.set(key, job);
  }

  #startCompiler(wanted: readonly Wanted[]): CompilerProcess {
    const { system } = this.folder;
    const { command, flags, libraries } = this.toolchain;
    const bodies = wanted.map(({ key, body }) => body.replaceAll("$", `_${key}`));
    const text = [wanted[0]!.prelude, ...bodies, ""].join("\n");
    const workspace = this.folder.workspace({ "kernels.c": new TextEncoder().encode(text) });
    const args = [command, ...flags, "kernels.c", "-o", "kernels.so", ...libraries];
    let process: PlatformProcess;
    try {
      process = system.startCommand("/bin/sh", ["-c", WRAPPER, "sh", ...args], workspace);
    } catch (cause) {
      system.remove(workspace);
      throw this.#failed("could not be started", cause);
    }
    const end = (): void => {
      forgetExit();
      process.stop();
      system.remove(workspace);
    };
    const forgetExit = system.onExit(end);
    return { workspace, deadline: Date.now() + this.#timeLimit * Math.ceil(wanted.length / KERNELS_PER_LIMIT), end };
  }

  /** Looks after a job, and says whether it is done. */
  #look(job: Job): boolean {
    if (job.done) return true;
    const { workspace, deadline } = job.process;
    const ended = this.#text(`${workspace}/ended`);
    if (ended === undefined && Date.now() < deadline) return false;
    try {
      if (ended === undefined) throw this.#failed("took longer than its time", "");
      const log = this.#text(`${workspace}/log`) ?? "";
      if (ended.trim() === "0") this.#keep(job);
      else if ((!ended || NO_ROOM.test(log)) && this.folder.giveUp()) {
        job.process.end();
        job.process = this.#startCompiler(job.wanted);
        return false;
      } else throw this.#failed(`refused a kernel (${firstError(log) || `status ${ended.trim()}`})`, log);
    } catch (cause) {
      job.failure = cause instanceof NativeUnavailable ? cause : this.#failed("could not be run", cause);
    }
    job.done = true;
    job.process.end();
    for (const { key } of job.wanted) this.#running.delete(key);
    return true;
  }

  #text(path: string): string | undefined {
    const bytes = this.folder.system.readNow(path);
    return bytes && new TextDecoder().decode(bytes);
  }

  #failed(what: string, cause: unknown): NativeUnavailable {
    return new NativeUnavailable(
      "compiler",
      `the compiler ${this.toolchain.command} (${this.toolchain.version}) ${what}. Name another one in MYELIN_CC.`,
      { cause },
    );
  }

  /** Moves a finished library to its place and notes which kernels it holds. */
  #keep(job: Job): void {
    const { folder } = this;
    const content = folder.system.readNow(`${job.process.workspace}/kernels.so`);
    if (!content?.length) throw this.#failed("made no machine code", "");
    const library = libraryName(folder.system.hash(content));
    folder.write(library, content);
    const path = folder.find(library)!;
    this.#libraries.set(library, path);
    for (const { key } of job.wanted) {
      const kernel = { path, symbol: symbolOf(key) };
      for (const name of [key, ...(this.#names.get(key) ?? [])]) this.#note(name, kernel);
      this.#names.delete(key);
    }
    this.#bytes = (this.#bytes ?? this.#count()) + content.length;
    if (this.#bytes > this.#bound) this.#bytes = this.#makeRoom();
  }

  // ---------- not too many

  #all(): { readonly name: string; readonly bytes: number; readonly modified: number }[] {
    const { system, path } = this.folder;
    return system.namesIn(path).flatMap((name) => {
      const state = name.endsWith(".so") ? system.fileState(`${path}/${name}`) : undefined;
      return state ? [{ name, ...state }] : [];
    });
  }

  #count(): number {
    return this.#all().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Removes libraries, those that were not used for longest first, and the notes about them. Returns what is left. */
  #makeRoom(): number {
    const { folder } = this;
    const libraries = this.#all().sort((a, b) => a.modified - b.modified);
    let bytes = libraries.reduce((sum, library) => sum + library.bytes, 0);
    const gone = new Set<string>();
    for (const library of libraries) {
      if (bytes <= this.#bound * KEPT) break;
      if (this.#libraries.has(library.name)) continue;
      folder.remove(library.name);
      gone.add(library.name);
      bytes -= library.bytes;
    }
    for (const name of folder.system.namesIn(folder.path)) {
      if (!name.endsWith(NOTE)) continue;
      const about = new TextDecoder().decode(folder.read(name)).split(" ")[0]!;
      if (gone.has(about)) folder.remove(name);
    }
    return bytes;
  }
}

const NOTE = ".kernel";
const noteName = (key: string): string => `${key}${NOTE}`;
const libraryName = (checksum: string): string => `${checksum.slice(0, 40)}.so`;
const NOTED = /^(\w+\.so) (\d+) (\w+)\n$/;
const symbolOf = (key: string): string => `kernel_${key}`;

const word = new Int32Array(new SharedArrayBuffer(4));
function sleep(milliseconds: number): void {
  Atomics.wait(word, 0, 0, milliseconds);
}
