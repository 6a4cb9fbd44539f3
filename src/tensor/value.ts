import type { DType, StoredArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { Source } from "../graph/node.ts";

/**
 * A concrete value: elements in row-major order, as memory has them. On CPU devices an ordinary array, which the collector frees like any other.
 * Values never change.
 */
export class Value implements Source {
  readonly array: StoredArray;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly requiresGrad: boolean;
  /** Name of the device it lives on: operands of one program share it. */
  readonly device: string;

  constructor(array: StoredArray, shape: Shape, dtype: DType, requiresGrad: boolean, device: string) {
    this.array = array;
    this.shape = shape;
    this.dtype = dtype;
    this.requiresGrad = requiresGrad;
    this.device = device;
  }
}
