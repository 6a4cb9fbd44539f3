import { filePath } from "../../core/filePath.ts";
import { knownOptions } from "../../core/knownOptions.ts";
import { writeFile } from "#platform";
import { sizeOf, type Shape } from "../../core/shape.ts";
import { encodePng } from "../../formats/png.ts";
import { pixelsOf, type ImageLayout } from "../../formats/pixels.ts";
import type { Module } from "../../nn/module.ts";
import type { SummaryInput } from "../../nn/summary.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Callback, EpochSummary } from "../callback.ts";
import { confusionMatrix } from "../confusionMatrix.ts";
import type { Model } from "../model.ts";
import { diagnose } from "../doctor/diagnose.ts";
import { predict } from "../predict.ts";
import { reportPage } from "../reports/page.ts";
import type { Judgement, Mistake, RunRecord } from "../reports/record.ts";
import { KINDS, looksInto, type Look } from "./looks.ts";

/** Examples to judge a classifier by. */
export interface JudgedExamples {
  /** [examples, …], what the model takes. */
  readonly inputs: Tensor;
  /** Integers [examples]. */
  readonly labels: Tensor;
  /** Their names by number; numbers by default. */
  readonly classes?: readonly string[] | undefined;
  /**
   * Where inputs are pictures: the shape of one, such as [1, 28, 28], and the order of its axes, "CHW" by default (for two sizes "HW"). Mistakes
   * are shown then.
   */
  readonly picture?: { readonly shape: Shape; readonly layout?: ImageLayout } | undefined;
  /** How many mistakes to show, 32 by default. */
  readonly shown?: number | undefined;
}

export interface ReportOptions {
  /** The page's title, "Training run" by default. */
  readonly title?: string | undefined;
  /** What was chosen, to be shown as it is. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Shapes or tensors that the model takes, for the shapes in its table. */
  readonly inputs?: readonly SummaryInput[] | undefined;
  /** From one look into a step (gradients, weights, activations) to the next, in steps; 100 by default, 0 is never. */
  readonly lookEvery?: number | undefined;
  /** Examples for the confusion matrix, when training is over. The model's outputs are one number for each class. */
  readonly examples?: JudgedExamples | undefined;
}

/**
 * Writes a page about the run when it is over, and after every epoch so far: curves of loss and metrics, learning rate, speed, norms of
 * gradients, statistics of layers, histograms, a confusion matrix, mistakes as pictures, the model and what was chosen. One HTML file that
 * needs nothing else.
 * @param path where to write it, `run.html`. Folders that are missing are made.
 * @example
 * callbacks: [callbacks.report("run.html", { examples: { inputs, labels, picture: { shape: [28, 28] } } })]
 */
export function report(path: string, options: ReportOptions = {}): Callback {
  filePath("report", path, "run.html");
  knownOptions("report", options, { title: true, config: true, inputs: true, lookEvery: true, examples: true });
  const { title = "Training run", config, inputs = [], lookEvery = 100, examples } = options;
  const epochs: EpochSummary[] = [];
  const into = looksInto({ kinds: KINDS, histograms: KINDS, spread: ["activations"] });
  const looks: { step: number; look: Look }[] = [];
  let begun = 0;
  let summary = "";
  const write = (more: Partial<RunRecord> = {}): Promise<void> => {
    const record: RunRecord = { title, begun, config, summary, epochs, looks, hints: hintsFor(epochs), ...more };
    return writeFile(path, new TextEncoder().encode(reportPage(record)));
  };
  return {
    name: "report",
    watch:
      lookEvery === 0
        ? undefined
        : {
            every: lookEvery,
            trace: (step) => into.trace(step),
            async see(values, { totalSteps }) {
              looks.push({ step: totalSteps, look: await into.read(values) });
              if (looks.length > MOST_LOOKS) thin(looks);
            },
          },
    begin(run) {
      begun = Date.now();
      summary = run.model.summary(...inputs);
    },
    async endEpoch(_, epoch) {
      epochs.push(epoch);
      await write();
    },
    async end(run, error) {
      const judgement =
        examples && error === undefined ? await judge(run.model as Model<Tensor, Tensor>, examples) : undefined;
      const ending = error === undefined ? run.stopReason : error instanceof Error ? error.message : String(error);
      const templates = examples?.picture && (await templatesOf(run.model, examples.picture));
      await write({ judgement, ending, templates });
    },
  };
}

/** What the numbers of a run say is wrong, and the first thing to try. */
function hintsFor(epochs: readonly EpochSummary[]): string[] {
  const names = Object.keys(epochs[0]?.means ?? {});
  if (!names.includes("loss")) return [];
  const history = Object.fromEntries(names.map((name) => [name, epochs.map(({ means }) => means[name] ?? NaN)]));
  return diagnose({ history }).findings.map(({ problem, because, hints }) => `${problem}: ${because}. ${hints[0]}`);
}

/** More looks than a chart can show. */
const MOST_LOOKS = 400;

/** Keeps every second look, but the first and the last. */
function thin(looks: { step: number; look: Look }[]): void {
  const last = looks.length - 1;
  const kept = looks.filter((_, at) => at % 2 === 0 || at === last);
  looks.splice(0, looks.length, ...kept);
}

/** Runs a classifier on examples: its confusion matrix, and those of its mistakes that it was surest of. */
export async function judge(model: Model<Tensor, Tensor>, given: JudgedExamples): Promise<Judgement> {
  const { inputs, labels, classes, picture, shown = 32 } = given;
  const outputs = await predict(model, inputs);
  const count = outputs.shape.at(-1)!;
  const guesses = outputs.argmax(-1);
  const matrix = await confusionMatrix(labels, guesses, count);
  const names = Array.from({ length: count }, (_, at) => classes?.[at] ?? String(at));
  const [right, guessed, sureness] = await Promise.all([
    labels.data(),
    guesses.data(),
    outputs.softmax(-1).max(-1).data(),
  ]);
  const wrong = Array.from(right.keys()).filter((at) => right[at] !== guessed[at]);
  const surest = wrong.sort((a, b) => sureness[b]! - sureness[a]!).slice(0, shown);
  const pixels = picture && surest.length > 0 ? await inputs.data() : undefined;
  const size = inputs.size / inputs.shape[0]!;
  const mistakes = await Promise.all(
    surest.map(async (index): Promise<Mistake> => {
      const image = pixels && (await pngOf(pixels.slice(index * size, (index + 1) * size), picture!));
      return {
        index,
        label: names[right[index]!]!,
        guess: names[guessed[index]!]!,
        probability: sureness[index],
        image,
      };
    }),
  );
  return { classes: names, confusion: (await matrix.toArray()) as number[][], mistakes, mistaken: wrong.length };
}

/** What each unit of the first layer looks for, where it sees pictures: its weights as one. At most 32 of them. */
export async function templatesOf(
  model: Module,
  picture: { readonly shape: Shape; readonly layout?: ImageLayout },
): Promise<{ name: string; image: Uint8Array }[]> {
  const [first] = [...model.namedParameters()].filter(([, { shape }]) => shape.length > 1);
  const size = sizeOf(picture.shape);
  if (!first || first[1].size / first[1].shape[0]! !== size) return [];
  const [path, weights] = first;
  const values = await weights.data();
  return Promise.all(
    Array.from({ length: Math.min(32, weights.shape[0]!) }, async (_, unit) => ({
      name: `${path} ${unit}`,
      image: await pngOf(values.slice(unit * size, (unit + 1) * size), picture),
    })),
  );
}

/** A picture of numbers, from the smallest (black) to the largest (white). */
export async function pngOf(
  values: ArrayLike<number>,
  { shape, layout }: { readonly shape: Shape; readonly layout?: ImageLayout },
): Promise<Uint8Array> {
  const numbers = Float32Array.from(values);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const data = numbers.map((value) => (high > low ? (value - low) / (high - low) : 0));
  const { data: bytes, width, height, channels } = await pixelsOf("report", { shape, data }, layout);
  return encodePng(bytes, width, height, channels);
}
