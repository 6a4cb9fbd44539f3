import { isJsonObject, type Json } from "./json.ts";
import { sha256 } from "./sha256.ts";

/** What says of itself as JSON what it is, or several such things by name. */
export type Described = { toJSON(): Json } | { readonly [name: string]: Described };

/** JSON text in which keys are sorted: equal values have equal texts. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`).join(",")}}`;
}

/** What something says of itself, as text; equal things have equal texts. */
export function describeAsJson(given: Described): string {
  return canonicalJson(JSON.parse(JSON.stringify(given)) as Json);
}

/**
 * The SHA-256 of what preprocessing says of itself: equal where training and use prepare their data alike.
 * @param given a transformer, a pipeline of images, a tokenizer, or an object of them.
 */
export function fingerprint(given: Described): Promise<string> {
  return sha256(new TextEncoder().encode(describeAsJson(given)));
}
