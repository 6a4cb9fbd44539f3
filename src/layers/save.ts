/** A model as one file: its configuration, its weights, and what training needs to go on. */
import { writeFile } from "#platform";
import { FormatError } from "../core/errors.ts";
import { isPlainObject } from "../core/plainObject.ts";
import { tensorPieces } from "../formats/tensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describeModel } from "./description.ts";
import type { Model } from "./model.ts";

/** What the metadata's `format` says. */
export const FORMAT = "myelin layers";

/** Throws FormatError for a file of Keras, and for anything but .safetensors. */
export function checkPath(operation: string, path: string): void {
  const [, ending = ""] = /\.([^./\\]+)$/.exec(path) ?? [];
  if (ending === "safetensors") return;
  const advice = ["h5", "hdf5", "keras"].includes(ending)
    ? `files of Keras (.${ending}) are not supported yet`
    : "its name must end with .safetensors";
  throw new FormatError(`${operation}: "${path}": ${advice}; use "${path.replace(/\.[^./\\]+$/, "")}.safetensors"`);
}

/** Writes configuration, weights, what `compile` was told and the state of the optimizer. See `Model.save`. */
export async function saveModel(model: Model, path: string): Promise<void> {
  checkPath("save", path);
  const tensors: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(model.stateDict())) tensors[`model.${name}`] = value;
  const metadata: Record<string, string> = { format: FORMAT, config: JSON.stringify(describeModel(model)) };
  if (model.builtLike) metadata["inputs"] = JSON.stringify(model.builtLike);
  const options = model.compileOptions && plainText(model.compileOptions);
  if (options !== undefined) {
    metadata["compile"] = options;
    if (model.optimizer.isMade) {
      const { state, param_groups: groups } = model.optimizer.inner.stateDict();
      metadata["optimizer"] = JSON.stringify(groups);
      for (const [position, parts] of Object.entries(state))
        for (const [name, value] of Object.entries(parts)) tensors[`optimizer.${position}.${name}`] = value;
    }
  }
  await writeFile(path, await tensorPieces(tensors, metadata));
}

/** JSON of options; undefined where they hold functions or objects that only the program knows. */
function plainText(options: object): string | undefined {
  const isPlain = (value: unknown): boolean => {
    if (typeof value === "function") return false;
    if (typeof value !== "object" || value === null) return true;
    return (Array.isArray(value) || isPlainObject(value)) && Object.values(value).every(isPlain);
  };
  return isPlain(options) ? JSON.stringify(options) : undefined;
}
