import { byteSize, viewOf, type DType, type StoredArray } from "../core/dtype.ts";
import { sizeOf, type Shape } from "../core/shape.ts";
import type { Memory } from "../device/device.ts";
import type { Source } from "../graph/node.ts";
import { keep } from "./kept.ts";

let values = 0;

/**
 * A concrete value: elements in row-major order, as memory has them. It never changes. On CPU devices, and where the elements came from the
 * host, it is an ordinary array, which the collector frees like any other. What a device has computed that does not answer at once stays in
 * its memory, and is an array too from when it was first read.
 */
export class Value implements Source {
  /** No other value has it: who remembers a value by its number does not keep it alive. */
  readonly number: number = ++values;
  /** The elements, as far as the host has them. */
  array: StoredArray | undefined;
  /** The elements on the device; freed when the value is collected. */
  readonly memory: Memory | undefined;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly requiresGrad: boolean;
  /** Name of the device it lives on: operands of one program share it. */
  readonly device: string;

  /** From now on the array, or the memory, is the value's own. */
  constructor(held: StoredArray | Memory, shape: Shape, dtype: DType, requiresGrad: boolean, device: string) {
    const isArray = ArrayBuffer.isView(held);
    this.array = isArray ? held : undefined;
    this.memory = isArray ? undefined : held;
    this.shape = shape;
    this.dtype = dtype;
    this.requiresGrad = requiresGrad;
    this.device = device;
    if (!isArray) keep(this, held);
  }

  /** The elements, brought to the host where they are not there yet. */
  async load(): Promise<StoredArray> {
    const { array, memory } = this;
    return array ?? (this.array = arrayOf(await memory!.device.read(memory!, 0, bytesOf(this)), this));
  }
}

interface Described {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Bytes of all elements. */
export const bytesOf = ({ dtype, shape }: Described): number => sizeOf(shape) * byteSize(dtype);

/** Bytes read from a device as elements. */
export function arrayOf(bytes: Uint8Array, { dtype, shape }: Described): StoredArray {
  return viewOf(dtype, bytes.buffer, bytes.byteOffset, sizeOf(shape));
}
