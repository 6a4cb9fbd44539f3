/** The traced steps of training. */
import { ArgumentError } from "../core/errors.ts";
import { clipGradNorm, clipGradNorms, clipGradValue } from "../optim/clip.ts";
import { assign } from "../tensor/assign.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { scalarCell } from "../optim/group.ts";
import { add, div, mul } from "../tensor/functional/arithmetic.ts";
import { cast } from "../graph/ops/unary.ts";
import { fill } from "../graph/ops/leaf.ts";
import { jit } from "../tensor/jit.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { mapTensors } from "../tensor/tree.ts";
import { takeBackUnless } from "../tensor/unless.ts";
import { noteActivations } from "./activations.ts";
import type { TracedStep, Watch } from "./callback.ts";
import type { Meter } from "./meter.ts";
import type { StepPrecision } from "./precision.ts";
import { examplesIn, type Batch, type Model, type Scores } from "./model.ts";
import { weightsOf } from "./weights.ts";

/** What a step needs of an optimizer. */
export interface Updates {
  /** Learning rate. */
  lr: number;
  zeroGrad(): void;
  step(): void;
}

/** How gradients are brought to size before an update; in this order where several are given. */
export interface Clip {
  /** No element is larger than this. */
  readonly value?: number | undefined;
  /** The gradient of each parameter has at most this norm (Keras's `clipnorm`). */
  readonly norm?: number | undefined;
  /** All gradients together have at most this norm (Keras's `global_clipnorm`, PyTorch's `clip_grad_norm_`). */
  readonly globalNorm?: number | undefined;
}

export interface StepParts<X, Y, O> {
  readonly model: Model<X, O>;
  readonly optimizer: Updates;
  readonly meter: Meter<O, Y, string>;
  readonly clip: Clip | undefined;
  readonly classWeights: readonly number[] | undefined;
  readonly watches: readonly Watch[];
  readonly precision: StepPrecision;
  readonly custom?: CustomStep<X, Y> | undefined;
}

/** A step of the user's own in the place of forward pass, gradients and update. */
export interface CustomStep<X, Y> {
  /** Makes the gradients and the update, and returns what is measured: one number for each name. Traced once, then replayed. */
  readonly run: (inputs: X, targets: Y, weights: Tensor | undefined) => Readonly<Record<string, Tensor>>;
  /** The names, `loss` first. */
  readonly names: readonly string[];
}

type Seen = Readonly<Record<string, Tensor>>;

/** Runs a step on the batches that belong to it. Returns what each of the watches that are due has traced. */
export type Step<X, Y> = (batches: readonly Batch<X, Y>[], due: readonly number[]) => readonly Seen[];

/**
 * The step of training: gradients of a batch, and the update. Where a step has several batches, two programs: one adds up gradients, each
 * batch's times its number of examples; the other does so with the last batch, divides by the number of all, and updates. So the gradient
 * is that of the mean over all examples, however many batches there were.
 */
export function trainStep<X, Y, O>(parts: StepParts<X, Y, O>): Step<X, Y> {
  const { model, optimizer, meter, clip, classWeights, watches, precision, custom } = parts;
  if (custom) return customStep(parts, custom);
  const gathered = scalarCell(0, "f32", "examples gathered");

  const lossOf = (outputs: O, targets: Y, examples: number, given: Tensor | undefined): Tensor =>
    meter.add(outputs, targets, examples, weightsOf("fit", targets, given, classWeights));

  const update = (step: TracedStep, due: readonly Watch[]): Seen[] => {
    precision.unscale();
    // Parameters are asked for their values here, before the update gives them new ones.
    const seen = noGrad(() => due.map((watch) => mapTensors(watch.trace(step), ({ node }) => fromNode(node))));
    clipGradients(model, clip);
    precision.step();
    // Gradients that nobody reads need not be stored.
    optimizer.zeroGrad();
    for (const [at, { accept }] of due.entries()) {
      if (accept === undefined) continue;
      const accepted = seen[at]![accept];
      if (!accepted) throw new ArgumentError(`fit: a watch accepts by "${accept}", which it does not trace`);
      takeBackUnless(accepted.node);
    }
    return noGrad(() =>
      due.map((watch, at): Seen => {
        if (!watch.keep) return seen[at]!;
        watch.keep(seen[at]!);
        return {};
      }),
    );
  };

  /** The watches of a traced step, which come as text, because that is what keys a program. */
  const watchesIn = (due: string): Watch[] => (due === "" ? [] : due.split(" ").map((at) => watches[Number(at)]!));

  const forward = (inputs: X, targets: Y, weights: Tensor | undefined, due: readonly Watch[]): TracedStep =>
    precision.forward(() => forwardHere(inputs, targets, weights, due));
  const forwardHere = (inputs: X, targets: Y, weights: Tensor | undefined, due: readonly Watch[]): TracedStep => {
    const examples = examplesIn("fit", inputs);
    if (due.length === 0) {
      const outputs = model.forward(inputs);
      return { model, outputs, loss: lossOf(outputs, targets, examples, weights), activations: new Map() };
    }
    const { result: outputs, activations } = noteActivations(model, () => model.forward(inputs));
    return { model, outputs, loss: lossOf(outputs, targets, examples, weights), activations };
  };

  const single = jit(function fit(inputs: X, targets: Y, weights: Tensor | undefined, due: string): Seen[] {
    const watching = watchesIn(due);
    optimizer.zeroGrad();
    const step = forward(inputs, targets, weights, watching);
    precision.backward(step.loss);
    return update(step, watching);
  });

  const gather = jit(function fitGather(inputs: X, targets: Y, weights: Tensor | undefined): void {
    const examples = examplesIn("fit", inputs);
    precision.backward(forward(inputs, targets, weights, []).loss.mul(examples));
    assign([{ cell: gathered, value: add(gathered.leaf(), examples) }]);
  });

  const last = jit(function fitLast(inputs: X, targets: Y, weights: Tensor | undefined, due: string): Seen[] {
    const watching = watchesIn(due);
    const examples = examplesIn("fit", inputs);
    const step = forward(inputs, targets, weights, watching);
    precision.backward(step.loss.mul(examples));
    const share = div(1, add(gathered.leaf(), examples));
    const gradients = model.parameters().map(({ cell }) => cell.gradient);
    assign([
      ...gradients
        .filter((cell) => !cell.empty)
        .map((cell) => ({ cell, value: mul(cell.leaf(), cast(share, cell.dtype)) })),
      { cell: gathered, value: fill([], 0, "f32") },
    ]);
    return update(step, watching);
  });

  return (batches, due) => {
    const looking = due.join(" ");
    const [inputs, targets, weights] = batches[batches.length - 1]!;
    if (batches.length === 1) return single(inputs, targets, weights, looking);
    optimizer.zeroGrad();
    for (const batch of batches.slice(0, -1)) gather(batch[0], batch[1], batch[2]);
    return last(inputs, targets, weights, looking);
  };
}

function customStep<X, Y, O>({ optimizer, meter, watches }: StepParts<X, Y, O>, custom: CustomStep<X, Y>): Step<X, Y> {
  if (watches.length > 0)
    throw new ArgumentError(
      "fit: callbacks that look into a step cannot look into one of the user's own; leave them out",
    );
  const step = jit(function fit(inputs: X, targets: Y, weights: Tensor | undefined): void {
    // The meter of a custom step measures what the step returns.
    meter.add(custom.run(inputs, targets, weights) as O, targets, examplesIn("fit", inputs));
    optimizer.zeroGrad();
  });
  return (batches) => {
    for (const [inputs, targets, weights] of batches) step(inputs, targets, weights);
    return [];
  };
}

/** Scores of what a custom step returns. */
export function scoresOfStep<Y>({ names }: CustomStep<never, Y>): Scores<Readonly<Record<string, Tensor>>, Y, string> {
  const [loss, ...metrics] = names.map((name) => (measured: Readonly<Record<string, Tensor>>) => {
    const value = measured[name];
    if (value) return value.detach();
    throw new ArgumentError(`fit: the step returned no "${name}"; it must return ${names.join(", ")}`);
  });
  return { loss: loss!, metrics: Object.fromEntries(metrics.map((metric, i) => [names[i + 1]!, metric])) };
}

function clipGradients(model: Model<never, unknown>, clip: Clip | undefined): void {
  if (!clip) return;
  const parameters = model.parameters();
  if (clip.value !== undefined) clipGradValue(parameters, clip.value);
  if (clip.norm !== undefined) clipGradNorms(parameters, clip.norm);
  if (clip.globalNorm !== undefined) clipGradNorm(parameters, clip.globalNorm);
}
