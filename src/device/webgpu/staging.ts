/** The way back from the GPU: buffers that its copies go to and that are then mapped, a few of which are kept for the next reads. */
import { USAGE } from "./pages.ts";

/** Buffers of at most so many bytes are kept, and so many of them. */
const KEPT_BYTES = 1 << 22;
const KEPT = 8;
const LEAST_BYTES = 1 << 10;
/** GPUMapMode.READ */
const READ = 1;

export class Staging {
  readonly #gpu: GPUDevice;
  readonly #free: GPUBuffer[] = [];
  #out = 0;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Buffers that exist. */
  get buffers(): number {
    return this.#free.length + this.#out;
  }

  /** The bytes that a buffer's range, of whole words, has now: behind all that was submitted, before all that will be. */
  async read(from: GPUBuffer, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = this.#take(bytes);
    this.#out++;
    try {
      const encoder = this.#gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(from, offset, buffer, 0, bytes);
      this.#gpu.queue.submit([encoder.finish()]);
      await buffer.mapAsync(READ, 0, bytes);
      const copy = new Uint8Array(bytes);
      copy.set(new Uint8Array(buffer.getMappedRange(0, bytes)));
      buffer.unmap();
      this.#keep(buffer);
      return copy;
    } catch (error) {
      buffer.destroy();
      throw error;
    } finally {
      this.#out--;
    }
  }

  destroy(): void {
    for (const buffer of this.#free.splice(0)) buffer.destroy();
  }

  /** The smallest that is large enough. */
  #take(bytes: number): GPUBuffer {
    const fits = this.#free.reduce(
      (best, { size }, i) => (size >= bytes && (best < 0 || size < this.#free[best]!.size) ? i : best),
      -1,
    );
    if (fits >= 0) return this.#free.splice(fits, 1)[0]!;
    const size = bytes > KEPT_BYTES ? bytes : Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(bytes)));
    return this.#gpu.createBuffer({ label: "reads", size, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  }

  #keep(buffer: GPUBuffer): void {
    if (buffer.size <= KEPT_BYTES && this.#free.length < KEPT) this.#free.push(buffer);
    else buffer.destroy();
  }
}
