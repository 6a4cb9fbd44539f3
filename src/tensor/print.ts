/** Tensors as text: NumPy's layout, with JavaScript's words for truth and infinity left as NumPy writes numbers. */
import { isFloat, type DType, type TypedArray } from "../core/dtype.ts";
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
    if (Math.fround(Number(text)) === value) return text;
  }
}

/** Digits and power of ten: 1.25e-3 is ["125", -3]. */
function parts(value: number, dtype: DType): [digits: string, exponent: number] {
  const [mantissa, exponent] = shortest(Math.abs(value), dtype).split("e") as [string, string];
  return [mantissa.replace(".", ""), Number(exponent)];
}

/** Without an exponent, shortest digits, at most PRECISION after the point: "0.2", "1." */
function positional(value: number, dtype: DType): string {
  const [digits, exponent] = parts(value, dtype);
  const decimals = Math.min(PRECISION, Math.max(0, digits.length - 1 - exponent));
  // Beyond the shortest digits toFixed would show the binary expansion: zeros stand there instead.
  const fixed =
    digits.length - 1 - exponent > PRECISION
      ? Math.abs(value).toFixed(PRECISION)
      : exponent >= digits.length - 1
        ? digits.padEnd(exponent + 1, "0")
        : exponent >= 0
          ? `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
          : `0.${"0".repeat(-exponent - 1)}${digits}`;
  const trimmed = decimals === 0 ? `${fixed.split(".")[0]}.` : fixed.replace(/0+$/, "");
  return (value < 0 || Object.is(value, -0) ? "-" : "") + trimmed;
}

/** With an exponent of at least two digits; `decimals` after the point, or as many as tell it apart. */
function scientific(value: number, dtype: DType, decimals?: number): string {
  const [digits, exponent] = parts(value, dtype);
  const rounded =
    digits.length - 1 > PRECISION
      ? Math.abs(value).toExponential(PRECISION)
      : `${digits[0]}.${digits.slice(1)}e${exponent}`;
  const [mantissa, power] = rounded.split("e") as [string, string];
  const [whole, fraction = ""] = mantissa.split(".") as [string, string?];
  const size = Math.abs(Number(power)).toString().padStart(2, "0");
  const tail = decimals === undefined ? fraction.replace(/0+$/, "") : fraction.padEnd(decimals, "0");
  return `${value < 0 || Object.is(value, -0) ? "-" : ""}${whole}.${tail}e${Number(power) < 0 ? "-" : "+"}${size}`;
}

/** One width for all: points under points, or exponents under exponents. */
function floatFormat(values: readonly number[], dtype: DType): (value: number) => string {
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((v) => v !== 0).map(Math.abs);
  const largest = Math.max(...sizes);
  const least = Math.min(...sizes);
  const exponential = sizes.length > 0 && (largest >= 1e8 || least < 1e-4 || largest / least > 1000);
  const special = (v: number): string => (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf");
  const decimals = exponential
    ? Math.max(...finite.map((v) => scientific(v, dtype).split("e")[0]!.split(".")[1]!.length))
    : 0;
  const show = (v: number): string => (exponential ? scientific(v, dtype, decimals) : positional(v, dtype));
  const texts = finite.map(show);
  const left = Math.max(0, ...texts.map((text) => text.indexOf(".")));
  const right = Math.max(0, ...texts.map((text) => text.length - text.indexOf(".") - 1));
  const width = Math.max(left + 1 + right, ...values.filter((v) => !Number.isFinite(v)).map((v) => special(v).length));
  return (v) => {
    if (!Number.isFinite(v)) return special(v).padStart(width);
    const text = show(v);
    return text.padEnd(text.length + right - (text.length - text.indexOf(".") - 1)).padStart(width);
  };
}

function formatOf(values: readonly number[], dtype: DType): (value: number) => string {
  if (isFloat(dtype)) return floatFormat(values, dtype);
  const word = (v: number): string => (dtype === "bool" ? (v ? "true" : "false") : String(v));
  const width = Math.max(0, ...values.map((v) => word(v).length));
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
  const element = formatOf(visible, dtype);
  const block = (axis: number, offset: number): string => {
    if (axis === shape.length) return element(array[offset]!);
    const items = shown(shape[axis]!, summarise).map((i) =>
      i === undefined ? "..." : block(axis + 1, offset + i * strides[axis]!),
    );
    const indent = " ".repeat(axis + 1);
    if (axis === shape.length - 1) return `[${wrap(items, indent, shape.length - axis)}]`;
    return `[${items.join("\n".repeat(shape.length - 1 - axis) + indent)}]`;
  };
  return sizeOf(shape) === 0 ? "[]" : block(0, 0);
}

/** A row of elements, broken where the line is full. */
function wrap(items: readonly string[], indent: string, closing: number): string {
  const lines: string[] = [];
  let line = "";
  for (const [i, item] of items.entries()) {
    const room = LINE - (i === items.length - 1 ? closing : 0);
    if (line && indent.length + line.length + 1 + item.length > room) {
      lines.push(line);
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
