import { Layer, type LayerOptions } from "./layer.ts";

/** A layer with the options of another, weights of its own, and copies of the layers that the options hold. */
export function copyLayer<L extends Layer>(layer: L, changes: object = {}): L {
  const copied = (value: unknown): unknown => {
    if (value instanceof Layer) return copyLayer(value as Layer);
    return Array.isArray(value) ? value.map(copied) : value;
  };
  const options = Object.entries(layer.options).map(([name, value]) => [name, copied(value)]);
  const Class = layer.constructor as new (options: LayerOptions) => L;
  const own = { name: layer.name, ...(layer.trainable ? {} : { trainable: false }) };
  return new Class({ ...Object.fromEntries(options), ...own, ...changes });
}
