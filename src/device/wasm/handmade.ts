/** Programs built by hand, for the tests of this folder. */
import { byteSize, dtypeOf, numbersIn, viewOf, type DType, type TypedArray } from "../../core/dtype.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import type { Device, Launch, Memory, Program, Region, Step } from "../device.ts";

/** What a step is made of: a kernel as the compiler would write it, and where its buffers and scalars are. */
export interface Use {
  readonly kernel: Kernel;
  readonly buffers: readonly Region[];
  readonly scalars?: readonly number[];
  /** Nanoseconds; by default the kernel's items are shared out whatever they cost. */
  readonly cost?: number;
}

/** A step of one launch. */
export function step(use: Use): Step {
  const { kernel, sizes } = parameterize(use.kernel);
  const launch: Launch = { buffers: use.buffers, sizes, scalars: use.scalars ?? [] };
  const items = outerIterations(use.kernel);
  return { kernel, key: printKernel(kernel), launches: [launch], work: [{ items, cost: use.cost ?? 1e6 }] };
}

function outerIterations(kernel: Kernel): number {
  const [outer] = kernel.kind === "loops" ? kernel.body : [];
  return outer?.kind === "loop" && outer.axis === "parallel" ? outer.index.extent : 1;
}

/** A memory that holds an array. */
export function upload(device: Device, data: TypedArray): Memory {
  const memory = device.alloc(data.byteLength);
  device.write(memory, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return memory;
}

/** A memory's content. */
export function download(device: Device, memory: Memory, dtype: DType): TypedArray {
  return numbersIn(viewOf(dtype, device.readSync!(memory).buffer), dtype);
}

/** Runs steps over arrays, which are the bindings in order, and returns what the bindings hold afterwards. */
export function execute(
  device: Device,
  tape: Program["tape"],
  arrays: readonly TypedArray[],
  scalars: readonly (readonly [DType, number])[] = [],
): TypedArray[] {
  const bindings = arrays.map((a) => upload(device, a));
  const program: Program = {
    tape,
    bindings: arrays.map((a) => a.byteLength),
    scalars: scalars.map(([d]) => d),
    scratchBytes: 4096,
  };
  device.run(
    device.prepare(program),
    bindings,
    scalars.map(([, v]) => v),
  );
  const out = bindings.map((m, i) => download(device, m, dtypeOf(arrays[i]!)));
  for (const m of bindings) device.free(m);
  return out;
}

/** Random floats, the same for the same seed; multiples of 1/8, so that many sums are exact. */
export function floats(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0 || 1;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (((state >>> 0) % 17) - 8) / 8;
  });
}

/** Bytes of `count` elements of f32. */
export function bytes(count: number): number {
  return count * byteSize("f32");
}
