/** Models and plain tensors in .safetensors files, under the names that PyTorch gives them. */
import { readFile, writeFile } from "#platform";
import type { Module } from "../nn/module.ts";
import type { LoadOptions, LoadResult } from "../nn/stateDict.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { naming } from "./naming.ts";
import { decodeTensors, encodeTensors } from "./tensors.ts";

/**
 * Writes tensors into a .safetensors file, which Python's `safetensors` reads too. A reader never sees half a file.
 * @param metadata free text to keep with them.
 * @throws PlatformError when the file cannot be written (never in a browser: use {@link encodeTensors}), FormatError for
 * names that cannot.
 */
export async function saveTensors(
  tensors: Readonly<Record<string, Tensor>>,
  path: string,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFile(path, await encodeTensors(tensors, metadata));
}

/**
 * The tensors of a .safetensors file (in a browser: of a URL).
 * @throws PlatformError when it cannot be read, FormatError when it is damaged or of another format.
 */
export async function loadTensors(path: string): Promise<Record<string, Tensor>> {
  const bytes = await readFile(path);
  return naming(path, () => decodeTensors(bytes));
}

/**
 * Writes a model's parameters and buffers into a .safetensors file. PyTorch loads it into the same layers:
 * `model.load_state_dict(safetensors.torch.load_file("model.safetensors"))`.
 * @throws PlatformError when the file cannot be written (never in a browser: use {@link encodeTensors}).
 */
export async function saveModel(model: Module, path: string): Promise<void> {
  await saveTensors(model.stateDict(), path, { format: "pt" });
}

/**
 * Reads a model's parameters and buffers from a .safetensors file (in a browser: a URL), written here or by PyTorch. Either
 * everything is loaded or, on an error, nothing.
 * @param options see `Module.loadStateDict`.
 * @throws PlatformError when the file cannot be read, FormatError when it is damaged, of another format or has other
 * names, ShapeError when shapes differ.
 */
export async function loadModel(model: Module, path: string, options?: LoadOptions): Promise<LoadResult> {
  const bytes = await readFile(path);
  return naming(path, () => model.loadStateDict(decodeTensors(bytes), options));
}
