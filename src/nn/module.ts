/** What models are made of: parameters, buffers and further modules, found by walking fields. */
import { classNameOf } from "../core/className.ts";
import { inspectAs } from "../core/inspect.ts";
import { BufferTensor, Parameter, StateTensor } from "../tensor/parameter.ts";
import { Switch } from "../tensor/switch.ts";
import { Tensor } from "../tensor/tensor.ts";
import { onForward, onForwardStart, type ForwardHook, type ForwardStartHook } from "./hooks.ts";
import { meant, type PathPattern } from "./paths.ts";
import { loadState, type LoadOptions, type LoadResult, type StateDict } from "./stateDict.ts";
import { outline, summarize, type SummaryInput } from "./summary.ts";

/** Something found in a module, and the fields that lead to it: `layers.0.weight`. */
export interface Found {
  readonly path: string;
  readonly value: Module | StateTensor;
  /** True where the same object was found before under another path (tied weights). */
  readonly again: boolean;
}

/**
 * The base of layers and models. A subclass puts parameters and other modules into its fields (also inside arrays and
 * plain objects) and says in `forward` what it computes; users call `model.forward(x)`.
 *
 * Own enumerable fields are walked, each object once. A bare tensor in a field is a constant; `nn.buffer(…)` makes it saved
 * state. Fields named `#private` are not seen.
 *
 * @example
 * class Net extends nn.Module {
 *   fc1 = new nn.Linear(784, 128);
 *   fc2 = new nn.Linear(128, 10);
 *   forward(x: Tensor) { return this.fc2.forward(this.fc1.forward(x).relu()); }
 * }
 */
export abstract class Module {
  readonly #training: Switch = new Switch(true);

  constructor() {
    if (!inspectable) inspectAs<Module>(Module.prototype, outline);
    inspectable = true;
  }

  /** Whether layers behave as in training: dropout drops, batch norm uses its batch. True at first; set it with `train` and `eval`. */
  get training(): boolean {
    return this.#training.on;
  }

  set training(on: boolean) {
    this.#training.on = on;
  }

  /** What the module computes. */
  abstract forward(...inputs: never[]): unknown;

  /**
   * What is walked, by the names that state dicts use. Layers override it where PyTorch's names are not those of fields. What has the name ""
   * has the path of this module, which stands for it.
   */
  members(): Iterable<readonly [name: string, value: unknown]> {
    return Object.entries(this);
  }

  /** Everything trainable, each parameter once, in the order of fields. Frozen parameters are among them. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** Parameters by path. */
  namedParameters(): Map<string, Parameter> {
    return named(this, (value) => value instanceof Parameter);
  }

  /** Saved state that is not trained, each buffer once. */
  buffers(): BufferTensor[] {
    return [...this.namedBuffers().values()];
  }

  /** Buffers by path. */
  namedBuffers(): Map<string, BufferTensor> {
    return named(this, (value) => value instanceof BufferTensor);
  }

  /** This module and all below it, each once, parents first. */
  modules(): Module[] {
    return [...find(this)].flatMap(({ value, again }) => (value instanceof Module && !again ? [value] : []));
  }

  /** Modules by path; this one's path is "". Of one that stands for another (see `members`) the other is named. */
  namedModules(): Map<string, Module> {
    return named(this, (value) => value instanceof Module);
  }

  /**
   * Parameters and buffers by path, with the names that PyTorch gives to the same layers. The tensors hold the values of
   * this moment: training on does not change them.
   */
  stateDict(): Record<string, Tensor> {
    const dict: Record<string, Tensor> = {};
    for (const { path, value, again } of find(this))
      if (value instanceof StateTensor && !again) dict[path] = value.detach();
    return dict;
  }

  /**
   * Takes over the values of a state dict; floats are converted to the dtype that the module has. Either everything is
   * loaded or, on an error, nothing.
   * @param options `strict` (true by default) refuses missing and unexpected names; otherwise they are returned.
   * @throws FormatError listing missing and unexpected names, ShapeError listing shapes that differ.
   */
  loadStateDict(dict: StateDict, options: LoadOptions = {}): LoadResult {
    return loadState(this, dict, options);
  }

  /** Sets this module and all below it to training (the default) or not. Traced functions have a program for each mode. */
  train(on: boolean = true): this {
    for (const module of this.modules()) module.training = on;
    return this;
  }

  /** The same as `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Freezes (false) or unfreezes all parameters: frozen ones take no gradient and no update. */
  requiresGrad_(on: boolean = true): this {
    return on ? this.unfreeze() : this.freeze();
  }

  /**
   * Freezes parameters by path, all by default: they take no gradient and no update. Buffers, such as batch norm's statistics,
   * move on while their module is in training mode.
   * @example model.freeze().unfreeze("fc"); model.freeze("layer1", "layers.*.norm", /embed/);
   * @throws ArgumentError for a pattern that means no parameter.
   */
  freeze(...patterns: PathPattern[]): this {
    for (const { cell } of meant("freeze", this.namedParameters(), patterns).values()) cell.requiresGrad = false;
    return this;
  }

  /** Unfreezes parameters by path, all by default; see {@link freeze}. */
  unfreeze(...patterns: PathPattern[]): this {
    for (const { cell } of meant("unfreeze", this.namedParameters(), patterns).values()) cell.requiresGrad = true;
    return this;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { cell } of this.parameters()) cell.gradient.clear();
  }

  /** Calls a function on every module below and then on this one: to initialise, for instance. */
  apply(visit: (module: Module) => void): this {
    for (const module of this.modules().reverse()) visit(module);
    return this;
  }

  /**
   * Calls `hook` after every `forward` of this module; what it returns replaces the result. Returns a function that
   * removes it. Modules without hooks pay nothing: the hook shadows `forward` on this one instance.
   */
  onForward(hook: ForwardHook<this>): () => void {
    return onForward(this, hook);
  }

  /** Calls `hook` before every `forward` of this module; an array that it returns replaces the inputs. */
  onForwardStart(hook: ForwardStartHook<this>): () => void {
    return onForwardStart(this, hook);
  }

  /**
   * A table of layers with their numbers of parameters and, where inputs are given (shapes of f32, or tensors), the shapes
   * that they return. Computes nothing.
   */
  summary(...inputs: SummaryInput[]): string {
    return summarize(this, inputs);
  }

  toString(): string {
    return classNameOf(this);
  }
}

/** Whether `console.log` has been told how to show modules. */
let inspectable = false;

/** Everything in a module by path, parents first; what is found under a second path is marked. */
export function* find(root: Module): Generator<Found> {
  yield* walk(root, "", new Set(), []);
}

function* walk(value: unknown, path: string, seen: Set<object>, above: readonly object[]): Generator<Found> {
  if (typeof value !== "object" || value === null || above.includes(value)) return;
  if (value instanceof StateTensor || value instanceof Module) {
    yield { path, value, again: seen.has(value) };
    seen.add(value);
  }
  if (value instanceof Tensor) return;
  const members = value instanceof Module ? value.members() : isContainer(value) ? Object.entries(value) : [];
  for (const [name, item] of members)
    yield* walk(item, path && name ? `${path}.${name}` : path || name, seen, [...above, value]);
}

function isContainer(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

function named<T extends Module | StateTensor>(root: Module, fits: (value: object) => value is T): Map<string, T> {
  const result = new Map<string, T>();
  for (const { path, value, again } of find(root)) if (!again && fits(value)) result.set(path, value);
  return result;
}
