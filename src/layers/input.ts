import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { SymbolicTensor, type KerasShape } from "./symbolic.ts";

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
 * A place for data: the first tensor of a functional model.
 * @example const x = input({ shape: [784] }); const y = layers.dense({ units: 10 }).apply(x); model({ inputs: x, outputs: y })
 */
export function input({ shape, batchShape, dtype, name }: InputOptions): SymbolicTensor {
  return new InputLayer({ inputShape: shape, batchInputShape: batchShape, dtype, name }).output;
}
