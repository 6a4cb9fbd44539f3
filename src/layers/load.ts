/** Models made again from their configuration. */
import { readPieces } from "#platform";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { isJsonObject, parseJson, quote, type Json } from "../formats/json.ts";
import { naming } from "../formats/naming.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import { decodeTensors } from "../formats/tensors.ts";
import type { OptimizerState, SavedGroup } from "../optim/state.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Functional } from "./functional.ts";
import type { Inferred } from "./infer.ts";
import { InputLayer } from "./input.ts";
import { Layer } from "./layer.ts";
import * as known from "./layers.ts";
import { Model, type CompileOptions } from "./model.ts";
import { checkPath, FORMAT } from "./save.ts";
import { Sequential } from "./sequential.ts";
import type { Nest } from "./symbolic.ts";

interface LayerClass {
  readonly className: string;
  fromConfig(config: object): Layer;
}

const registered = /* @__PURE__ */ new Map<string, LayerClass>();

/**
 * Makes a layer or model class of your own known to `modelFromJSON` and `loadModel`, under its `className`.
 * @throws ArgumentError for a class without a `className` of its own.
 */
export function registerClass(layerClass: abstract new (...options: never[]) => Layer): void {
  const { className } = layerClass as unknown as LayerClass;
  if (!Object.hasOwn(layerClass, "className") || !className)
    throw new ArgumentError(
      `registerClass: ${layerClass.name} needs a name that files can have: static override readonly className = "${layerClass.name}"`,
    );
  registered.set(className, layerClass as unknown as LayerClass);
}

function classNamed(name: string): LayerClass | undefined {
  const own = registered.get(name);
  if (own) return own;
  const all: readonly unknown[] = [Functional, Sequential, InputLayer, ...Object.values(known)];
  return all.find(
    (one) =>
      typeof one === "function" && one.prototype instanceof Layer && (one as unknown as LayerClass).className === name,
  ) as LayerClass | undefined;
}

/** How deep configurations may nest: hostile ones shall not overflow the stack. */
const DEEPEST = 100;

/** The value with layers in place of their descriptions. */
function revived(value: Json, depth: number = 0): unknown {
  if (depth > DEEPEST) throw new FormatError("model: its configuration nests too deeply; the file is damaged");
  if (Array.isArray(value)) return value.map((item: Json) => revived(item, depth + 1));
  if (!isJsonObject(value)) return value;
  const { className, config } = value;
  const isLayer = typeof className === "string" && isJsonObject(config) && classNamed(className) !== undefined;
  if (isLayer) return layerFrom(className, config as Json, depth + 1);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revived(item, depth + 1)]));
}

function layerFrom(className: string, config: Json, depth: number): Layer {
  const Class = classNamed(className);
  if (!Class)
    throw new FormatError(
      `model: no layer is called ${quote(className)}; tell of a class of your own with registerClass before loading`,
    );
  const entries = Object.entries(config as object).map(([name, value]) => [
    name,
    // Every entry is a layer here, known or not.
    name === "layers" ? layersFrom(value as Json, depth) : revived(value as Json, depth),
  ]);
  return Class.fromConfig(Object.fromEntries(entries) as object);
}

function layersFrom(value: Json, depth: number): Layer[] {
  if (!Array.isArray(value)) throw new FormatError("model: the layers of its configuration are no list");
  return value.map((one: Json) => {
    if (!isJsonObject(one) || typeof one["className"] !== "string" || !isJsonObject(one["config"]))
      throw new FormatError("model: its configuration holds something that is no layer");
    return layerFrom(one["className"], one["config"], depth + 1);
  });
}

/**
 * The model that a configuration describes, with new weights: from `JSON.stringify(model)`, or `model.toJSON()`.
 * @throws FormatError for a damaged configuration, and for layer classes that are not known.
 */
export function modelFromJSON(given: string | object): Model {
  const text = typeof given === "string" ? given : JSON.stringify(given);
  const value = parseJson(new TextEncoder().encode(text), "the model's configuration");
  const [layer] = layersFrom([value], 0);
  if (layer instanceof Model) return layer as Model;
  throw new FormatError(`model: the configuration is of a layer (${layer!.className}), not of a model`);
}

/** The layer that a description { className, config } stands for, with new weights. Throws FormatError as `modelFromJSON`. */
export function layerFromJSON(description: object): Layer {
  const text = new TextEncoder().encode(JSON.stringify(description));
  return layersFrom([parseJson(text, "the layer's configuration")], 0)[0]!;
}

/** A copy of a model with new weights of its own. Not compiled. */
export function cloneModel<M extends Model>(model: M): M {
  return model.copy();
}

/**
 * A model that `save` wrote: with its weights, compiled as it was where that could be saved, and with the state of its optimizer. Classes of
 * your own must be registered first.
 * @throws FormatError for damaged and for other files; PlatformError when it cannot be read.
 */
export async function loadModel(path: string): Promise<Model> {
  checkPath("loadModel", path);
  const bytes = await readPieces(path);
  return naming(path, () => {
    const { metadata } = parseSafetensors(bytes);
    if (metadata.get("format") !== FORMAT)
      throw new FormatError("this file has weights and no model; make the model and use its loadStateDict");
    const tensors = decodeTensors(bytes);
    const model = modelFromJSON(metadata.get("config") ?? "");
    const inputs = metadata.get("inputs");
    if (inputs !== undefined && !model.built) model.buildLike(inputsIn(inputs));
    model.loadStateDict(within(tensors, "model."));
    const options = metadata.get("compile");
    if (options === undefined) return model;
    model.compile(jsonOf(options, "its compile options") as CompileOptions);
    const groups = metadata.get("optimizer");
    if (groups === undefined) return model;
    const list = jsonOf(groups, "its optimizer's options");
    if (!Array.isArray(list)) throw new FormatError("the optimizer's options are damaged");
    model.optimizer.make(model.parameters(), model.weights);
    model.optimizer.inner.loadStateDict({
      state: nested(within(tensors, "optimizer.")),
      param_groups: list as readonly SavedGroup[],
    });
    return model;
  });
}

function jsonOf(text: string, what: string): Json {
  return parseJson(new TextEncoder().encode(text), what);
}

/** Shapes and dtypes that a model was built with, checked. */
function inputsIn(text: string): Nest<Inferred> {
  const one = (value: Json): Inferred => {
    const { shape, dtype } = isJsonObject(value) ? value : {};
    const isShape =
      Array.isArray(shape) &&
      shape.length <= 8 &&
      shape.every(
        (size: Json) =>
          size === null || (typeof size === "number" && Number.isInteger(size) && size >= 0 && size < 2 ** 31),
      );
    if (!isShape || !["f32", "f64", "i32", "u32", "u8", "bool"].includes(dtype as string))
      throw new FormatError("the shapes of the model's inputs are damaged");
    return { shape: shape as Inferred["shape"], dtype: dtype as Inferred["dtype"] };
  };
  const value = jsonOf(text, "the shapes of its inputs");
  return Array.isArray(value) ? value.map(one) : one(value);
}

/** The tensors whose names start with a prefix, without it. */
function within(tensors: Readonly<Record<string, Tensor>>, prefix: string): Record<string, Tensor> {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** `0.exp_avg` as `{ 0: { exp_avg } }`. A Map, because a file may name things `__proto__`. */
function nested(tensors: Readonly<Record<string, Tensor>>): OptimizerState["state"] {
  const state = new Map<string, [string, Tensor][]>();
  for (const [path, value] of Object.entries(tensors)) {
    const [position = "", name = ""] = path.split(/\.(.*)/s);
    state.set(position, [...(state.get(position) ?? []), [name, value]]);
  }
  return Object.fromEntries([...state].map(([position, parts]) => [position, Object.fromEntries(parts)]));
}
