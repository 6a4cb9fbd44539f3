import type { Node } from "../graph/node.ts";
import { execute, type Assignment } from "./evaluate.ts";
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
