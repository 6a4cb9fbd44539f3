import type { Node } from "../graph/node.ts";
import { Cell, type CellOptions } from "./cell.ts";
import { execute, readIfHere, type Assignment } from "./evaluate.ts";
import { where } from "./functional/comparison.ts";
import { currentTrace } from "./trace.ts";

/** Where this does not hold, cells keep what they have. */
let condition: Node | undefined;

/** Gives cells their next versions: in the trace at hand, or at once in one program together with `results`. */
export function assign(assignments: readonly Assignment[], results: readonly Node[] = []): void {
  const accepted = condition;
  const next = accepted
    ? assignments.map(({ cell, value }) => ({ cell, value: cell.empty ? value : where(accepted, value, cell.leaf()) }))
    : assignments;
  const trace = currentTrace();
  if (!trace) return execute(results, next);
  for (const { cell, value } of next) {
    cell.checkFits(value);
    trace.assign(cell, value);
  }
}

/** Runs `f`, whose assignments take effect where a bool of shape [] holds: as part of the program, without reading it. Cells without a value take theirs in any case. */
export function assignWhere(accepted: Node, f: () => void): void {
  const before = condition;
  condition = accepted;
  try {
    f();
  } finally {
    condition = before;
  }
}

/**
 * Gives cells the values that nodes have now, all or none: from the host where it has them, so that they may come from any device, and
 * otherwise on the device.
 * @throws DeviceError for values on another device that answers later and were not read yet.
 */
export function store(assignments: readonly Assignment[]): void {
  for (const { cell, value } of assignments) cell.checkFits(value);
  // All are read before the first is written: they may come from these very cells.
  const arrays = assignments.map(({ value }) => readIfHere(value));
  const rest = assignments.filter((_, i) => !arrays[i]);
  if (rest.length) assign(rest);
  for (const [i, { cell }] of assignments.entries()) if (arrays[i]) cell.set(arrays[i]);
}

/** A new cell with the value that a node has now. */
export function cellOf(value: Node, options: CellOptions = {}): Cell {
  const cell = new Cell(value.shape, value.dtype, options);
  store([{ cell, value }]);
  return cell;
}
