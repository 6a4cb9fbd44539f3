import { writeFile } from "#platform";
import { ArgumentError } from "../../core/errors.ts";
import { csv, type CsvBatch } from "../../data/files/csv.ts";
import { noGrad } from "../../tensor/autodiff.ts";
import { stack } from "../../tensor/functions.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { inMode, type Model } from "../model.ts";
import { chart } from "../reports/chart.ts";
import { reportPage } from "../reports/page.ts";

export interface PredictCsvOptions {
  /** The columns that the model takes, in its order; numbers. */
  readonly features: readonly string[];
  /** The column that came true, where it is known already: the report then says how good predictions were. */
  readonly target?: string | undefined;
  /** What makes of features [n, columns] what the model takes: the scaler that was fitted with it. */
  readonly prepare?: ((features: Tensor) => Tensor | PromiseLike<Tensor>) | undefined;
  /** Where to write the predictions: a CSV file of one column, `prediction`. */
  readonly predictions?: string | undefined;
  /** Where to write a page about them. */
  readonly report?: string | undefined;
  /** Rows at once, 1024 by default. */
  readonly batch?: number | undefined;
}

/** What came of it. */
export interface CsvPredictions {
  readonly predictions: readonly number[];
  /** Mean absolute error and root of the mean squared error; undefined without a target. */
  readonly errors: { readonly mae: number; readonly rmse: number } | undefined;
}

/**
 * From a CSV file to predictions and a page about them, in one call.
 * @param path as `files.csv` takes it.
 * @throws ArgumentError for a model that does not give one number for each row, and what reading CSV throws.
 */
export async function predictCsv(
  path: string,
  model: Model<Tensor, Tensor>,
  options: PredictCsvOptions,
): Promise<CsvPredictions> {
  const { features, target, prepare = (x) => x, batch = 1024 } = options;
  const select = target === undefined ? [...features] : [...features, target];
  const [predicted, actual]: number[][] = [[], []];
  const run = (inputs: Tensor): Tensor => noGrad(() => model.forward(inputs));
  await inMode(model, false, async () => {
    for await (const rows of csv(path, { select, batch })) {
      const columns = features.map((name) => column(rows, name));
      const outputs = await run(await prepare(stack(columns, 1))).data();
      if (outputs.length !== columns[0]!.size)
        throw new ArgumentError(
          `predictCsv: one number for each row was wanted of the model, got ${outputs.length} for ${columns[0]!.size} rows; take the column that counts in a module around it`,
        );
      predicted!.push(...outputs);
      if (target !== undefined) actual!.push(...(await column(rows, target).data()));
    }
  });
  const result: CsvPredictions = {
    predictions: predicted!,
    errors: target === undefined ? undefined : errorsOf(predicted!, actual!),
  };
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  if (options.predictions !== undefined)
    await writeFile(options.predictions, text(`prediction\n${predicted!.join("\n")}\n`));
  if (options.report !== undefined) await writeFile(options.report, text(pageOf(path, result, actual!, select)));
  return result;
}

function column(rows: CsvBatch, name: string): Tensor {
  const values = rows[name];
  if (values instanceof Tensor) return values.cast("f32");
  throw new ArgumentError(`predictCsv: the column "${name}" must hold numbers; encode texts first, or leave it out`);
}

function errorsOf(predicted: readonly number[], actual: readonly number[]): { mae: number; rmse: number } {
  const distances = predicted.map((value, at) => value - actual[at]!);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
  return { mae: mean(distances.map(Math.abs)), rmse: Math.sqrt(mean(distances.map((d) => d * d))) };
}

/** A page of the predictions, and of how they compare with what came true. */
function pageOf(
  path: string,
  { predictions, errors }: CsvPredictions,
  actual: readonly number[],
  columns: readonly string[],
): string {
  const charts = [
    chart({
      title: "predictions by row",
      x: { label: "row" },
      marks: [
        ...(errors
          ? [{ kind: "line" as const, name: "came true", points: actual.map((y, at) => [at, y] as const) }]
          : []),
        {
          kind: "line",
          name: "predicted",
          points: predictions.map((y, at) => [at, y] as const),
          dashed: errors !== undefined,
        },
      ],
    }),
  ];
  if (errors) {
    const all = [...predictions, ...actual];
    const [low, high] = [
      all.reduce((a, b) => Math.min(a, b), Infinity),
      all.reduce((a, b) => Math.max(a, b), -Infinity),
    ];
    const axis = { from: low, to: high };
    charts.push(
      chart({
        title: "came true by predicted",
        x: { ...axis, label: "predicted" },
        y: axis,
        marks: [
          { kind: "dots", points: predictions.map((x, at) => [x, actual[at]!] as const) },
          {
            kind: "line",
            points: [
              [low, low],
              [high, high],
            ],
          },
        ],
      }),
    );
  }
  return reportPage({
    title: "Predictions",
    begun: Date.now(),
    epochs: [],
    charts,
    config: { file: path, rows: predictions.length, columns, ...errors },
  });
}
