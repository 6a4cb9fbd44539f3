/** Small tables: iris, wine, breast cancer. */
import { readFile } from "#platform";
import { FormatError } from "../../core/errors.ts";
import { parseCsvRows } from "../../formats/csv.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { folderOf, obtain, type LoadOptions, type RemoteFile } from "./download.ts";
import { IRIS_ROWS } from "./irisRows.ts";
import { WINE_ROWS } from "./wineRows.ts";

/** Measurements and classes. */
export interface LabelledTable {
  /** f32 [rows, features]. */
  readonly x: HostArray;
  /** i32 [rows], the number of the class. */
  readonly y: HostArray;
  readonly features: readonly string[];
  readonly classes: readonly string[];
}

function embedded(rows: readonly string[], features: readonly string[], classes: readonly string[]): LabelledTable {
  const numbers = rows.flatMap((line) => line.split(" ")).map((row) => row.split(",").map(Number));
  const x = Float32Array.from(numbers.flatMap((row) => row.slice(0, -1)));
  const y = Int32Array.from(numbers, (row) => row.at(-1)!);
  return { x: hostArray(x, [numbers.length, features.length]), y: hostArray(y), features, classes };
}

/** Fisher's iris: 150 flowers of 3 species, 50 of each, 4 measurements in cm. Part of the library. */
export const iris = {
  load: (): LabelledTable =>
    embedded(
      IRIS_ROWS,
      ["sepal length", "sepal width", "petal length", "petal width"],
      ["setosa", "versicolor", "virginica"],
    ),
} as const;

/** 178 wines of 3 growers, 13 measurements (UCI). Part of the library. */
export const wine = {
  load: (): LabelledTable =>
    embedded(
      WINE_ROWS,
      [
        "alcohol",
        "malic acid",
        "ash",
        "alcalinity of ash",
        "magnesium",
        "total phenols",
        "flavanoids",
        "nonflavanoid phenols",
        "proanthocyanins",
        "color intensity",
        "hue",
        "od280/od315 of diluted wines",
        "proline",
      ],
      ["grower 1", "grower 2", "grower 3"],
    ),
} as const;

const CELL = [
  "radius",
  "texture",
  "perimeter",
  "area",
  "smoothness",
  "compactness",
  "concavity",
  "concave points",
  "symmetry",
  "fractal dimension",
];

const WDBC: RemoteFile = {
  name: "wdbc.data",
  urls: ["https://archive.ics.uci.edu/ml/machine-learning-databases/breast-cancer-wisconsin/wdbc.data"],
  checksum: { sha256: "d606af411f3e5be8a317a5a8b652b425aaf0ff38ca683d5327ffff94c3695f4a" },
};

/** Breast cancer, Wisconsin (UCI): 569 tumours, 30 measurements of cells, 0 malignant and 1 benign as in scikit-learn. */
export const breastCancer = {
  async load(options: LoadOptions = {}): Promise<LabelledTable> {
    const [path] = await obtain("breastCancer", [WDBC], folderOf("breastCancer", options), options);
    const features = ["mean", "error", "worst"].flatMap((kind) => CELL.map((one) => `${kind} ${one}`));
    const format = {
      header: ["id", "diagnosis", ...features],
      columns: { diagnosis: ["M", "B"] },
      numbers: "f32",
    } as const;
    for await (const { count, columns } of parseCsvRows([await readFile(path!)], `"${path}"`, format, 10_000)) {
      const x = new Float32Array(count * features.length);
      for (const [at, feature] of features.entries())
        for (const [row, value] of (columns.get(feature) as Float32Array).entries())
          x[row * features.length + at] = value;
      return {
        x: hostArray(x, [count, features.length]),
        y: hostArray(columns.get("diagnosis") as Int32Array),
        features,
        classes: ["malignant", "benign"],
      };
    }
    throw new FormatError(`"${path}": the file has no rows; fetch it again`);
  },
} as const;
