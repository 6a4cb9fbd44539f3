/** Mistakes that train without an error, and badly. */
import type { Layer } from "./layer.ts";
import type { Model } from "./model.ts";
import { lossesOf, type ScoreOptions } from "./scores.ts";
import { Activation, Softmax } from "./activationLayers.ts";

const told = /* @__PURE__ */ new WeakSet<object>();

/** The activation that a layer ends with: Keras's name, "linear" for none, undefined where that is not known. */
function endsWith(layer: Layer | undefined): string | undefined {
  if (!layer) return undefined;
  if (layer instanceof Softmax) return "softmax";
  const { activation } = layer.options as { readonly activation?: unknown };
  if (layer instanceof Activation) return typeof activation === "string" ? activation : undefined;
  if (layer.className !== "Dense") return undefined;
  return activation === undefined || activation === null
    ? "linear"
    : typeof activation === "string"
      ? activation
      : undefined;
}

const WANTS: Readonly<Record<string, "softmax" | "sigmoid">> = {
  sparse_categorical_crossentropy: "softmax",
  categorical_crossentropy: "softmax",
  binary_crossentropy: "sigmoid",
  bce: "sigmoid",
};

/** What is wrong with a last layer and a loss, as a sentence; undefined where nothing is. */
export function mismatch(ending: string | undefined, loss: string, fromLogits: boolean): string | undefined {
  const wanted = WANTS[loss];
  if (!wanted || ending === undefined) return undefined;
  if (fromLogits && ending === wanted)
    return `the last layer ends with ${ending} and the loss says fromLogits: true, so ${ending} is taken twice; leave the activation out, or fromLogits`;
  if (!fromLogits && ending === "linear")
    return `the last layer gives logits and ${loss} takes them for probabilities; say fromLogits: true, or give the layer activation: "${wanted}"`;
  return undefined;
}

/** Warns, once for each model, of a softmax whose loss takes logits, and of logits whose loss takes probabilities. */
export function lintLosses(model: Model, options: ScoreOptions, outputs: readonly string[]): void {
  if (told.has(options)) return;
  lossesOf(options, outputs).forEach((loss, i) => {
    if (!loss) return;
    const last = model.outputs[i]?.source?.layer ?? model.layers.at(-1);
    const wrong = mismatch(endsWith(last), loss.name, loss.fromLogits);
    if (!wrong) return;
    told.add(options);
    console.warn(`myelin: ${model}: ${wrong}.`);
  });
}
