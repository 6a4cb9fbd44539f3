import { ArgumentError } from "../core/errors.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { jit } from "../tensor/jit.ts";
import { Meter } from "./meter.ts";
import { examplesIn, inMode, pairOf, type Batches, type Means, type Model, type Scores } from "./model.ts";

/** Options of `evaluate`. */
export interface EvaluateOptions<O, Y, M extends string> extends Scores<O, Y, M> {
  /** Ends the evaluation after the current batch, with the signal's reason as the error. */
  readonly signal?: AbortSignal | undefined;
}

/** Measures a model on batches. */
export type Evaluator<X, Y, M extends string> = (data: Batches<X, Y>, signal?: AbortSignal) => Promise<Means<M>>;

/**
 * Loss and metrics of a model over all batches, in evaluation mode and without gradients: means over examples, however
 * they are batched. The model is left as it was.
 *
 * @throws ArgumentError when there are no batches, or they are no pairs of tensors.
 *
 * @example
 * const { loss, accuracy } = await evaluate(model, test.batch(500), { loss: losses.crossEntropy, metrics: { accuracy } });
 */
export function evaluate<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  data: Batches<X, Y>,
  { signal, ...scores }: EvaluateOptions<O, Y, M>,
): Promise<Means<M>> {
  return evaluator(model, scores)(data, signal);
}

/** `evaluate` for one model again and again: its step is traced once. */
export function evaluator<X, Y, O, M extends string>(model: Model<X, O>, scores: Scores<O, Y, M>): Evaluator<X, Y, M> {
  const meter = new Meter("evaluate", scores);
  const step = jit(function evaluate(inputs: X, targets: Y): void {
    noGrad(() => meter.add(model.forward(inputs), targets, examplesIn("evaluate", inputs)));
  });
  return (data, signal) =>
    inMode(model, false, async () => {
      meter.reset();
      for await (const batch of data) {
        signal?.throwIfAborted();
        const [inputs, targets] = pairOf("evaluate", batch);
        const examples = examplesIn("evaluate", inputs);
        step(inputs, targets);
        meter.count(examples);
      }
      if (meter.examples === 0) throw new ArgumentError("evaluate: the data has no batches; check where it comes from");
      await meter.collect();
      return meter.means();
    });
}
