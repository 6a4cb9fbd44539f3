/** Models and plain tensors in .safetensors files, under the names that PyTorch gives them. */
import { readPieces, writeFile } from "#platform";
import type { Module } from "../nn/module.ts";
import type { LoadOptions, LoadResult } from "../nn/stateDict.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { FormatError } from "../core/errors.ts";
import { describeAsJson, fingerprint, type Described } from "./fingerprint.ts";
import { parseJson, type Json } from "./json.ts";
import { naming } from "./naming.ts";
import { parseSafetensors } from "./safetensors.ts";
import { sha256 } from "./sha256.ts";
import { decodeTensors, tensorPieces } from "./tensors.ts";

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
  await writeFile(path, await tensorPieces(tensors, metadata));
}

/**
 * The tensors of a .safetensors file (in a browser: of a URL).
 * @throws PlatformError when it cannot be read, FormatError when it is damaged or of another format.
 */
export async function loadTensors(path: string): Promise<Record<string, Tensor>> {
  const bytes = await readPieces(path);
  return naming(path, () => decodeTensors(bytes));
}

/** What is saved next to a model's weights. */
export interface SaveModelOptions {
  /** How inputs are prepared and outputs read: a transformer, a tokenizer, a pipeline of images, or an object of them. None by default. */
  readonly preprocessing?: Described | undefined;
}

/** How a model is loaded. */
export interface LoadModelOptions extends LoadOptions {
  /** The preprocessing that the program uses itself: an error where the model was saved with another one. Not compared by default. */
  readonly preprocessing?: Described | undefined;
}

/** What was loaded. */
export interface LoadedModel extends LoadResult {
  /** The preprocessing that was saved with the model, for `preprocessing.fromJSON`; undefined where there is none. */
  readonly preprocessing: Json | undefined;
}

const PREPROCESSING = "preprocessing";
const FINGERPRINT = "preprocessing_sha256";

/**
 * Writes a model's parameters and buffers into a .safetensors file, and the preprocessing that goes with them. PyTorch loads it
 * into the same layers: `model.load_state_dict(safetensors.torch.load_file("model.safetensors"))`.
 * @throws PlatformError when the file cannot be written (never in a browser: use {@link encodeTensors}).
 *
 * @example
 * await saveModel(model, "houses.safetensors", { preprocessing: prepare });
 */
export async function saveModel(model: Module, path: string, options: SaveModelOptions = {}): Promise<void> {
  const { preprocessing } = options;
  const metadata: Record<string, string> = { format: "pt" };
  if (preprocessing !== undefined) {
    metadata[PREPROCESSING] = describeAsJson(preprocessing);
    metadata[FINGERPRINT] = await fingerprint(preprocessing);
  }
  await saveTensors(model.stateDict(), path, metadata);
}

/**
 * Reads a model's parameters and buffers from a .safetensors file (in a browser: a URL), written here or by PyTorch. Either
 * everything is loaded or, on an error, nothing.
 * @param options see `Module.loadStateDict`; with `preprocessing`, the program's own is compared with the saved one.
 * @throws PlatformError when the file cannot be read, FormatError when it is damaged, of another format, has other names or other
 * preprocessing, ShapeError when shapes differ.
 *
 * @example
 * const loaded = await loadModel(model, "houses.safetensors");
 * const prepare = preprocessing.fromJSON(loaded.preprocessing);
 */
export async function loadModel(model: Module, path: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const bytes = await readPieces(path);
  const text = naming(path, () => parseSafetensors(bytes).metadata);
  const hash =
    text.get(PREPROCESSING) === undefined ? undefined : await sha256(encoder().encode(text.get(PREPROCESSING)));
  const wanted = options.preprocessing && (await fingerprint(options.preprocessing));
  return naming(path, () => {
    if (hash !== text.get(FINGERPRINT))
      throw new FormatError(
        "its preprocessing is not the one that was saved; the file is damaged, or was changed by hand",
      );
    if (wanted !== undefined && wanted !== hash)
      throw new FormatError(
        hash === undefined
          ? "no preprocessing was saved with the model, and it was to be compared with yours; save it with saveModel(model, path, { preprocessing })"
          : `the model was trained with other preprocessing: ${hash.slice(0, 12)}… was saved, yours is ${wanted.slice(0, 12)}…; use preprocessing.fromJSON of what loadModel gives`,
      );
    const preprocessing =
      hash === undefined ? undefined : parseJson(encoder().encode(text.get(PREPROCESSING)), "its preprocessing");
    return { ...model.loadStateDict(decodeTensors(bytes), options), preprocessing };
  });
}

const encoder = (): TextEncoder => new TextEncoder();
