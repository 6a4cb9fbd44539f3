import { readFile, writeFile } from "#platform";
import { parseNpy, parseNpz, serializeNpy, serializeNpz, type NpyOptions } from "../../formats/npy.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { named } from "./reading.ts";

/**
 * The array of a .npy file (in a browser: of a URL). Rows become examples with `slices`.
 * @param options.int64 what becomes of 64-bit integers: `i32` (the default; an error where one does not fit) or `f64`.
 * @throws FormatError for what is damaged or holds no numbers (Python objects are refused), PlatformError for what cannot be read.
 *
 * @example
 * const examples = Dataset.from(slices([await files.readNpy("images.npy"), await files.readNpy("labels.npy")]));
 */
export async function readNpy(path: string, options?: NpyOptions): Promise<HostArray> {
  return parseNpy(await readFile(path), named(path), options);
}

/**
 * The arrays of a .npz file by name.
 * @throws as {@link readNpy}; PackageError without fflate.
 *
 * @example
 * const { x_train, y_train } = await files.readNpz("mnist.npz");
 */
export async function readNpz(path: string, options?: NpyOptions): Promise<Record<string, HostArray>> {
  return Object.fromEntries(await parseNpz(await readFile(path), named(path), options));
}

/** Writes an array as a .npy file, which `numpy.load` reads. bf16 becomes f32. @throws PlatformError */
export async function writeNpy(path: string, array: Tensor | HostArray): Promise<void> {
  await writeFile(path, serializeNpy(await onHost(array)));
}

/** Writes arrays as a .npz file. @param options.compress false by default. @throws PlatformError; PackageError without fflate. */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, Tensor | HostArray>>,
  options?: { readonly compress?: boolean },
): Promise<void> {
  const entries: [string, HostArray][] = [];
  for (const [name, array] of Object.entries(arrays)) entries.push([name, await onHost(array)]);
  await writeFile(path, await serializeNpz(Object.fromEntries(entries), options));
}

async function onHost(array: Tensor | HostArray): Promise<HostArray> {
  return array instanceof Tensor ? hostArray(await array.data(), array.shape, array.dtype) : array;
}
