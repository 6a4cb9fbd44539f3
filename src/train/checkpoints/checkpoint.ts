/** One checkpoint: a folder with a manifest and a .safetensors file for each part that has tensors. */
import { fileExists, readFile, readPieces, writeFolder } from "#platform";
import { lengthOf } from "../../core/bytes.ts";
import { ArgumentError, FormatError } from "../../core/errors.ts";
import { hostSeed, setHostSeed } from "../../core/random.ts";
import { VERSION } from "../../core/version.ts";
import { isJsonObject, quote, type Json } from "../../formats/json.ts";
import { naming, namingAsync } from "../../formats/naming.ts";
import { sha256 } from "../../formats/sha256.ts";
import { decodeTensors, tensorPieces } from "../../formats/tensors.ts";
import { currentDevice, describeDevice, deviceNamed, deviceTier, fixTier } from "../../tensor/engine.ts";
import type { Pieces } from "../../platform/platform.ts";
import { randomState, readyRandomState, setRandomState } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { decodeManifest, encodeManifest, MANIFEST, PART_NAME, type Manifest, type SavedDevice } from "./manifest.ts";
import { pack, putState, readyParts, stateOf, unpack, type Packed, type Stateful } from "./state.ts";

/** What takes part in training, by names of the user's choice: `{ model, optimizer, scheduler, data }`. */
export type Parts = Readonly<Record<string, Stateful | undefined>>;

/** What else a checkpoint says, such as `{ epoch: 5, loss: 0.12, hyperparameters: { lr: 0.001 } }`. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Writes a checkpoint: the state of all parts and of the random numbers, so that training can go on from there as if it had
 * never stopped. Values are those of the moment of the call. A reader finds the old checkpoint of that name or the new one,
 * whatever happens meanwhile; `model.safetensors` in it is the model alone, for any program.
 *
 * To go on bit for bit, programs must not move to another tier in between: `deterministic` sees to that, and so does
 * {@link CheckpointFolder}.
 *
 * @param path of its folder.
 * @param fields numbers, texts, and objects and arrays of them; the time is added as `timestamp`.
 * @throws ArgumentError for state or fields that are no JSON, PlatformError when something cannot be written: the disk is full.
 *
 * @example
 * await checkpoints.save("run/model_v3", { model, optimizer }, { epoch: 5 });
 * // later, in a new process
 * const { epoch } = await checkpoints.load("run/model_v3", { model, optimizer });
 */
export async function save(path: string, parts: Parts, fields: Fields = {}): Promise<void> {
  await write(path, await take(parts, fields));
}

/** All that a checkpoint says, of one moment. */
export interface Snapshot extends Omit<Manifest, "state" | "files"> {
  readonly parts: readonly (Packed & { readonly name: string })[];
}

/**
 * Takes note of the state as it is now, on CPU devices before it returns. Training may go on while it is written. (On devices that answer
 * later, when what has to be read was read.)
 */
export async function take(parts: Parts, fields: Fields): Promise<Snapshot> {
  const { json, tensors } = pack("fields", fields);
  if (!isJsonObject(json) || Object.keys(tensors).length > 0)
    throw new ArgumentError("checkpoint: fields hold tensors; give their numbers, or a part of its own");
  for (const waiting of [readyParts(Object.values(parts)), readyRandomState()]) if (waiting) await waiting;
  return {
    timestamp: new Date().toISOString(),
    fields: json,
    myelin: VERSION,
    device: deviceHere(),
    random: { words: [...randomState()], seed: hostSeed() },
    parts: Object.entries(parts).flatMap(([name, part]) => {
      if (!PART_NAME.test(name))
        throw new ArgumentError(
          `checkpoint: a part is named ${quote(name)}; use a word of letters and digits, such as model`,
        );
      return part ? [{ name, ...pack(name, stateOf(part)) }] : [];
    }),
  };
}

/** Writes what was taken, as a whole. */
export async function write(path: string, { parts, ...rest }: Snapshot): Promise<void> {
  const contents: Record<string, Pieces> = {};
  const files: Record<string, Manifest["files"][string]> = {};
  for (const { name, tensors } of parts) {
    if (Object.keys(tensors).length === 0) continue;
    const bytes = await tensorPieces(tensors, { format: "pt" });
    contents[fileOf(name)] = bytes;
    files[fileOf(name)] = { bytes: lengthOf(bytes), sha256: await sha256(bytes) };
  }
  const state = Object.fromEntries(parts.map(({ name, json }) => [name, json]));
  contents[MANIFEST] = await encodeManifest({ ...rest, state, files });
  await writeFolder(path, contents);
}

/** A checkpoint that was read, and found whole. */
export class Checkpoint {
  readonly path: string;
  readonly #manifest: Manifest;
  readonly #tensors: Readonly<Record<string, Pieces>>;

  private constructor(path: string, manifest: Manifest, tensors: Readonly<Record<string, Pieces>>) {
    this.path = path;
    this.#manifest = manifest;
    this.#tensors = tensors;
  }

  /**
   * Reads a checkpoint and checks all of it against its hashes. In a browser the path is a URL.
   * @throws PlatformError when there is none, FormatError when it is damaged.
   */
  static async read(path: string): Promise<Checkpoint> {
    // For a moment while it is replaced, the old one has another name.
    const place =
      !(await fileExists(`${path}/${MANIFEST}`)) && (await fileExists(`${path}.old`)) ? `${path}.old` : path;
    const text = await readFile(`${place}/${MANIFEST}`);
    return namingAsync(path, async () => {
      const manifest = await decodeManifest(text);
      const tensors: Record<string, Pieces> = {};
      for (const [file, wanted] of Object.entries(manifest.files)) {
        const bytes = await readPieces(`${place}/${file}`);
        const length = lengthOf(bytes);
        if (length !== wanted.bytes || (await sha256(bytes)) !== wanted.sha256)
          throw new FormatError(
            `checkpoint: ${file} has ${length} bytes that are not the ${wanted.bytes} that were written; use another checkpoint`,
          );
        tensors[file] = bytes;
      }
      return new Checkpoint(path, manifest, tensors);
    });
  }

  /** What was said when it was saved, with the `timestamp`. */
  get fields(): Fields & { readonly timestamp: string } {
    const fields = unpack("fields", this.#manifest.fields, {}) as Fields;
    return { ...fields, timestamp: this.#manifest.timestamp };
  }

  /** What computed it. */
  get device(): SavedDevice {
    return this.#manifest.device;
  }

  /** Version of the library that wrote it. */
  get myelin(): string {
    return this.#manifest.myelin;
  }

  /** Names of the parts. */
  get parts(): readonly string[] {
    return Object.keys(this.#manifest.state);
  }

  /**
   * A part's state, as it was given, with tensors on the current device.
   * @throws ArgumentError when there is none of that name, FormatError when it does not fit together.
   */
  state(part: string): unknown {
    const json: Json | undefined = Object.hasOwn(this.#manifest.state, part) ? this.#manifest.state[part] : undefined;
    if (json === undefined)
      throw new ArgumentError(`checkpoint: "${this.path}" has ${this.parts.join(", ")}, but no ${part}`);
    const bytes = this.#tensors[fileOf(part)];
    const tensors: Readonly<Record<string, Tensor>> = bytes ? decodeTensors(bytes) : {};
    return unpack(part, json, tensors);
  }

  /**
   * Puts parts and random numbers back to where they were. Either everything is restored or, on an error, nothing. Programs
   * run on the tier that they ran on from now on.
   * @returns the fields.
   * @throws ArgumentError when it has no such part, and what the parts throw: FormatError when names differ, ShapeError when
   * shapes do.
   */
  restore(parts: Parts): Fields & { readonly timestamp: string } {
    return naming(this.path, () => {
      const given = Object.entries(parts).flatMap(([name, part]) => (part ? [{ part, state: this.state(name) }] : []));
      const before: (() => void)[] = [];
      try {
        for (const { part, state } of given) {
          const old = stateOf(part);
          before.unshift(() => putState(part, old));
          putState(part, state);
        }
      } catch (error) {
        for (const undo of before) undo();
        throw error;
      }
      setRandomState(this.#manifest.random.words);
      setHostSeed(this.#manifest.random.seed);
      startOn(this.path, this.device);
      return this.fields;
    });
  }
}

/**
 * Takes over what {@link save} wrote. Either everything is loaded or, on an error, nothing.
 * @returns the fields, with the `timestamp`.
 * @throws PlatformError when there is none, FormatError when it is damaged or of another model or optimizer, ShapeError when
 * shapes differ, ArgumentError when it has no such part.
 */
export async function load(path: string, parts: Parts): Promise<Fields & { readonly timestamp: string }> {
  const checkpoint = await Checkpoint.read(path);
  await readyParts(Object.values(parts));
  return checkpoint.restore(parts);
}

const fileOf = (part: string): string => `${part}.safetensors`;

function deviceHere(): SavedDevice {
  const name = currentDevice();
  const { vectorBits = 0 } = deviceNamed(name);
  return { name, tier: deviceTier(name), vectorBits, about: describeDevice(name) };
}

/** Last bits are the tier's. Says where they will be others. */
function startOn(path: string, saved: SavedDevice): void {
  fixTier(saved.tier);
  const { tier, vectorBits } = deviceHere();
  if (tier !== saved.tier || vectorBits !== saved.vectorBits)
    console.warn(
      `myelin: "${path}" was computed by ${saved.about}, here it is ${describeDevice()}. Going on; results will differ in their last digits.`,
    );
}
