/** Memory beyond WebAssembly's, for tensors and scratch that do not fit there. Its addresses too are counted from the heap's start. */
import { showBytes } from "../../core/bytes.ts";
import type { FarSide } from "../cpu/device.ts";
import { aligned, Heap, NoRoom, USE_LESS } from "../heap.ts";

/** It grows by at least this, and by whole pages of any size: those that nobody touches cost nothing. */
const GROWTH = 2 ** 28;
const PAGE = 2 ** 21;

/** Calls a function of the runtime (see memory.c.ts). */
type Call = (name: "back" | "copy" | "fill" | "write" | "read", ...args: readonly unknown[]) => unknown;

export class FarMemory implements FarSide {
  readonly total: number;
  readonly #heap: Heap;
  readonly #call: Call;
  #reserved = 0;

  /** Uses the addresses from `start` on, at most `total` bytes of them. */
  constructor(start: number, total: number, call: Call) {
    this.total = total - (total % PAGE);
    this.#call = call;
    this.#heap = new Heap(start, start, (end) => this.#grow(start, end));
  }

  get used(): number {
    return this.#heap.used;
  }

  /** Bytes taken from the system. */
  get reserved(): number {
    return this.#reserved;
  }

  allocate(bytes: number): number {
    if (bytes > this.total - this.used)
      throw new NoRoom(
        `alloc: ${showBytes(bytes)} were asked for, and of the machine's ${showBytes(this.total)} ${showBytes(this.used)} are in use beyond WebAssembly's memory. ${USE_LESS}`,
      );
    return this.#heap.allocate(bytes);
  }

  free(address: number): void {
    this.#heap.free(address);
  }

  read(address: number, into: Uint8Array): void {
    this.#call("read", into, address, into.length);
  }

  write(address: number, bytes: Uint8Array): void {
    this.#call("write", address, bytes, bytes.length);
  }

  copy(from: number, to: number, bytes: number): void {
    this.#call("copy", to, from, bytes);
  }

  fill(address: number, value: number, bytes: number): void {
    this.#call("fill", address, value, bytes);
  }

  #grow(start: number, end: number): number {
    const wanted = aligned(end - start, PAGE);
    for (const bytes of [Math.max(wanted, this.#reserved + GROWTH), wanted]) {
      const more = Math.min(bytes, this.total) - this.#reserved;
      if (bytes <= this.total && this.#call("back", start + this.#reserved, more)) {
        this.#reserved += more;
        break;
      }
    }
    return start + this.#reserved;
  }
}
