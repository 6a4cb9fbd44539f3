import { ArgumentError } from "../../core/errors.ts";

/** Which number a callback looks at, and which way is better. */
export interface MonitorOptions {
  /** A name among the means of an epoch; `val_loss` by default. */
  readonly monitor?: string | undefined;
  /**
   * Whether smaller ("min") or larger ("max") numbers are better. By default "max" for names that speak of accuracy, precision, recall, AUC, F1
   * or R², and "min" for all others.
   */
  readonly mode?: "min" | "max" | undefined;
}

const LARGER_IS_BETTER = /acc|precision|recall|auc|f1|fbeta|r2|bleu|iou|dice|top_?\d/i;

/** The number that a callback looks at, and how to compare it. */
export interface Monitored {
  readonly name: string;
  /** No number is worse. */
  readonly worst: number;
  /** Whether `value` is better than `than` by more than `delta`. NaN is never better. */
  better(value: number, than: number, delta?: number): boolean;
  /** The number of an epoch. @throws ArgumentError where there is none of that name. */
  in(means: Readonly<Record<string, number>>): number;
}

/** @throws ArgumentError for a mode that there is not. */
export function monitored({ monitor = "val_loss", mode }: MonitorOptions): Monitored {
  if (mode !== undefined && mode !== "min" && mode !== "max")
    throw new ArgumentError(`mode must be "min" or "max", got "${mode as string}"`);
  const isMax = (mode ?? (LARGER_IS_BETTER.test(monitor) ? "max" : "min")) === "max";
  return {
    name: monitor,
    worst: isMax ? -Infinity : Infinity,
    better: (value, than, delta = 0) => (isMax ? value - delta > than : value + delta < than),
    in: (means) => {
      const value = means[monitor];
      if (value !== undefined) return value;
      throw new ArgumentError(
        `there is no ${monitor} among ${Object.keys(means).join(", ")}; ${monitor.startsWith("val_") ? "give fit validation data" : "measure it with metrics"}, or monitor something else`,
      );
    },
  };
}
