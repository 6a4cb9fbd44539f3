/** Models as plain JSON: classes, options, and how layers are connected. */
import { ArgumentError } from "../core/errors.ts";
import type { Layer } from "./layer.ts";
import type { Model } from "./model.ts";

/** A layer and its options. */
export interface LayerDescription {
  readonly className: string;
  readonly config: Record<string, unknown>;
}

/** A layer's description. Throws ArgumentError for options that are functions. */
export function describeLayer(layer: Layer): LayerDescription {
  const { className } = layer;
  const config = layer.getConfig();
  check(config, `${layer}`);
  return { className, config };
}

/** A model's description. Throws ArgumentError where options hold functions. */
export function describeModel(model: Model): LayerDescription {
  return describeLayer(model as Layer);
}

function check(value: unknown, path: string): void {
  if (typeof value === "function")
    throw new ArgumentError(
      `${path} is a function, which cannot be saved. Give a name or a description, or a layer class of your own (registerClass)`,
    );
  if (typeof value !== "object" || value === null) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype)
    throw new ArgumentError(
      `${path} is a ${value.constructor.name}, which cannot be saved. Give a name or a description`,
    );
  for (const [name, item] of Object.entries(value)) check(item, `${path}.${name}`);
}
