/** Preprocessing from what was written of it. */
import { FormatError, MyelinError } from "../../core/errors.ts";
import { isJsonObject, quote, type Json } from "../../formats/json.ts";
import { pipelineFromJSON, type ImagePipeline } from "../transforms/index.ts";
import { LabelEncoder, OneHotEncoder, OrdinalEncoder } from "./categories.ts";
import { ColumnTransformer, type ColumnStep } from "./columnTransformer.ts";
import { Imputer } from "./imputer.ts";
import { PCA } from "./pca.ts";
import { Pipeline } from "./pipeline.ts";
import { PolynomialFeatures } from "./polynomial.ts";
import { LogScaler, MinMaxScaler, RobustScaler, StandardScaler } from "./scalers.ts";
import { SeriesFeatures } from "./seriesFeatures.ts";
import { BytePairTokenizer } from "./text/bytePairTokenizer.ts";
import { CharacterTokenizer, WordTokenizer } from "./text/simpleTokenizers.ts";
import { TextVectorizer } from "./text/textVectorizer.ts";
import type { AnyTransformer, Saved } from "./transformer.ts";

/** What can be saved with a model: a transformer, a tokenizer, a pipeline of images, or several of them by name. */
export type Preprocessing = AnyTransformer | ImagePipeline | { readonly [name: string]: Preprocessing };

/** Options of a maker: their values are checked by it. */
type Options = { readonly [name: string]: never };

const MAKERS: Readonly<Record<string, (saved: Saved) => AnyTransformer>> = {
  BytePairTokenizer: (saved) => new BytePairTokenizer(saved.options as Options).restore(saved),
  CharacterTokenizer: (saved) => new CharacterTokenizer(saved.options as Options).restore(saved),
  ColumnTransformer: (saved) => new ColumnTransformer(stepsIn(saved).map(columnStep)).restore(saved),
  Imputer: (saved) => new Imputer(saved.options as Options).restore(saved),
  LabelEncoder: (saved) => new LabelEncoder().restore(saved),
  LogScaler: () => new LogScaler(),
  MinMaxScaler: (saved) => new MinMaxScaler(saved.options as Options).restore(saved),
  OneHotEncoder: (saved) => new OneHotEncoder(saved.options as Options).restore(saved),
  OrdinalEncoder: (saved) => new OrdinalEncoder(saved.options as Options).restore(saved),
  PCA: (saved) => new PCA(saved.options as Options).restore(saved),
  Pipeline: (saved) => new Pipeline(stepsIn(saved).map(transformerFromJSON)),
  PolynomialFeatures: (saved) => new PolynomialFeatures(saved.options as Options).restore(saved),
  RobustScaler: (saved) => new RobustScaler(saved.options as Options).restore(saved),
  SeriesFeatures: (saved) =>
    new SeriesFeatures(saved.options as Options & { time: never; value: never }).restore(saved),
  StandardScaler: (saved) => new StandardScaler(saved.options as Options).restore(saved),
  TextVectorizer: (saved) => new TextVectorizer(saved.options as Options).restore(saved),
  WordTokenizer: (saved) => new WordTokenizer(saved.options as Options).restore(saved),
};

function stepsIn({ type, options }: Saved): readonly Json[] {
  const { steps } = options;
  if (!Array.isArray(steps))
    throw new FormatError(`preprocessing.fromJSON: ${type} has no list of steps; the file is damaged`);
  return steps;
}

function columnStep(json: Json): ColumnStep {
  const own = isJsonObject(json) ? json : {};
  const { columns } = own;
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === "string"))
    throw new FormatError("preprocessing.fromJSON: a step of ColumnTransformer names no columns; the file is damaged");
  return { columns, with: own["with"] === "keep" ? "keep" : transformerFromJSON(own["with"] ?? null) };
}

function transformerFromJSON(json: Json): AnyTransformer {
  const type = isJsonObject(json) ? json["type"] : undefined;
  if (!isJsonObject(json) || typeof type !== "string" || !Object.hasOwn(MAKERS, type) || !isJsonObject(json["options"]))
    throw new FormatError(
      `preprocessing.fromJSON: ${quote(JSON.stringify(type ?? json))} is unknown; the file is damaged or of a newer version`,
    );
  try {
    return MAKERS[type]!({ type, options: json["options"], state: json["state"] ?? null });
  } catch (cause) {
    if (cause instanceof FormatError || !(cause instanceof MyelinError || cause instanceof TypeError)) throw cause;
    throw new FormatError(`preprocessing.fromJSON: ${type} has options that make no sense; the file is damaged`, {
      cause,
    });
  }
}

/**
 * What `toJSON` wrote, with all that was learnt: a transformer, a tokenizer, a pipeline of images, or several of them by name.
 * @throws FormatError for anything else.
 *
 * @example
 * const { preprocessing: json } = await loadModel(model, "houses.safetensors");
 * const prepare = preprocessing.fromJSON(json) as preprocessing.ColumnTransformer;
 * model.forward(toTensor(prepare.transform(rows)));
 */
export function fromJSON(json: Json | undefined): Preprocessing {
  if (json === undefined || !isJsonObject(json))
    throw new FormatError(
      "preprocessing.fromJSON: there is no preprocessing in it; save the model with { preprocessing }",
    );
  const { type } = json;
  if (type === "images" || type === "progressiveImages") return pipelineFromJSON(json);
  if (typeof type === "string") return transformerFromJSON(json);
  return Object.fromEntries(Object.entries(json).map(([name, part]) => [name, fromJSON(part)]));
}
