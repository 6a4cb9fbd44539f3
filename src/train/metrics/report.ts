/** Precision, recall, F1 and support of every class, as a table. */
import { ShapeError } from "../../core/errors.ts";
import type { Numbers } from "./arrays.ts";
import { accuracyOf, averaged, confusionOf, fbetaOf, perClass, precisionOf, ratio, recallOf, total } from "./counts.ts";

export interface ReportOptions {
  /** Names of the classes from 0 on; their numbers by default. */
  readonly names?: readonly string[] | undefined;
  /** After the point, 2 by default. */
  readonly digits?: number | undefined;
  /** What 0 / 0 gives, 0 by default. */
  readonly zeroDivision?: number | undefined;
}

/** One line of the report. */
export interface ReportRow {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

export interface Report {
  /** By name, in the order of classes; those that neither occur nor are predicted are left out unless they have names. */
  readonly classes: Readonly<Record<string, ReportRow>>;
  readonly accuracy: number;
  readonly macro: ReportRow;
  readonly weighted: ReportRow;
  /** The table that scikit-learn prints. */
  toString(): string;
}

/**
 * Precision, recall, F1 and support of every class, with their means; as text it is scikit-learn's table.
 * @throws ShapeError and ArgumentError for what are no classes, ShapeError for too few names.
 */
export function classificationReport(labels: Numbers, predictions: Numbers, options: ReportOptions = {}): Report {
  const op = "classificationReport";
  const { names, digits = 2, zeroDivision = 0 } = options;
  const confusion = confusionOf(op, labels, predictions);
  if (names && names.length < confusion.classes)
    throw new ShapeError(`${op}: ${confusion.classes} classes want as many names, got ${names.length}`);
  const f1 = fbetaOf(1);
  const found = perClass(confusion);
  const rows: (readonly [string, ReportRow])[] = [];
  for (let c = 0; c < (names?.length ?? confusion.classes); c++) {
    const counts = found[c] ?? { right: 0, predicted: 0, support: 0 };
    if (!names && counts.predicted + counts.support === 0) continue;
    const row = {
      precision: precisionOf(counts, zeroDivision),
      recall: recallOf(counts, zeroDivision),
      f1: f1(counts, zeroDivision),
      support: counts.support,
    };
    rows.push([names?.[c] ?? String(c), row]);
  }
  const support = total(confusion);
  const mean = (of: (row: ReportRow) => number): number =>
    rows.reduce((sum, [, row]) => sum + of(row), 0) / rows.length;
  const macro = { precision: mean((r) => r.precision), recall: mean((r) => r.recall), f1: mean((r) => r.f1), support };
  const heavy = { average: "weighted", zeroDivision } as const;
  const weighted = {
    precision: averaged(op, confusion, precisionOf, heavy),
    recall: averaged(op, confusion, recallOf, heavy),
    f1: averaged(op, confusion, f1, heavy),
    support,
  };
  const accuracy = ratio(accuracyOf(confusion) * support, support);
  const report = { classes: Object.fromEntries(rows), accuracy, macro, weighted };
  return { ...report, toString: () => table(rows, report, digits) };
}

function table(
  rows: readonly (readonly [string, ReportRow])[],
  report: Omit<Report, "toString">,
  digits: number,
): string {
  const width = Math.max(...rows.map(([name]) => name.length), "weighted avg".length, digits);
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padStart(width)} ${cells.map((cell) => ` ${cell.padStart(9)}`).join("")}`;
  const numbers = ({ precision, recall, f1, support }: ReportRow): string[] => [
    ...[precision, recall, f1].map((value) => value.toFixed(digits)),
    String(support),
  ];
  return [
    line("", ["precision", "recall", "f1-score", "support"]),
    "",
    ...rows.map(([name, row]) => line(name, numbers(row))),
    "",
    line("accuracy", ["", "", report.accuracy.toFixed(digits), String(report.macro.support)]),
    line("macro avg", numbers(report.macro)),
    line("weighted avg", numbers(report.weighted)),
    "",
  ].join("\n");
}
