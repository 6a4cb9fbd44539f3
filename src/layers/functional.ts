/** Models made by connecting layers. */
import { ArgumentError } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describeLayer } from "./description.ts";
import { asInput, InputLayer } from "./input.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { Model } from "./model.ts";
import { flat, SymbolicTensor, type Application, type KerasShape, type Nest } from "./symbolic.ts";

/** One output of one application of a layer: the layer's name, which of its applications, and which output. */
type Place = readonly [layer: string, application: number, output: number];

/** How a model is made, in plain JSON but for the layers. */
export interface Plan<L> {
  readonly layers: readonly L[];
  readonly applications: readonly {
    readonly layer: string;
    readonly inputs: Nest<Place> | Place;
    readonly options: Readonly<Record<string, unknown>>;
  }[];
  readonly inputs: readonly Place[] | Place;
  readonly outputs: readonly Place[] | Place;
}

const isPlace = (nest: unknown): nest is Place => Array.isArray(nest) && typeof nest[0] === "string";

/** The symbolic tensors of a plan: its layers applied to one another as it says. Throws ArgumentError for names that it lacks. */
export function connected({ layers, applications, inputs, outputs }: Plan<Layer>): FunctionalOptions {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const made = new Map<string, readonly SymbolicTensor[][]>(
    layers.flatMap((layer) => (layer instanceof InputLayer ? [[layer.name, [[layer.output]]]] : [])),
  );
  const at = ([name, application, output]: Place): SymbolicTensor => {
    const found = made.get(name)?.[application]?.[output];
    if (!found) throw new ArgumentError(`model: its configuration names an output of "${name}" that nothing gives`);
    return found;
  };
  const all = (nest: unknown): Nest<SymbolicTensor> => (isPlace(nest) ? at(nest) : (nest as readonly Place[]).map(at));
  for (const { layer: name, inputs: from, options } of applications) {
    const layer = byName.get(name);
    if (!layer) throw new ArgumentError(`model: its configuration applies a layer "${name}" that it does not hold`);
    const results = flat(layer.apply<Nest<SymbolicTensor>>(all(from), options));
    made.set(name, [...(made.get(name) ?? []), [...results]]);
  }
  return { inputs: all(inputs), outputs: all(outputs) };
}

export interface FunctionalOptions extends LayerOptions {
  readonly inputs: Nest<SymbolicTensor>;
  readonly outputs: Nest<SymbolicTensor>;
}

/** Applications that outputs depend on, each after those it needs, down to the inputs. Throws ArgumentError for an input that is missing. */
function sorted(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): readonly Application[] {
  const given = new Set(inputs);
  const order: Application[] = [];
  const seen = new Set<Application>();
  const visit = (tensor: SymbolicTensor): void => {
    const { source } = tensor;
    if (given.has(tensor) || !source || seen.has(source)) return;
    seen.add(source);
    if (source.layer instanceof InputLayer)
      throw new ArgumentError(`model: the outputs depend on ${tensor}, which is not among the inputs`);
    flat(source.inputs).forEach(visit);
    order.push(source);
  };
  outputs.forEach(visit);
  return order;
}

/** Changes every symbolic tensor of a nest. */
function mapped<T>(nest: Nest<SymbolicTensor>, change: (tensor: SymbolicTensor) => T): Nest<T> {
  return Array.isArray(nest) ? (nest as readonly SymbolicTensor[]).map(change) : change(nest as SymbolicTensor);
}

/** A model from inputs to outputs. Layers may be shared, and models nested. */
export class Functional extends Model<FunctionalOptions> {
  static override readonly className: string = "Functional";
  readonly #order: readonly Application[];
  readonly #layers: readonly Layer[];

  constructor(options: FunctionalOptions) {
    super(options);
    const [inputs, outputs] = [flat(options.inputs), flat(options.outputs)];
    for (const one of [...inputs, ...outputs])
      if (!(one instanceof SymbolicTensor))
        throw new ArgumentError("model: inputs and outputs must be symbolic tensors; begin with input({ shape })");
    this.#order = sorted(inputs, outputs);
    const sources = inputs.flatMap(({ source }) =>
      source?.layer instanceof InputLayer ? [source.layer as Layer] : [],
    );
    this.#layers = [...new Set([...sources, ...this.#order.map(({ layer }) => layer)])];
    this.buildFor(mapped(options.inputs, ({ shape }) => shape) as Nest<KerasShape>);
  }

  override get layers(): readonly Layer[] {
    return this.#layers;
  }

  override get inputs(): readonly SymbolicTensor[] {
    return flat(this.options.inputs);
  }

  override get outputs(): readonly SymbolicTensor[] {
    return flat(this.options.outputs);
  }

  override applicationsOf(layer: Layer): readonly Application[] {
    return this.#order.filter((one) => one.layer === layer);
  }

  /** Its layers, and how they are connected. */
  get plan(): Plan<Layer> {
    const place = (symbol: SymbolicTensor): Place => {
      const { layer, outputs } = symbol.source!;
      const own = layer instanceof InputLayer ? [symbol.source!] : this.applicationsOf(layer);
      return [layer.name, own.indexOf(symbol.source!), outputs.indexOf(symbol)];
    };
    return {
      layers: this.#layers,
      applications: this.#order.map(({ layer, inputs, options }) => ({
        layer: layer.name,
        inputs: mapped(inputs, place),
        options,
      })),
      inputs: mapped(this.options.inputs, place) as Place,
      outputs: mapped(this.options.outputs, place) as Place,
    };
  }

  override getConfig(): Record<string, unknown> {
    const { layers, ...plan } = this.plan;
    const trainable = this.trainable ? {} : { trainable: false };
    return { name: this.name, ...trainable, layers: layers.map((layer) => describeLayer(layer)), ...plan };
  }

  override copy(changes: object = {}): this {
    const plan = { ...this.plan, layers: this.#layers.map((layer) => layer.copy()) };
    const trainable = this.trainable ? {} : { trainable: false };
    return new Functional({ name: this.name, ...trainable, ...connected(plan), ...changes }) as this;
  }

  static override fromConfig<L extends Layer>(this: new (options: never) => L, config: object): L {
    const { layers, applications, inputs, outputs, ...options } = config as Plan<Layer>;
    return new this({ ...options, ...connected({ layers, applications, inputs, outputs }) } as never);
  }

  override members(): Iterable<readonly [string, unknown]> {
    return this.#layers.map((layer, i) => [`${i}`, layer] as const);
  }

  call(given: Nest<Tensor>): Nest<Tensor> {
    const tensors = flat(given);
    const { inputs } = this;
    if (tensors.length !== inputs.length)
      throw new ArgumentError(
        `${this}: wants ${inputs.length} inputs (${this.inputNames.join(", ")}), got ${tensors.length}`,
      );
    const values = new Map<SymbolicTensor, Tensor>(
      inputs.map((symbol, i) => [symbol, asInput(this, symbol, tensors[i]!)]),
    );
    for (const { layer, inputs: from, options, outputs } of this.#order) {
      const results = flat(
        layer.forward(
          mapped(from, (symbol) => values.get(symbol)!),
          options,
        ),
      );
      outputs.forEach((symbol, i) => values.set(symbol, results[i]!));
    }
    return mapped(this.options.outputs, (symbol) => values.get(symbol)!);
  }
}

/**
 * A model from symbolic inputs to outputs, one or several of each.
 * @example
 * const x = input({ shape: [784] });
 * const hidden = layers.dense({ units: 128, activation: "relu" }).apply(x);
 * const digits = model({ inputs: x, outputs: layers.dense({ units: 10 }).apply(hidden) });
 */
export function model(options: FunctionalOptions): Functional {
  return new Functional(options);
}
