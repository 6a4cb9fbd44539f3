import { now, openWriter, readChunks, system } from "#platform";
import { ArgumentError, FormatError } from "../core/errors.ts";
import type { FileWriter, System } from "../platform/platform.ts";
import { decodeElement, encodeElement } from "./elementBytes.ts";

/** Where bytes lie in a file. */
interface Extent {
  readonly start: number;
  readonly end: number;
}

/** What stands at the end of a finished file, before the 8 bytes that say where it starts. */
interface Index {
  readonly format: "myelin-cache-1";
  readonly key: string;
  /** Start and end of every element, one after the other. */
  readonly extents: readonly number[];
}

const FORMAT = "myelin-cache-1";

/**
 * Elements in a file, by their position. They are written to a file with a name of its own, which gets its final name when all are there:
 * a file under that name is complete. Two processes may write at the same time; one of their files stays.
 */
export class DiskCache<T> {
  readonly #system: System;
  readonly #key: string;
  readonly #path: string;
  /** Under which the file is at the moment. */
  #current: string;
  #writer: Promise<FileWriter> | undefined;
  #end = 0;
  readonly #extents = new Map<number, Extent>();
  #complete = false;
  #finished: Promise<void> | undefined;
  #forget: () => void = () => undefined;

  /** @param key names the content: whoever changes what the elements are changes it. The file's name comes of it. */
  constructor(folder: string, key: string) {
    const known = system();
    if (!known) throw new ArgumentError("cache: a browser page has no disk to cache on; leave folder and key out");
    this.#system = known;
    this.#key = key;
    const name = key.replace(/[^\w-]+/g, "_").slice(0, 40);
    this.#path = known.absolutePath(`${folder}/${name}-${known.hash(key).slice(0, 16)}.cache`);
    this.#current = this.#path;
    known.makeFolder(folder);
  }

  /** How many elements there are, once all are. */
  get length(): number | undefined {
    return this.#complete ? this.#extents.size : undefined;
  }

  has(index: number): boolean {
    return this.#extents.has(index);
  }

  /** Looks for the finished file, which another process may have made. */
  async load(): Promise<void> {
    const state = this.#system.fileState(this.#path);
    if (this.#complete || this.#writer || !state) return;
    const bad = (cause?: unknown): FormatError =>
      new FormatError(`cache: ${this.#path} is no cache that was finished; delete it, and it is made again`, { cause });
    if (state.bytes < 8) throw bad();
    const last = await this.#bytes({ start: state.bytes - 8, end: state.bytes });
    const start = new DataView(last.buffer, last.byteOffset).getFloat64(0, true);
    if (!(Number.isSafeInteger(start) && start >= 0 && start <= state.bytes - 8)) throw bad();
    let index: Index;
    try {
      index = JSON.parse(new TextDecoder().decode(await this.#bytes({ start, end: state.bytes - 8 }))) as Index;
    } catch (cause) {
      throw bad(cause);
    }
    const { format, key, extents } = index;
    if (format !== FORMAT || key !== this.#key || !Array.isArray(extents)) throw bad();
    for (let at = 0; at + 1 < extents.length; at += 2) {
      const extent = { start: extents[at]!, end: extents[at + 1]! };
      if (!(extent.start >= 0 && extent.start <= extent.end && extent.end <= start)) throw bad();
      this.#extents.set(at / 2, extent);
    }
    this.#complete = true;
  }

  async read(index: number): Promise<T> {
    return decodeElement(await this.#bytes(this.#extents.get(index)!)) as T;
  }

  /** Elements in order, from a position on, as far as they lie in this order in the file. */
  async *readFrom(from: number): AsyncGenerator<T, void, undefined> {
    if (!this.has(from)) return;
    let [index, held] = [from, new Uint8Array(0)];
    for await (const piece of readChunks(this.#current, { start: this.#extents.get(from)!.start })) {
      const joined = new Uint8Array(held.length + piece.length);
      joined.set(held);
      joined.set(piece, held.length);
      let at = 0;
      for (;;) {
        const extent = this.#extents.get(index);
        if (!extent) return;
        const size = extent.end - extent.start;
        if (index > from && extent.start !== this.#extents.get(index - 1)!.end) return;
        if (at + size > joined.length) break;
        yield decodeElement(joined.subarray(at, at + size)) as T;
        at += size;
        index++;
      }
      held = joined.slice(at);
    }
  }

  /** Keeps an element, and when it was the last of `length` gives the file its name. One that is there already is left. */
  async write(index: number, element: T, length: number | undefined): Promise<void> {
    if (this.#complete || this.has(index)) return;
    const bytes = encodeElement(element);
    const extent = { start: this.#end, end: this.#end + bytes.length };
    this.#end = extent.end;
    const writer = await this.#open();
    await writer.write(bytes);
    this.#extents.set(index, extent);
    if (this.#extents.size === length) await this.finish();
  }

  /** All elements have been written. */
  finish(): Promise<void> {
    this.#finished ??= this.#complete ? Promise.resolve() : this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<void> {
    const writer = await this.#open();
    const extents = Array.from({ length: this.#extents.size }, (_, at) => this.#extents.get(at)!);
    const index: Index = { format: FORMAT, key: this.#key, extents: extents.flatMap(({ start, end }) => [start, end]) };
    const text = new TextEncoder().encode(JSON.stringify(index));
    const bytes = new Uint8Array(text.length + 8);
    bytes.set(text);
    new DataView(bytes.buffer).setFloat64(text.length, this.#end, true);
    await writer.write(bytes);
    await writer.flush();
    await writer.close();
    this.#system.rename(this.#current, this.#path);
    this.#current = this.#path;
    this.#complete = true;
    this.#forget();
  }

  #open(): Promise<FileWriter> {
    if (!this.#writer) {
      const unique = this.#system.hash(`${Math.random()} ${now()}`).slice(0, 12);
      const temporary = `${this.#path}.${unique}.tmp`;
      this.#current = temporary;
      this.#forget = this.#system.onExit(() => this.#system.remove(temporary));
      this.#writer = openWriter(temporary);
    }
    return this.#writer;
  }

  async #bytes(extent: Extent): Promise<Uint8Array> {
    const bytes = new Uint8Array(extent.end - extent.start);
    let at = 0;
    for await (const piece of readChunks(this.#current, extent)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    if (at < bytes.length)
      throw new FormatError(`cache: ${this.#current} ends too early; delete it, and it is made again`);
    return bytes;
  }
}
