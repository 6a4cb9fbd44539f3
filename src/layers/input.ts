import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { showShape, SymbolicTensor, type KerasShape } from "./symbolic.ts";

export interface InputOptions {
  /** Of an example, without the batch; null where a size is not known. */
  readonly shape?: KerasShape | undefined;
  /** `shape` with the batch in front. */
  readonly batchShape?: KerasShape | undefined;
  /** f32 by default; i32 for what an embedding looks up. */
  readonly dtype?: DType | undefined;
  /** `input_layer` and so on by default. */
  readonly name?: string | undefined;
}

/** Where data enters a model. */
export class InputLayer extends Layer<LayerOptions> {
  static override readonly className: string = "InputLayer";
  readonly #symbol: SymbolicTensor;

  constructor(options: LayerOptions = {}) {
    super(options);
    const { batchInputShape: shape, dtype } = this;
    if (!shape) throw new ArgumentError(`${this}: wants a shape, as in input({ shape: [784] })`);
    this.#symbol = new SymbolicTensor(shape, dtype, this.name);
    this.#symbol.source = { layer: this as Layer, inputs: [], options: {}, outputs: [this.#symbol] };
    this.buildFor(shape);
  }

  override get output(): SymbolicTensor {
    return this.#symbol;
  }

  call(x: Tensor): Tensor {
    return x;
  }
}

/**
 * A tensor as an input that was declared wants it: the batch may have any size, and a last axis of size 1 may be left out, or be there
 * besides, as in Keras.
 * @throws ShapeError for other shapes.
 */
export function asInput(model: object, { shape, name }: SymbolicTensor, x: Tensor): Tensor {
  const fits = (given: readonly number[]): boolean =>
    given.length === shape.length && shape.every((size, axis) => axis === 0 || size === null || size === given[axis]);
  if (fits(x.shape)) return x;
  if (shape.at(-1) === 1 && fits([...x.shape, 1])) return x.unsqueeze(-1);
  if (x.shape.at(-1) === 1 && fits(x.shape.slice(0, -1))) return x.squeeze(-1);
  throw new ShapeError(
    `${model}: its input "${name}" wants ${showShape([null, ...shape.slice(1)])}, got ${show(x.shape)}`,
  );
}

/**
 * A place for data: the first tensor of a functional model.
 * @example const x = input({ shape: [784] }); const y = layers.dense({ units: 10 }).apply(x); model({ inputs: x, outputs: y })
 */
export function input({ shape, batchShape, dtype, name }: InputOptions): SymbolicTensor {
  return new InputLayer({ inputShape: shape, batchInputShape: batchShape, dtype, name }).output;
}
