/** Which activation for what: the usual answers. */
import { ArgumentError } from "../../core/errors.ts";
import type { LossName } from "../losses/byName.ts";
import type { ActivationName } from "./byName.ts";

export interface OutputChoice {
  readonly activation: ActivationName;
  /** The loss of what the activation says. */
  readonly loss: LossName;
  /** The loss of the layer before it, which is to be preferred where there is one. */
  readonly fromLogits?: LossName | undefined;
}

/** What a model is to say. */
export type Task =
  | "regression"
  | "nonnegative regression"
  | "binary classification"
  | "multi-class classification"
  | "multi-label classification";

const OUTPUTS: Readonly<Record<Task, OutputChoice>> = {
  regression: { activation: "linear", loss: "mse" },
  "nonnegative regression": { activation: "relu", loss: "mse" },
  "binary classification": { activation: "sigmoid", loss: "binary_crossentropy", fromLogits: "BCEWithLogitsLoss" },
  "multi-class classification": {
    activation: "softmax",
    loss: "sparse_categorical_crossentropy",
    fromLogits: "CrossEntropyLoss",
  },
  "multi-label classification": {
    activation: "sigmoid",
    loss: "binary_crossentropy",
    fromLogits: "BCEWithLogitsLoss",
  },
};

/** The activation of the last layer for a task, and its loss. Throws ArgumentError for an unknown task. */
export function outputActivation(task: Task): OutputChoice {
  return chosen("outputActivation", OUTPUTS, task);
}

export interface HiddenChoice {
  readonly activation: ActivationName;
  /** What else goes with it. */
  readonly advice: string;
}

/** What a network is, or suffers from. */
export type Situation =
  | "default"
  | "dead units"
  | "deep"
  | "deep without normalisation"
  | "transformer"
  | "mobile"
  | "accuracy";

const HIDDEN: Readonly<Record<Situation, HiddenChoice>> = {
  default: { activation: "relu", advice: "Start weights with He's initialisation" },
  "dead units": { activation: "leaky_relu", advice: "Or learn the slope with PReLU; a lower learning rate helps too" },
  deep: { activation: "elu", advice: "With batch normalisation" },
  "deep without normalisation": {
    activation: "selu",
    advice: "With LeCun's normal initialisation, and without dropout",
  },
  transformer: { activation: "gelu", advice: "Or SwiGLU, where the layer may have a third matrix" },
  mobile: { activation: "hard_swish", advice: "Straight pieces cost no exponential, and survive quantisation" },
  accuracy: { activation: "swish", advice: "Or Mish; both cost more than ReLU" },
};

/** The activation between layers for a situation, ReLU by default. Throws ArgumentError for an unknown situation. */
export function hiddenActivation(situation: Situation = "default"): HiddenChoice {
  return chosen("hiddenActivation", HIDDEN, situation);
}

function chosen<K extends string, V>(op: string, choices: Readonly<Record<K, V>>, key: K): V {
  if (Object.hasOwn(choices, key)) return choices[key];
  throw new ArgumentError(`${op}: "${key}" is unknown; one of ${Object.keys(choices).join(", ")} was wanted`);
}
