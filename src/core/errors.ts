/**
 * Typed errors: one sentence each, naming the operation, what it was given, what it wanted and the usual fix,
 * followed by the user's own line when one can be found.
 */

/** The folder of this library, so that its own frames can be skipped; unknown where a bundler leaves no address. */
const LIBRARY = folderOf(import.meta.url);

function folderOf(url: string | undefined): string | undefined {
  try {
    // From sources this file stands one folder below the library's; built, everything is one file.
    return new URL(/\/core\/errors\.[jt]s$/.test(url ?? "") ? ".." : ".", url).href;
  } catch {
    return undefined;
  }
}

/** Frames of the stack among which the user's line is looked for. */
const FRAMES = 100;

/** The base of every error that Myelin throws on purpose. */
export class MyelinError extends Error {
  /** `file.ts:14`, the innermost frame outside the library, when the engine records stacks. */
  readonly line: string | undefined;

  constructor(message: string, options?: { line?: string; cause?: unknown }) {
    // The user's line may be below many layers in layers, and V8 keeps ten frames. `Reflect`: some programs freeze Error.
    const before: unknown = Reflect.get(Error, "stackTraceLimit");
    if (typeof before === "number" && before < FRAMES) Reflect.set(Error, "stackTraceLimit", FRAMES);
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    if (before !== undefined) Reflect.set(Error, "stackTraceLimit", before);
    this.line = options?.line ?? userLine(this.stack);
    if (this.line !== undefined) this.message = `${message}  at ${this.line}`;
  }

  /** The class's name, also where a bundler has shortened it: errors that come from another thread find their class by it. */
  override get name(): string {
    return "MyelinError";
  }

  /** The message without the line: an error that it is part of finds its own. */
  get sentence(): string {
    return this.line === undefined ? this.message : this.message.slice(0, -`  at ${this.line}`.length);
  }
}

/** Shapes or axes that do not fit. */
export class ShapeError extends MyelinError {
  override get name(): string {
    return "ShapeError";
  }
}
/** Element types that an operation does not take. */
export class DTypeError extends MyelinError {
  override get name(): string {
    return "DTypeError";
  }
}
/** A device that is missing, full, lost, or not the one a tensor lives on. */
export class DeviceError extends MyelinError {
  override get name(): string {
    return "DeviceError";
  }
}
/** A file or byte string that is not what it claims to be. */
export class FormatError extends MyelinError {
  override get name(): string {
    return "FormatError";
  }
}
/** A folder of checkpoints that cannot be written or gone on from: another run has it, or nothing in it can be loaded. */
export class CheckpointError extends MyelinError {
  override get name(): string {
    return "CheckpointError";
  }
}
/** Data that could not be made or read: an element of a pipeline, a row of a file. */
export class DataError extends MyelinError {
  override get name(): string {
    return "DataError";
  }
}
/** A package that is optional, needed now, and not there. */
export class PackageError extends MyelinError {
  override get name(): string {
    return "PackageError";
  }
}
/** A traced function that cannot be replayed faithfully. */
export class TraceError extends MyelinError {
  override get name(): string {
    return "TraceError";
  }
}
/** A gradient that does not exist, or was asked for wrongly. */
export class GradientError extends MyelinError {
  override get name(): string {
    return "GradientError";
  }
}
/** A callback that failed; what it threw is the `cause`. */
export class CallbackError extends MyelinError {
  override get name(): string {
    return "CallbackError";
  }
}
/** A worker that ended while something was asked of it. */
export class WorkerError extends MyelinError {
  override get name(): string {
    return "WorkerError";
  }
}
/** An argument or option with a value that makes no sense. */
export class ArgumentError extends MyelinError {
  override get name(): string {
    return "ArgumentError";
  }
}

/**
 * The innermost stack frame outside the library, as `file:line`.
 * Test files count as user code although they stand beside the sources.
 */
export function userLine(stack: string | undefined): string | undefined {
  for (const frame of (stack ?? "").split("\n")) {
    const match = /(?:\(|at |@)((?:file|https?):\/\/[^\s()]+|\/[^\s()]+|[A-Za-z]:[\\/][^\s()]+):(\d+):\d+\)?$/.exec(
      frame.trim(),
    );
    if (!match) continue;
    const [, where, line] = match;
    const url = where!.startsWith("/") ? `file://${where}` : where!;
    const file = url.split(/[\\/]/).pop()!.replace(/\?.*$/, "");
    if (LIBRARY !== undefined && url.startsWith(LIBRARY) && !/\.test\.[jt]s$/.test(file)) continue;
    if (url.includes("/node_modules/") || url.startsWith("node:")) continue;
    return `${file}:${line}`;
  }
  return undefined;
}
