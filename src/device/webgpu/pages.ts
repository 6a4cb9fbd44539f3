/**
 * Memory of a GPU: a few large buffers, pages, with many ranges in each. Ranges have addresses before there is a GPU; a
 * page's buffer is made when the first command needs it. What is larger than a buffer may be is several, one behind the other.
 */
import { showBytes } from "../../core/bytes.ts";
import { DeviceError } from "../../core/errors.ts";
import { aligned, Heap } from "../heap.ts";

/** What WebGPU demands of the offsets of bindings, at most. */
export const PAGE_ALIGNMENT = 256;

/** Numbers of WebGPU that are global constants in browsers only. */
export const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 } as const;

/** One buffer, or several for what does not fit into one. */
export class Page {
  readonly number: number;
  readonly bytes: number;
  readonly heap: Heap;
  /** Made when they are needed. */
  buffers: readonly GPUBuffer[] = [];
  /** Bytes of each of them, but for the last. */
  part = 0;
  /** Why there is no memory behind it. */
  failure: DeviceError | undefined;

  constructor(number: number, bytes: number) {
    this.number = number;
    this.bytes = bytes;
    this.heap = new Heap(0, bytes, (end) => Math.min(end, bytes), PAGE_ALIGNMENT);
  }
}

/** Bytes of a page, from a multiple of 256 on. What lies between its end and the next such multiple is nobody else's. */
export interface Range {
  readonly page: Page;
  readonly offset: number;
  readonly bytes: number;
}

/** A part of a buffer. */
export interface Piece {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** What pages are told. */
export interface PageOptions {
  /** What buffers are used for, besides being copied from and to. */
  readonly usage: number;
  /** Bytes of the first page; later ones double what there is, up to `most`. */
  readonly first: number;
  readonly most: number;
  /** Called when the GPU has no memory for a page. */
  readonly onFull: (error: DeviceError) => void;
  /** Called with a page that is no longer needed: its buffer may go when all that was queued before is done. */
  readonly onEmpty: (page: Page) => void;
}

let pages = 0;

/** All pages of one usage. */
export class Pages {
  readonly #options: PageOptions;
  readonly #pages = new Set<Page>();
  #gpu: GPUDevice | undefined;
  /** Bytes of the largest buffer, and of the largest range, as far as is known. */
  #buffer = Infinity;
  #most = Infinity;
  /** Bytes of the largest range so far. */
  #largest = 0;
  #used = 0;
  #reserved = 0;
  /** Buffers of which the GPU has not said yet whether there is memory for them. */
  #asked = 0;
  #checked: Promise<void> = Promise.resolve();

  constructor(options: PageOptions) {
    this.#options = options;
  }

  /** Bytes in use, rounded up as ranges are. */
  get used(): number {
    return this.#used;
  }

  /** Done when it is known whether there is memory for every buffer; nothing where that is known. */
  get checked(): Promise<void> | undefined {
    return this.#asked ? this.#checked : undefined;
  }

  /** Bytes of all pages. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Buffers that exist. */
  get buffers(): number {
    return [...this.#pages].reduce((sum, page) => sum + page.buffers.length, 0);
  }

  /**
   * From now on buffers can be made, of so many bytes at most, and ranges of so many.
   * @throws DeviceError when there are larger ones.
   */
  attach(gpu: GPUDevice, buffer: number, most: number): void {
    this.#gpu = gpu;
    this.#buffer = buffer;
    this.#most = most;
    this.#check(this.#largest);
  }

  /**
   * @param parted kernels see parts of it only.
   * @throws DeviceError for more bytes than kernels see.
   */
  allocate(bytes: number, parted: boolean = false): Range {
    const size = Math.max(PAGE_ALIGNMENT, aligned(bytes, PAGE_ALIGNMENT));
    if (!parted) this.#check(size);
    if (!parted) this.#largest = Math.max(this.#largest, size);
    const page = this.#bestFit(size) ?? this.#add(size);
    const offset = page.heap.allocate(size);
    this.#used += size;
    return { page, offset, bytes };
  }

  free({ page, offset }: Range): void {
    const before = page.heap.used;
    page.heap.free(offset);
    this.#used -= before - page.heap.used;
    if (page.heap.used === 0) this.#trim(page);
  }

  /** The parts of buffers that bytes of a page are, in order; buffers are made now if there are none. @throws DeviceError when the GPU had no memory for them. */
  pieces(page: Page, offset: number, bytes: number): Piece[] {
    if (page.failure) throw page.failure;
    if (!page.buffers.length) this.#create(page);
    const pieces: Piece[] = [];
    for (let at = offset; at < offset + bytes;) {
      const number = Math.floor(at / page.part);
      const within = at - number * page.part;
      const length = Math.min(offset + bytes - at, page.part - within);
      pieces.push({ buffer: page.buffers[number]!, offset: within, bytes: length });
      at += length;
    }
    return pieces;
  }

  /** Bytes of a page that lie in one buffer. */
  piece(page: Page, offset: number, bytes: number): Piece {
    return this.pieces(page, offset, bytes)[0]!;
  }

  /** Is a page several buffers? */
  isParted({ bytes }: Page): boolean {
    return bytes > this.#buffer;
  }

  /** Pages that failed, or are kept though nothing is in them, are given up. */
  destroy(): void {
    for (const page of this.#pages) for (const buffer of page.buffers) buffer.destroy();
    this.#pages.clear();
    this.#used = this.#reserved = 0;
  }

  #check(bytes: number): void {
    if (bytes > this.#most)
      throw new DeviceError(
        `alloc: ${showBytes(bytes)} were asked for, and the largest memory that kernels see on this GPU has ${showBytes(this.#most)}. ` +
          `Use smaller batches, mixed precision, gradient accumulation or checkpointing (see memory.memoryAdvice), or setDevice("cpu").`,
      );
  }

  /** The fullest page that has room. */
  #bestFit(size: number): Page | undefined {
    let best: Page | undefined;
    for (const page of this.#pages) {
      if (page.failure || page.heap.largest < size) continue;
      if (!best || page.heap.largest < best.heap.largest) best = page;
    }
    return best;
  }

  /** A page for at least so many bytes. What fills half of a page has one of its own. */
  #add(size: number): Page {
    const { first, most } = this.#options;
    const usual = Math.min(Math.max(first, this.#reserved), most, this.#buffer);
    const page = new Page(++pages, size > usual / 2 ? size : usual);
    this.#pages.add(page);
    this.#reserved += page.bytes;
    return page;
  }

  #create(page: Page): void {
    const gpu = this.#gpu!;
    const others = this.#reserved - page.bytes;
    gpu.pushErrorScope("out-of-memory");
    page.part = Math.min(page.bytes, this.#buffer);
    page.buffers = Array.from({ length: Math.ceil(page.bytes / page.part) }, (_, i) =>
      gpu.createBuffer({
        label: `page ${page.number}`,
        size: Math.min(page.part, page.bytes - i * page.part),
        usage: this.#options.usage | USAGE.COPY_SRC | USAGE.COPY_DST,
      }),
    );
    this.#asked++;
    this.#checked = gpu.popErrorScope().then(
      (error) => {
        this.#asked--;
        if (error) this.#fail(page, others, error.message);
      },
      // The device was lost, which says so itself.
      () => void this.#asked--,
    );
  }

  #fail(page: Page, others: number, reason: string): void {
    page.failure = new DeviceError(
      `alloc: the GPU has no ${showBytes(page.bytes)} more; ${showBytes(others)} are in use by this program. ` +
        `Use smaller batches, mixed precision, gradient accumulation or checkpointing (see memory.memoryAdvice), or drop tensors that are no longer needed. (${reason})`,
    );
    for (const buffer of page.buffers) buffer.destroy();
    this.#pages.delete(page);
    this.#reserved -= page.bytes;
    this.#options.onFull(page.failure);
  }

  /** An empty page is kept for what comes next, unless much is kept already. */
  #trim(page: Page): void {
    if (!this.#pages.has(page)) return;
    let empty = 0;
    for (const one of this.#pages) if (one.heap.used === 0) empty += one.bytes;
    if (empty <= Math.max(this.#options.first, this.#reserved / 4)) return;
    this.#pages.delete(page);
    this.#reserved -= page.bytes;
    this.#options.onEmpty(page);
  }
}
