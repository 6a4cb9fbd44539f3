import { FormatError, ShapeError } from "../core/errors.ts";

/** Runs something on a file's content and puts the file's path before the messages of what is wrong with it. */
export function naming<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw named(path, cause);
  }
}

/** `naming` for what takes time. */
export async function namingAsync<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw named(path, cause);
  }
}

function named(path: string, cause: unknown): unknown {
  for (const Type of [FormatError, ShapeError])
    if (cause instanceof Type) return new Type(`"${path}": ${cause.sentence}`, { cause });
  return cause;
}
