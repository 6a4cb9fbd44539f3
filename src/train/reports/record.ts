/** What a report tells of a run. */
import type { EpochSummary } from "../callback.ts";
import type { Look } from "../monitor/looks.ts";

/** An example that the model got wrong. */
export interface Mistake {
  /** Its number in the data. */
  readonly index: number;
  readonly label: string;
  readonly guess: string;
  /** Of the guess, where outputs are turned into probabilities. */
  readonly probability?: number | undefined;
  /** A PNG file. */
  readonly image?: Uint8Array | undefined;
}

/** How a classifier did on examples. */
export interface Judgement {
  readonly classes: readonly string[];
  /** Row `i`, column `j`: how many of class `i` were taken for `j`. */
  readonly confusion: readonly (readonly number[])[];
  /** Those to show, and how many there were. */
  readonly mistakes: readonly Mistake[];
  readonly mistaken: number;
}

/** A run. Only what is there is shown. */
export interface RunRecord {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly begun?: number | undefined;
  /** What was chosen, as JSON. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** The table of the model's layers. */
  readonly summary?: string | undefined;
  readonly epochs: readonly EpochSummary[];
  /** Looks into steps, by number of step. */
  readonly looks?: readonly { readonly step: number; readonly look: Look }[] | undefined;
  readonly judgement?: Judgement | undefined;
  /** First-layer weights as pictures (PNG files). */
  readonly templates?: readonly { readonly name: string; readonly image: Uint8Array }[] | undefined;
  /** Further charts: SVG, which is put into the page as it is. */
  readonly charts?: readonly string[] | undefined;
  /** Why training ended before its time. */
  readonly ending?: string | undefined;
  /** What stands out, in sentences. */
  readonly hints?: readonly string[] | undefined;
}

/** The epochs of a history, as `fit` returns it. Times and rates are not in it. */
export function epochsOf(history: Readonly<Record<string, readonly number[] | undefined>>): EpochSummary[] {
  const names = Object.keys(history);
  const count = Math.max(0, ...names.map((name) => history[name]?.length ?? 0));
  return Array.from({ length: count }, (_, at) => ({
    epoch: at + 1,
    means: Object.fromEntries(
      names.flatMap((name) => (history[name]?.[at] === undefined ? [] : [[name, history[name][at]]])),
    ),
    seconds: NaN,
    examplesPerSecond: NaN,
    lr: NaN,
  }));
}
