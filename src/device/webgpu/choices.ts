/**
 * Which way was found to be the fastest for each use of a kernel, kept for one GPU from run to run: in Node in the folder
 * of the native device's cache, in browsers in the page's own storage. Where neither can be had it is kept while the program runs.
 * What lies there may be anything: only what reads as it was written is taken, and who uses it checks that there is such a way.
 */
import { pageStore, system } from "#platform";
import { VERSION } from "../../core/version.ts";
import { openCacheFolder } from "../folder.ts";

/** Where choices lie. */
export interface ChoiceStore {
  /** Undefined where there is nothing, or it cannot be had. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** @throws where it cannot be written. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** Choices that are kept, the newest; and bytes of a file beyond which it is none of ours. */
const MOST = 4096;
const MOST_BYTES = 2 ** 18;

export class Choices {
  readonly #store: ChoiceStore | undefined;
  readonly #file: string;
  /** Ways by uses, both as digits. */
  #ways = new Map<string, string>();

  private constructor(store: ChoiceStore | undefined, file: string) {
    this.#store = store;
    this.#file = file;
  }

  /** @param gpu says which GPU and driver it is. */
  static async open(gpu: string, store: ChoiceStore | undefined = storeHere()): Promise<Choices> {
    const choices = new Choices(store, `ways-${digits(`${VERSION} ${gpu}`)}.json`);
    choices.#ways = await choices.#read();
    return choices;
  }

  /** Which of these ways was chosen for a use of a kernel; undefined where none of them was. */
  get(use: string, ways: readonly string[]): number | undefined {
    const chosen = this.#ways.get(digits(use));
    const way = chosen === undefined ? -1 : ways.findIndex((one) => digits(one) === chosen);
    return way < 0 ? undefined : way;
  }

  set(use: string, way: string): void {
    const key = digits(use);
    this.#ways.delete(key);
    this.#ways.set(key, digits(way));
  }

  /** Keeps what is known now, with what others kept meanwhile. Never throws. */
  async save(): Promise<void> {
    if (!this.#store) return;
    const all = new Map([...(await this.#read()), ...this.#ways]);
    const kept = [...all].slice(-MOST);
    try {
      await this.#store.write(this.#file, new TextEncoder().encode(JSON.stringify(Object.fromEntries(kept))));
    } catch {
      // Then it is measured again the next time.
    }
  }

  async #read(): Promise<Map<string, string>> {
    try {
      const bytes = await this.#store?.read(this.#file);
      if (!bytes || bytes.length > MOST_BYTES) return new Map();
      const found: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (typeof found !== "object" || found === null) return new Map();
      const sound = Object.entries(found).filter((entry): entry is [string, string] =>
        entry.every((text) => typeof text === "string" && /^[0-9a-f]{16}$/.test(text)),
      );
      return new Map(sound.slice(-MOST));
    } catch {
      return new Map();
    }
  }
}

/** The store of this machine, or of this page. */
function storeHere(): ChoiceStore | undefined {
  const os = system();
  if (!os) return pageStore();
  try {
    const folder = openCacheFolder(os);
    return {
      read: async (name) => folder.read(name),
      write: async (name, bytes) => folder.write(name, bytes),
    };
  } catch {
    return undefined;
  }
}

/** A text as 16 digits that hardly another one has: FNV-1a over its characters, from the front and from the back. */
function digits(text: string): string {
  let [front, back] = [0x811c9dc5, 0x811c9dc5];
  for (let i = 0; i < text.length; i++) {
    front = Math.imul(front ^ text.charCodeAt(i), 0x01000193);
    back = Math.imul(back ^ text.charCodeAt(text.length - 1 - i), 0x01000193);
  }
  return [front, back].map((hash) => (hash >>> 0).toString(16).padStart(8, "0")).join("");
}
