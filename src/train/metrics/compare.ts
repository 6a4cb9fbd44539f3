/** Models side by side on the same validation data. */
import { ArgumentError } from "../../core/errors.ts";
import type { Numbers } from "./arrays.ts";

/** From labels and predictions to one number. */
export type Measure = (labels: Numbers, predictions: Numbers) => number;

export interface Comparison<M extends string> {
  /** One row for each model, the best first. */
  readonly rows: readonly (Readonly<Record<M, number>> & { readonly model: string })[];
  /** The rows as a table. */
  toString(): string;
}

/**
 * What measures say of the predictions of several models, sorted by one of them, smallest first.
 * @throws ArgumentError when there are no models, or no such measure to sort by.
 * @example compareModels(y, { linear, forest }, { mae: meanAbsoluteError, mape: meanAbsolutePercentageError }, "mae").toString();
 */
export function compareModels<M extends string>(
  labels: Numbers,
  predictions: Readonly<Record<string, Numbers>>,
  measures: Readonly<Record<M, Measure>>,
  by: NoInfer<M>,
): Comparison<M> {
  const names = Object.keys(measures) as M[];
  if (!names.includes(by) || Object.keys(predictions).length === 0)
    throw new ArgumentError(`compareModels: wants models, and to sort by one of ${names.join(", ")}, got "${by}"`);
  const rows = Object.entries(predictions).map(([model, said]) => {
    const values = Object.fromEntries(names.map((name) => [name, measures[name](labels, said)]));
    return { ...(values as Record<M, number>), model };
  });
  rows.sort((a, b) => a[by] - b[by]);
  const cells = [
    ["model", ...names],
    ...rows.map((row) => [row.model, ...names.map((name) => row[name].toPrecision(4))]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const text = cells
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "))
    .join("\n");
  return { rows, toString: () => text };
}
