/**
 * Samples of ops: what every device, gradient check and recorded value is tried on. They stand beside the ops, in
 * `ops/*.samples.ts`, and are data: an op, its inputs' types and domains, its attributes.
 */
import { allocate, isFloat, type DType, type TypedArray } from "../core/dtype.ts";
import type { MyelinError } from "../core/errors.ts";
import { HostRandom } from "../core/random.ts";
import { sizeOf, type Shape } from "../core/shape.ts";
import type { Attributes, Node } from "./node.ts";
import { apply, type Op } from "./op.ts";

/** Multiples of `step` from `from` to `to`, without those in `avoid`, drawn at random. */
export interface Grid {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Where the function has a kink, a jump or a pole. */
  readonly avoid: readonly number[];
  /** No value twice: for functions that compare elements with one another. */
  readonly distinct: boolean;
}

/** An input: its type and what its elements may be, or which they are. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: Grid | readonly number[];
}

export interface Sample {
  readonly inputs: readonly Operand[];
  readonly attributes: Attributes;
  /** What is special here and is not seen in types and attributes. */
  readonly about?: string;
  /** How the inputs become the sample's node, where applying the op to them does not say it. */
  readonly build?: (inputs: readonly Node[]) => Node;
  /** False where a gradient exists but differences do not approach it: at kinks, at infinity. */
  readonly differentiable?: boolean;
}

export interface InvalidSample {
  readonly inputs: readonly { readonly shape: Shape; readonly dtype: DType }[];
  readonly attributes: Attributes;
  readonly build?: (inputs: readonly Node[]) => Node;
  readonly error: new (...args: never[]) => MyelinError;
  /** A part of the message. */
  readonly message: string;
}

export interface OpSamples {
  /** The op's constant without its "Op": names of ops are not unique (`max` of two, `max` over axes). */
  readonly name: string;
  readonly op: Op;
  /** Whether second derivatives exist wherever `valid` samples lie. */
  readonly smooth: boolean;
  /** How far a device may be from the correctly rounded value, in units in the last place; 0 for exact ops. */
  readonly ulps: number;
  /** The same for f64, where a device without that function in hardware is farther off. */
  readonly ulps64?: number;
  /** The lowering is a formula of its own, which rounds in f32 by more than its last step. */
  readonly formula?: boolean;
  readonly valid: readonly Sample[];
  readonly invalid: readonly InvalidSample[];
}

/** `add f32 [2,3]`, with further inputs where they differ in type from the first, and the attributes. */
export function titleOf(name: string, { inputs, attributes, about }: Sample): string {
  const types = inputs.map(({ dtype, shape }) => `${dtype} [${shape.join(",")}]`);
  const shown = types.every((type) => type === types[0]) ? types.slice(0, 1) : types;
  const values = Object.entries(attributes).map(([key, value]) => `${key}=${JSON.stringify(value, plain)}`);
  return [name, shown.join(", "), ...values, ...(about ? [`(${about})`] : [])].filter(Boolean).join(" ");
}

/** The node of a sample over these inputs. */
export function nodeOf(
  op: Op,
  { attributes, build }: Pick<Sample, "attributes" | "build">,
  inputs: readonly Node[],
): Node {
  return build ? build(inputs) : apply(op, inputs, attributes);
}

/** What JSON has no word for, in words. */
const plain = (_: string, value: unknown): unknown =>
  typeof value === "function" ? "…" : typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

/** Whether the values of an operand are given one by one. */
function isList(values: Operand["values"]): values is readonly number[] {
  return Array.isArray(values);
}

/**
 * The elements of an operand. They depend on the seed (a sample's title and the input's position) alone.
 * @throws RangeError when the grid has fewer values than a distinct operand needs.
 */
export function elementsOf({ shape, dtype, values }: Operand, seed: string): TypedArray {
  const array = allocate(dtype, sizeOf(shape));
  if (isList(values)) {
    if (values.length !== array.length)
      throw new RangeError(`${seed}: ${values.length} values for ${array.length} elements`);
    array.set(values);
    return array;
  }
  const { from, to, step, avoid, distinct } = values;
  const grid: number[] = [];
  for (let i = 0; from + i * step <= to; i++) if (!avoid.includes(from + i * step)) grid.push(from + i * step);
  const random = new HostRandom(
    [...seed].reduce((hash, letter) => (Math.imul(hash, 31) + letter.codePointAt(0)!) | 0, 7),
  );
  if (distinct) {
    if (grid.length < array.length)
      throw new RangeError(`${seed}: ${grid.length} distinct values for ${array.length} elements`);
    array.set(random.shuffle(grid).slice(0, array.length));
  } else for (let i = 0; i < array.length; i++) array[i] = random.pick(grid);
  return array;
}

/** An operand with elements on a grid: multiples of 1/8 from −2 to 2 for floats, small whole numbers otherwise. */
export function on(dtype: DType, shape: Shape, grid: Partial<Grid> = {}): Operand {
  const whole = { from: dtype === "i32" ? -5 : 0, to: dtype === "bool" ? 1 : 7, step: 1 };
  const defaults = isFloat(dtype) ? { from: -2, to: 2, step: 1 / 8 } : whole;
  return { dtype, shape, values: { ...defaults, avoid: [], distinct: false, ...grid } };
}

/** An operand with these elements. */
export function list(dtype: DType, values: readonly number[], shape: Shape = [values.length]): Operand {
  return { dtype, shape, values };
}

/** The type of an input of an invalid sample. */
export function type(dtype: DType, shape: Shape): InvalidSample["inputs"][0] {
  return { dtype, shape };
}

/** Shapes that elementwise ops are tried on: a scalar, more than a few vectors with a rest, no elements, four axes. */
export const SHAPES: readonly Shape[] = [[], [19], [2, 3], [3, 0, 2], [2, 1, 3, 2]];
