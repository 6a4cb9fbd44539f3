/** What stands in a checkpoint's manifest.json: everything but the tensors, and how to tell that nothing is damaged. */
import { FormatError } from "../../core/errors.ts";
import { isJsonObject, parseJson, type Json } from "../../formats/json.ts";
import { sha256 } from "../../formats/sha256.ts";

export const MANIFEST = "manifest.json";
const FORMAT = "myelin checkpoint";
/** Of the manifest. A larger one is a later Myelin's. */
const VERSION = 1;
/** Names of parts, and so of their files. */
export const PART_NAME: RegExp = /^[A-Za-z]\w*$/;
const FILE_NAME = /^[A-Za-z]\w*\.safetensors$/;

/** What computed the values. */
export interface SavedDevice {
  /** As it is registered: "cpu". */
  readonly name: string;
  /** "native", "wasm" …: a run goes on bit for bit only on the same. */
  readonly tier: string;
  /** Bits of its vectors: others add up in another order. */
  readonly vectorBits: number;
  /** For people. */
  readonly about: string;
}

export interface Manifest {
  /** ISO 8601. */
  readonly timestamp: string;
  /** What the user said about it: epoch, loss, hyperparameters. */
  readonly fields: Readonly<Record<string, Json>>;
  /** Version of the library that wrote it. */
  readonly myelin: string;
  readonly device: SavedDevice;
  /** State of the random numbers: words of the device's, and the seed of the host's. */
  readonly random: { readonly words: readonly number[]; readonly seed: number };
  /** State of each part by name, without its tensors. */
  readonly state: Readonly<Record<string, Json>>;
  /** Files of tensors by name. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

const digestOf = (content: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(content)));

/** The manifest as a file. Its last key is the hash of the others, as compact JSON. */
export async function encodeManifest(manifest: Manifest): Promise<Uint8Array> {
  const content = { format: FORMAT, version: VERSION, ...manifest };
  return new TextEncoder().encode(`${JSON.stringify({ ...content, sha256: await digestOf(content) }, undefined, 2)}\n`);
}

/** @throws FormatError for anything but a whole manifest, unchanged since it was written. */
export async function decodeManifest(bytes: Uint8Array): Promise<Manifest> {
  const root = parseJson(bytes, "checkpoint: the manifest");
  if (!isJsonObject(root) || root["format"] !== FORMAT)
    throw new FormatError("checkpoint: this is the manifest of something else; give a folder that Myelin has written");
  const { sha256: digest, ...content } = root;
  if (typeof content["version"] !== "number" || content["version"] > VERSION)
    throw new FormatError("checkpoint: a later Myelin wrote it, in another form; install that one");
  if (digest !== (await digestOf(content)))
    throw new FormatError("checkpoint: the manifest was changed after it was written; use another checkpoint");
  if (!isManifest(content)) throw new FormatError("checkpoint: the manifest lacks something; use another checkpoint");
  return content;
}

type Loose = { readonly [key: string]: Json };

function isManifest(content: Loose): content is Loose & Manifest {
  const { timestamp, fields, myelin, device, random, state, files } = content;
  return (
    typeof timestamp === "string" &&
    typeof myelin === "string" &&
    [fields, device, random, state, files].every(isJsonObject) &&
    isDevice(device as Loose) &&
    isRandom(random as Loose) &&
    Object.keys(state as Loose).every((name) => PART_NAME.test(name)) &&
    Object.entries(files as Loose).every(
      ([name, file]) =>
        // A name with a folder in it would read from anywhere.
        FILE_NAME.test(name) &&
        isJsonObject(file) &&
        Number.isSafeInteger(file["bytes"]) &&
        typeof file["sha256"] === "string",
    )
  );
}

const isDevice = ({ name, tier, vectorBits, about }: Loose): boolean =>
  [name, tier, about].every((text) => typeof text === "string") && typeof vectorBits === "number";

const isRandom = ({ words, seed }: Loose): boolean =>
  Array.isArray(words) && words.length === 2 && [...words, seed].every(Number.isSafeInteger);
