/** All layers. Functions make them, under the names of tfjs; classes are there to be extended. */
export * from "./activationLayers.ts";
export * from "./attention.ts";
export * from "./conv.ts";
export * from "./convLstm.ts";
export { dense, Dense, type DenseOptions } from "./dense.ts";
export * from "./dropout.ts";
export { embedding, Embedding, type EmbeddingOptions } from "./embedding.ts";
export * from "./merging.ts";
export * from "./normalization.ts";
export * from "./pooling.ts";
export * from "./preprocessing.ts";
export {
  GRU,
  gru,
  LSTM,
  lstm,
  SimpleRNN,
  simpleRNN,
  type GruOptions,
  type LstmOptions,
  type RecurrentCallOptions,
  type SimpleRnnOptions,
} from "./recurrent.ts";
export * from "./reshaping.ts";
export * from "./separable.ts";
export * from "./wrappers.ts";
