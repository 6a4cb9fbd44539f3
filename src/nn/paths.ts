/** Parts of a model by where they are. */
import { ArgumentError } from "../core/errors.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import type { Module } from "./module.ts";

/**
 * Which paths are meant: all that a regular expression finds something in; or a text, which stands for that path and all below
 * it. A `*` in it is any part of one name: `layers.*.norm` and `fc*.weight`.
 */
export type PathPattern = string | RegExp;

/** Whether a path is meant. */
export function matchesPath(path: string, pattern: PathPattern): boolean {
  if (pattern instanceof RegExp) return path.search(pattern) >= 0;
  const names = path.split(".");
  const wanted = pattern.split(".");
  return wanted.length <= names.length && wanted.every((name, i) => wildcard(name).test(names[i]!));
}

const wildcard = (name: string): RegExp =>
  new RegExp(`^${name.replace(/[\\^$.*+?()[\]{}|]/g, (sign) => (sign === "*" ? ".*" : `\\${sign}`))}$`);

/**
 * Those whose paths are meant by one of the patterns; all where there are none.
 * @throws ArgumentError for a pattern that means nothing, which is a slip of the pen.
 */
export function meant<T>(
  operation: string,
  byPath: ReadonlyMap<string, T>,
  patterns: readonly PathPattern[],
): Map<string, T> {
  const entries = [...byPath];
  for (const pattern of patterns)
    if (!entries.some(([path]) => matchesPath(path, pattern)))
      throw new ArgumentError(
        `${operation}: nothing is called ${pattern}; there is ${entries
          .slice(0, 8)
          .map(([path]) => path)
          .join(", ")}${entries.length > 8 ? " …" : ""}`,
      );
  if (patterns.length === 0) return new Map(entries);
  return new Map(entries.filter(([path]) => patterns.some((pattern) => matchesPath(path, pattern))));
}

/**
 * Puts another module in the place of one: a new head on a model whose fields are not at hand. Optimizers are to be made
 * afterwards.
 * @returns the module that was there, whose sizes the new one may need.
 * @throws ArgumentError when there is none at the path.
 * @example
 * const head = nn.moduleAt(model, "classifier.6") as nn.Linear;
 * nn.replaceModule(model, "classifier.6", new nn.Linear(head.inFeatures, 3));
 */
export function replaceModule(root: Module, path: string, replacement: Module): Module {
  const old = moduleAt(root, path);
  for (const parent of root.modules()) if (swap(parent, old, replacement)) return (bumpEpoch(), old);
  throw new ArgumentError(`replaceModule: ${path} is the model itself, or no field of a module holds it`);
}

/** The module at a path. Throws ArgumentError when there is none. */
export function moduleAt(root: Module, path: string): Module {
  const found = root.namedModules().get(path);
  if (found) return found;
  throw new ArgumentError(
    `moduleAt: ${root} has no module ${path}; there is ${[...root.namedModules().keys()].filter(Boolean).slice(0, 12).join(", ")}`,
  );
}

/** Puts one value in the place of another, in the fields of something and in arrays and plain objects there. */
function swap(holder: object, old: Module, replacement: Module): boolean {
  for (const [name, value] of Object.entries(holder)) {
    if (value === old) {
      (holder as Record<string, unknown>)[name] = replacement;
      return true;
    }
    const isContainer = Array.isArray(value) || (value && Object.getPrototypeOf(value) === Object.prototype);
    if (isContainer && swap(value as object, old, replacement)) return true;
  }
  return false;
}
