/** What is learnt from training data and applied to all data: scales, categories, features, tokens. It is saved with the model. */
export { fingerprint } from "../../formats/fingerprint.ts";
export { LabelEncoder, OneHotEncoder, OrdinalEncoder, type Categories, type Category } from "./categories.ts";
export { ColumnTransformer, type ColumnStep } from "./columnTransformer.ts";
export { fromJSON, type Preprocessing } from "./fromJson.ts";
export { Imputer, type ImputerOptions } from "./imputer.ts";
export type { Numbers, Same } from "./matrix.ts";
export { PCA, type PcaOptions } from "./pca.ts";
export { Pipeline } from "./pipeline.ts";
export { PolynomialFeatures, type PolynomialOptions } from "./polynomial.ts";
export { LogScaler, MinMaxScaler, RobustScaler, StandardScaler } from "./scalers.ts";
export { SeriesFeatures, type SeriesOptions } from "./seriesFeatures.ts";
export {
  calendar,
  fourier,
  isUnitedStatesHoliday,
  lag,
  rolling,
  type CalendarField,
  type Day,
  type Statistic,
} from "./seriesMath.ts";
export type { Table } from "./table.ts";
export { BytePairTokenizer, type BytePairOptions } from "./text/bytePairTokenizer.ts";
export { padSequences, type PaddingOptions } from "./text/padSequences.ts";
export { CharacterTokenizer, WordTokenizer, type UnknownOptions, type WordOptions } from "./text/simpleTokenizers.ts";
export { TextVectorizer, type TextVectorizerOptions } from "./text/textVectorizer.ts";
export type { Tokenizer } from "./text/tokenizer.ts";
export type { AnyTransformer, Transformer } from "./transformer.ts";
export { validateInput, type InputRules } from "./validate.ts";
