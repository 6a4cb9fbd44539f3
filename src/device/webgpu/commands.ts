/** What is submitted together: compute passes, and copies between them. */

/** When a pass began and ended: where its two instants go. */
export type Instants = (pass: number) => GPUComputePassTimestampWrites | undefined;

export class Commands {
  readonly #encoder: GPUCommandEncoder;
  readonly #instants: Instants;
  #pass: GPUComputePassEncoder | undefined;
  #passes = 0;

  constructor(gpu: GPUDevice, instants: Instants = () => undefined) {
    this.#encoder = gpu.createCommandEncoder();
    this.#instants = instants;
  }

  /** How many passes there were. */
  get passes(): number {
    return this.#passes;
  }

  /** The pass that is open, or a new one. */
  pass(): GPUComputePassEncoder {
    if (this.#pass) return this.#pass;
    const timestampWrites = this.#instants(this.#passes++);
    return (this.#pass = this.#encoder.beginComputePass(timestampWrites && { timestampWrites }));
  }

  /** For what no pass may do. */
  between(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    return this.#encoder;
  }

  finish(): GPUCommandBuffer {
    return this.between().finish();
  }
}
