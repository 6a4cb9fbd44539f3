import { isPlainObject } from "../core/plainObject.ts";
import { Tensor } from "./tensor.ts";

/** The same arrays and plain objects with every tensor in them replaced. Everything else stays as it is. */
export function mapTensors<T>(value: T, replace: (tensor: Tensor) => Tensor): T {
  const visit = (item: unknown): unknown => {
    if (item instanceof Tensor) return replace(item);
    if (Array.isArray(item)) return item.map(visit);
    if (!isPlainObject(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, visit(inner)]));
  };
  return visit(value) as T;
}

/** All tensors in arrays and plain objects, in order. */
export function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}
