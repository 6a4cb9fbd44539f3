/** Tensors without values: what the functional API connects layers by. */
import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Layer } from "./layer.ts";

/** Sizes per axis, the batch first; null where a size is not known. */
export type KerasShape = readonly (number | null)[];

/** One tensor or several, in the place of each something else. */
export type Nest<T> = T | readonly T[];

/** A layer applied to tensors: one node of a functional model. */
export interface Application {
  readonly layer: Layer;
  readonly inputs: Nest<SymbolicTensor>;
  /** What the call was told besides the inputs, such as an initial state or `training`. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly outputs: readonly SymbolicTensor[];
}

/** A tensor of a functional model: it has a shape and a dtype, and knows where it comes from. */
export class SymbolicTensor {
  readonly shape: KerasShape;
  readonly dtype: DType;
  readonly name: string;
  /** The application that made it. */
  source: Application | undefined;

  constructor(shape: KerasShape, dtype: DType, name: string) {
    this.shape = shape;
    this.dtype = dtype;
    this.name = name;
  }

  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return `SymbolicTensor(${this.name}, ${showShape(this.shape)})`;
  }
}

/** `[null, 784]`, as it is written. */
export function showShape(shape: KerasShape): string {
  return JSON.stringify(shape).replaceAll(",", ", ");
}

/** The members of a nest, in order. */
export function flat<T>(nest: Nest<T>): readonly T[] {
  return Array.isArray(nest) ? (nest as readonly T[]) : [nest as T];
}

/** True for one symbolic tensor, or an array of nothing else. */
export function isSymbolic(value: unknown): value is Nest<SymbolicTensor> {
  return (
    value instanceof SymbolicTensor ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => item instanceof SymbolicTensor))
  );
}

/** The size of an axis that a layer must know. */
export function sizeAt(layer: object, shape: KerasShape, axis: number): number {
  const size = shape.at(axis);
  if (typeof size === "number") return size;
  throw new ArgumentError(
    `${layer}: the size of axis ${axis} must be known, got ${showShape(shape)}. Give it in inputShape or input({ shape })`,
  );
}
