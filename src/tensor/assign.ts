import type { Node } from "../graph/node.ts";
import { execute, type Assignment } from "./evaluate.ts";
import { currentTrace } from "./trace.ts";

/** Gives cells their next versions: in the trace at hand, or at once in one program together with `results`. */
export function assign(assignments: readonly Assignment[], results: readonly Node[] = []): void {
  const trace = currentTrace();
  if (!trace) return execute(results, assignments);
  for (const { cell, value } of assignments) {
    cell.checkFits(value);
    trace.assign(cell, value);
  }
}
