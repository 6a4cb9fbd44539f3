import { ArgumentError } from "./errors.ts";

/** Tells at once where a file's path is something else: in the first write, an epoch later, nobody knows any more whose it is. */
export function filePath(operation: string, path: unknown, example: string): void {
  if (typeof path === "string" && path !== "") return;
  const got = path === "" ? "an empty text" : typeof path === "object" && path ? "an object" : String(path);
  throw new ArgumentError(`${operation}: the path of its file must be a text, such as "${example}", got ${got}`);
}
