/** Tensors as the entries of a safetensors file, and back. */
import { joinBytes } from "../core/bytes.ts";
import type { Pieces } from "../platform/platform.ts";
import { numbersIn, stored, viewOf, type DType, type TypedArray } from "../core/dtype.ts";
import { FormatError } from "../core/errors.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { quote } from "./json.ts";
import { parseSafetensors, safetensorsPieces, type SafetensorsDType, type SafetensorsTensor } from "./safetensors.ts";

/** What files call the dtypes. */
const NAMES: Readonly<Record<DType, SafetensorsDType>> = {
  f32: "F32",
  f64: "F64",
  f16: "F16",
  bf16: "BF16",
  i32: "I32",
  u32: "U32",
  u8: "U8",
  bool: "BOOL",
};

const DTYPES = /* @__PURE__ */ Object.fromEntries(
  Object.entries(NAMES).map(([dtype, name]) => [name, dtype]),
) as Readonly<Partial<Record<SafetensorsDType, DType>>>;

/** Reads integers that tensors have no dtype for, as i32. */
interface Conversion {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const CONVERSIONS: Readonly<Partial<Record<SafetensorsDType, Conversion>>> = {
  I8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  I16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  U16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
};

/**
 * Tensors as the bytes of a .safetensors file. Their values are read here.
 * @param tensors by name.
 * @param metadata free text to keep with them; nothing by default.
 * @throws FormatError for names that cannot be written.
 */
export async function encodeTensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  return joinBytes([...(await tensorPieces(tensors, metadata))]);
}

/** As {@link encodeTensors}, in pieces: a file may be larger than any array. */
export async function tensorPieces(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<readonly Uint8Array[]> {
  const entries: [string, SafetensorsTensor][] = [];
  for (const [name, value] of Object.entries(tensors)) {
    const data = stored(await value.data(), value.dtype);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    entries.push([name, { dtype: NAMES[value.dtype], shape: value.shape, bytes }]);
  }
  return safetensorsPieces(entries, metadata);
}

/**
 * The tensors of a .safetensors file, on the current device. 8-, 16- and 64-bit integers become i32.
 * @throws FormatError for a damaged file (see {@link parseSafetensors}), element types without counterpart (8-bit floats,
 * complex numbers), and 64-bit integers that i32 cannot hold.
 */
export function decodeTensors(bytes: Pieces): Record<string, Tensor> {
  const { tensors } = parseSafetensors(bytes);
  return Object.fromEntries([...tensors].map(([name, entry]) => [name, decode(name, entry)]));
}

function decode(name: string, { dtype, shape, bytes }: SafetensorsTensor): Tensor {
  const same = DTYPES[dtype];
  if (same !== undefined) {
    // A copy, because files need not align elements to their size. Not by slice(), which copies nothing in Node's Buffer.
    return tensor(numbersIn(viewOf(same, new Uint8Array(bytes).buffer), same), [...shape], { dtype: same });
  }
  const conversion = CONVERSIONS[dtype];
  if (conversion === undefined)
    throw new FormatError(
      `safetensors: tensor ${quote(name)} is ${dtype}, which tensors cannot hold; convert it to F32`,
    );
  return tensor(convert(name, bytes, conversion), [...shape]);
}

function convert(name: string, bytes: Uint8Array, { bytes: size, read }: Conversion): TypedArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const array = new Int32Array(bytes.length / size);
  for (let at = 0; at < array.length; at++) {
    const value = read(view, at * size);
    array[at] = value;
    if (array[at] !== value)
      throw new FormatError(`safetensors: tensor ${quote(name)} holds ${value}, which i32 cannot; convert it to F64`);
  }
  return array;
}
