/** Layers and what models are made of. */
export { Keep, type ActivationClass, type ActivationFunction, type FunctionClass } from "./activation.ts";
export * from "./activations/index.ts";
export { ActivationStatistics, type ActivationRecord } from "./activationStatistics.ts";
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
  GlobalAvgPool1d,
  GlobalAvgPool2d,
  GlobalAvgPool3d,
  GlobalMaxPool1d,
  GlobalMaxPool2d,
  GlobalMaxPool3d,
  type AdaptiveMaxPoolOptions,
  type GlobalPoolOptions,
} from "./adaptivePool.ts";
export { causalMask, scaledDotProductAttention, type AttentionOptions } from "./attention.ts";
export { castModule as cast } from "./cast.ts";
export { checkpointModule, checkpointSequential } from "./checkpoint.ts";
export { BatchNorm1d, BatchNorm2d, BatchNorm3d, type BatchNormOptions } from "./batchNorm.ts";
export { Bilinear, type BilinearOptions } from "./bilinear.ts";
export { KeyValueCache, type KeyValueCacheSizes } from "./cache.ts";
export { CausalSelfAttention, type CausalCall, type CausalSelfAttentionOptions } from "./causalSelfAttention.ts";
export { Conv1d, Conv2d, Conv3d, type ConvOptions } from "./conv.ts";
export { ConvLSTM2d, type ConvLSTMOptions, type ConvLSTMState } from "./convLSTM.ts";
export { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, type ConvTransposeOptions } from "./convTranspose.ts";
export { dropConnect } from "./dropConnect.ts";
export {
  AlphaDropout,
  dropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  FeatureAlphaDropout,
  StochasticDepth,
} from "./dropout.ts";
export { Embedding, type EmbeddingOptions, type PretrainedOptions } from "./embedding.ts";
export { EmbeddingBag, type BagMode, type EmbeddingBagCall, type EmbeddingBagOptions } from "./embeddingBag.ts";
export { Flatten, Reshape, Unflatten } from "./flatten.ts";
export { Fold, Unfold } from "./fold.ts";
export { foldBatchNorm } from "./foldBatchNorm.ts";
export { FourierFeatures, type FourierFeaturesOptions } from "./fourierFeatures.ts";
export { GroupNorm, type GroupNormOptions } from "./groupNorm.ts";
export type { ForwardHook, ForwardStartHook } from "./hooks.ts";
export { GPT, GPTBlock, type GenerateOptions, type GPTBlockOptions, type GPTOptions } from "./gpt.ts";
export * from "./graph/index.ts";
export { GRU, GRUCell } from "./gru.ts";
export * as constraints from "./constraints.ts";
export * as init from "./init/index.ts";
export { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, type InstanceNormOptions } from "./instanceNorm.ts";
export { Lambda } from "./lambda.ts";
export { LocalResponseNorm, type LocalResponseNormOptions } from "./localResponseNorm.ts";
export { Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract, type DotOptions } from "./merge.ts";
export { GaussianDropout, GaussianNoise } from "./noise.ts";
export {
  CircularPad1d,
  CircularPad2d,
  CircularPad3d,
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  Cropping1d,
  Cropping2d,
  Cropping3d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReflectionPad3d,
  ReplicationPad1d,
  ReplicationPad2d,
  ReplicationPad3d,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
  type PadWidths,
} from "./padding.ts";
export { parametrize, removeParametrization, type Parametrization } from "./parametrize.ts";
export { ChannelShuffle, PixelShuffle, PixelUnshuffle } from "./pixelShuffle.ts";
export {
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  LPPool1d,
  LPPool2d,
  LPPool3d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  MaxUnpool1d,
  MaxUnpool2d,
  MaxUnpool3d,
  type AvgPoolOptions,
  type LPPoolOptions,
  type MaxPoolOptions,
} from "./pool.ts";
export { moduleAt, replaceModule, type PathPattern } from "./paths.ts";
export { prune } from "./prune.ts";
export { receptiveFields, type ReceptiveField } from "./receptiveField.ts";
export * as regularizers from "./regularizers.ts";
export { LayerNorm, RMSNorm, type LayerNormOptions, type RMSNormOptions } from "./layerNorm.ts";
export { Linear, type LinearOptions } from "./linear.ts";
export * as lora from "./lora.ts";
export * from "./losses/modules.ts";
export { LSTM, LSTMCell, type LSTMOptions, type LSTMState } from "./lstm.ts";
export { Module } from "./module.ts";
export {
  MultiheadAttention,
  type AttentionWeightsCall,
  type MultiheadAttentionCall,
  type MultiheadAttentionOptions,
} from "./multiheadAttention.ts";
export {
  frequencyEncoding,
  LearnedPositions,
  SinusoidalPositions,
  sinusoidalPositions,
  type FrequencyEncodingOptions,
  type SinusoidalPositionsOptions,
} from "./position.ts";
export {
  alibi,
  alibiSlopes,
  RelativePositionBias,
  type PositionBiasCall,
  type RelativePositionBiasOptions,
} from "./positionBias.ts";
export type { RecurrentCall, RecurrentOptions } from "./recurrent.ts";
export type { RecurrentCellOptions } from "./recurrentCell.ts";
export { RNN, RNNCell, type RNNCellOptions, type RNNOptions } from "./rnn.ts";
export { RotaryPositions, type RotaryOptions } from "./rotary.ts";
export type { Rule } from "./rules.ts";
export {
  DepthwiseConv1d,
  DepthwiseConv2d,
  SeparableConv1d,
  SeparableConv2d,
  type DepthwiseOptions,
} from "./separableConv.ts";
export { Masking, TimeDistributed } from "./sequence.ts";
export { Sequential, sequential, type Layer } from "./sequential.ts";
export { ChannelsLast, Permute, RepeatVector } from "./shapes.ts";
export { buffer, parameter } from "./state.ts";
export type { LoadOptions, LoadResult, StateDict } from "./stateDict.ts";
export {
  Transformer,
  TransformerDecoder,
  TransformerEncoder,
  type TransformerCall,
  type TransformerOptions,
} from "./transformer.ts";
export {
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type DecoderCall,
  type EncoderCall,
  type TransformerLayerOptions,
} from "./transformerLayer.ts";
export { interpolate, Upsample } from "./upsample.ts";
export { weightNorm } from "./weightNorm.ts";
export { BufferTensor, Parameter } from "../tensor/parameter.ts";
