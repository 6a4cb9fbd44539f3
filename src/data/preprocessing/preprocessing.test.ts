import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, FormatError, ShapeError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import { loadModel, saveModel } from "../../formats/model.ts";
import { parseSafetensors, serializeSafetensors } from "../../formats/safetensors.ts";
import * as nn from "../../nn/index.ts";
import { jit } from "../../tensor/jit.ts";
import { tensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { toTensor } from "../collate.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import * as transforms from "../transforms/index.ts";
import * as preprocessing from "./index.ts";
import type { AnyTransformer } from "./index.ts";

/** The numbers of tools/goldens/preprocessing.py. */
function table(rows: number, columns: number, from = 0): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => {
      const at = (from + row) * columns + column;
      return ((at * at * 7 + at * 31) % 101) / 7 - 3;
    }),
  );
}

interface Case {
  readonly name: string;
  readonly options: Record<string, Json>;
  readonly rows: number;
  readonly columns: number;
  readonly given?: (number | null)[][];
  readonly train: number[][];
  readonly test?: number[][];
}

const recorded = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/preprocessing.json", import.meta.url), "utf8"),
) as { cases: Case[]; pca: { variance: number[]; ratio: number[] } };

/** A copy that was written and read. */
const copied = <T extends { toJSON(): Json }>(own: T): T =>
  preprocessing.fromJSON(JSON.parse(JSON.stringify(own)) as Json) as unknown as T;

function expectClose(
  given: readonly (readonly number[])[],
  wanted: readonly (readonly number[])[],
  apart = 1e-9,
): void {
  expect(given.length).toBe(wanted.length);
  wanted.forEach((row, at) => {
    expect(given[at]!.length).toBe(row.length);
    row.forEach((value, column) => expect(Math.abs(given[at]![column]! - value)).toBeLessThan(apart));
  });
}

type NumberTransformer = preprocessing.StandardScaler | preprocessing.PCA | preprocessing.Imputer;

describe("[T3][T4][T13] as scikit-learn", () => {
  test.each(recorded.cases)("$name $options", ({ name, options, rows, columns, given, train, test: later }) => {
    const own = preprocessing.fromJSON({ type: name, options, state: null }) as NumberTransformer;
    const data = (given as number[][] | undefined) ?? table(rows, columns);
    expectClose(own.fitTransform(data), train);
    if (later) expectClose(own.transform(table(3, columns, rows)), later);
    const again = copied(own);
    expectClose(again.transform(data), train);
    // Taken back, but where components were left out.
    if (name !== "Imputer" && !(name === "PCA" && "components" in options))
      expectClose(own.inverse(own.transform(data)), data);
    // The same with tensors, host arrays and typed arrays.
    const flat = data.flat().map((cell) => cell ?? Number.NaN);
    const array = hostArray(Float64Array.from(flat), [data.length, data[0]!.length]);
    expect([...own.transform(array).data]).toEqual(own.transform(data).flat());
    if (given) return;
    const made = own.transform(tensor(flat, [data.length, data[0]!.length], { dtype: "f64" }));
    expect(made.shape).toEqual([train.length, train[0]!.length]);
    expectClose([Array.from(made.dataSync())], [train.flat()]);
  });

  test("[T13] variance is explained in decreasing order", () => {
    const pca = new preprocessing.PCA().fit(table(9, 4));
    expectClose([pca.explainedVariance], [recorded.pca.variance]);
    expectClose([pca.explainedVarianceRatio], [recorded.pca.ratio]);
    const sorted = [...pca.explainedVariance].sort((a, b) => b - a);
    expect(pca.explainedVariance).toEqual(sorted);
    const plane = new preprocessing.PCA({ components: 2 }).fitTransform(tensor(table(9, 4)));
    expect(plane.shape).toEqual([9, 2]);
  });
});

describe("scalers", () => {
  const x = table(40, 3);

  test("[T3][T4] training data gets mean 0 and deviation 1, other data the training data's statistics", () => {
    const scaler = new preprocessing.StandardScaler();
    const scaled = scaler.fitTransform(x);
    for (let column = 0; column < 3; column++) {
      const values = scaled.map((row) => row[column]!);
      const mean = values.reduce((sum, value) => sum + value, 0) / 40;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 40;
      expect(Math.abs(mean)).toBeLessThan(1e-6);
      expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(1e-6);
    }
    const one = scaler.transform([[1, 2, 3]]);
    const alone = new preprocessing.StandardScaler().fitTransform([[1, 2, 3]]);
    expect(one).not.toEqual(alone);
    expectClose(scaler.inverse(one), [[1, 2, 3]]);
  });

  test.each([
    new preprocessing.StandardScaler(),
    new preprocessing.MinMaxScaler({ low: -3, high: 5 }),
    new preprocessing.RobustScaler(),
    new preprocessing.LogScaler(),
  ])("[T10] what was scaled is scaled back: %o", (scaler) => {
    const positive = x.map((row) => row.map((value) => value + 4));
    expectClose(scaler.inverse(scaler.fitTransform(positive)), positive);
    const tensors = scaler.inverse(scaler.transform(tensor(positive)));
    expectClose([Array.from(tensors.dataSync())], [positive.flat()], 1e-4);
    expect(scaler.transform([1, 2, 3].map((value) => [value, value, value])).length).toBe(3);
  });

  test("keep the form of what they are given, and one column may be a list", () => {
    const scaler = new preprocessing.StandardScaler().fit([1, 2, 3]);
    const std = Math.sqrt(2 / 3);
    expect(scaler.transform([2, 3])).toEqual([0, 1 / std]);
    expect(scaler.transform(Float32Array.of(2))).toEqual(Float64Array.of(0));
    expect(scaler.transform(hostArray(Float32Array.of(2), [1]))).toEqual({
      dtype: "f32",
      shape: [1],
      data: Float32Array.of(0),
    });
    const made = scaler.transform(tensor([2, 3]));
    expect([made.dtype, made.shape]).toEqual(["f32", [2]]);
    expect(new preprocessing.StandardScaler().fit([5, 5]).transform([5, 7])).toEqual([0, 2]);
  });

  test("stand in a model's forward, in one program with it", () => {
    const scaler = new preprocessing.StandardScaler().fit(x);
    const run = jit((batch: Tensor) => scaler.transform(batch).relu());
    const wanted = scaler.transform(x).map((row) => row.map((value) => Math.max(0, value)));
    for (let call = 0; call < 3; call++) expectClose([Array.from(run(tensor(x)).dataSync())], [wanted.flat()], 1e-5);
  });

  const wrong: [string, () => unknown, typeof ArgumentError, RegExp][] = [
    [
      "use before fit",
      () => new preprocessing.StandardScaler().transform([1]),
      ArgumentError,
      /StandardScaler: it has learnt nothing yet; call fit/,
    ],
    [
      "other columns",
      () => new preprocessing.StandardScaler().fit(x).transform([[1, 2]]),
      ShapeError,
      /fitted to 3 columns, got 2/,
    ],
    [
      "other columns in tensors",
      () => new preprocessing.MinMaxScaler().fit(x).transform(tensor([[1, 2]])),
      ShapeError,
      /fitted to 3 columns, got 2/,
    ],
    ["ragged rows", () => new preprocessing.StandardScaler().fit([[1, 2], [3]]), ShapeError, /row 1 has 1 numbers/],
    [
      "texts",
      () => new preprocessing.StandardScaler().fit([["a"]] as never),
      ArgumentError,
      /row 0, column 0 is "a".*encode texts/,
    ],
    ["no rows", () => new preprocessing.StandardScaler().fit([]), ArgumentError, /no rows to learn from/],
    [
      "three axes",
      () => new preprocessing.StandardScaler().fit(hostArray(new Float32Array(8), [2, 2, 2])),
      ShapeError,
      /flatten\(1\)/,
    ],
    ["logs of −1", () => new preprocessing.LogScaler().fit([0, -1]), ArgumentError, /row 1, column 0 is -1/],
    [
      "low above high",
      () => new preprocessing.MinMaxScaler({ low: 1, high: 0 }),
      ArgumentError,
      /low must be below high/,
    ],
    [
      "an empty column",
      () =>
        new preprocessing.Imputer().fit([
          [1, null],
          [2, Number.NaN],
        ]),
      ArgumentError,
      /column 1 has no number/,
    ],
    [
      "too many components",
      () => new preprocessing.PCA({ components: 9 }).fit(x),
      ArgumentError,
      /have no 9 components/,
    ],
  ];
  test.each(wrong)("refuse %s", (_what, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });

  test("[T14] missing and infinite numbers are refused with the messages of validation, and their place", () => {
    const scaler = new preprocessing.StandardScaler().fit(x);
    expect(() =>
      scaler.transform([
        [1, 2, 3],
        [1, Number.NaN, 3],
      ]),
    ).toThrow(/^Input contains NaN \(StandardScaler: row 1, column 1\)/);
    expect(() =>
      scaler.fit([
        [1, 2, 3],
        [1, 2, -Infinity],
      ]),
    ).toThrow(/^Input contains Inf \(StandardScaler: row 1, column 2\)/);
    expect(() => new preprocessing.Imputer().fit([Infinity])).toThrow(/^Input contains Inf/);
    expect(() =>
      new preprocessing.PCA().fit([
        [1, 2],
        [Number.NaN, 1],
      ]),
    ).toThrow(/^Input contains NaN/);
  });
});

describe("[AC3][T14] inputs of a model", () => {
  const input = (value: number, shape = [2, 3, 224, 224]): HostArray =>
    hostArray(new Float32Array(shape.reduce((size, axis) => size * axis, 1)).fill(0.5).fill(value, 7, 8), shape);
  /** The message without the place in the program. */
  const messageOf = (run: () => void): string => {
    try {
      run();
    } catch (error) {
      const { message, line } = error as ArgumentError;
      return message.replace(`  at ${line}`, "");
    }
    return "";
  };
  test.each([
    [input(0.5, [1, 1, 28, 28]), "Expected (3,224,224), got (1,28,28)"],
    [input(1.5), "Input must be normalized to [0,1]"],
    [input(-0.1), "Input must be normalized to [0,1]"],
    [input(Number.NaN), "Input contains NaN"],
    [input(Infinity), "Input contains Inf"],
    [input(-Infinity), "Input contains Inf"],
    [input(1), ""],
  ])("%# %j", (given, message) => {
    const rules = { shape: [3, 224, 224] };
    expect(messageOf(() => preprocessing.validateInput(given, rules))).toBe(message);
    expect(messageOf(() => preprocessing.validateInput(toTensor(given), rules))).toBe(message);
  });

  test("[AK12] validation stands before normalization, which leaves 0 to 1", () => {
    const photo = hostArray(
      Uint8Array.from({ length: 8 * 8 * 3 }, (_, at) => (at * 37) % 256),
      [8, 8, 3],
    );
    const floats = transforms.toFloat()(photo);
    const normalized = transforms.normalize(transforms.IMAGENET)(floats);
    const batchOf = ({ shape, data }: HostArray): HostArray => hostArray(data, [1, ...shape]);
    expect(messageOf(() => preprocessing.validateInput(batchOf(floats)))).toBe("");
    expect(messageOf(() => preprocessing.validateInput(batchOf(normalized)))).toBe("Input must be normalized to [0,1]");
    expect(messageOf(() => preprocessing.validateInput(batchOf(normalized), { unit: false }))).toBe("");
  });
});

describe("categories", () => {
  test("[S24] one-hot rows; columns are in the order of the categories", () => {
    const encoder = new preprocessing.OneHotEncoder();
    const { shape, data } = encoder.fitTransform([2, 0, 3, 1, 2]);
    expect(shape).toEqual([5, 4]);
    expect([...data]).toEqual([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0]);
    // np.eye(4)[labels].T, examples in columns.
    const eye = tensor(Int32Array.of(2, 0, 3, 1, 2)).oneHot(4);
    expect([...eye.cast("f32").dataSync()]).toEqual([...data]);
    expect(eye.T.shape).toEqual([4, 5]);
    expect(encoder.inverse(hostArray(data, shape))).toEqual([2, 0, 3, 1, 2]);
    expect(encoder.categories).toEqual([[0, 1, 2, 3]]);
  });

  test("unknown categories are refused, left empty, or get a number, as asked", () => {
    const train = [
      ["red", 1],
      ["green", 2],
    ];
    expect(() => new preprocessing.OneHotEncoder().fit(train).transform([["blue", 1]])).toThrow(
      /row 0, column 0 is "blue", which the training data had not/,
    );
    const lenient = copied(new preprocessing.OneHotEncoder({ unknown: "ignore" }).fit(train));
    expect([...lenient.transform([["blue", 1]]).data]).toEqual([0, 0, 1, 0]);
    const ordinal = copied(new preprocessing.OrdinalEncoder({ unknown: -1 }).fit(train));
    expect(
      ordinal.transform([
        ["red", 2],
        ["x", 9],
      ]),
    ).toEqual({ dtype: "i32", shape: [2, 2], data: Int32Array.of(1, 1, -1, -1) });
    expect(ordinal.inverse(ordinal.transform(train))).toEqual(train);
    expect(() => new preprocessing.OrdinalEncoder().fit(train).transform([["x", 1]])).toThrow(ArgumentError);
    expect(() => new preprocessing.OneHotEncoder().fit(["a", null] as never)).toThrow(
      /row 1, column 0 is null; fill what is missing/,
    );
  });

  test("[T10] labels, and a model's answers as labels again", () => {
    const labels = new preprocessing.LabelEncoder();
    expect(labels.fitTransform(["dog", "cat", "dog"])).toEqual({
      dtype: "i32",
      shape: [3],
      data: Int32Array.of(1, 0, 1),
    });
    const scores = tensor([
      [0.2, 0.8],
      [0.9, 0.1],
    ]);
    expect(copied(labels).inverse(scores.argmax(-1))).toEqual(["dog", "cat"]);
    // One score and a threshold.
    const yes = tensor([0.49, 0.5, 0.9]).ge(0.5).cast("i32");
    expect(labels.inverse(yes)).toEqual(["cat", "dog", "dog"]);
    expect(() => labels.inverse([2])).toThrow(/2 is the number of no category; there are 2/);
  });
});

describe("tables", () => {
  const rows = [
    { age: 30, income: "2500", city: "Paris", id: 1 },
    { age: null, income: "3500", city: "Oslo", id: 2 },
    { age: 50, income: "", city: "Paris", id: 3 },
  ];
  const make = (): preprocessing.ColumnTransformer =>
    new preprocessing.ColumnTransformer([
      {
        columns: ["age", "income"],
        with: new preprocessing.Pipeline([new preprocessing.Imputer(), new preprocessing.StandardScaler()]),
      },
      { columns: "city", with: new preprocessing.OneHotEncoder({ unknown: "ignore" }) },
      { columns: "id", with: "keep" },
    ]);

  test("each column its own way, side by side, rows or columns", () => {
    const prepare = make();
    const { shape, data, dtype } = prepare.fitTransform(rows);
    expect([dtype, ...shape]).toEqual(["f32", 3, 5]);
    expect(prepare.featureNames).toEqual(["age", "income", "city=Oslo", "city=Paris", "id"]);
    const root = Math.fround(Math.sqrt(1.5));
    const [first, second] = [Array.from(data.subarray(0, 5)), Array.from(data.subarray(5, 10))];
    expectClose(
      [first, second],
      [
        [-root, -root, 0, 1, 1],
        [0, root, 1, 0, 2],
      ],
      1e-6,
    );
    const columns = {
      age: [30, Number.NaN, 50],
      income: [2500, 3500, null],
      city: ["Paris", "Oslo", "Paris"],
      id: [1, 2, 3],
    };
    expect(prepare.transform(columns)).toEqual({ shape, data, dtype });
    const back = prepare.inverse(prepare.transform(rows));
    expect(back["city"]).toEqual(["Paris", "Oslo", "Paris"]);
    expectClose([back["age"] as number[]], [[30, 40, 50]], 1e-4);
  });

  test("say which column is at fault", () => {
    expect(() => make().fit([{ ...rows[0]!, age: "old" }])).toThrow(/row 0, column "age" is "old", which is no number/);
    expect(() => make().fit([{ age: 1 }])).toThrow(/row 0 has no column "income"; it has age/);
    expect(() => make().fit([{ ...rows[0]!, city: null }])).toThrow(/is null.*\(columns city\)/);
    expect(() => make().fit({ age: [1], income: [1, 2], city: ["a"], id: [1] })).toThrow(
      /"age" has 1 rows and "income" 2/,
    );
    expect(() => make().transform(rows)).toThrow(/ColumnTransformer: it has learnt nothing yet/);
  });

  test("[T11] a pipeline that was written and read does the same", () => {
    const prepare = make();
    prepare.fit(rows);
    const again = copied(prepare);
    expect(again.transform([{ age: 33, income: "1", city: "Rome", id: 9 }])).toEqual(
      prepare.transform([{ age: 33, income: "1", city: "Rome", id: 9 }]),
    );
    expect(again.featureNames).toEqual(prepare.featureNames);
  });
});

describe("preprocessing in a model's file", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-preprocessing-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const prepare = new preprocessing.StandardScaler().fit(table(20, 3));
  const build = (): nn.Sequential<[nn.Linear<3, 2>]> => nn.sequential(new nn.Linear(3, 2));

  test("[T11][Z14] the loaded bundle gives on raw input what the original gave", async () => {
    const model = build();
    const path = join(folder, "bundle.safetensors");
    const images = transforms.pipeline([transforms.randomCrop(4), transforms.toFloat()], { seed: 3 });
    await saveModel(model, path, { preprocessing: { inputs: prepare, images } });
    const other = build();
    const loaded = await loadModel(other, path);
    const { inputs, images: pictures } = preprocessing.fromJSON(loaded.preprocessing) as {
      inputs: preprocessing.StandardScaler;
      images: transforms.ImagePipeline;
    };
    const raw = tensor(table(5, 3, 50));
    expect(other.forward(inputs.transform(raw)).dataSync()).toEqual(model.forward(prepare.transform(raw)).dataSync());
    const image = hostArray(
      Uint8Array.from({ length: 64 }, (_, at) => at),
      [8, 8],
    );
    expect(pictures.evaluate(image)).toEqual(images.evaluate(image));
    // PyTorch still sees plain weights.
    const { metadata, tensors } = parseSafetensors(new Uint8Array(await readFile(path)));
    expect(metadata.get("format")).toBe("pt");
    expect([...tensors.keys()].sort()).toEqual(["0.bias", "0.weight"]);
  });

  test("[AC7] training and use are compared by the hash of their preprocessing", async () => {
    const path = join(folder, "parity.safetensors");
    await saveModel(build(), path, { preprocessing: prepare });
    const same = new preprocessing.StandardScaler().fit(table(20, 3));
    expect(await preprocessing.fingerprint(same)).toBe(await preprocessing.fingerprint(prepare));
    await loadModel(build(), path, { preprocessing: same });
    const other = new preprocessing.StandardScaler().fit(table(21, 3));
    await expect(loadModel(build(), path, { preprocessing: other })).rejects.toThrow(
      /parity\.safetensors": the model was trained with other preprocessing: [0-9a-f]{12}… was saved, yours is [0-9a-f]{12}…/,
    );
    const bare = join(folder, "bare.safetensors");
    await saveModel(build(), bare);
    expect((await loadModel(build(), bare)).preprocessing).toBeUndefined();
    await expect(loadModel(build(), bare, { preprocessing: prepare })).rejects.toThrow(/no preprocessing was saved/);
  });

  test("a file whose preprocessing was changed is refused, and nothing of it is loaded", async () => {
    const path = join(folder, "changed.safetensors");
    await saveModel(build(), path, { preprocessing: prepare });
    const { tensors, metadata } = parseSafetensors(new Uint8Array(await readFile(path)));
    metadata.set("preprocessing", metadata.get("preprocessing")!.replace("StandardScaler", "MinMaxScaler"));
    await writeFile(path, serializeSafetensors(tensors, metadata));
    const model = build();
    const before = model.stateDict()["0.weight"]!.dataSync().slice();
    await expect(loadModel(model, path)).rejects.toThrow(FormatError);
    expect(model.stateDict()["0.weight"]!.dataSync()).toEqual(before);
  });

  const damaged: [string, Json][] = [
    ["nothing", null],
    ["an unknown type", { type: "constructor", options: {}, state: null }],
    ["a state of texts", { type: "StandardScaler", options: {}, state: { center: ["a"], scale: [1] } }],
    ["a scale of 0", { type: "StandardScaler", options: {}, state: { center: [1], scale: [0] } }],
    ["no options", { type: "PCA", state: null }],
    ["senseless options", { type: "MinMaxScaler", options: { low: 3, high: 1 }, state: null }],
    [
      "components that do not fit",
      { type: "PCA", options: {}, state: { mean: [0], components: [[1, 2]], variance: [1], total: 1 } },
    ],
    ["no steps", { type: "Pipeline", options: {}, state: null }],
    ["a step without columns", { type: "ColumnTransformer", options: { steps: [{}] }, state: null }],
    ["categories twice", { type: "LabelEncoder", options: {}, state: { categories: [["a", "a"]] } }],
    [
      "times without values",
      { type: "SeriesFeatures", options: { time: "t", value: "v", lags: [1] }, state: { times: [1], values: [] } },
    ],
  ];
  test.each(damaged)("refuses %s", (_what, json) => {
    expect(() => preprocessing.fromJSON(json)).toThrow(FormatError);
  });

  test("every transformer names its kind, and can be written before it has learnt", () => {
    const all: AnyTransformer[] = [
      new preprocessing.StandardScaler(),
      new preprocessing.PCA(),
      new preprocessing.Imputer(),
      new preprocessing.OneHotEncoder(),
      new preprocessing.PolynomialFeatures(),
      new preprocessing.SeriesFeatures({ time: "t", value: "v", lags: [1] }),
    ];
    for (const own of all) expect(copied(own).toJSON()).toEqual(own.toJSON());
  });
});
