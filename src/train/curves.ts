/** What curves of training say. */
import { ArgumentError } from "../core/errors.ts";

/** "overfitting": stop earlier or regularise. "underfitting": a larger model, or a higher rate. "improving": train longer. */
export type Verdict = "good" | "improving" | "overfitting" | "underfitting";

export interface CurveOptions {
  /** By which share the validation loss must have risen above its best to be overfitting, 0.05 by default. */
  readonly rise?: number | undefined;
  /** By which share validation loss must have fallen in the last quarter of the epochs to be improving still, 0.02 by default. */
  readonly progress?: number | undefined;
  /** What share of the first training loss must be left for underfitting, 0.5 by default. */
  readonly left?: number | undefined;
}

export interface CurveVerdict {
  readonly verdict: Verdict;
  /** The epoch with the least validation loss, from 1. */
  readonly bestEpoch: number;
  /** Validation loss less training loss in the last epoch. */
  readonly gap: number;
  /** Why, in a sentence. */
  readonly reason: string;
}

/**
 * Judges a history by its losses: overfitting where validation has become worse while training became better; improving where validation was
 * still falling at the end; underfitting where training itself has not got far. Thresholds are rules of thumb.
 * @param history what `fit` returns, with validation.
 * @throws ArgumentError without validation, or with fewer than 3 epochs.
 */
export function judgeCurves(
  history: Readonly<{ loss: readonly number[]; val_loss?: readonly number[] | undefined }>,
  { rise = 0.05, progress = 0.02, left = 0.5 }: CurveOptions = {},
): CurveVerdict {
  const { loss, val_loss: validation } = history;
  if (!validation || validation.length < 3 || validation.length !== loss.length)
    throw new ArgumentError(
      `judgeCurves: needs loss and val_loss of 3 epochs or more, got ${loss.length} and ${validation?.length ?? 0}; give fit validation data`,
    );
  const best = Math.min(...validation);
  const at = validation.indexOf(best);
  const [last, lastTrain] = [validation.at(-1)!, loss.at(-1)!];
  const gap = last - lastTrain;
  const say = (verdict: Verdict, reason: string): CurveVerdict => ({ verdict, bestEpoch: at + 1, gap, reason });
  const number = (value: number): string => value.toPrecision(3);
  if (last > best * (1 + rise) && lastTrain < loss[at]!)
    return say(
      "overfitting",
      `validation loss rose from ${number(best)} in epoch ${at + 1} to ${number(last)}, while training loss fell to ${number(lastTrain)}`,
    );
  const quarter = Math.max(1, Math.floor(validation.length / 4));
  const before = Math.min(...validation.slice(0, -quarter));
  if (best < before * (1 - progress))
    return say("improving", `validation loss was falling to the end: ${number(before)} to ${number(best)}`);
  if (lastTrain > left * loss[0]!)
    return say("underfitting", `training loss went from ${number(loss[0]!)} to ${number(lastTrain)} only`);
  return say("good", `validation loss stays at ${number(last)}, its best is ${number(best)}`);
}
