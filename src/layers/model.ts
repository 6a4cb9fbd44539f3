/** Models: layers of layers that can be compiled, trained, measured and saved. */
import { knownOptions } from "../core/knownOptions.ts";
import { ArgumentError } from "../core/errors.ts";
import type { SummaryInput } from "../nn/summary.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Trace, withTrace } from "../tensor/trace.ts";
import type { Callback } from "../train/callback.ts";
import { evaluator, type Evaluator } from "../train/evaluate.ts";
import { fit } from "../train/fit.ts";
import { Meter } from "../train/meter.ts";
import { examplesIn, inMode } from "../train/model.ts";
import { stepPrecision, type Precision } from "../train/precision.ts";
import { predict } from "../train/predict.ts";
import { trainStep, type CustomStep } from "../train/step.ts";
import type { Terminal } from "../train/progress.ts";
import { classWeights as weightsByClass, type ClassWeight } from "../train/weights.ts";
import { engineCallback, stopping, type CallbackLike } from "./callbackAdapter.ts";
import { CompiledOptimizer, type OptimizerLike } from "./compiledOptimizer.ts";
import { batchesOf, examplesOf, givenOf, inputsOf, type Arrays, type TrainingData } from "./data.ts";
import { describeModel } from "./description.ts";
import type { Inferred } from "./infer.ts";
import { Layer, withLosses, type CallOptions, type LayerOptions } from "./layer.ts";
import { lintLosses } from "./lint.ts";
import { saveModel } from "./save.ts";
import { scoresOf, type ScoreOptions, type Targets } from "./scores.ts";
import { summaryOf } from "./summary.ts";
import type { Application, Nest, SymbolicTensor } from "./symbolic.ts";

export interface CompileOptions extends ScoreOptions {
  /**
   * "mixed_float16" or "mixed_bfloat16": layers compute with 16 bits while weights stay f32, as with Keras's global policy of that name, and
   * losses are scaled where f16 needs it. "float32" by default.
   */
  readonly precision?: Precision | undefined;
  /** "rmsprop" by default: a name, a description, or an optimizer. */
  readonly optimizer?: OptimizerLike | undefined;
}

/** A batch as `trainStep` is given it. */
export type TrainingBatch = readonly [x: Nest<Tensor>, y: Targets];

/** Options of `fit`, `evaluate` and `predict`. */
export interface BatchOptions {
  /** Examples in a batch, where examples are given and not batches; 32 by default. */
  readonly batchSize?: number | undefined;
  /** 0 shows nothing; otherwise a line of progress. 1 by default. */
  readonly verbose?: 0 | 1 | 2 | Terminal | undefined;
}

export interface EvaluateOptions extends BatchOptions {
  /** What each example counts in the loss. */
  readonly sampleWeight?: Arrays | undefined;
  /** Batches to take, where that shall not be all. */
  readonly steps?: number | undefined;
}

export interface FitOptions extends BatchOptions {
  /** How often to go through the data, 1 by default. The number of the last epoch, where `initialEpoch` is given. */
  readonly epochs?: number | undefined;
  /** Data to measure after every epoch: [x, y], [x, y, sampleWeight], or a dataset of batches. */
  readonly validationData?: TrainingData | undefined;
  /** Which share of the examples to measure on instead: the last ones, before any shuffling. */
  readonly validationSplit?: number | undefined;
  /** From one validation to the next, in epochs; 1 by default. */
  readonly validationFreq?: number | undefined;
  /** Whether each epoch has an order of its own; true by default, of the seed 0 or another one. Datasets shuffle themselves. */
  readonly shuffle?: boolean | { readonly seed: number } | undefined;
  /** What each class counts in the loss, such as `{ 0: 1, 1: 5 }`. Validation does not know it. */
  readonly classWeight?: ClassWeight | undefined;
  /** What each example counts in the loss. */
  readonly sampleWeight?: Arrays | undefined;
  /** The epochs that were done before, 0 by default. */
  readonly initialEpoch?: number | undefined;
  /** Batches in an epoch, where that shall not be one pass through the data. */
  readonly stepsPerEpoch?: number | undefined;
  /** Batches to measure, where that shall not be all of the validation data. */
  readonly validationSteps?: number | undefined;
  /** Callbacks of the engine, or objects with methods of Keras (`onEpochEnd`). */
  readonly callbacks?: CallbackLike | readonly CallbackLike[] | undefined;
  /** Ends training after the current step, with the signal's reason as the error. */
  readonly signal?: AbortSignal | undefined;
}

/** What training was like: `history.history.loss` has one number for each epoch. */
export interface History {
  readonly history: Record<string, number[]>;
  /** From 0, as in Keras. */
  readonly epoch: readonly number[];
}

/** What `compile` was told, and what follows from it. */
interface Compiled {
  readonly options: CompileOptions;
  readonly optimizer: CompiledOptimizer;
}

/** The step, the meter and the evaluator of single batches: made once, so that they are traced once. */
interface OnBatch {
  readonly meter: Meter<Nest<Tensor>, Targets, string>;
  readonly step: ReturnType<typeof trainStep<Nest<Tensor>, Targets, Nest<Tensor>>>;
  readonly evaluate: Evaluator<Nest<Tensor>, Targets, string>;
}

/**
 * The base of models. `sequential` and `model` make the usual ones; a subclass holds layers in fields and says in `call` what it computes.
 *
 * @example
 * class Net extends Model {
 *   hidden = layers.dense({ units: 32, activation: "relu" });
 *   out = layers.dense({ units: 1 });
 *   call(x: Tensor): Tensor { return this.out.apply(this.hidden.apply<Tensor>(x)); }
 * }
 */
export abstract class Model<O extends LayerOptions = LayerOptions> extends Layer<O> {
  static override readonly className: string = "Model";
  #compiled: Compiled | undefined;
  #onBatch: OnBatch | undefined;
  #losses: readonly Tensor[] = [];
  #builtLike: Nest<Inferred> | undefined;
  #classWeights: readonly number[] | undefined;
  /** Set by a callback: training ends after the current step. */
  #stopTraining = false;

  /**
   * A step of training of your own, in a subclass: computes outputs and loss, gradients, and the update. It is traced once and then replayed.
   * Returns what is measured, by name, `loss` among it: one number each.
   *
   * @example
   * override trainStep([x, y]: TrainingBatch): Record<string, Tensor> {
   *   const loss = this.computeLoss(y, this.apply(x, { training: true }));
   *   this.optimizer.zeroGrad();
   *   loss.backward();
   *   this.optimizer.step();
   *   return { loss };
   * }
   */
  trainStep?(batch: TrainingBatch): Record<string, Tensor>;

  /** The loss that `compile` was told for targets and outputs, penalties included: for `trainStep`. */
  computeLoss(targets: Targets, outputs: Nest<Tensor>): Tensor {
    return this.#scores("computeLoss").loss(outputs, targets);
  }

  /** Layers in order. */
  get layers(): readonly Layer[] {
    return this.sublayers;
  }

  /** Where data enters; none of a model that is not built of symbolic tensors. */
  get inputs(): readonly SymbolicTensor[] {
    return [];
  }

  get outputs(): readonly SymbolicTensor[] {
    return [];
  }

  get inputNames(): readonly string[] {
    return this.inputs.map(({ name }) => name);
  }

  /** Names of outputs, for targets and losses: of the layers that give them. */
  get outputNames(): readonly string[] {
    const names = this.outputs.map(({ source }) => source!.layer.name);
    return names.length > 0 ? names : ["output"];
  }

  get stopTraining(): boolean {
    return this.#stopTraining;
  }

  set stopTraining(on: boolean) {
    this.#stopTraining = on;
  }

  /** Connections of a layer within the model. */
  applicationsOf(layer: Layer): readonly Application[] {
    return layer.applications;
  }

  /** The model's outputs. Inputs may be given by name. */
  override forward(
    given: Nest<Tensor> | { readonly [input: string]: Tensor },
    options: CallOptions = {},
  ): Nest<Tensor> {
    const inputs = this.#ordered(given);
    const [outputs, losses] = withLosses(() => super.forward(inputs, options));
    this.#losses = losses;
    for (const loss of losses) this.addLoss(loss);
    return outputs;
  }

  #ordered(given: Nest<Tensor> | { readonly [input: string]: Tensor }): Nest<Tensor> {
    if (given instanceof Tensor || Array.isArray(given) || typeof given !== "object") return given as Nest<Tensor>;
    const names = this.inputNames;
    const byName = given as { readonly [input: string]: Tensor };
    // As `batchesOf` calls inputs that were given in a list.
    if (byName["x0"] && !names.includes("x0")) return Object.keys(byName).map((_, i) => byName[`x${i}`]!);
    const missing = names.find((name) => !(byName[name] instanceof Tensor));
    if (names.length === 0 || missing !== undefined)
      throw new ArgumentError(`${this}: there is no input for "${missing}"; the inputs are ${names.join(", ")}`);
    return names.length === 1 ? byName[names[0]!]! : names.map((name) => byName[name]!);
  }

  /** A layer by name, or by its place. Throws ArgumentError where there is none. */
  getLayer(which: string | number): Layer {
    const found = this.layers.find((layer, i) => (typeof which === "number" ? i === which : layer.name === which));
    if (!found)
      throw new ArgumentError(
        `${this}: there is no layer ${JSON.stringify(which)}; the layers are ${this.layers.map(({ name }) => name).join(", ")}`,
      );
    return found;
  }

  /**
   * Says how to train and what to measure. It may be called again: the optimizer then starts afresh.
   *
   * Layers may be frozen (`trainable = false`) before and after; it takes effect at the next step. (In Keras the model must be compiled
   * again.)
   * @throws ArgumentError for names that mean nothing.
   */
  compile(options: CompileOptions): this {
    knownOptions("compile", options, {
      optimizer: true,
      loss: true,
      lossWeights: true,
      metrics: true,
      weightedMetrics: true,
      precision: true,
    });
    const { optimizer = "rmsprop" } = options;
    this.#compiled = { options, optimizer: new CompiledOptimizer(optimizer) };
    this.#onBatch = undefined;
    // Wrong names are told of where they stand, as far as outputs are known.
    if (this.built) this.#scores("compile");
    return this;
  }

  /** What `compile` was told; undefined before. */
  get compileOptions(): CompileOptions | undefined {
    return this.#compiled?.options;
  }

  /** The optimizer. `learningRate` can be read and set. Throws ArgumentError before `compile`. */
  get optimizer(): CompiledOptimizer {
    return this.#ready("optimizer").optimizer;
  }

  get #precision(): Precision {
    return this.#compiled?.options.precision ?? "float32";
  }

  #ready(operation: string): Compiled {
    if (this.#compiled) return this.#compiled;
    throw new ArgumentError(
      `${operation}: ${this} is not compiled. Call model.compile({ optimizer: "adam", loss: "mse" }) first`,
    );
  }

  #scores(operation: string): ReturnType<typeof scoresOf> {
    const { options } = this.#ready(operation);
    const outputs = this.outputNames;
    lintLosses(this, options, outputs);
    return scoresOf(options, {
      outputs,
      penalties: () => this.losses,
      classWeights: () => (this.training ? this.#classWeights : undefined),
    });
  }

  /** Penalties on weights, and what layers added to the loss while the model ran last. */
  get losses(): readonly Tensor[] {
    const penalties = this.weights.flatMap((weight) =>
      weight.regularizer && weight.trainable ? [weight.regularizer(weight.read())] : [],
    );
    return [...penalties, ...this.#losses];
  }

  /** Makes weights and optimizer, with the shapes of inputs. */
  #prepare(operation: string, inputs: Nest<Tensor> | { readonly [input: string]: Tensor }): CompiledOptimizer {
    const { optimizer } = this.#ready(operation);
    this.buildOn(this.#ordered(inputs));
    optimizer.make(this.parameters(), this.weights);
    return optimizer;
  }

  /** Makes the weights of this model and of all layers in it, with the shapes of inputs. */
  buildOn(inputs: Nest<Tensor>): void {
    if (this.built) return;
    const described = ({ shape, dtype }: Tensor): Inferred => ({ shape: [null, ...shape.slice(1)], dtype });
    this.buildLike(Array.isArray(inputs) ? inputs.map(described) : described(inputs as Tensor));
  }

  /** `buildOn` for inputs of these shapes, the batch in front, and dtypes. */
  buildLike(inputs: Nest<Inferred>): void {
    // Running it on placeholders builds what is only met on the way.
    this.inferOutputs(inputs, {});
    this.#builtLike = inputs;
  }

  /** What `buildLike` was told last. */
  get builtLike(): Nest<Inferred> | undefined {
    return this.#builtLike;
  }

  /**
   * Trains the model.
   * @param x examples: a tensor or nested arrays, several in a list or by name; or a dataset of batches [x, y] or [x, y, weights], an
   * iterable of them, or a function that makes one for an epoch. Then y is left out.
   * @returns the means of every epoch: `history.loss`, `history.accuracy`, `history.val_loss` …
   * @throws ArgumentError when the model is not compiled, and what the engine's `fit` throws.
   */
  async fit(x: TrainingData | Arrays, y?: Arrays | FitOptions, options?: FitOptions): Promise<History> {
    const [data, o] = examplesOf<FitOptions>("fit", x, y, options);
    knownOptions("fit", o, {
      batchSize: true,
      verbose: true,
      epochs: true,
      validationData: true,
      validationSplit: true,
      validationFreq: true,
      shuffle: true,
      classWeight: true,
      sampleWeight: true,
      initialEpoch: true,
      stepsPerEpoch: true,
      validationSteps: true,
      callbacks: true,
      signal: true,
    });
    this.#ready("fit");
    const examples = batchesOf("fit", data, o.sampleWeight, this.outputNames.length);
    const optimizer = this.#prepare("fit", (await examples.first())[0]);
    const callbacks = [o.callbacks ?? []].flat() as readonly CallbackLike[];
    const { schedule } = optimizer;
    const initialEpoch = o.initialEpoch ?? 0;
    const own = this.trainStep && this.#ownStep(await examples.first());
    this.#stopTraining = false;
    this.#classWeights = o.classWeight && weightsByClass("fit", o.classWeight);
    try {
      const validation =
        o.validationData && batchesOf("fit", givenOf(o.validationData), undefined, this.outputNames.length);
      const history = await fit<Nest<Tensor>, Targets, Nest<Tensor>, string>(this, examples.data, {
        ...this.#scores("fit"),
        step: own,
        optimizer,
        epochs: o.epochs ?? initialEpoch + 1,
        initialEpoch,
        stepsPerEpoch: o.stepsPerEpoch,
        batchSize: o.batchSize,
        shuffle: o.shuffle,
        validation: validation && validation.take(o.validationSteps, o.batchSize),
        validationSplit: o.validationSplit,
        validationFreq: o.validationFreq,
        clip: optimizer.clip,
        precision: this.#precision,
        callbacks: [
          ...(schedule ? [scheduled(optimizer, schedule)] : []),
          ...callbacks.map((callback) => engineCallback(callback, this)),
          stopping(this),
        ],
        display: displayOf(o.verbose),
        signal: o.signal,
      });
      return { history, epoch: (history.loss ?? []).map((_, i) => initialEpoch + i) };
    } finally {
      this.#classWeights = undefined;
    }
  }

  /**
   * Loss and metrics over examples or batches, in inference.
   * @returns means by name: `{ loss, accuracy }`.
   */
  async evaluate(
    x: TrainingData | Arrays,
    y?: Arrays | EvaluateOptions,
    options?: EvaluateOptions,
  ): Promise<Record<string, number>> {
    const [data, o] = examplesOf<EvaluateOptions>("evaluate", x, y, options);
    knownOptions("evaluate", o, { batchSize: true, verbose: true, sampleWeight: true, steps: true });
    this.#ready("evaluate");
    const examples = batchesOf("evaluate", data, o.sampleWeight, this.outputNames.length);
    this.#prepare("evaluate", (await examples.first())[0]);
    const scores = this.#scores("evaluate");
    return await evaluator<Nest<Tensor>, Targets, Nest<Tensor>, string>(
      this,
      scores,
      o.batchSize,
    )(examples.take(o.steps, o.batchSize));
  }

  /** The model's outputs for examples, or batches of inputs, in inference: one tensor, or a list where there are several outputs. */
  async predict<R extends Nest<Tensor> = Tensor>(
    x: Arrays | AsyncIterable<Nest<Tensor>>,
    options: BatchOptions = {},
  ): Promise<R> {
    knownOptions("predict", options, { batchSize: true, verbose: true });
    const { batchSize = 32 } = options;
    const batches = await inputsOf(x, batchSize);
    return (await predict<Nest<Tensor>, Nest<Tensor>>(this, batches)) as R;
  }

  /** The model's outputs for one batch, in inference. */
  predictOnBatch<R extends Nest<Tensor> = Tensor>(x: Nest<Tensor>): R {
    return noGrad(() => this.forward(x, { training: false })) as R;
  }

  /** One step on one batch. Returns loss and metrics of it, before the update. */
  async trainOnBatch(x: Arrays, y: Arrays, sampleWeight?: Arrays): Promise<Record<string, number>> {
    const [inputs, targets] = await batchesOf(
      "trainOnBatch",
      { examples: [x, y] },
      sampleWeight,
      this.outputNames.length,
    ).whole();
    this.#prepare("trainOnBatch", inputs);
    const { step, meter } = this.#batchwise();
    meter.reset();
    await inMode(this, true, async () => void step([[inputs, targets]], []));
    meter.count(examplesIn("trainOnBatch", inputs));
    await meter.collect();
    return meter.means();
  }

  /** Loss and metrics of one batch, in inference. */
  async testOnBatch(x: Arrays, y: Arrays, sampleWeight?: Arrays): Promise<Record<string, number>> {
    const [inputs, targets] = await batchesOf(
      "testOnBatch",
      { examples: [x, y] },
      sampleWeight,
      this.outputNames.length,
    ).whole();
    this.#prepare("testOnBatch", inputs);
    return await this.#batchwise().evaluate([[inputs, targets]]);
  }

  /** The step that `trainStep` says, and the names of what it returns: told by a trace that is thrown away. */
  #ownStep([inputs, targets]: TrainingBatch): CustomStep<Nest<Tensor>, Targets> {
    const run = (x: Nest<Tensor>, y: Targets): Record<string, Tensor> => this.trainStep!([x, y]);
    const names = Object.keys(withTrace(new Trace("trainStep"), () => run(inputs, targets)));
    if (!names.includes("loss"))
      throw new ArgumentError(`fit: trainStep of ${this} must return a loss, as in { loss }`);
    return { run, names: ["loss", ...names.filter((name) => name !== "loss")] };
  }

  #batchwise(): OnBatch {
    if (this.#onBatch) return this.#onBatch;
    const scores = this.#scores("trainOnBatch");
    const { optimizer } = this;
    const meter = new Meter<Nest<Tensor>, Targets, string>("trainOnBatch", scores);
    return (this.#onBatch = {
      meter,
      step: trainStep<Nest<Tensor>, Targets, Nest<Tensor>>({
        model: this,
        optimizer,
        meter,
        clip: optimizer.clip,
        classWeights: undefined,
        watches: [],
        precision: stepPrecision(this.#precision, this, optimizer),
      }),
      evaluate: evaluator<Nest<Tensor>, Targets, Nest<Tensor>, string>(this, scores),
    });
  }

  /**
   * A table of layers, the shapes they give and their numbers of parameters; written to the console.
   * @param print takes the table in place of the console.
   * @returns the table.
   */
  override summary(print: ((text: string) => void) | SummaryInput = (text) => console.log(text)): string {
    const table = summaryOf(this);
    if (typeof print === "function") print(table);
    return table;
  }

  /** The model's configuration, for `JSON.stringify(model)` and `modelFromJSON`: no weights. */
  toJSON(): { readonly className: string; readonly config: Record<string, unknown> } {
    return describeModel(this);
  }

  /**
   * Writes configuration, weights, what `compile` was told and the state of the optimizer into one .safetensors file, from which
   * `loadModel` makes the model again, without the program that made it.
   * @throws FormatError for other files and for options that are functions; PlatformError when the file cannot be written.
   */
  async save(path: string): Promise<void> {
    await saveModel(this, path);
  }
}

function displayOf(verbose: BatchOptions["verbose"] = 1): boolean | Terminal {
  return typeof verbose === "object" ? verbose : verbose !== 0;
}

/** Sets the rate of every step. */
function scheduled(optimizer: CompiledOptimizer, rate: (step: number) => number): Callback {
  return {
    name: "learningRateSchedule",
    begin: (run) => void (optimizer.lr = rate(run.totalSteps)),
    endStep: (run) => void (optimizer.lr = rate(run.totalSteps)),
  };
}
