/** .npy and .npz, NumPy's files of one array and of several (numpy/lib/format.py, versions 1 to 3). */
import type * as fflate from "fflate";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { looksLike } from "./content.ts";
import { quote } from "./json.ts";
import { numpyArray, numpyBytes, numpyItemSize, type Int64As, type NumberArray } from "./numpyArray.ts";
import { optionalPackage } from "./optionalPackage.ts";

const MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy refuses longer ones as well. */
const MAX_HEADER_BYTES = 10_000;
/** Where data starts is a multiple of this. */
const ALIGNMENT = 64;

/** How arrays are read. */
export interface NpyOptions {
  /** What becomes of 64-bit integers; i32 by default, an error where one does not fit. */
  readonly int64?: Int64As;
}

/**
 * Reads a .npy file. Types that tensors do not have are converted: integers of 8 and 16 bits to i32, of 64 as `int64` says.
 * Fortran's order becomes row-major.
 * @param name names the file in messages.
 * @throws FormatError when it is no .npy file, is cut off or longer than its header says, or holds texts, records, complex numbers, or Python
 * objects, which are refused unseen.
 *
 * @example
 * const { data, shape } = parseNpy(await readFile("images.npy"));
 */
export function parseNpy(bytes: Uint8Array, name: string = "npy", { int64 }: NpyOptions = {}): NumberArray {
  const { type, fortran, shape, start } = readHeader(bytes, name);
  return numpyArray(type, shape, fortran, bytes.subarray(start), name, int64);
}

interface Header {
  readonly type: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly start: number;
}

function readHeader(bytes: Uint8Array, name: string): Header {
  const fail = (problem: string): never => {
    throw new FormatError(`${name}: ${problem}`);
  };
  if (bytes.length < 10 || MAGIC.some((byte, at) => bytes[at] !== byte))
    return fail(
      `the file does not start as .npy files do${looksLike(bytes) || "; it is cut off, or of another format"}`,
    );
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    return fail(`version ${version} of the format is not known; save it again with numpy.save`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = version > 1;
  if (wide && bytes.length < 12) return fail("the file ends within its header; it is cut off");
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + length;
  if (length > MAX_HEADER_BYTES)
    return fail(`the header has ${length} bytes, more than ${MAX_HEADER_BYTES}; the file is damaged`);
  if (start > bytes.length)
    return fail(`the header should end at byte ${start}, the file at ${bytes.length}; it is cut off`);
  const text = String.fromCharCode(...bytes.subarray(start - length, start)).trim();
  // A Python dictionary of three entries, which is read and not evaluated.
  const entries = /^\{\s*((?:'\w+'\s*:\s*(?:'[^']*'|True|False|\([\d\s,L]*\)|\[.*\])\s*,?\s*)+)\}$/s.exec(text)?.[1];
  if (entries === undefined) return fail(`the header ${quote(text)} is none that numpy writes; the file is damaged`);
  const found = new Map(
    [...entries.matchAll(/'(\w+)'\s*:\s*('[^']*'|True|False|\([\d\s,L]*\)|\[.*\])/gs)].map(([, key, value]) => [
      key!,
      value!,
    ]),
  );
  const [descr, order, sizes] = ["descr", "fortran_order", "shape"].map((key) => found.get(key));
  if (found.size !== 3 || descr === undefined || !/^(True|False)$/.test(order ?? "") || !sizes?.startsWith("("))
    return fail(
      `the header ${quote(text)} has not the three entries descr, fortran_order and shape; the file is damaged`,
    );
  if (!descr.startsWith("'")) return fail("the array has fields of several types; save each as an array of its own");
  const shape = sizes
    .slice(1, -1)
    .split(",")
    .map((size) => size.replace("L", "").trim())
    .filter((size) => size !== "")
    .map(Number);
  const type = descr.slice(1, -1);
  const product = shape.includes(0) ? 0 : shape.reduce((a, b) => a * b, numpyItemSize(type, name));
  if (!shape.every(Number.isSafeInteger) || !Number.isSafeInteger(product) || shape.length > 64)
    return fail(`the shape (${shape.slice(0, 8).join(", ")}) is more than any file can hold; the file is damaged`);
  return { type, fortran: order === "True", shape, start };
}

/** Writes a .npy file, of version 1. bf16, which NumPy does not have, becomes f32; f16 stays. */
export function serializeNpy(array: NumberArray): Uint8Array {
  const { type, bytes } = numpyBytes(array);
  const { shape } = array;
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${sizes}, }`;
  const start = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(start + bytes.length);
  file.set([...MAGIC, 1, 0]);
  new DataView(file.buffer).setUint16(8, start - 10, true);
  file.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  file.set(bytes, start);
  return file;
}

const loadZip = (): Promise<typeof fflate> =>
  optionalPackage("fflate", "reading and writing .npz files", () => import("fflate"));

/** The most that deflate can shrink (RFC 1951). */
const MAX_RATIO = 1032;

/**
 * Reads a .npz file: arrays by name.
 * @param name names the file in messages.
 * @throws FormatError when it is no ZIP archive, is damaged, or holds something else than arrays of numbers; PackageError without fflate.
 *
 * @example
 * const { x_train, y_train } = Object.fromEntries(await parseNpz(await readFile("mnist.npz")));
 */
export async function parseNpz(
  bytes: Uint8Array,
  name: string = "npz",
  options: NpyOptions = {},
): Promise<Map<string, NumberArray>> {
  const { unzipSync } = await loadZip();
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name: entry, size, originalSize }) => {
        // Before memory is taken for it.
        if (originalSize > (size + 1) * MAX_RATIO || size > bytes.length)
          throw new RangeError(`${quote(entry)} promises ${originalSize} bytes, more than ${size} can hold`);
        return true;
      },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
    const damaged = "; it is damaged or cut off";
    throw new FormatError(
      `${name}: the archive cannot be unpacked (${reason})${isZip ? damaged : looksLike(bytes) || damaged}`,
      {
        cause,
      },
    );
  }
  const arrays = new Map<string, NumberArray>();
  for (const [entry, content] of Object.entries(files))
    arrays.set(entry.replace(/\.npy$/, ""), parseNpy(content, `${name}: ${quote(entry)}`, options));
  return arrays;
}

/**
 * Writes a .npz file, which `numpy.load` reads.
 * @param options.compress false by default, as `numpy.savez`.
 * @throws ArgumentError for names that no entry can have; PackageError without fflate.
 */
export async function serializeNpz(
  arrays: Readonly<Record<string, NumberArray>>,
  { compress = false }: { readonly compress?: boolean } = {},
): Promise<Uint8Array> {
  const { zipSync } = await loadZip();
  const entries = Object.entries(arrays).map(([name, array]) => {
    if (name === "" || name.includes("\0"))
      throw new ArgumentError(`serializeNpz: ${quote(name)} can be no name in an archive`);
    return [`${name}.npy`, serializeNpy(array)] as const;
  });
  return zipSync(Object.fromEntries(entries), { level: compress ? 6 : 0 });
}
