/** The base of Keras's layers: modules that build themselves when they first see an input. */
import { isFloat, type DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { sizeOf, type Shape } from "../core/shape.ts";
import { assign as redraw, drawn, filled } from "../nn/init/drawn.ts";
import { zeros } from "../nn/init/distributions.ts";
import { Module } from "../nn/module.ts";
import { assign } from "../tensor/assign.ts";
import { Parameter, type StateTensor } from "../tensor/parameter.ts";
import { Tensor } from "../tensor/tensor.ts";
import { outsideTraces } from "../tensor/trace.ts";
import { inferred } from "./infer.ts";
import { initializerOf, type InitializerLike } from "./initializers.ts";
import { maskOf, withMask } from "./masks.ts";
import { constraintOf, regularizerOf, type ConstraintLike, type RegularizerLike } from "./penalties.ts";
import { flat, isSymbolic, SymbolicTensor, type Application, type KerasShape, type Nest } from "./symbolic.ts";
import { Weight, type Layout } from "./weight.ts";

/** Options of every layer. */
export interface LayerOptions {
  /** `dense`, `dense_1` and so on by default. */
  readonly name?: string | undefined;
  /** Whether training may change the weights, true by default. */
  readonly trainable?: boolean | undefined;
  /** f32 by default, or f64: what weights are, and what inputs of another float dtype become. */
  readonly dtype?: DType | undefined;
  /** The shape of an example, without the batch, for the first layer of a `sequential`; null where a size is not known. */
  readonly inputShape?: KerasShape | undefined;
  /** `inputShape` with the batch in front. */
  readonly batchInputShape?: KerasShape | undefined;
}

/** What a call of a layer may say. */
export interface CallOptions {
  /** Whether to behave as in training; by default as the model does that is run. */
  readonly training?: boolean | undefined;
  /** bool [n, steps] of each input, true where a step counts; the one that came with the input by default. */
  readonly mask?: Nest<Tensor | undefined> | undefined;
}

/** How a weight is held and begun. */
export interface HoldOptions {
  readonly layout?: Layout | undefined;
  readonly initializer?: InitializerLike | undefined;
  readonly regularizer?: RegularizerLike | null | undefined;
  readonly constraint?: ConstraintLike | null | undefined;
}

/** What `addLoss` adds to while a model runs. */
let collector: Tensor[] | undefined;

/** Runs something, and returns what it added to the loss beside its result. */
export function withLosses<T>(run: () => T): readonly [result: T, losses: readonly Tensor[]] {
  const before = collector;
  const losses: Tensor[] = (collector = []);
  try {
    return [run(), losses];
  } finally {
    collector = before;
  }
}

const counts = /* @__PURE__ */ new Map<string, number>();

/** `conv2d`, `conv2d_1`, … for "Conv2D". */
export function freshName(className: string): string {
  const base = className
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
  const count = counts.get(base) ?? 0;
  counts.set(base, count + 1);
  return count === 0 ? base : `${base}_${count}`;
}

/** Starts the names of layers anew, as Keras's `clear_session`: the next dense layer is `dense`. */
export function resetNames(): void {
  counts.clear();
}

/**
 * The base of layers. A subclass makes its weights in `build`, which is told the input's shape before the first call, and says in `call` what it
 * computes; users call `layer.apply(x)`, on tensors for values or on symbolic ones to connect layers.
 *
 * A layer is a module: its state dict, hooks and freezing are those of `nn.Module`. Called alone it behaves as in inference; `fit` sets
 * training.
 *
 * @example
 * class Scale extends Layer<LayerOptions & { factor: number }> {
 *   static override readonly className = "Scale";
 *   override build(): void { this.addWeight("gain", [1], { initializer: "ones" }); }
 *   call(x: Tensor): Tensor { return x.mul(this.weight("gain")).mul(this.options.factor); }
 * }
 * registerClass(Scale); // so that saved models find it
 */
export abstract class Layer<O extends LayerOptions = LayerOptions> extends Module {
  /** What saved models call the class; give it one that minifiers leave alone. */
  static readonly className: string = "Layer";
  readonly #options: O;
  readonly #weights: Weight[] = [];
  readonly #added: Record<string, StateTensor> = {};
  #name: string;
  #trainable: boolean;
  #built = false;
  #applications: Application[] = [];

  constructor(options: O = {} as O) {
    super();
    this.#options = options;
    this.#name = options.name ?? freshName(this.className);
    this.#trainable = options.trainable ?? true;
    this.training = false;
  }

  get className(): string {
    return (this.constructor as typeof Layer).className;
  }

  /** As given. */
  get options(): O {
    return this.#options;
  }

  get name(): string {
    return this.#name;
  }

  get dtype(): DType {
    return this.#options.dtype ?? "f32";
  }

  /** Whether weights exist. */
  get built(): boolean {
    return this.#built;
  }

  /** The shape with the batch that options give; undefined where they give none. */
  get batchInputShape(): KerasShape | undefined {
    const { batchInputShape, inputShape } = this.#options;
    return batchInputShape ?? (inputShape && [null, ...inputShape]);
  }

  /** Whether a mask of the input is one of the output too. */
  get supportsMasking(): boolean {
    return false;
  }

  /** Penalties on what the layer returns, as an option of many layers. */
  protected get activityRegularizer(): RegularizerLike | null | undefined {
    return undefined;
  }

  /** Makes weights. The batch is null in the shape. Called once, whenever the layer first meets an input. */
  build(_inputShape: never): void {}

  /** What the layer computes. */
  abstract call(inputs: never, options: CallOptions): Nest<Tensor>;

  /** The mask of the output: that of the (first) input by default, where the layer lets masks through. */
  computeMask(_inputs: Nest<Tensor>, mask: Nest<Tensor | undefined> | undefined): Tensor | undefined {
    return this.supportsMasking && mask ? flat(mask)[0] : undefined;
  }

  /** Builds the layer for a shape with the batch in front, if it is not built yet. */
  buildFor(inputShape: Nest<KerasShape>): void {
    if (this.#built) return;
    outsideTraces(() => {
      this.build(inputShape as never);
      // What build has made is in the mode that the layer is in.
      this.train(this.training);
      if (!this.#trainable) this.trainable = false;
    });
    this.#built = true;
  }

  /** Calls a function on every module, or applies the layer to tensors. */
  override apply(visit: (module: Module) => void): this;
  /** Connects the layer to symbolic tensors. Layers that return several tensors give an array. */
  override apply<R extends Nest<SymbolicTensor> = SymbolicTensor>(
    inputs: Nest<SymbolicTensor>,
    options?: CallOptions & Readonly<Record<string, unknown>>,
  ): R;
  /** The layer's outputs. */
  override apply<R extends Nest<Tensor> = Tensor>(
    inputs: Nest<Tensor>,
    options?: CallOptions & Readonly<Record<string, unknown>>,
  ): R;
  override apply(
    given: Nest<Tensor> | Nest<SymbolicTensor> | ((module: Module) => void),
    options: CallOptions = {},
  ): unknown {
    if (typeof given === "function") return super.apply(given);
    if (isSymbolic(given)) return this.#connect(...this.arranged<SymbolicTensor>(given, options));
    return this.forward(...this.arranged<Tensor>(given as Nest<Tensor>, options));
  }

  /** Tensors among the options of a call that are inputs too, such as an initial state, brought among the inputs. */
  protected arranged<T>(inputs: Nest<T>, options: CallOptions): readonly [Nest<T>, CallOptions] {
    return [inputs, options];
  }

  /** What `apply` does with tensors: builds the layer if need be and calls it. */
  forward(given: Nest<Tensor>, options: CallOptions = {}): Nest<Tensor> {
    const inputs = this.#converted(given);
    this.buildFor(
      Array.isArray(inputs)
        ? inputs.map(({ shape }: Tensor) => withoutBatch(shape))
        : withoutBatch((inputs as Tensor).shape),
    );
    const mask =
      options.mask ?? (Array.isArray(given) ? (given as Tensor[]).map((x) => maskOf(x)) : maskOf(given as Tensor));
    const { training } = options;
    const run = (): Nest<Tensor> => this.call(inputs as never, { ...options, mask, training: this.training });
    const outputs = training === undefined || training === this.training ? run() : this.#inMode(training, run);
    const shown = this.computeMask(inputs, mask);
    if (shown)
      flat(outputs)
        .slice(0, 1)
        .forEach((x) => withMask(x, shown));
    if (this.activityRegularizer) {
      const penalty = regularizerOf(this.activityRegularizer);
      // As in Keras: a mean over the batch.
      for (const x of flat(outputs)) this.addLoss(penalty(x).div(x.shape[0] ?? 1));
    }
    return outputs;
  }

  #converted(inputs: Nest<Tensor>): Nest<Tensor> {
    const one = (x: Tensor): Tensor => {
      if (!(x instanceof Tensor))
        throw new ArgumentError(`${this}: wants tensors, got ${x === null ? "null" : typeof x}. Use tensor(…)`);
      return isFloat(x.dtype) && x.dtype !== this.dtype ? x.cast(this.dtype) : x;
    };
    return Array.isArray(inputs) ? (inputs as readonly Tensor[]).map(one) : one(inputs as Tensor);
  }

  #inMode<T>(training: boolean, run: () => T): T {
    const changed = this.modules().filter((module) => module.training !== training);
    for (const module of changed) module.training = training;
    try {
      return run();
    } finally {
      for (const module of changed) module.training = !training;
    }
  }

  #connect(inputs: Nest<SymbolicTensor>, options: CallOptions): Nest<SymbolicTensor> {
    const { outputs, isList } = this.inferOutputs(inputs, options);
    const made = outputs.map(
      ({ shape, dtype }, i) => new SymbolicTensor(shape, dtype, outputs.length > 1 ? `${this.name}_${i}` : this.name),
    );
    const application = { layer: this as Layer, inputs, options: { ...options }, outputs: made };
    for (const one of made) one.source = application;
    this.#applications.push(application);
    return isList ? made : made[0]!;
  }

  protected inferOutputs(
    inputs: Nest<{ readonly shape: KerasShape; readonly dtype: DType }>,
    options: CallOptions,
  ): ReturnType<typeof inferred> {
    this.buildFor(
      Array.isArray(inputs) ? inputs.map(({ shape }: SymbolicTensor) => shape) : (inputs as SymbolicTensor).shape,
    );
    return inferred(inputs, (tensors) => this.forward(tensors, options));
  }

  /** Where the layer was connected, in order. */
  get applications(): readonly Application[] {
    return this.#applications;
  }

  /** The symbolic tensor that it was connected to, the first time. Throws ArgumentError before. */
  get input(): SymbolicTensor {
    return flat(this.#connected().inputs)[0]!;
  }

  /** The symbolic tensor that it gives, connected the first time: where another model can go on. Throws ArgumentError before. */
  get output(): SymbolicTensor {
    return this.#connected().outputs[0]!;
  }

  /** The shape of `output`, with the batch in front. */
  get outputShape(): KerasShape {
    return this.output.shape;
  }

  #connected(): Application {
    const [first] = this.#applications;
    if (first) return first;
    throw new ArgumentError(
      `${this}: is connected to no symbolic tensor yet; apply it to one, or give the model an inputShape`,
    );
  }

  /** The shape of the output for an input's, both with the batch in front; of each output where there are several. */
  computeOutputShape<R extends Nest<KerasShape> = KerasShape>(inputShape: Nest<KerasShape>, dtype: DType = "f32"): R {
    const several = Array.isArray(inputShape[0]);
    const inputs = several
      ? (inputShape as readonly KerasShape[]).map((shape) => ({ shape, dtype }))
      : { shape: inputShape as KerasShape, dtype };
    const { outputs, isList } = this.inferOutputs(inputs, {});
    const shapes = outputs.map(({ shape }) => shape);
    return (isList ? shapes : shapes[0]!) as R;
  }

  /** A weight of its own, for `build`: trained unless `trainable` is false. The shape is Keras's: [in, units]. */
  protected addWeight(
    name: string,
    shape: Shape,
    options: Omit<HoldOptions, "layout"> & { readonly trainable?: boolean | undefined } = {},
  ): StateTensor {
    const { trainable = true, initializer = "glorotUniform" } = options;
    const label = `${this.name}.${name}`;
    const state = trainable ? drawn(shape, zeros, this.dtype, label) : filled(shape, 0, this.dtype, label);
    begin(state, initializer, shape);
    this.#added[name] = state;
    this.hold(name, state, { ...options, initializer: undefined });
    return state;
  }

  /** The weight of a name that `addWeight` made. */
  protected weight(name: string): StateTensor {
    const state = Object.hasOwn(this.#added, name) ? this.#added[name] : undefined;
    if (!state) throw new ArgumentError(`${this}: has no weight named ${name}`);
    return state;
  }

  /** Makes a parameter of a module inside one of the layer's weights, and gives it its first values. */
  protected hold(name: string, held: StateTensor | readonly StateTensor[], options: HoldOptions = {}): void {
    const { initializer, regularizer, constraint, layout } = options;
    const list = flat(held);
    if (initializer !== undefined) for (const { cell } of list) redraw(new Parameter(cell), initializerOf(initializer));
    this.#weights.push(
      new Weight(name, list, {
        layout,
        regularizer: regularizer ? regularizerOf(regularizer) : undefined,
        constraint: constraint ? constraintOf(constraint) : undefined,
      }),
    );
  }

  /** Adds to the loss of the model that is being run. Without one it has no effect. */
  addLoss(loss: Tensor): void {
    collector?.push(loss);
  }

  override members(): Iterable<readonly [string, unknown]> {
    const own = Object.entries(this);
    const stored = new Set<unknown>(own.map(([, value]) => value));
    return [...own, ...Object.entries(this.#added).filter(([, state]) => !stored.has(state))];
  }

  /** Layers right below this one. */
  protected get sublayers(): readonly Layer[] {
    const found: Layer[] = [];
    const visit = (value: unknown): void => {
      if (value instanceof Layer) found.push(value);
      else if (value instanceof Module) for (const [, member] of value.members()) visit(member);
      else if (Array.isArray(value)) value.forEach(visit);
    };
    for (const [, member] of this.members()) visit(member);
    return found;
  }

  /** All weights: its own, the trained ones first, then those of the layers below. */
  get weights(): readonly Weight[] {
    const own = [...this.#weights].sort((a, b) => Number(isState(a)) - Number(isState(b)));
    return [...new Set([...own, ...this.sublayers.flatMap(({ weights }) => weights)])];
  }

  get trainableWeights(): readonly Weight[] {
    return this.weights.filter(({ trainable }) => trainable);
  }

  get nonTrainableWeights(): readonly Weight[] {
    return this.weights.filter(({ trainable }) => !trainable);
  }

  /** Whether training may change the weights. Setting it does so for the layers below too, and takes effect at the next step. */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(on: boolean) {
    this.#trainable = on;
    for (const layer of this.sublayers) layer.trainable = on;
    for (const { held } of this.#weights) for (const one of held) if (one instanceof Parameter) one.requiresGrad = on;
  }

  /** The weights' values, in Keras's order and orientation. */
  getWeights(): Tensor[] {
    return this.weights.map((weight) => weight.read().detach());
  }

  /**
   * Gives weights new values, in the order and orientation of `getWeights`. Either all are taken or, on an error, none.
   * @throws ArgumentError for another number of them, or when the layer is not built yet; ShapeError for another shape.
   */
  setWeights(values: readonly Tensor[]): void {
    const { weights } = this;
    if (values.length !== weights.length)
      throw new ArgumentError(
        `${this}: setWeights wants ${weights.length} tensors (${weights.map(({ name }) => name).join(", ")}), got ${values.length}` +
          (this.built ? "" : ". It is not built yet: give inputShape, or call it once"),
      );
    const all = weights.flatMap((weight, i) => weight.assignments(values[i]!));
    if (all.length > 0) assign(all);
  }

  /** Numbers in the weights. Throws ArgumentError before the layer is built. */
  countParams(): number {
    if (!this.built) throw new ArgumentError(`${this}: has no weights to count yet; give inputShape, or call it once`);
    return this.weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /** What `fromConfig` makes the same layer from: name and options, layers in them as { className, config }. */
  getConfig(): Record<string, unknown> {
    const { name: _, trainable: __, ...options } = this.#options;
    const shown = (value: unknown): unknown => {
      if (value instanceof Layer) return { className: value.className, config: value.getConfig() };
      return Array.isArray(value) ? value.map(shown) : value;
    };
    const entries = Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, shown(value)]);
    return { name: this.name, ...(this.#trainable ? {} : { trainable: false }), ...Object.fromEntries(entries) };
  }

  /** A layer from what `getConfig` gave. Layers inside must be layers already: `modelFromJSON` sees to that. */
  static fromConfig<L extends Layer>(this: new (options: never) => L, config: object): L {
    return new this(config as never);
  }

  /** A layer with the same options and weights of its own, and so for the layers that options hold. */
  copy(changes: object = {}): this {
    const copied = (value: unknown): unknown => {
      if (value instanceof Layer) return (value as Layer).copy();
      return Array.isArray(value) ? value.map(copied) : value;
    };
    const options = Object.entries(this.#options).map(([name, value]) => [name, copied(value)]);
    const Class = this.constructor as new (options: LayerOptions) => this;
    const own = { name: this.#name, ...(this.#trainable ? {} : { trainable: false }) };
    return new Class({ ...Object.fromEntries(options), ...own, ...changes });
  }

  override toString(): string {
    return `${this.className}(${this.name})`;
  }
}

const isState = ({ held }: Weight): boolean => held.some((one) => !(one instanceof Parameter));

const withoutBatch = (shape: Shape): KerasShape => (shape.length === 0 ? shape : [null, ...shape.slice(1)]);

/** Gives a weight in Keras's orientation, [window…, in, out], its first values. */
function begin(state: StateTensor, given: InitializerLike, shape: Shape): void {
  const initializer = initializerOf(given);
  const [inputs = 1, outputs = inputs] = shape.slice(-2);
  // Initializers read [out, in, window…]. One axis counts as both fans, as in Keras.
  const kernel = shape.length < 2 ? [outputs, inputs] : [outputs, inputs, ...shape.slice(0, -2)];
  redraw(new Parameter(state.cell), (_, random) => {
    const next = initializer(kernel, random);
    if (shape.length < 2) return next;
    const values = Float64Array.from({ length: sizeOf(shape) }, next);
    const reach = sizeOf(shape) / (inputs * outputs);
    let at = 0;
    return () => {
      const [window, rest] = [Math.floor(at / (inputs * outputs)), at % (inputs * outputs)];
      at++;
      const [input, output] = [Math.floor(rest / outputs), rest % outputs];
      return values[(output * inputs + input) * reach + window]!;
    };
  });
}
