import { ArgumentError } from "../../core/errors.ts";
import { judgeCurves } from "../curves.ts";
import { hints, type Problem } from "./advice.ts";

/** What is known about a run. */
export interface Symptoms {
  /** As `fit` returns it: losses by epoch, accuracies where they were measured. */
  readonly history: Readonly<Record<string, readonly number[] | undefined>>;
  /** Records of `callbacks.gradientNorms`, or just their flags. */
  readonly gradientFlags?: readonly ("vanishing" | "exploding" | undefined)[] | undefined;
  /** How many units said nothing, as `callbacks.deadUnits` found. */
  readonly deadUnits?: number | undefined;
}

export interface Finding {
  readonly problem: Problem;
  /** What shows it. */
  readonly because: string;
  /** What to try, the first thing first. */
  readonly hints: readonly string[];
}

/** Findings that print as text. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  toString(): string;
}

/** An accuracy of training so much better than that of validation is learnt by heart. */
const GAP = 0.1;
/** Accuracies that are both below this are low; where there are few classes, chance alone is not far. */
const LOW = 0.6;
/** A loss that has fallen by less than this share has not fallen. */
const FALL = 0.02;

/**
 * Says what seems to be wrong with a run, from its numbers, and what is usually tried. Thresholds are rules of thumb: 0.1 between accuracies
 * of training and validation, both below 0.6, a loss that fell by less than 2 % in three epochs or more.
 * @throws ArgumentError for a history without losses.
 * @example console.log(String(doctor.diagnose({ history })));
 */
export function diagnose({ history, gradientFlags = [], deadUnits = 0 }: Symptoms): Diagnosis {
  const findings = [...lookAtLosses(history), ...lookAtAccuracies(history)];
  const add = (problem: Problem, because: string): void =>
    void findings.push({ problem, because, hints: hints[problem] });
  for (const kind of ["vanishing", "exploding"] as const) {
    const count = gradientFlags.filter((flag) => flag === kind).length;
    if (count > 0) add(`${kind} gradients`, `gradients of layers were ${kind} ${count} times`);
  }
  if (deadUnits > 0) add("dead units", `${deadUnits} units say the same to every example`);
  // Losses and accuracies may both tell of one problem.
  const seen = new Set<Problem>();
  const once = findings.filter(({ problem }) => !seen.has(problem) && seen.add(problem));
  return { findings: once, toString: () => once.map(textOf).join("\n\n") || "Nothing stands out." };
}

const textOf = ({ problem, because, hints: all }: Finding): string =>
  [`${problem}: ${because}`, ...all.map((hint, at) => `  ${at + 1}. ${hint}`)].join("\n");

const finding = (problem: Problem, because: string): Finding => ({ problem, because, hints: hints[problem] });
const short = (value: number): string => String(Number(value.toPrecision(3)));

function lookAtLosses({ loss, val_loss: validation }: Symptoms["history"]): Finding[] {
  if (!loss || loss.length === 0)
    throw new ArgumentError("diagnose: a history with losses was wanted, as fit returns it; got none");
  const bad = [loss, validation ?? []]
    .flatMap((values) => values.findIndex((value) => !Number.isFinite(value)))
    .filter((at) => at >= 0);
  if (bad.length > 0) return [finding("not finite", `the loss is not finite from epoch ${Math.min(...bad) + 1} on`)];
  const [first, best] = [loss[0]!, Math.min(...loss)];
  if (loss.length >= 3 && best > first - FALL * Math.abs(first))
    return [
      finding("not decreasing", `the loss was ${short(first)} in the first epoch, and is ${short(loss.at(-1)!)}`),
    ];
  if (!validation || validation.length < 3 || validation.length !== loss.length) return [];
  const { verdict, reason } = judgeCurves({ loss, val_loss: validation });
  return verdict === "overfitting" || verdict === "underfitting" ? [finding(verdict, reason)] : [];
}

function lookAtAccuracies(history: Symptoms["history"]): Finding[] {
  const [train, validation] = [history["accuracy"]?.at(-1), history["val_accuracy"]?.at(-1)];
  if (train === undefined || validation === undefined) return [];
  const said = `accuracy ${short(train)} in training and ${short(validation)} in validation`;
  if (train - validation > GAP) return [finding("overfitting", said)];
  return train < LOW && validation < LOW ? [finding("underfitting", said)] : [];
}
