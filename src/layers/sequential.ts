/** Models of layers one after the other. */
import { ArgumentError } from "../core/errors.ts";
import type { DType } from "../core/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describeLayer } from "./description.ts";
import { asInput, InputLayer } from "./input.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { Model } from "./model.ts";
import { SymbolicTensor, type KerasShape, type Nest } from "./symbolic.ts";

export interface SequentialOptions extends LayerOptions {
  readonly layers?: readonly (Layer | SymbolicTensor)[] | undefined;
}

/** A model of layers one after the other. It is built when it knows the shape of its input: from `inputShape`, an `input`, or data. */
export class Sequential extends Model<SequentialOptions> {
  static override readonly className: string = "Sequential";
  readonly #layers: Layer[] = [];
  #begin: SymbolicTensor | undefined;
  #end: SymbolicTensor | undefined;
  /** Whether the shape of the input was stated, and not only seen. */
  #stated = false;

  constructor(options: SequentialOptions = {}) {
    super(options);
    for (const layer of options.layers ?? []) this.add(layer);
    if (options.batchInputShape) this.connect(options.batchInputShape, options.dtype ?? "f32");
  }

  /** One more layer at the end. Throws ArgumentError for something else, and for a layer that is there already. */
  add(given: Layer | SymbolicTensor): void {
    const layer = (given instanceof SymbolicTensor ? given.source?.layer : given) as Layer | undefined;
    if (!(layer instanceof Layer))
      throw new ArgumentError(`${this}: takes layers, such as layers.dense({ units: 10 }), got something else`);
    if (this.#layers.includes(layer))
      throw new ArgumentError(
        `${this}: ${layer} is there already. A layer that is used twice needs the functional API`,
      );
    if (layer instanceof InputLayer) {
      if (this.#end) throw new ArgumentError(`${this}: an input must be the first of the layers`);
      this.#begin = this.#end = layer.output;
      this.#stated = true;
      return;
    }
    this.#layers.push(layer);
    if (this.#end) this.#end = layer.apply(this.#end);
    else {
      const { batchInputShape } = layer;
      this.#stated = batchInputShape !== undefined;
      if (batchInputShape) this.buildFor(batchInputShape);
      else if (layer instanceof Model && layer.inputs.length === 1) this.buildFor(layer.inputs[0]!.shape);
    }
  }

  /** Takes the last layer away. */
  pop(): void {
    const last = this.#layers.pop();
    if (!last) throw new ArgumentError(`${this}: there is no layer to take away`);
    this.#end = this.#layers.at(-1)?.output ?? this.#begin;
  }

  /** Connects the layers for inputs of a shape, the batch in front. */
  override build(inputShape: KerasShape): void {
    this.connect(inputShape, this.options.dtype ?? "f32");
  }

  override get built(): boolean {
    return super.built || this.#end !== undefined;
  }

  /** `build` for inputs of a dtype: the integers that an embedding looks up. */
  connect(inputShape: KerasShape, dtype: DType): void {
    if (this.#end) return;
    const begin = new InputLayer({ batchInputShape: inputShape, dtype, name: `${this.name}_input` }).output;
    this.#begin = begin;
    this.#end = this.#layers.reduce((x, layer) => layer.apply(x), begin);
  }

  override get layers(): readonly Layer[] {
    return this.#layers;
  }

  override get inputs(): readonly SymbolicTensor[] {
    return this.#begin ? [this.#begin] : [];
  }

  override get outputs(): readonly SymbolicTensor[] {
    return this.#end ? [this.#end] : [];
  }

  override members(): Iterable<readonly [string, unknown]> {
    return this.#layers.map((layer, i) => [`${i}`, layer] as const);
  }

  override getConfig(): Record<string, unknown> {
    const { name, trainable } = this;
    const begin = this.#begin && { batchInputShape: this.#begin.shape, dtype: this.#begin.dtype };
    return {
      name,
      ...(trainable ? {} : { trainable }),
      ...begin,
      layers: this.#layers.map((layer) => describeLayer(layer)),
    };
  }

  override copy(changes: object = {}): this {
    const begin = this.#begin && { batchInputShape: this.#begin.shape, dtype: this.#begin.dtype };
    return super.copy({ layers: this.#layers.map((layer) => layer.copy()), ...begin, ...changes });
  }

  call(x: Tensor): Nest<Tensor> {
    return this.#layers.reduce<Nest<Tensor>>(
      (value, layer) => layer.forward(value),
      this.#stated ? asInput(this, this.#begin!, x) : x,
    );
  }
}

/**
 * A model of layers one after the other.
 * @example sequential([layers.dense({ units: 128, activation: "relu", inputShape: [784] }), layers.dense({ units: 10 })])
 */
export function sequential(
  given: readonly (Layer | SymbolicTensor)[] | SequentialOptions = [],
  options: LayerOptions = {},
): Sequential {
  return new Sequential(Array.isArray(given) ? { ...options, layers: given } : (given as SequentialOptions));
}
