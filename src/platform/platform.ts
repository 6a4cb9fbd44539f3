/** What Myelin asks of the machine it runs on. `node.ts` and `browser.ts` both provide exactly this. */
export interface Platform {
  /**
   * The whole content of a file (Node: a path; browser: a URL, fetched).
   * @throws PlatformError when it is missing or unreadable.
   */
  readFile(path: string): Promise<Uint8Array>;
  /**
   * The content of a file in pieces, in order, as it is asked for (Node: a path; browser: a URL, fetched while it is read).
   * @param range from byte `start`, 0 by default, to before byte `end`, by default the file's end. What lies behind the file's
   * end is left out.
   * @throws PlatformError when it is missing or unreadable.
   */
  readChunks(path: string, range?: ByteRange): AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * Opens a new file, in place of one that is there, to write it piece by piece.
   * @throws PlatformError when the folder is missing or not writable, and always in a browser.
   */
  openWriter(path: string): Promise<FileWriter>;
  /**
   * Writes a file as a whole: a reader sees the old content or the new one, never a part, and a crash leaves no half file.
   * Folders above it are created. A device or a pipe is written to as it is.
   * @throws PlatformError when it cannot be written, and always in a browser.
   */
  writeFile(path: string, bytes: Pieces): Promise<void>;
  /**
   * Reads a whole file, however large.
   * @param most bytes of a piece: 1 GiB by default. In a browser all is one piece.
   * @throws PlatformError when it is missing or unreadable.
   */
  readPieces(path: string, most?: number): Promise<readonly Uint8Array[]>;
  /**
   * Adds bytes at the end of a file, in one piece. A file that is missing is created, and the folders above it.
   * @param durable waits for the disk, so that a power cut does not lose them; false by default.
   * @throws PlatformError when that cannot be done, and always in a browser.
   */
  appendFile(path: string, bytes: Uint8Array, durable?: boolean): Promise<void>;
  /**
   * Writes a folder of files as a whole, and those above it: a reader sees all of it or nothing of it, after a crash and a power cut too.
   * A folder that has the name already is replaced; for a moment there is none then, and the old one is called `${path}.old`.
   * @param files by name, no folders among them.
   * @throws PlatformError when something cannot be written, and always in a browser; then all is as it was.
   */
  writeFolder(path: string, files: Readonly<Record<string, Pieces>>): Promise<void>;
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
  /**
   * Calls a function when the user asks the program to end (Ctrl-C, SIGINT), which then goes on; a second time ends it as ever. Returns
   * what takes that back. Never called in a browser.
   */
  onInterrupt(action: () => void): () => void;
  /** A clock in milliseconds with a fraction. It never runs backwards; its zero means nothing. */
  now(): number;
  /** Done when events that have arrived, such as messages of threads and what was read, have had their turn: microseconds. */
  turn(): Promise<void>;
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
  /**
   * Starts a thread that loads a module and answers messages.
   * @param module its address, from the root: a `file:` or `http:` URL.
   * @param source the text of a function that can use nothing but its arguments and globals: what the module exports, and `post`, which
   * sends a message, giving away the memory that is listed. It returns a function that takes the messages, in their order.
   */
  startModuleWorker(module: string, source: string, events: WorkerEvents): ModuleWorker;
  /**
   * Starts a thread that runs a module, which speaks for itself through {@link Platform.workerPort}.
   * @param module its address, from the root, or, in a browser, a function that makes the worker: bundlers know
   * `new Worker(new URL(…), …)` by sight, and nothing else.
   */
  openWorker(module: string | (() => Worker), events: WorkerEvents): ModuleWorker;
  /** In a thread, the way to whoever started it; undefined elsewhere. */
  workerPort(): WorkerPort | undefined;
  /**
   * What reads and writes images (Node: the package sharp; browsers: their own).
   * @throws whatever loading the package throws where it is not installed.
   */
  imageCodec(): Promise<ImageCodec>;
  /**
   * The entry to WebGPU (Node: the package webgpu), undefined where there is none.
   * @throws whatever loading the package throws where it is not installed.
   */
  gpu(): Promise<GPU | undefined>;
  /** What this page, with those of its origin, may keep; undefined where nothing can be kept, and always in Node, which has files. */
  pageStore(): PageStore | undefined;
  /** The operating system, for what needs one: a compiler, libraries. Undefined in a browser. */
  system(): System | undefined;
}

/** Bytes by name, as long as the browser and its user let them lie. */
export interface PageStore {
  /** Undefined where there is nothing, or it cannot be had. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** @throws PlatformError where the browser refuses. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/** Bytes, or several arrays of them that follow one another: engines have none beyond some GB. */
export type Pieces = Uint8Array | readonly Uint8Array[];

/** A file that is written piece by piece. Pieces are written in the order of the calls. */
export interface FileWriter {
  /** Writes behind what was written before. The bytes may be used again when it is done. @throws PlatformError */
  write(bytes: Uint8Array): Promise<void>;
  /** When it is done, what was written is on the disk. @throws PlatformError */
  flush(): Promise<void>;
  /** Nothing can be written any more. @throws PlatformError */
  close(): Promise<void>;
}

/** An image in memory. */
export interface RawImage {
  /** [height, width, channels], row by row from the top, 0 to 255. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 3 | 4;
}

/** How an image is decoded. */
export interface ImageDecoding {
  readonly channels: 1 | 3 | 4;
  /** The size to bring it to. */
  readonly size?: { readonly width: number; readonly height: number };
  /** `fill` stretches it to the size, `cover` keeps its proportions and cuts off what is too much on both sides. */
  readonly fit: "fill" | "cover";
}

/** Files of images: JPEG, PNG, WebP and what else the platform knows. */
export interface ImageCodec {
  /** The image as it is meant to be seen: turned as its EXIF says. @throws for what is no image, or damaged. */
  decode(bytes: Uint8Array, how: ImageDecoding): Promise<RawImage>;
  /** @param quality from 1 to 100, for `jpeg` and `webp`. */
  encode(image: RawImage, format: "jpeg" | "png" | "webp", quality: number): Promise<Uint8Array>;
}

/** What an operating system offers beyond a page. Everything answers at once, so that it also serves callers that block. */
export interface System {
  /** `linux-x64`, `darwin-arm64`, `win32-x64` …: the names of Node. */
  readonly name: string;
  /** False in a worker, which others may end at any moment, with all its memory. */
  readonly isMainThread: boolean;
  /** What is written for the user's programs to find again, by custom of the system. Not created. */
  readonly cacheFolder: string;
  /** Bytes of memory that this process may use: the machine's, or fewer where a container or a user limits them. */
  readonly memoryBytes: number;
  /** The processor's name and abilities, as far as the system tells: equal texts run the same code. */
  processor(): string;
  /** The file that a command's name or path means, links followed; undefined when nothing there can be executed. */
  findCommand(name: string): string | undefined;
  /** The path from the root: it means the same when the process moves to another folder. */
  absolutePath(path: string): string;
  /** What is at a path, links followed; undefined when nothing is, or it cannot be seen. */
  fileState(path: string): FileState | undefined;
  /** The names in a folder, sorted; none when it cannot be read. */
  namesIn(folder: string): string[];
  /** The whole file; undefined when it cannot be read. */
  readNow(path: string): Uint8Array | undefined;
  /**
   * Writes a file as {@link Platform.writeFile} does, but does not wait for the disk: after a power cut it may be torn.
   * @throws PlatformError
   */
  writeNow(path: string, bytes: Uint8Array): void;
  /** Gives a file a new name, in place of another one. @throws PlatformError */
  rename(from: string, to: string): void;
  /** Removes a file, or a folder with all that is in it, if it is there and can be. */
  remove(path: string): void;
  /** Marks a file as changed now, if that can be. */
  touch(path: string): void;
  /**
   * Takes a lock: a file that says which process has it, in a folder that is created where there is none. Left by a process that is gone, or for five minutes without a sign of life by one
   * of another machine, it is taken over. The lock is released when the process ends in an orderly way.
   * @returns the lock, or who has it.
   * @throws PlatformError when the file cannot be written.
   */
  lock(path: string): Lock | LockHolder;
  /** Creates a folder (and those above it) that only this user may enter; one that exists is left as it is. @throws PlatformError */
  makeFolder(path: string): void;
  /** A new folder with a name of its own that only this user may enter, in `parent`, by default the system's place for such. @throws PlatformError */
  makeTemporaryFolder(prefix: string, parent?: string): string;
  /** SHA-256, in hexadecimal; MD5 only to compare with what others published. */
  hash(content: string | Pieces, algorithm?: "sha256" | "md5"): string;
  /** Runs a command to its end; one that takes longer (milliseconds) is killed. */
  runCommand(command: string, args: readonly string[], timeLimit: number): CommandResult;
  /** Starts a command in a folder, with its input and output closed. It does not keep the process alive. @throws PlatformError */
  startCommand(command: string, args: readonly string[], folder: string): PlatformProcess;
  /** A package that the user may have installed. @throws what the package's own code throws, or an error that says it is missing. */
  loadPackage(name: string): unknown;
  /** Calls a function when the process ends in an orderly way. Returns what takes that back. */
  onExit(action: () => void): () => void;
}

export interface FileState {
  readonly isFolder: boolean;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Permission bits: 0o700 is read, write, enter for the owner alone. */
  readonly mode: number;
  /** The owner is the user of this process. */
  readonly owned: boolean;
}

export interface CommandResult {
  /** The exit status; undefined when it was killed or could not be started. */
  readonly status: number | undefined;
  readonly timedOut: boolean;
  /** Standard output and standard error, or why it could not be started. */
  readonly output: string;
}

/** A command that was started. */
export interface PlatformProcess {
  /** Kills it, with those that it started. */
  stop(): void;
}

/** A lock that this process has. */
export interface Lock {
  /** False once another process has taken it over: this one was stopped for minutes, or somebody removed the file. */
  readonly held: boolean;
  release(): void;
}

/** Who has a lock. */
export interface LockHolder {
  readonly process: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/** A thread that was started. */
export interface PlatformWorker {
  /** Ends it, wherever it is. */
  stop(): void;
}

/** A thread that answers messages. It is {@link PlatformWorker.stop}ped, or stays idle. */
export interface ModuleWorker extends PlatformWorker {
  /** Sends a message: a copy, but for the memory that is listed, which is given away. @throws where something cannot be copied. */
  post(message: unknown, transfer: ArrayBuffer[]): void;
  /** Whether the thread keeps the process alive; not at first. */
  hold(alive: boolean): void;
}

/** In a thread, the way to whoever started it. */
export interface WorkerPort {
  post(message: unknown, transfer: ArrayBuffer[]): void;
  /**
   * Takes the messages from now on, beside others who do. The thread lives until it is stopped; when this is done, its end will be noticed,
   * as far as it can be.
   */
  listen(take: (message: unknown) => void): Promise<void>;
}

/** What comes from a thread. */
export interface WorkerEvents {
  message(message: unknown): void;
  /** It ended without being stopped, with an error where there is one. */
  end(reason: unknown): void;
}

/**
 * The machine refused: a file that is not there, a folder that cannot be written, a thing that browsers cannot do.
 * (The floor below `core`, hence not one of its errors.)
 */
export class PlatformError extends Error {
  override readonly name: string = "PlatformError";
}
