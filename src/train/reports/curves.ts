/** Charts of what happened while a model trained. */
import { rebin, type Histogram } from "../../core/histogram.ts";
import type { EpochSummary } from "../callback.ts";
import type { Look, Measures } from "../monitor/looks.ts";
import { chart, type Mark, type Point } from "./chart.ts";

/** A look, and the step it was taken in. */
export interface LookAt {
  readonly step: number;
  readonly look: Look;
}

/** Loss and metrics by epoch, training and validation in one chart. */
export function curvesOf(epochs: readonly EpochSummary[]): string[] {
  const names = [
    ...new Set(epochs.flatMap(({ means }) => Object.keys(means).map((name) => name.replace(/^val_/, "")))),
  ];
  return names.map((name) => {
    const line = (key: string): Point[] =>
      epochs.flatMap(({ epoch, means }) => (means[key] === undefined ? [] : [[epoch, means[key]] as const]));
    const marks: Mark[] = [{ kind: "line", name: "training", points: line(name) }];
    const validated = line(`val_${name}`);
    if (validated.length > 0) marks.push({ kind: "line", name: "validation", points: validated, dashed: true });
    return chart({ title: name, x: epochAxis(epochs), marks });
  });
}

/** Learning rate and examples per second by epoch, where they are known. */
export function ratesOf(epochs: readonly EpochSummary[]): string[] {
  const all = [
    { title: "learning rate", value: ({ lr }: EpochSummary) => lr, from: undefined },
    { title: "examples per second", value: (epoch: EpochSummary) => epoch.examplesPerSecond, from: 0 },
  ];
  return all.flatMap(({ title, value, from }) => {
    const points = epochs.map((epoch) => [epoch.epoch, value(epoch)] as const).filter(([, y]) => Number.isFinite(y));
    return points.length === 0
      ? []
      : [chart({ title, x: epochAxis(epochs), y: { from }, marks: [{ kind: "line", points }] })];
  });
}

const epochAxis = (
  epochs: readonly EpochSummary[],
): { label: string; names?: string[]; from?: number; to?: number } => ({
  label: "epoch",
  from: epochs[0]?.epoch ?? 0,
  to: epochs.at(-1)?.epoch ?? 1,
});

/** One line for each parameter or layer: what a look measured, by step. */
function linesOf(
  looks: readonly LookAt[],
  kind: "gradients" | "activations",
  value: (seen: Measures) => number,
): Mark[] {
  const paths = [...new Set(looks.flatMap(({ look }) => [...look[kind].keys()]))];
  return paths.map((name) => ({
    kind: "line",
    name,
    points: looks.flatMap(({ step, look }) => {
      const seen = look[kind].get(name);
      return seen ? [[step, value(seen)] as const] : [];
    }),
  }));
}

/** Lines that one chart can show. */
const MOST_LINES = 8;

/** Several charts where there are too many lines for one. */
function charts(title: string, marks: readonly Mark[], y: { log?: boolean; from?: number; to?: number }): string[] {
  const parts = Math.ceil(marks.length / MOST_LINES);
  const size = Math.ceil(marks.length / Math.max(1, parts));
  return Array.from({ length: parts }, (_, at) =>
    chart({
      title: parts > 1 ? `${title} (${at + 1} of ${parts})` : title,
      x: { label: "step" },
      y,
      marks: marks.slice(at * size, (at + 1) * size),
      height: 300,
    }),
  );
}

/** Gradient norms of parameters; mean, variance and share of zeros of what layers return. */
export function layersOf(looks: readonly LookAt[]): string[] {
  return [
    ...charts(
      "norms of gradients",
      linesOf(looks, "gradients", ({ norm }) => norm),
      { log: true },
    ),
    ...charts(
      "means of activations",
      linesOf(looks, "activations", ({ spread }) => spread?.mean ?? NaN),
      {},
    ),
    ...charts(
      "variances of activations",
      linesOf(looks, "activations", ({ spread }) => spread?.variance ?? NaN),
      { log: true },
    ),
    ...charts(
      "share of zeros in activations",
      linesOf(looks, "activations", ({ spread }) => (spread ? spread.zeros / spread.size : NaN)),
      {
        from: 0,
        to: 1,
      },
    ),
  ];
}

/** Bars of a drawn histogram. */
const BARS = 40;

/** The counts of a histogram in bars of equal width, by the middles of the bars. */
export function barsOf(histogram: Histogram, low: number, high: number): Point[] {
  const width = (high - low || 1) / BARS;
  const limits = Array.from({ length: BARS + 1 }, (_, at) => low + at * width);
  return rebin(histogram, limits).map((count, at) => [low + (at + 0.5) * width, count] as const);
}

/** The first and the last histogram of everything that was counted. */
export function histogramsOf(looks: readonly LookAt[], kind: "weights" | "gradients" | "activations"): string[] {
  const [first, last] = [looks[0], looks.at(-1)];
  if (!first || !last) return [];
  return [...last.look[kind]].flatMap(([path, { histogram: now }]) => {
    const before = first.look[kind].get(path)?.histogram;
    if (!now || !before) return [];
    const [low, high] = [Math.min(now.min, before.min), Math.max(now.max, before.max)];
    const marks: Mark[] = [
      { kind: "line", name: `step ${first.step}`, points: barsOf(before, low, high), dashed: true },
      { kind: "line", name: `step ${last.step}`, points: barsOf(now, low, high) },
    ];
    return [
      chart({ title: path, marks: first === last ? marks.slice(1) : marks, y: { from: 0 }, width: 360, height: 220 }),
    ];
  });
}
