/** Tensors as text: NumPy's layout, with JavaScript's words for truth and infinity left as NumPy writes numbers. */
import { isFloat, rounded, type DType, type TypedArray } from "../core/dtype.ts";
import { sizeOf, stridesOf, type Shape } from "../core/shape.ts";

/** Tensors with more elements than this show only the edges of their axes. */
const THRESHOLD = 1000;
/** Elements shown at either edge. */
const EDGE = 3;
const LINE = 75;
/** Digits after the point; fewer where fewer tell the number from its neighbours. */
const PRECISION = 8;

/** The fewest significant digits that read back as the same number. */
function shortest(value: number, dtype: DType): string {
  if (dtype === "f64") return value.toExponential();
  for (let digits = 0; ; digits++) {
    const text = value.toExponential(digits);
    if (rounded(Number(text), dtype) === value) return text;
  }
}

/** Digits and power of ten: 1.25e-3 is ["125", -3]. */
function parts(value: number, dtype: DType): [digits: string, exponent: number] {
  const [mantissa, exponent] = shortest(Math.abs(value), dtype).split("e") as [string, string];
  return [mantissa.replace(".", ""), Number(exponent)];
}

/** Without an exponent, shortest digits, at most PRECISION after the point: "0.2", "1." */
function positional(value: number, dtype: DType, precision: number = PRECISION): string {
  const [digits, exponent] = parts(value, dtype);
  const decimals = Math.min(precision, Math.max(0, digits.length - 1 - exponent));
  // Beyond the shortest digits toFixed would show the binary expansion: zeros stand there instead.
  const fixed =
    digits.length - 1 - exponent > precision
      ? Math.abs(value).toFixed(precision)
      : exponent >= digits.length - 1
        ? digits.padEnd(exponent + 1, "0")
        : exponent >= 0
          ? `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
          : `0.${"0".repeat(-exponent - 1)}${digits}`;
  const trimmed = decimals === 0 ? `${fixed.split(".")[0]}.` : fixed.replace(/0+$/, "");
  return (value < 0 || Object.is(value, -0) ? "-" : "") + trimmed;
}

/** What a number with an exponent shows at least, so that a column of them lines up. */
interface Scientific {
  readonly decimals: number;
  readonly exponentDigits: number;
}

/** With an exponent, shortest digits, at most `precision` after the point: "1.25e-07". */
function scientific(
  value: number,
  dtype: DType,
  { decimals, exponentDigits }: Scientific = { decimals: 0, exponentDigits: 2 },
  precision: number = PRECISION,
): string {
  const [digits, exponent] = parts(value, dtype);
  const rounded =
    digits.length - 1 > precision
      ? Math.abs(value).toExponential(precision)
      : `${digits[0]}.${digits.slice(1)}e${exponent}`;
  const [mantissa, power] = rounded.split("e") as [string, string];
  const [whole, fraction = ""] = mantissa.split(".") as [string, string?];
  const tail = fraction.replace(/0+$/, "").padEnd(decimals, "0");
  const size = Math.abs(Number(power)).toString().padStart(exponentDigits, "0");
  return `${value < 0 || Object.is(value, -0) ? "-" : ""}${whole}.${tail}e${Number(power) < 0 ? "-" : "+"}${size}`;
}

/** A number on its own: all the digits that tell it apart, "3.0" where there are none after the point. */
function scalar(value: number, dtype: DType): string {
  if (!isFloat(dtype)) return dtype === "bool" ? String(value !== 0) : String(value);
  if (!Number.isFinite(value)) return special(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4))
    return scientific(value, dtype, undefined, Infinity).replace(".e", "e");
  return positional(value, dtype, Infinity).replace(/\.$/, ".0");
}

const special = (value: number): string => (Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");

/** The largest of numbers of 0 or more. */
const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);

/** How all numbers of a tensor are written: with an exponent where they are far apart, or far from 1. */
function writer(finite: readonly number[], dtype: DType): (value: number) => string {
  const sizes = finite.filter((v) => v !== 0).map(Math.abs);
  const largest = most(sizes);
  const least = sizes.reduce((a, b) => Math.min(a, b), Infinity);
  if (sizes.length === 0 || (largest < 1e8 && least >= 1e-4 && largest / least <= 1000))
    return (v) => positional(v, dtype);
  const texts = finite.map((v) => scientific(v, dtype));
  const shape: Scientific = {
    decimals: most(texts.map((text) => text.indexOf("e") - text.indexOf(".") - 1)),
    exponentDigits: most(texts.map((text) => text.length - text.indexOf("e") - 2)),
  };
  return (v) => scientific(v, dtype, shape);
}

/** One width for all, points under points. */
function floatFormat(values: readonly number[], dtype: DType): (value: number) => string {
  const finite = values.filter(Number.isFinite);
  const write = writer(finite, dtype);
  const point = (text: string): number => text.indexOf(".");
  const texts = finite.map(write);
  const left = most(texts.map(point));
  const right = most(texts.map((text) => text.length - point(text) - 1));
  const words = values.filter((v) => !Number.isFinite(v)).map((v) => special(v).length);
  const width = most([left + 1 + right, most(words)]);
  return (v) => {
    if (!Number.isFinite(v)) return special(v).padStart(width);
    const text = write(v);
    return text.padEnd(point(text) + 1 + right).padStart(width);
  };
}

function formatOf(values: readonly number[], dtype: DType): (value: number) => string {
  if (isFloat(dtype)) return floatFormat(values, dtype);
  const word = (v: number): string => (dtype === "bool" ? (v ? "true" : "false") : String(v));
  const width = most(values.map((v) => word(v).length));
  return (v) => word(v).padStart(width);
}

/** Positions of an axis that are shown; undefined stands for the dots. */
function shown(length: number, summarise: boolean): (number | undefined)[] {
  if (!summarise || length <= 2 * EDGE) return Array.from({ length }, (_, i) => i);
  return [
    ...Array.from({ length: EDGE }, (_, i) => i),
    undefined,
    ...Array.from({ length: EDGE }, (_, i) => length - EDGE + i),
  ];
}

/**
 * Elements as NumPy prints them: nested brackets, aligned columns, floats with the fewest digits that tell them apart and at
 * most 8 after the point, only the edges of axes beyond 1,000 elements.
 */
export function format(array: TypedArray, shape: Shape, dtype: DType): string {
  const summarise = sizeOf(shape) > THRESHOLD;
  const strides = stridesOf(shape);
  const visible: number[] = [];
  const collect = (axis: number, offset: number): void => {
    if (axis === shape.length) visible.push(array[offset]!);
    else
      for (const i of shown(shape[axis]!, summarise))
        if (i !== undefined) collect(axis + 1, offset + i * strides[axis]!);
  };
  if (sizeOf(shape) > 0) collect(0, 0);
  if (shape.length === 0) return scalar(array[0]!, dtype);
  const element = formatOf(visible, dtype);
  const block = (axis: number, offset: number): string => {
    if (axis === shape.length) return element(array[offset]!);
    const items = shown(shape[axis]!, summarise).map((i) =>
      i === undefined ? "..." : block(axis + 1, offset + i * strides[axis]!),
    );
    const indent = " ".repeat(axis + 1);
    if (axis === shape.length - 1) return `[${wrap(items, indent)}]`;
    return `[${items.join("\n".repeat(shape.length - 1 - axis) + indent)}]`;
  };
  return sizeOf(shape) === 0 ? "[]" : block(0, 0);
}

/** A row of elements, broken where the line is full; `indent` stands under its brackets. */
function wrap(items: readonly string[], indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const item of items) {
    if (line && indent.length + line.length + 1 + item.length > LINE - indent.length) {
      lines.push(line.trimEnd());
      line = item;
    } else line = line ? `${line} ${item}` : item;
  }
  return [...lines, line].join(`\n${indent}`);
}

/** The line that TensorFlow's notes print: `tf.Tensor([[0.2, 0.7, 0.3]], shape=(1, 3), dtype=float32)`. */
export function formatAsTensorFlow(array: TypedArray, shape: Shape, dtype: DType): string {
  const names: Readonly<Record<DType, string>> = {
    f32: "float32",
    f64: "float64",
    f16: "float16",
    bf16: "bfloat16",
    i32: "int32",
    u32: "uint32",
    u8: "uint8",
    bool: "bool",
  };
  const strides = stridesOf(shape);
  const word = (value: number): string =>
    dtype === "bool" ? (value ? "True" : "False") : isFloat(dtype) ? positional(value, dtype) : String(value);
  const block = (axis: number, offset: number): string =>
    axis === shape.length
      ? word(array[offset]!)
      : `[${Array.from({ length: shape[axis]! }, (_, i) => block(axis + 1, offset + i * strides[axis]!)).join(", ")}]`;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  return `tf.Tensor(${block(0, 0)}, shape=(${sizes}), dtype=${names[dtype]})`;
}
