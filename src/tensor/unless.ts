import { TraceError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { reshape } from "../graph/ops/movement.ts";
import { where } from "./functional/comparison.ts";
import { expandTo } from "./functional/operands.ts";
import { currentTrace } from "./trace.ts";

/**
 * Takes everything back that the traced function at hand has changed so far, where a condition does not hold: cells keep the value that
 * they had before the call. Those that had none are left alone.
 * @param accepted a bool of one element.
 */
export function takeBackUnless(accepted: Node): void {
  const trace = currentTrace();
  if (!trace) throw new TraceError("takeBackUnless: works inside a traced function only");
  withGradientMode(false, () => {
    for (const [cell, state] of trace.cells) {
      if (!state.changed || !state.now || state.emptyBefore) continue;
      const condition = expandTo(
        reshape(
          accepted,
          cell.shape.map(() => 1),
        ),
        cell.shape,
      );
      trace.assign(cell, where(condition, state.now, (state.before ??= cell.slot())));
    }
  });
}
