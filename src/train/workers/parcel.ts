/** Values on their way to another thread: what the browser copies, and tensors. */
import { isPlainObject } from "../../core/plainObject.ts";
import type { DType, TypedArray } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import { owned } from "../../tensor/owned.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Stands where a tensor was. */
interface SentTensor {
  readonly "myelin:tensor": DType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** A value as it travels, and the memory of its tensors, which travels with it. */
export interface Parcel {
  readonly content: unknown;
  readonly transfer: ArrayBuffer[];
}

/** Packs a value: arrays and plain objects with tensors in them, which are read. What else there is stays as it is. */
export async function packed(value: unknown): Promise<Parcel> {
  const transfer: ArrayBuffer[] = [];
  const visit = async (item: unknown): Promise<unknown> => {
    if (item instanceof Tensor) {
      // A copy, which nobody else has.
      const data = await item.data();
      transfer.push(data.buffer as ArrayBuffer);
      return { "myelin:tensor": item.dtype, shape: [...item.shape], data } satisfies SentTensor;
    }
    if (Array.isArray(item)) return Promise.all(item.map(visit));
    if (!isPlainObject(item)) return item;
    const fields = Object.entries(item).map(async ([name, field]) => [name, await visit(field)] as const);
    return Object.fromEntries(await Promise.all(fields));
  };
  return { content: await visit(value), transfer };
}

/** The value again; its tensors live on this thread's device. */
export function unpacked(content: unknown): unknown {
  if (Array.isArray(content)) return content.map(unpacked);
  if (!isPlainObject(content)) return content;
  if ("myelin:tensor" in content) {
    const { "myelin:tensor": dtype, shape, data } = content as unknown as SentTensor;
    return owned(data, shape, dtype);
  }
  return Object.fromEntries(Object.entries(content).map(([name, field]) => [name, unpacked(field)]));
}
