import type { TrialResult, Ending } from "./trial.ts";
import type { Values } from "./space.ts";

/** A number as people read it: four digits that count. */
const short = (value: number): string => (Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(4))}`);

function cell(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number") return short(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

const STATES: Readonly<Record<Ending | "running", string>> = {
  complete: "",
  pruned: "pruned",
  failed: "failed",
  running: "running",
};

/** Trials as lines: place, value, seconds, how it ended, and the parameters. */
export function resultTable(names: readonly string[], trials: readonly TrialResult[]): string {
  const states = trials.some(({ state }) => state !== "complete");
  const head = ["", "trial", "value", "seconds", ...(states ? ["state"] : []), ...names];
  const rows = trials.map(({ number, value, seconds, state, params }, i) => [
    `${i + 1}`,
    `${number}`,
    cell(value),
    seconds === undefined ? "" : short(seconds),
    ...(states ? [STATES[state]] : []),
    ...names.map((name) => cell((params as Values)[name])),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, column) => text.padStart(widths[column]!))
      .join("  ")
      .trimEnd();
  return [head, ...rows].map(line).join("\n");
}
