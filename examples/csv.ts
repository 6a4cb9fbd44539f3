/**
 * From a CSV file to a regression: how many rings the shell of an abalone has, and so its age, from its sex, size and weights.
 *
 *     node build/examples/csv.js [abalone.csv] [epochs]
 *
 * The file is that of the UCI repository: no header, sex first, rings last. Without one, molluscs are invented.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  files,
  fit,
  losses,
  manualSeed,
  nn,
  optim,
  predict,
  preprocessing,
  rand,
  randn,
  splits,
  type Tensor,
} from "myelin";

const HEADER = ["sex", "length", "diameter", "height", "whole", "shucked", "viscera", "shell", "rings"];

/** Settings; each has a default. */
export interface Settings {
  /** The file; molluscs are invented without one. */
  readonly file?: string;
  readonly epochs?: number;
  readonly print?: (line: string) => void;
}

/** Molluscs as a file has them: they grow with age, and weigh as the cube of their length. */
async function invent(path: string, count: number): Promise<void> {
  const numbers = async (of: Tensor): Promise<number[]> => Array.from(await of.data());
  const [age, noise, sex] = [await numbers(rand([count])), await numbers(randn([count])), await numbers(rand([count]))];
  const rows = age.map((share, at) => {
    const rings = Math.round(3 + 20 * share * share);
    const length = 0.75 * (1 - Math.exp(-rings / 8)) + 0.02 * noise[at]!;
    const whole = 6 * length ** 3;
    const values = [
      length,
      0.8 * length,
      0.28 * length,
      whole,
      0.43 * whole,
      0.22 * whole,
      0.29 * whole * (1 + rings / 60),
    ];
    return [rings < 8 ? "I" : sex[at]! < 0.5 ? "M" : "F", ...values.map((value) => Number(value.toFixed(4))), rings];
  });
  const columns = HEADER.map((name, column) => [name, rows.map((row) => row[column]!)] as const);
  await files.writeCsv(path, Object.fromEntries(columns) as Record<string, number[]>, { header: false });
}

/** The program. Returns the mean error in rings over what was not trained on: of the network, and of always saying the mean. */
export async function main({ file, epochs = 40, print = console.log }: Settings = {}): Promise<{
  error: number;
  ofMean: number;
}> {
  manualSeed(1);
  const folder = mkdtempSync(join(tmpdir(), "myelin-csv-"));
  try {
    const path = file ?? join(folder, "molluscs.csv");
    if (file === undefined) await invent(path, 1000);
    const table = (await files.readTable(path, { header: HEADER }))
      .with({ male: ({ sex }) => Number(sex === "M"), infant: ({ sex }) => Number(sex === "I") })
      .without("sex")
      .dropMissing();
    print(`${table.length} rows: ${table.names.join(", ")}`);

    const x = table.without("rings").toTensor();
    const y = table.toTensor(["rings"]);
    const { train, test } = splits.trainTestSplit({ x, y }, { testSize: 0.2, seed: 1 });
    const scaler = new preprocessing.StandardScaler();
    const inputs = scaler.fitTransform(train.x);
    const mean = await train.y.mean().item();

    const model = nn.sequential(
      new nn.Linear(x.shape[1]!, 32),
      nn.relu,
      new nn.Linear(32, 32),
      nn.relu,
      new nn.Linear(32, 1),
    );
    await fit(model, [inputs, train.y.sub(mean)], {
      optimizer: new optim.AdamW(model.parameters(), { lr: 3e-3 }),
      loss: losses.mse,
      batchSize: 64,
      epochs,
      display: false,
      onEpoch: ({ epoch, loss }) => {
        if (epoch % 10 === 0) print(`epoch ${epoch}: mean squared error ${loss.toFixed(2)}`);
      },
    });

    const answers = (await predict(model, scaler.transform(test.x))).add(mean);
    const error = await answers.sub(test.y).abs().mean().item();
    const ofMean = await test.y.sub(mean).abs().mean().item();
    print(
      `mean error on ${test.y.shape[0]} others: ${error.toFixed(2)} rings; by always saying the mean, ${ofMean.toFixed(2)}`,
    );
    return { error, ofMean };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Not when a test imports this file. The real path, because that is what a module's URL says.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const [file, epochs] = process.argv.slice(2);
  await main({ ...(file !== undefined && { file }), ...(epochs !== undefined && { epochs: Number(epochs) }) });
}
