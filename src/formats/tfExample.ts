/** tf.train.Example and SequenceExample: named features, the usual content of TFRecord files (tensorflow/core/example). */
import { FormatError } from "../core/errors.ts";
import { decodeMessage, encodeMessage, loadWire, type Wire } from "./protobuf.ts";

/** A feature as a file holds it: a list of one of three kinds. int64 values beyond 2^53 are not exact. */
export type Feature =
  | { readonly bytes: readonly Uint8Array[] }
  | { readonly float: ArrayLike<number> }
  | { readonly int64: ArrayLike<number> };

/** What {@link encodeExample} makes a feature of: texts and bytes become bytes, float arrays floats, other arrays int64. */
export type FeatureValue =
  | string
  | readonly string[]
  | Uint8Array
  | readonly Uint8Array[]
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Feature;

/** Features by name. */
export type Features = Readonly<Record<string, FeatureValue>>;

const FEATURE = {
  bytes: [1, { value: [1, "bytes", "many"] }],
  float: [2, { value: [1, "float", "many"] }],
  int64: [3, { value: [1, "int64", "many"] }],
} as const;
const FEATURES = { feature: [1, { key: [1, "string"], value: [2, FEATURE] }, "many"] } as const;
const EXAMPLE = { features: [1, FEATURES] } as const;
const FEATURE_LISTS = {
  list: [1, { key: [1, "string"], value: [2, { feature: [1, FEATURE, "many"] }] }, "many"],
} as const;
const SEQUENCE = { context: [1, FEATURES], lists: [2, FEATURE_LISTS] } as const;

const PURPOSE = "tf.Example";

/**
 * An example as the bytes of a record.
 * @throws FormatError for a value that is no feature, such as a plain array of numbers: floats and integers are two kinds.
 *
 * @example
 * await encodeExample({ image: jpegBytes, label: Int32Array.of(3), name: "cat.jpg" });
 */
export async function encodeExample(features: Features): Promise<Uint8Array> {
  return exampleBytes(await loadWire(PURPOSE), features);
}

/** {@link encodeExample} with the package at hand. */
export function exampleBytes(wire: Wire, features: Features): Uint8Array {
  return encodeMessage(wire, EXAMPLE, { features: featuresMessage(features) });
}

/** A sequence example as the bytes of a record: features of the whole, and lists of features, one for each step. */
export async function encodeSequenceExample(
  context: Features,
  lists: Readonly<Record<string, readonly FeatureValue[]>>,
): Promise<Uint8Array> {
  const list = Object.entries(lists).map(([key, steps]) => ({
    key,
    value: { feature: steps.map((step) => featureMessage(key, step)) },
  }));
  return encodeMessage(await loadWire(PURPOSE), SEQUENCE, { context: featuresMessage(context), lists: { list } });
}

/**
 * The features of an example, as they stand in a record.
 * @throws FormatError when the bytes are no example. For examples of known features `exampleReader` is faster, and checks them.
 */
export async function decodeExample(bytes: Uint8Array, name: string = PURPOSE): Promise<Map<string, Feature>> {
  const { features } = decodeMessage(await loadWire(PURPOSE), EXAMPLE, bytes, name);
  return featuresOf(features, name);
}

/** The context and the lists of a sequence example. @throws FormatError when the bytes are none. */
export async function decodeSequenceExample(
  bytes: Uint8Array,
  name: string = PURPOSE,
): Promise<{ readonly context: Map<string, Feature>; readonly lists: Map<string, Feature[]> }> {
  const { context, lists } = decodeMessage(await loadWire(PURPOSE), SEQUENCE, bytes, name);
  const entries = Array.from(lists?.list ?? [], ({ key = "", value }) => {
    return [key, Array.from(value?.feature ?? [], (feature) => featureOf(feature, key, name))] as const;
  });
  return { context: featuresOf(context, name), lists: new Map(entries) };
}

type FeatureMessage = {
  readonly bytes?: { readonly value?: ArrayLike<Uint8Array> };
  readonly float?: { readonly value?: ArrayLike<number> };
  readonly int64?: { readonly value?: ArrayLike<number> };
};
type FeaturesMessage = { readonly feature?: ArrayLike<{ readonly key?: string; readonly value?: FeatureMessage }> };

function featuresMessage(features: Features): FeaturesMessage {
  return { feature: Object.entries(features).map(([key, value]) => ({ key, value: featureMessage(key, value) })) };
}

function featureMessage(key: string, value: FeatureValue): FeatureMessage {
  if (typeof value === "string") return { bytes: { value: [new TextEncoder().encode(value)] } };
  if (value instanceof Uint8Array) return { bytes: { value: [value] } };
  if (value instanceof Float32Array || value instanceof Float64Array) return { float: { value } };
  if (value instanceof Int32Array || value instanceof Uint32Array) return { int64: { value } };
  if (Array.isArray(value) && value.every((item) => typeof item === "string" || item instanceof Uint8Array)) {
    const encoder = new TextEncoder();
    return { bytes: { value: value.map((item) => (typeof item === "string" ? encoder.encode(item) : item)) } };
  }
  if (typeof value === "object" && value !== null) {
    if ("bytes" in value) return { bytes: { value: value.bytes } };
    if ("float" in value) return { float: { value: value.float } };
    if ("int64" in value) return { int64: { value: value.int64 } };
  }
  throw new FormatError(
    `tf.Example: feature "${key}" is no text, bytes or typed array; give a Float32Array for floats or an Int32Array for integers`,
  );
}

function featuresOf(message: FeaturesMessage | undefined, name: string): Map<string, Feature> {
  return new Map(
    Array.from(message?.feature ?? [], ({ key = "", value }) => [key, featureOf(value ?? {}, key, name)] as const),
  );
}

function featureOf({ bytes, float, int64 }: FeatureMessage, key: string, name: string): Feature {
  if (bytes) return { bytes: Array.from(bytes.value ?? []) };
  if (float) return { float: Float32Array.from(float.value ?? []) };
  if (int64) {
    const value = Float64Array.from(int64.value ?? []);
    if (!value.every(Number.isSafeInteger))
      throw new FormatError(`${name}: feature "${key}" holds integers beyond 2^53; write them as texts`);
    return { int64: value };
  }
  // A feature without a list is how an empty one may be written.
  return { bytes: [] };
}
