/** Making tensors out of host values, numbers and chance. */
import { allocate, dtypeOf, isFloat, isHalf, numbersIn, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import { checkShape, sameShape, show, sizeOf, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { eq } from "../graph/ops/binary.ts";
import { fill, iota } from "../graph/ops/leaf.ts";
import { cast } from "../graph/ops/unary.ts";
import { add, mul } from "./functional/arithmetic.ts";
import * as chance from "./functional/random.ts";
import { nextKey } from "./random.ts";
import { owned } from "./owned.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import type { Nested, Rectangular, ShapeOf } from "./types/nested.ts";

export interface CreateOptions {
  /** f32 where not said otherwise. */
  readonly dtype?: DType | undefined;
}

/** Options of everything random. */
export interface RandomOptions extends CreateOptions {
  /** Where the numbers come from: u32 [2]. The global generator's next key by default. */
  readonly key?: Tensor | undefined;
}

/** Sizes of a nested array, checked all the way down. */
function measure(data: Nested): number[] {
  if (!Array.isArray(data)) return [];
  const rows = data.map(measure);
  const [first = []] = rows;
  rows.forEach((row, i) => {
    if (!sameShape(row, first))
      throw new ShapeError(
        `tensor: the nested array is ragged: item 0 has shape ${show(first)}, item ${i} ${show(row)}. ` +
          `Fill short rows up to one length`,
      );
  });
  return [data.length, ...first];
}

/** Elements of a nested array, and whether all are booleans. */
function flatten(data: Nested, into: number[]): boolean {
  if (typeof data === "number" || typeof data === "boolean") {
    into.push(Number(data));
    return typeof data === "boolean";
  }
  if (!Array.isArray(data)) throw new ArgumentError(`tensor: elements must be numbers or booleans, got ${typeof data}`);
  return data.reduce<boolean>((truths, item: Nested) => flatten(item, into) && truths, true);
}

function typedArray(data: ArrayBufferView, wanted: DType | undefined): TypedArray {
  if (data instanceof Uint16Array && wanted && isHalf(wanted)) return numbersIn(data, wanted);
  if (data instanceof Uint8ClampedArray) return new Uint8Array(data);
  for (const type of [Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array])
    if (data instanceof type) return data;
  throw new DTypeError(
    `tensor: ${data.constructor.name} holds no dtype of tensors. ` +
      `Use Float32Array, Float64Array, Int32Array, Uint32Array or Uint8Array`,
  );
}

/** A copy of the elements in another dtype. */
function converted(values: ArrayLike<number>, dtype: DType): TypedArray {
  const array = allocate(dtype, values.length);
  for (let i = 0; i < values.length; i++) array[i] = dtype === "bool" ? Number(values[i] !== 0) : values[i]!;
  return array;
}

/**
 * A tensor of host values, copied at once: a number, nested arrays, or a typed array (one axis, unless a shape is given).
 * Numbers become f32, booleans bool; typed arrays keep their dtype; `dtype` says otherwise. For f16 and bf16 numbers are
 * rounded to the nearest, and a Uint16Array is taken for their bits.
 * Throws ShapeError for ragged arrays and for elements that do not fill the shape, DTypeError for arrays of other types.
 */
export function tensor<const T extends Nested | ArrayBufferView, const S extends number[] = never>(
  data: Rectangular<T>,
  shape?: readonly [...S] | CreateOptions,
  options?: CreateOptions,
): Tensor<[S] extends [never] ? ShapeOf<T> : S> {
  const values = data as Nested | ArrayBufferView;
  const given = Array.isArray(shape) ? (shape as readonly number[]) : undefined;
  const wanted = (options ?? (given ? undefined : (shape as CreateOptions | undefined)))?.dtype;
  let array: TypedArray;
  let sizes: Shape;
  let dtype: DType;
  if (ArrayBuffer.isView(values)) {
    const typed = typedArray(values, wanted);
    dtype = wanted ?? dtypeOf(typed);
    array = dtype === dtypeOf(typed) && !isHalf(dtype) ? typed.slice() : converted(typed, dtype);
    sizes = [array.length];
  } else {
    const numbers: number[] = [];
    sizes = measure(values);
    dtype = wanted ?? (flatten(values, numbers) && numbers.length ? "bool" : "f32");
    if (wanted) flatten(values, numbers);
    array = converted(numbers, dtype);
  }
  if (given) {
    checkShape("tensor", given);
    if (sizeOf(given) !== array.length)
      throw new ShapeError(`tensor: ${array.length} elements do not fill ${show(given)}, which has ${sizeOf(given)}`);
    sizes = given;
  }
  return owned(array, [...sizes], dtype);
}

/** `value` in every element. */
export function full<const S extends number[]>(
  shape: readonly [...S],
  value: number,
  { dtype = "f32" }: CreateOptions = {},
): Tensor<S> {
  return fromNode(fill([...shape], value, dtype));
}

/** 0 in every element. */
export function zeros<const S extends number[]>(shape: readonly [...S], options?: CreateOptions): Tensor<S> {
  return full(shape, 0, options);
}

/** 1 in every element. */
export function ones<const S extends number[]>(shape: readonly [...S], options?: CreateOptions): Tensor<S> {
  return full(shape, 1, options);
}

/** Zeros in the shape and dtype of another tensor. */
export function zerosLike<S extends Shape>(x: Tensor<S>, { dtype = x.dtype }: CreateOptions = {}): Tensor<S> {
  return fromNode(fill(x.shape, 0, dtype));
}

/** Ones in the shape and dtype of another tensor. */
export function onesLike<S extends Shape>(x: Tensor<S>, { dtype = x.dtype }: CreateOptions = {}): Tensor<S> {
  return fromNode(fill(x.shape, 1, dtype));
}

/** The identity matrix; `columns` as many as rows by default. */
export function eye<const N extends number, const M extends number = N>(
  rows: N,
  columns?: M,
  { dtype = "f32" }: CreateOptions = {},
): Tensor<[N, M]> {
  const shape = [rows, columns ?? rows];
  return fromNode(cast(eq(iota(shape, 0), iota(shape, 1)), dtype));
}

/**
 * Numbers from 0 up to (not including) `start`, or from `start` to `stop` by `step`, as Python's range.
 * i32 where all three are whole numbers, otherwise f32.
 */
export function arange<const N extends number, const E extends number | undefined = undefined>(
  start: N,
  stop?: E,
  step: number = 1,
  options: CreateOptions = {},
): Tensor<[E] extends [undefined] ? [N] : [number]> {
  const [from, to] = stop === undefined ? [0, start] : [start, stop as number];
  if (!(Number.isFinite(from) && Number.isFinite(to) && Number.isFinite(step) && step !== 0))
    throw new ArgumentError(`arange: needs finite numbers and a step that is not 0, got ${from}, ${to} and ${step}`);
  const count = Math.max(0, Math.ceil((to - from) / step));
  const whole = Number.isInteger(from) && Number.isInteger(step);
  const dtype = options.dtype ?? (whole && Number.isInteger(to) ? "i32" : "f32");
  if (whole && !isFloat(dtype)) return fromNode(add(mul(iota([count], 0, dtype), step), from));
  checkShape("arange", [count]);
  return owned(
    converted(
      Array.from({ length: count }, (_, i) => from + i * step),
      dtype,
    ),
    [count],
    dtype,
  );
}

/** `count` numbers at equal distances from `start` to `stop`, both included. */
export function linspace<const N extends number>(
  start: number,
  stop: number,
  count: N,
  { dtype = "f32" }: CreateOptions = {},
): Tensor<[N]> {
  checkShape("linspace", [count]);
  const distance = (stop - start) / Math.max(1, count - 1);
  const values = Array.from({ length: count }, (_, i) =>
    // From the nearer end, so that both ends are exact.
    i < count / 2 ? start + i * distance : stop - (count - 1 - i) * distance,
  );
  return owned(converted(values, dtype), [count], dtype);
}

const keyOf = ({ key }: RandomOptions): Node => key?.node ?? nextKey();

/** Uniform numbers in [0, 1), 24 random bits each. */
export function rand<const S extends number[]>(shape: readonly [...S], options: RandomOptions = {}): Tensor<S> {
  return fromNode(cast(chance.uniform(keyOf(options), [...shape]), options.dtype ?? "f32"));
}

/** Numbers from the standard normal distribution. */
export function randn<const S extends number[]>(shape: readonly [...S], options: RandomOptions = {}): Tensor<S> {
  return fromNode(cast(chance.normal(keyOf(options), [...shape]), options.dtype ?? "f32"));
}

/** Whole numbers from `low` to `high` − 1, i32 by default. */
export function randint<const S extends number[]>(
  low: number,
  high: number,
  shape: readonly [...S],
  options: RandomOptions = {},
): Tensor<S> {
  return fromNode(cast(chance.integers(keyOf(options), [...shape], low, high), options.dtype ?? "i32"));
}

/** True with the given probability, bool by default. */
export function bernoulli<const S extends number[]>(
  probability: number,
  shape: readonly [...S],
  options: RandomOptions = {},
): Tensor<S> {
  return fromNode(cast(chance.bernoulli(keyOf(options), [...shape], probability), options.dtype ?? "bool"));
}
