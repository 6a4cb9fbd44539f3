/**
 * A series in time becomes a forecast of the next day: `node build/examples/series.js [file.csv --date date --value sales]`. Features are
 * lags, rolling statistics, the calendar and seasons, learnt from the past only; the model is validated on windows that move through time, each
 * after what it was trained on, and compared with forecasts that need no model.
 *
 * Without a file it takes sales of a shop that it makes up: two years, day by day, with a week's rhythm and promotions.
 */
import { realpathSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import {
  Dataset,
  files,
  fit,
  generators,
  hostArray,
  loadModel,
  losses,
  manualSeed,
  nn,
  optim,
  predict,
  preprocessing,
  saveModel,
  slices,
  splits,
  toTensor,
  type HostArray,
  type Tensor,
} from "myelin";

type Row = files.CsvRow;

/** What the program is told. */
export interface SeriesOptions {
  /** A CSV file; made-up sales by default. */
  readonly file?: string | undefined;
  /** Its column of days, `date` by default. */
  readonly date?: string | undefined;
  /** Its column of numbers to forecast, `sales` by default. */
  readonly value?: string | undefined;
  /** Columns that are known beforehand, such as a plan of promotions. */
  readonly known?: readonly string[] | undefined;
  /** How often the training data is gone through for each window, 60 by default. */
  readonly epochs?: number | undefined;
  /** How many windows, 4 by default. */
  readonly windows?: number | undefined;
  /** Days of made-up sales, 730 by default. */
  readonly days?: number | undefined;
  /** Where the model is saved, `series.safetensors` by default. */
  readonly model?: string | undefined;
}

/** A forecaster and what it needs to know of the past. */
class Forecast {
  readonly features: preprocessing.SeriesFeatures;
  readonly inputs: preprocessing.StandardScaler = new preprocessing.StandardScaler();
  readonly target: preprocessing.StandardScaler = new preprocessing.StandardScaler();
  readonly model: nn.Module & { forward(x: Tensor): Tensor };
  readonly #value: string;

  constructor(date: string, value: string, known: readonly string[]) {
    this.#value = value;
    this.features = new preprocessing.SeriesFeatures({
      time: date,
      value,
      lags: [1, 2, 3, 7, 14],
      rolling: [{ size: 7 }, { size: 7, statistic: "std" }, { size: 28 }],
      calendar: ["weekend", "holiday"],
      fourier: [
        { period: 7, order: 3 },
        { period: 365.25, order: 2 },
      ],
      keep: known,
    });
    const width = this.features.featureNames.length;
    this.model = nn.sequential(new nn.Linear(width, 32), new nn.ReLU(), new nn.Linear(32, 1));
  }

  valuesOf(rows: readonly Row[]): HostArray {
    return hostArray(
      Float32Array.from(rows, (row) => Number(row[this.#value])),
      [rows.length, 1],
    );
  }

  /** Learns from rows in the order of time; nothing of later rows is known to it. */
  async learn(rows: readonly Row[], epochs: number): Promise<void> {
    const { reach } = this.features;
    const all = this.features.fitTransform(rows);
    // The first rows have no past.
    const x = this.inputs.fitTransform(
      splits.select(
        all,
        Uint32Array.from({ length: rows.length - reach }, (_, at) => reach + at),
      ),
    );
    const y = this.target.fitTransform(this.valuesOf(rows.slice(reach)));
    const optimizer = new optim.AdamW(this.model.parameters(), { lr: 0.005, weightDecay: 0.05 });
    await fit(
      this.model,
      Dataset.from(slices([x, y]))
        .shuffle({ seed: 1 })
        .batch(32),
      {
        optimizer,
        scheduler: new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs })),
        loss: losses.mse,
        epochs,
        display: false,
      },
    );
  }

  /** What each row's value should be, from the rows before it. */
  async forecast(rows: readonly Row[]): Promise<number[]> {
    const x = this.inputs.transform(this.features.transform(rows));
    const scaled = await predict(this.model, toTensor(x));
    return [...(await this.target.inverse(scaled).data())];
  }
}

/** The mean of how far forecasts are off. */
function meanError(forecasts: readonly number[], values: ArrayLike<number>): number {
  return forecasts.reduce((sum, forecast, at) => sum + Math.abs(forecast - values[at]!), 0) / forecasts.length;
}

async function readRows(options: SeriesOptions): Promise<{ rows: Row[]; source: string }> {
  const { file, date = "date" } = options;
  const read = (path: string): Promise<Row[]> => files.csv(path, { columns: { [date]: "text" } }).toArray();
  if (file !== undefined) return { rows: await read(file), source: file };
  const folder = await mkdtemp(join(tmpdir(), "myelin-series-"));
  try {
    const path = join(folder, "sales.csv");
    await writeFile(path, files.serializeCsv(generators.dailySales({ days: options.days ?? 730, seed: 1, noise: 8 })));
    return { rows: await read(path), source: "made-up sales of a shop" };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The program. Returns the mean error of the model's forecasts over all windows, and that of last week's value. */
export async function main(
  options: SeriesOptions,
  print: (line: string) => void = console.log,
): Promise<{ readonly model: number; readonly lastWeek: number }> {
  const { date = "date", value = "sales", epochs = 60, windows = 4, model: path = "series.safetensors" } = options;
  const known = options.known ?? (options.file === undefined ? ["promo"] : []);
  manualSeed(1);
  const { rows, source } = await readRows(options);
  print(`series: ${source}, ${rows.length} days from ${rows[0]![date]} to ${rows.at(-1)![date]}`);

  const totals = { model: 0, yesterday: 0, lastWeek: 0 };
  const size = Math.floor(rows.length / (2 * windows));
  let last: { forecast: Forecast; test: Row[] } | undefined;
  for (const { train, test } of splits.timeSeriesSplit(rows, { splits: windows, testSize: size })) {
    const forecast = new Forecast(date, value, known);
    await forecast.learn(train, epochs);
    const truth = forecast.valuesOf(test).data;
    const before = (days: number): number[] => {
      const all = [...train, ...test];
      return test.map((_, at) => Number(all[train.length + at - days]![value]));
    };
    const errors = {
      model: meanError(await forecast.forecast(test), truth),
      yesterday: meanError(before(1), truth),
      lastWeek: meanError(before(7), truth),
    };
    print(
      `trained on ${train.length} days, tested on ${test.length} from ${test[0]![date]} on: off by ${errors.model.toFixed(2)}; yesterday's value ${errors.yesterday.toFixed(2)}, last week's ${errors.lastWeek.toFixed(2)}`,
    );
    for (const name of ["model", "yesterday", "lastWeek"] as const) totals[name] += errors[name] / windows;
    last = { forecast, test };
  }
  print(
    `mean over ${windows} windows: off by ${totals.model.toFixed(2)}; yesterday's value ${totals.yesterday.toFixed(2)}, last week's ${totals.lastWeek.toFixed(2)}`,
  );

  const { forecast, test } = last!;
  const { features, inputs, target } = forecast;
  await saveModel(forecast.model, path, { preprocessing: { features, inputs, target } });
  // As another program would: the past, the scales and the weights come from the file.
  const again = new Forecast(date, value, known);
  const { preprocessing: json } = await loadModel(again.model, path);
  const parts = preprocessing.fromJSON(json) as Pick<Forecast, "features" | "inputs" | "target">;
  const [first] = test;
  const scaled = await predict(again.model, toTensor(parts.inputs.transform(parts.features.transform([first!]))));
  const next = await parts.target.inverse(scaled).item();
  print(`loaded from ${path}: ${value} of ${first![date]} should be ${next.toFixed(1)}; it was ${first![value]}`);
  return totals;
}

// Not when a test imports this file. The real path, because that is what a module's URL says.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const { values, positionals } = parseArgs({
    options: { date: { type: "string" }, value: { type: "string" }, known: { type: "string", multiple: true } },
    allowPositionals: true,
  });
  await main({ file: positionals[0], ...values });
}
