/** Losses as modules, under PyTorch's names: `new nn.CrossEntropyLoss({ labelSmoothing: 0.1 })`. */
import type { Tensor } from "../../tensor/tensor.ts";
import { Module } from "../module.ts";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits } from "./binaryCrossEntropy.ts";
import type { BinaryCrossEntropyOptions, BinaryCrossEntropyWithLogitsOptions } from "./binaryCrossEntropy.ts";
import { crossEntropy, type CrossEntropyOptions } from "./crossEntropy.ts";
import { ctc, type CtcOptions } from "./ctc.ts";
import { klDivergence, type KlDivergenceOptions } from "./divergence.ts";
import * as hinges from "./hinge.ts";
import { gaussianNll, poissonNll, type GaussianNllOptions, type PoissonNllOptions } from "./likelihood.ts";
import { nll, type NllOptions } from "./nll.ts";
import type { Reduction, ReductionOptions } from "./reduction.ts";
import * as regression from "./regression.ts";
import * as similarity from "./similarity.ts";

/** A loss with its options: `forward` takes what the function takes before them. */
export interface LossModule<X extends readonly Tensor[], O> extends Module {
  readonly options: O | undefined;
  /** The function that it calls. */
  readonly loss: (...given: [...X, O?]) => Tensor;
  forward(...inputs: X): Tensor;
}

export type LossClass<X extends readonly Tensor[], O> = new (options?: O) => LossModule<X, O>;

type TwoTensors = [prediction: Tensor, target: Tensor];
type ThreeTensors = [Tensor, Tensor, Tensor];

/** Wraps a loss into a module class under PyTorch's name. */
function lossClass<X extends readonly Tensor[], O>(
  name: string,
  loss: (...given: [...X, O?]) => Tensor,
): LossClass<X, O> {
  const made = class extends Module {
    readonly options: O | undefined;

    constructor(options?: O) {
      super();
      this.options = options;
    }

    get loss(): typeof loss {
      return loss;
    }

    forward(...inputs: X): Tensor {
      return loss(...inputs, this.options);
    }
  };
  return Object.defineProperty(made, "name", { value: name });
}

/** `crossEntropy` */
export const CrossEntropyLoss: LossClass<TwoTensors, CrossEntropyOptions<Reduction>> = /* @__PURE__ */ lossClass(
  "CrossEntropyLoss",
  crossEntropy,
);
/** `nll` */
export const NLLLoss: LossClass<TwoTensors, NllOptions<Reduction>> = /* @__PURE__ */ lossClass("NLLLoss", nll);
/** `binaryCrossEntropy` */
export const BCELoss: LossClass<TwoTensors, BinaryCrossEntropyOptions<Reduction>> = /* @__PURE__ */ lossClass(
  "BCELoss",
  binaryCrossEntropy,
);
/** `binaryCrossEntropyWithLogits` */
export const BCEWithLogitsLoss: LossClass<
  TwoTensors,
  BinaryCrossEntropyWithLogitsOptions<Reduction>
> = /* @__PURE__ */ lossClass("BCEWithLogitsLoss", binaryCrossEntropyWithLogits);
/** `mse` */
export const MSELoss: LossClass<TwoTensors, regression.RegressionOptions> = /* @__PURE__ */ lossClass(
  "MSELoss",
  regression.mse,
);
/** `l1` */
export const L1Loss: LossClass<TwoTensors, regression.RegressionOptions> = /* @__PURE__ */ lossClass(
  "L1Loss",
  regression.l1,
);
/** `smoothL1` */
export const SmoothL1Loss: LossClass<TwoTensors, regression.SmoothL1Options> = /* @__PURE__ */ lossClass(
  "SmoothL1Loss",
  regression.smoothL1,
);
/** `huber` */
export const HuberLoss: LossClass<TwoTensors, regression.HuberOptions> = /* @__PURE__ */ lossClass(
  "HuberLoss",
  regression.huber,
);
/** `klDivergence` */
export const KLDivLoss: LossClass<TwoTensors, KlDivergenceOptions<Reduction | "batchMean">> = /* @__PURE__ */ lossClass(
  "KLDivLoss",
  klDivergence,
);
/** `poissonNll` */
export const PoissonNLLLoss: LossClass<TwoTensors, PoissonNllOptions> = /* @__PURE__ */ lossClass(
  "PoissonNLLLoss",
  poissonNll,
);
/** `softMargin` */
export const SoftMarginLoss: LossClass<TwoTensors, ReductionOptions> = /* @__PURE__ */ lossClass(
  "SoftMarginLoss",
  hinges.softMargin,
);
/** `hingeEmbedding` */
export const HingeEmbeddingLoss: LossClass<TwoTensors, hinges.MarginOptions> = /* @__PURE__ */ lossClass(
  "HingeEmbeddingLoss",
  hinges.hingeEmbedding,
);
/** `multiMargin` */
export const MultiMarginLoss: LossClass<TwoTensors, hinges.MultiMarginOptions> = /* @__PURE__ */ lossClass(
  "MultiMarginLoss",
  hinges.multiMargin,
);
/** `multilabelMargin` */
export const MultiLabelMarginLoss: LossClass<TwoTensors, ReductionOptions> = /* @__PURE__ */ lossClass(
  "MultiLabelMarginLoss",
  hinges.multilabelMargin,
);
/** `multilabelSoftMargin` */
export const MultiLabelSoftMarginLoss: LossClass<TwoTensors, hinges.MultilabelSoftMarginOptions> =
  /* @__PURE__ */ lossClass("MultiLabelSoftMarginLoss", hinges.multilabelSoftMargin);
/** `gaussianNll` */
export const GaussianNLLLoss: LossClass<ThreeTensors, GaussianNllOptions> = /* @__PURE__ */ lossClass(
  "GaussianNLLLoss",
  gaussianNll,
);
/** `cosineEmbedding` */
export const CosineEmbeddingLoss: LossClass<ThreeTensors, hinges.MarginOptions> = /* @__PURE__ */ lossClass(
  "CosineEmbeddingLoss",
  similarity.cosineEmbedding,
);
/** `marginRanking` */
export const MarginRankingLoss: LossClass<ThreeTensors, hinges.MarginOptions> = /* @__PURE__ */ lossClass(
  "MarginRankingLoss",
  similarity.marginRanking,
);
/** `triplet` */
export const TripletMarginLoss: LossClass<ThreeTensors, similarity.TripletOptions> = /* @__PURE__ */ lossClass(
  "TripletMarginLoss",
  similarity.triplet,
);
/** `ctc` */
export const CTCLoss: LossClass<[...TwoTensors, inputLengths: Tensor, targetLengths: Tensor], CtcOptions> =
  /* @__PURE__ */ lossClass("CTCLoss", ctc);
