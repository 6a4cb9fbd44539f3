/** What Myelin asks of the machine it runs on. `node.ts` and `browser.ts` both provide exactly this. */
export interface Platform {
  /**
   * The whole content of a file (Node: a path; browser: a URL, fetched).
   * @throws PlatformError when it is missing or unreadable.
   */
  readFile(path: string): Promise<Uint8Array>;
  /**
   * Writes a file as a whole: a reader sees the old content or the new one, never a part, and a crash leaves no half file.
   * @throws PlatformError when the folder is missing or not writable, and always in a browser.
   */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * The names (not paths) of the files and folders in a folder, sorted.
   * @throws PlatformError when there is no such folder, and always in a browser.
   */
  listDirectory(path: string): Promise<string[]>;
  /** True when the path (browser: the URL) names a file or folder that is there. */
  fileExists(path: string): Promise<boolean>;
  /** An environment variable; undefined when unset or empty, and always in a browser. */
  environment(name: string): string | undefined;
  /** Shows text where a program's output goes: Node's standard output; a browser's console, one entry for each call. */
  writeText(text: string): void;
  /** How many columns the terminal has that output goes to; undefined where it goes elsewhere, such as into a file. */
  terminalColumns(): number | undefined;
  /** A clock in milliseconds with a fraction. It never runs backwards; its zero means nothing. */
  now(): number;
  /** How many threads can run at the same time, at least 1. */
  threadCount(): number;
  /** True when threads can share memory: always in Node; in a browser only on cross-origin isolated pages. */
  sharesMemory(): boolean;
  /** True when this thread may sleep until another one wakes it. A page's main thread must not. */
  maySleep(): boolean;
  /** Switches on the engine's relaxed SIMD instructions where it has them switched off: Node 20. To be called before code is compiled. */
  enableRelaxedSimd(): void;
  /**
   * Starts a thread that calls a function with a copy of `data` (shared memory stays shared). `source` is the function's text,
   * so it can use nothing but its argument and globals. The thread does not keep the process alive.
   * `onEnd` is called when it ends without being stopped, with an error where there is one.
   */
  startWorker(source: string, data: unknown, onEnd: (reason: unknown) => void): PlatformWorker;
}

/** A thread that was started. */
export interface PlatformWorker {
  /** Ends it, wherever it is. */
  stop(): void;
}

/**
 * The machine refused: a file that is not there, a folder that cannot be written, a thing that browsers cannot do.
 * (The floor below `core`, hence not one of its errors.)
 */
export class PlatformError extends Error {
  override readonly name: string = "PlatformError";
}
