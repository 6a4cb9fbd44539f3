/** Everything that a training run needs to go on later, in one .safetensors file. */
import { readFile, writeFile } from "#platform";
import { FormatError } from "../core/errors.ts";
import type { Module } from "../nn/module.ts";
import type { OptimizerState, SavedGroup } from "../optim/state.ts";
import { randomState, setRandomState } from "../tensor/random.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isJsonObject, parseJson, type Json } from "./json.ts";
import { naming } from "./naming.ts";
import { parseSafetensors } from "./safetensors.ts";
import { decodeTensors, encodeTensors } from "./tensors.ts";

/** What is saved and loaded. */
export interface CheckpointParts {
  readonly model: Module;
  readonly optimizer: {
    stateDict(): OptimizerState;
    loadStateDict(state: OptimizerState): void;
  };
}

/** Further fields of a checkpoint, such as `{ epoch: 5, loss: 0.12, hyperparameters: { lr: 0.001 } }`. */
export type CheckpointFields = Readonly<Record<string, Json>>;

const MODEL = "model_state_dict.";
const OPTIMIZER = "optimizer_state_dict.";
const RANDOM = "random_state";
const GROUPS = "optimizer_param_groups";
const FIELDS = "fields";
const FORMAT = "myelin checkpoint";

/**
 * Writes a model, its optimizer and the state of the random numbers, so that training can go on from there as if it had
 * never stopped. A reader never sees half a file.
 * @param fields what else to keep; the time is added as `timestamp`.
 * @throws PlatformError when the file cannot be written.
 *
 * @example
 * await saveCheckpoint("run.safetensors", { model, optimizer }, { epoch: 5 });
 * // later, in a new process
 * const { epoch } = await loadCheckpoint("run.safetensors", { model, optimizer });
 * train.nextEpoch = scheduler.epoch = Number(epoch);
 */
export async function saveCheckpoint(
  path: string,
  { model, optimizer }: CheckpointParts,
  fields: CheckpointFields = {},
): Promise<void> {
  const { state, param_groups: groups } = optimizer.stateDict();
  const tensors: Record<string, Tensor> = { [RANDOM]: tensor(randomState()) };
  for (const [name, value] of Object.entries(model.stateDict())) tensors[MODEL + name] = value;
  for (const [position, parts] of Object.entries(state))
    for (const [name, value] of Object.entries(parts)) tensors[`${OPTIMIZER}${position}.${name}`] = value;
  const metadata = {
    format: FORMAT,
    [GROUPS]: JSON.stringify(groups),
    [FIELDS]: JSON.stringify({ timestamp: new Date().toISOString(), ...fields }),
  };
  await writeFile(path, await encodeTensors(tensors, metadata));
}

/**
 * Takes over what `saveCheckpoint` wrote. Either everything is loaded or, on an error, nothing.
 * @returns the further fields, with the `timestamp`.
 * @throws PlatformError when the file cannot be read, FormatError when it is damaged, no checkpoint, or of another model or
 * optimizer, ShapeError when shapes differ.
 */
export async function loadCheckpoint(path: string, { model, optimizer }: CheckpointParts): Promise<CheckpointFields> {
  const bytes = await readFile(path);
  return naming(path, () => {
    const { metadata } = parseSafetensors(bytes);
    const tensors = decodeTensors(bytes);
    const random = tensors[RANDOM];
    if (metadata.get("format") !== FORMAT || random?.size !== 2)
      throw new FormatError("this is no checkpoint; load a model's file with loadModel");
    const fields = jsonIn(metadata, FIELDS);
    const groups = jsonIn(metadata, GROUPS);
    if (!isJsonObject(fields) || !Array.isArray(groups) || !groups.every(isGroup))
      throw new FormatError("the checkpoint's metadata is damaged; save it again");
    const before = model.stateDict();
    model.loadStateDict(within(tensors, MODEL));
    try {
      optimizer.loadStateDict({
        state: nested(within(tensors, OPTIMIZER)),
        param_groups: groups as unknown as SavedGroup[],
      });
    } catch (error) {
      model.loadStateDict(before);
      throw error;
    }
    setRandomState(random.dataSync());
    return fields;
  });
}

function jsonIn(metadata: ReadonlyMap<string, string>, name: string): Json {
  return parseJson(new TextEncoder().encode(metadata.get(name) ?? ""), `the checkpoint's ${name}`);
}

/** The tensors whose names start with a prefix, without it. */
function within(tensors: Readonly<Record<string, Tensor>>, prefix: string): Record<string, Tensor> {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** `0.exp_avg` as `{ 0: { exp_avg } }`. A Map, because a file may name things `__proto__`. */
function nested(tensors: Readonly<Record<string, Tensor>>): Record<string, Record<string, Tensor>> {
  const state = new Map<string, [string, Tensor][]>();
  for (const [path, value] of Object.entries(tensors)) {
    const [position = "", name = ""] = path.split(/\.(.*)/s);
    state.set(position, [...(state.get(position) ?? []), [name, value]]);
  }
  return Object.fromEntries([...state].map(([position, parts]) => [position, Object.fromEntries(parts)]));
}

function isGroup(value: Json): boolean {
  return isJsonObject(value) && typeof value["lr"] === "number" && Array.isArray(value["params"]);
}
