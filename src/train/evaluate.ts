import { knownOptions } from "../core/knownOptions.ts";
import { ArgumentError } from "../core/errors.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { roomToRun } from "../tensor/engine.ts";
import { jit } from "../tensor/jit.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { blameData } from "./diagnosis.ts";
import { Feed, readyExamples, type Data, type Examples } from "./feed.ts";
import { Meter } from "./meter.ts";
import { examplesIn, inMode, type Means, type Model, type Scores } from "./model.ts";

/** Options of `evaluate`. */
export interface EvaluateOptions<O, Y, M extends string> extends Scores<O, Y, M> {
  /** Ends the evaluation after the current batch, with the signal's reason as the error. */
  readonly signal?: AbortSignal | undefined;
  /** Examples in a batch, where examples are given and not batches; 32 by default. */
  readonly batchSize?: number | undefined;
}

/** Measures a model on data. */
export type Evaluator<X, Y, M extends string> = (data: Data<X, Y>, signal?: AbortSignal) => Promise<Means<M>>;

/**
 * Loss and metrics of a model over all batches, in evaluation mode and without gradients: means over examples, however
 * they are batched. The model is left as it was.
 *
 * @param data examples, `[inputs, targets]`, or batches of such: see `fit`. With weights, they count in the loss.
 * @throws ArgumentError when there are no batches, or they are no pairs of tensors; where the loss is not finite and the data is to blame:
 * NaN in it, or a label that names no class.
 *
 * @example
 * const { loss, accuracy } = await evaluate(model, test.batch(500), { loss: losses.crossEntropy, metrics: { accuracy } });
 */
export function evaluate<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  examples: Examples<NoInfer<X>, Y>,
  options: EvaluateOptions<O, Y, M>,
): Promise<Means<M>>;
export function evaluate<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  data: Data<X, Y>,
  options: EvaluateOptions<O, Y, M>,
): Promise<Means<M>>;
export function evaluate<X, Y, O, M extends string = never>(
  model: Model<X, O>,
  data: Data<X, Y>,
  options: EvaluateOptions<O, Y, M>,
): Promise<Means<M>> {
  knownOptions("evaluate", options as EvaluateOptions<unknown, unknown, never>, {
    loss: true,
    metrics: true,
    batchSize: true,
    signal: true,
  });
  const { signal, batchSize, ...scores } = options;
  return evaluator(model, scores, batchSize)(data, signal);
}

/** `evaluate` for one model again and again: its step is traced once. */
export function evaluator<X, Y, O, M extends string>(
  model: Model<X, O>,
  scores: Scores<O, Y, M>,
  batchSize?: number,
): Evaluator<X, Y, M> {
  const meter = new Meter("evaluate", scores);
  const step = jit(function evaluate(inputs: X, targets: Y, weights?: Tensor): void {
    noGrad(() => meter.add(model.forward(inputs), targets, examplesIn("evaluate", inputs), weights));
  });
  return (data, signal) =>
    inMode(model, false, async () => {
      await readyExamples(data);
      const feed = new Feed("evaluate", data, { batchSize, shuffle: false });
      meter.reset();
      feed.start();
      try {
        for (let batch = await feed.next(); batch; batch = await feed.next()) {
          signal?.throwIfAborted();
          const [inputs, targets, weights] = batch;
          const examples = examplesIn("evaluate", inputs);
          step(inputs, targets, weights);
          meter.count(examples);
          await roomToRun();
        }
      } finally {
        feed.close();
      }
      if (meter.examples === 0) throw new ArgumentError("evaluate: the data has no batches; check where it comes from");
      await meter.collect();
      if (meter.firstBad !== undefined)
        await blameData("evaluate", meter.firstBad, `batch ${meter.firstBad + 1}`, feed, meter);
      return meter.means();
    });
}
