/** Bytes that come to a GPU's memory, leave it, or move in it. Offsets count from a range's beginning; all is done at once. */
import { aligned } from "../heap.ts";
import { USAGE, type Pages, type Piece, type Range } from "./pages.ts";
import type { Command } from "./queue.ts";
import { Staging } from "./staging.ts";

/** Copies inside a buffer go through another one of at most so many bytes. */
const BETWEEN_BYTES = 2 ** 22;

export class Transfers {
  readonly #gpu: GPUDevice;
  readonly #storage: Pages;
  readonly #staging: Staging;
  #between: GPUBuffer | undefined;

  constructor(gpu: GPUDevice, storage: Pages) {
    this.#gpu = gpu;
    this.#storage = storage;
    this.#staging = new Staging(gpu);
  }

  /** Buffers that exist. */
  get buffers(): number {
    return this.#staging.buffers + (this.#between ? 1 : 0);
  }

  destroy(): void {
    this.#staging.destroy();
    this.#between?.destroy();
    this.#between = undefined;
  }

  /** Writes bytes from a whole word on. What follows them in their last word is lost. */
  write({ page, offset }: Range, at: number, bytes: Uint8Array): void {
    // Views of memory that threads share are refused by some.
    const data = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
    const whole = bytes.length - (bytes.length % 4);
    let done = 0;
    for (const piece of this.#storage.pieces(page, offset + at, whole)) {
      this.#gpu.queue.writeBuffer(piece.buffer, piece.offset, data, done, piece.bytes);
      done += piece.bytes;
    }
    if (whole === bytes.length) return;
    const last = new Uint8Array(4);
    last.set(data.subarray(whole));
    const end = this.#storage.piece(page, offset + at + whole, 4);
    this.#gpu.queue.writeBuffer(end.buffer, end.offset, last);
  }

  /** A write that begins or ends inside a word: the words are read, changed and written. The bytes must stay as they are until then. */
  writeInside(range: Range, at: number, bytes: Uint8Array): Command {
    const from = at - (at % 4);
    const length = aligned(at + bytes.length - from, 4);
    let [words, failure]: [Uint8Array?, unknown?] = [];
    let reading: Promise<void> | undefined;
    const read = (): Promise<void> =>
      this.#readWords(range, from, length).then(
        (got) => void (words = got),
        (error: unknown) => void (failure = error),
      );
    return {
      wait: () => (words || failure ? undefined : (reading ??= read())),
      start: () => {
        if (!words) throw failure;
        words.set(bytes, at - from);
        this.write(range, from, words);
      },
    };
  }

  /** The bytes that a range has now: behind all that was submitted, before all that will be. */
  async read(range: Range, at: number, length: number): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    const from = at - (at % 4);
    const bytes = aligned(at + length - from, 4);
    const words = await this.#readWords(range, from, bytes);
    return from === at && bytes === length ? words : words.slice(at - from, at - from + length);
  }

  /** Copies the first bytes of a range, in whole words, to another range. */
  copy(from: Range, to: Range, length: number): void {
    const bytes = aligned(length, 4);
    const sources = this.#storage.pieces(from.page, from.offset, bytes);
    const targets = this.#storage.pieces(to.page, to.offset, bytes);
    this.#submit((encoder) => {
      for (const [source, target] of inStep(sources, targets)) this.#copyPiece(encoder, source, target);
    });
  }

  /** Fills the first bytes of a range, in whole words, with zeros. */
  clear({ page, offset }: Range, length: number): void {
    this.#submit((encoder) => {
      for (const piece of this.#storage.pieces(page, offset, aligned(length, 4)))
        encoder.clearBuffer(piece.buffer, piece.offset, piece.bytes);
    });
  }

  async #readWords({ page, offset }: Range, at: number, bytes: number): Promise<Uint8Array> {
    const pieces = this.#storage.pieces(page, offset + at, bytes);
    const parts = await Promise.all(pieces.map((piece) => this.#staging.read(piece.buffer, piece.offset, piece.bytes)));
    if (parts.length === 1) return parts[0]!;
    const all = new Uint8Array(bytes);
    let end = 0;
    for (const part of parts) {
      all.set(part, end);
      end += part.length;
    }
    return all;
  }

  #copyPiece(encoder: GPUCommandEncoder, from: Piece, to: Piece): void {
    if (from.buffer !== to.buffer)
      return encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, from.bytes);
    const between = (this.#between ??= this.#gpu.createBuffer({
      label: "copies",
      size: BETWEEN_BYTES,
      usage: USAGE.COPY_SRC | USAGE.COPY_DST,
    }));
    for (let at = 0; at < from.bytes; at += BETWEEN_BYTES) {
      const part = Math.min(BETWEEN_BYTES, from.bytes - at);
      encoder.copyBufferToBuffer(from.buffer, from.offset + at, between, 0, part);
      encoder.copyBufferToBuffer(between, 0, to.buffer, to.offset + at, part);
    }
  }

  #submit(record: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.#gpu.createCommandEncoder();
    record(encoder);
    this.#gpu.queue.submit([encoder.finish()]);
  }
}

/** Two lists of pieces of equal length in all, cut so that each of one meets one of the other. */
export function inStep(left: readonly Piece[], right: readonly Piece[]): [Piece, Piece][] {
  const pairs: [Piece, Piece][] = [];
  let [i, j, doneLeft, doneRight] = [0, 0, 0, 0];
  while (i < left.length && j < right.length) {
    const [a, b] = [left[i]!, right[j]!];
    const bytes = Math.min(a.bytes - doneLeft, b.bytes - doneRight);
    const cut = ({ buffer, offset }: Piece, done: number): Piece => ({ buffer, offset: offset + done, bytes });
    pairs.push([cut(a, doneLeft), cut(b, doneRight)]);
    doneLeft += bytes;
    doneRight += bytes;
    if (doneLeft === a.bytes) [i, doneLeft] = [i + 1, 0];
    if (doneRight === b.bytes) [j, doneRight] = [j + 1, 0];
  }
  return pairs;
}
