/** Loading saved state into a module: all of it or, on an error, nothing. */
import { ArgumentError, FormatError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { cast } from "../graph/ops/unary.ts";
import type { Cell } from "../tensor/cell.ts";
import { store } from "../tensor/assign.ts";
import { StateTensor } from "../tensor/parameter.ts";
import { Tensor } from "../tensor/tensor.ts";
import { find, type Module } from "./module.ts";

/** Tensors by path. */
export type StateDict = Readonly<Record<string, Tensor>>;

export interface LoadOptions {
  /** Whether missing and unexpected names are errors, true by default. */
  readonly strict?: boolean | undefined;
}

/** Names that did not match. */
export interface LoadResult {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

const SHOWN = 8;
const listed = (names: readonly string[]): string =>
  names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "");

/** Every cell of a module with all the paths that lead to it. */
function cellsOf(module: Module): Map<Cell, string[]> {
  const paths = new Map<Cell, string[]>();
  for (const { path, value } of find(module))
    if (value instanceof StateTensor) paths.set(value.cell, [...(paths.get(value.cell) ?? []), path]);
  return paths;
}

/** See `Module.loadStateDict`. A tied parameter may be given under any of its names. */
export function loadState(module: Module, dict: StateDict, options: LoadOptions): LoadResult {
  return loadCells(`${module}`, cellsOf(module), dict, options);
}

/** Loads values into cells, each of which has one name or several, as `Module.loadStateDict` does. */
export function loadCells(
  owner: string,
  targets: ReadonlyMap<Cell, readonly string[]>,
  dict: StateDict,
  { strict = true }: LoadOptions = {},
): LoadResult {
  const known = new Set([...targets.values()].flat());
  const unexpected = Object.keys(dict).filter((name) => !known.has(name));
  const missing: string[] = [];
  const misfits: string[] = [];
  const found: [Cell, Tensor][] = [];
  for (const [cell, names] of targets) {
    const name = names.find((n) => Object.hasOwn(dict, n));
    const value = name === undefined ? undefined : dict[name];
    if (!value) {
      missing.push(names[0]!);
      continue;
    }
    if (!(value instanceof Tensor))
      throw new ArgumentError(`loadStateDict: ${name} is no tensor but ${typeof value}. Nothing was loaded`);
    if (sameShape(value.shape, cell.shape)) found.push([cell, value]);
    else misfits.push(`${name} is ${show(cell.shape)} here and ${show(value.shape)} there`);
  }
  if (misfits.length > 0) throw new ShapeError(`loadStateDict: shapes differ: ${listed(misfits)}. Nothing was loaded`);
  if (strict && missing.length + unexpected.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`missing: ${listed(missing)}`] : []),
      ...(unexpected.length > 0 ? [`unexpected: ${listed(unexpected)}`] : []),
    ];
    throw new FormatError(
      `loadStateDict: the names of ${owner} and of the state differ: ${parts.join("; ")}. ` +
        `Nothing was loaded; { strict: false } loads what matches`,
    );
  }
  store(found.map(([cell, value]) => ({ cell, value: cast(value.node, cell.dtype) })));
  return { missing, unexpected };
}
