/** Layers and what models are made of. */
export { Keep, type ActivationClass, type ActivationFunction, type FunctionClass } from "./activation.ts";
export * from "./activations/index.ts";
export { attention, type AttentionOptions } from "./attention.ts";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "./batchNorm.ts";
export { Conv2d, type Conv2dOptions } from "./conv2d.ts";
export { dropout, Dropout } from "./dropout.ts";
export { Embedding, type EmbeddingOptions } from "./embedding.ts";
export { Flatten } from "./flatten.ts";
export type { ForwardHook, ForwardStartHook } from "./hooks.ts";
export { GRU, GRUCell } from "./gru.ts";
export * as init from "./init/index.ts";
export { LayerNorm, RMSNorm, type LayerNormOptions, type RMSNormOptions } from "./layerNorm.ts";
export { Linear, type LinearOptions } from "./linear.ts";
export { LSTM, LSTMCell, type LSTMOptions, type LSTMState } from "./lstm.ts";
export { Module } from "./module.ts";
export {
  MultiheadAttention,
  type MultiheadAttentionCall,
  type MultiheadAttentionOptions,
} from "./multiheadAttention.ts";
export { AvgPool2d, MaxPool2d } from "./pool2d.ts";
export type { RecurrentCall, RecurrentOptions } from "./recurrent.ts";
export type { RecurrentCellOptions } from "./recurrentCell.ts";
export { RNN, RNNCell, type RNNCellOptions, type RNNOptions } from "./rnn.ts";
export type { Rule } from "./rules.ts";
export { Sequential, sequential, type Layer } from "./sequential.ts";
export { buffer, parameter } from "./state.ts";
export type { LoadOptions, LoadResult, StateDict } from "./stateDict.ts";
export { BufferTensor, Parameter } from "../tensor/parameter.ts";
