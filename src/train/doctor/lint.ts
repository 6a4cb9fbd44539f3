/** Rules of thumb for models and for what is chosen to train them. */
import { classNameOf } from "../../core/className.ts";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from "../../nn/batchNorm.ts";
import { Dropout } from "../../nn/dropout.ts";
import { Activation, activations } from "../../nn/activations/byName.ts";
import { Linear } from "../../nn/linear.ts";
import type { Module } from "../../nn/module.ts";
import { outputActivation, type Task } from "../../nn/activations/choose.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** What is usual, from and to. */
export const typicalValues: Readonly<Record<keyof Chosen, readonly [number, number]>> = {
  learningRate: [0.001, 0.1],
  batchSize: [32, 256],
  hiddenUnits: [64, 2048],
  epochs: [10, 100],
  dropout: [0.3, 0.5],
};

/** What is chosen for a run. */
export interface Chosen {
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly hiddenUnits?: number;
  readonly epochs?: number;
  readonly dropout?: number;
}

/** Says what lies outside of what is usual. That may be right: fine-tuning wants smaller rates. */
export function lintChoices(chosen: Chosen): string[] {
  return Object.entries(chosen).flatMap(([name, value]) => {
    const [low, high] = typicalValues[name as keyof Chosen];
    if (value >= low && value <= high) return [];
    return [`${name} ${value} is ${value < low ? "below" : "above"} what is usual, ${low} to ${high}`];
  });
}

/** A rule that a model breaks. */
export interface Breach {
  readonly rule: "depth" | "width" | "output" | "norm" | "dropout" | "dropout rate" | "residual";
  readonly text: string;
}

/**
 * Holds a chain of dense layers, such as `nn.sequential` makes, against rules of thumb: 2 or 3 hidden layers to begin with, hidden sizes of 50 to
 * 500 % of the input, an output that fits the task, batch norm after the linear layer and before the activation, dropout after the activation
 * and of 0.3 to 0.5, residual connections beyond 10 layers. Layers are taken in the order in which the model holds them; modules that hold
 * layers count as residual blocks.
 * @param task what the model is to say, for its last layer.
 */
export function lintModel(model: Module, task: Task): Breach[] {
  const leaves = model.modules().filter((one) => one.modules().length === 1);
  const dense = leaves.filter((one): one is Linear => one instanceof Linear);
  const hidden = dense.slice(0, -1);
  const breaches: Breach[] = [];
  const say = (rule: Breach["rule"], text: string): void => void breaches.push({ rule, text });
  if (dense.length > 0 && (hidden.length < 1 || hidden.length > 3))
    say("depth", `${hidden.length} hidden layers: 2 or 3 are what to begin with`);
  const size = dense[0]?.inFeatures ?? 0;
  for (const layer of hidden)
    if (layer.outFeatures < size / 2 || layer.outFeatures > 5 * size)
      say(
        "width",
        `${layer} has ${layer.outFeatures} units for an input of ${size}: 50 to 500 % of the input are usual`,
      );
  const blocks = model.modules().filter((one) => one !== model && one.modules().length > 1);
  if (dense.length > 10 && blocks.length === 0)
    say("residual", `${dense.length} layers in a row: beyond 10, residual connections keep gradients alive`);
  leaves.forEach((one, at) => {
    const [before, after] = [leaves[at - 1], leaves[at + 1]];
    if (isNorm(one) && !(before instanceof Linear))
      say(
        "norm",
        `${one} stands after ${before ?? "nothing"}: it belongs after the linear layer, before the activation`,
      );
    if (!(one instanceof Dropout)) return;
    if (before instanceof Linear || (after && activationIn(after) !== undefined))
      say("dropout", `${one} stands before the activation: it belongs after it`);
    if (one.rate < 0.3 || one.rate > 0.5) say("dropout rate", `${one}: rates of 0.3 to 0.5 are usual`);
  });
  const last = leaves.at(-1);
  const { activation } = outputActivation(task);
  const name = (last && activationIn(last)) ?? "linear";
  // Logits are as good: losses that take them are exacter.
  if (name !== activation && name !== `log${activation}` && !(name === "linear" && activation !== "relu"))
    say(
      "output",
      `the model ends with ${last}: ${task} wants ${activation === "linear" ? "no activation" : `${activation}, or logits`}`,
    );
  return breaches;
}

const isNorm = (one: Module): boolean =>
  one instanceof BatchNorm1d || one instanceof BatchNorm2d || one instanceof BatchNorm3d;

/** Keras' name of the activation that a module is, without its underscores; undefined for others. */
function activationIn(one: Module): string | undefined {
  if (one instanceof Linear) return undefined;
  const given = one instanceof Activation && typeof one.activation === "string" ? one.activation : classNameOf(one);
  const name = given.toLowerCase().replaceAll("_", "");
  return Object.keys(activations)
    .find((known) => known.replaceAll("_", "") === name)
    ?.replaceAll("_", "");
}

/**
 * Which activation the last layer needs for such targets: softmax where every row sums to 1 (one class for each example), sigmoid where some
 * row does not (any number of labels).
 * @param targets [examples, classes], 0 and 1 or probabilities.
 */
export async function outputFor(targets: Tensor): Promise<"softmax" | "sigmoid"> {
  const sums = await targets.cast("f32").sum(-1).data();
  return sums.every((sum) => Math.abs(sum - 1) < 1e-4) ? "softmax" : "sigmoid";
}
