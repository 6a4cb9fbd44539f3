/** A loop kernel as WebAssembly, beside the same kernel in the reference interpreter. */
import { allocate, byteSize, numbersIn, viewOf, type DType, type TypedArray } from "../../core/dtype.ts";
import type { LoopKernel } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { scratchBytes } from "../cpu/scratch.ts";
import { compileKernels } from "./kernels.ts";
import { WASM } from "./target.ts";

const PAGE = 65536;
/** Where the first buffer stands; what comes before is the kernel's block and its scalars. */
const FIRST = 4096;

export interface Run {
  readonly kernel: LoopKernel;
  /** One array per global buffer. They are not changed. */
  readonly buffers: readonly TypedArray[];
  readonly scalars?: readonly number[];
  /** Where to split the iterations of the outermost parallel loop; default: not at all. */
  readonly splits?: readonly number[];
  /** For each buffer, the buffer in whose place it lies; default: each in its own. */
  readonly places?: readonly number[];
}

/** The buffers after the kernel has run as WebAssembly. */
export function runWasm({ kernel, buffers, scalars = [], splits = [], places }: Run): TypedArray[] {
  const { kernel: made, sizes } = parameterize(kernel);
  let end = FIRST;
  // No buffer is aligned to more than its elements.
  const own = buffers.map((b) => {
    const at = end + b.BYTES_PER_ELEMENT;
    end = Math.ceil((at + b.byteLength) / 8) * 8;
    return at;
  });
  const addresses = places ? places.map((p) => own[p]!) : own;
  const scratch = Math.ceil(end / 64) * 64;
  const pages = Math.ceil((scratch + scratchBytes(made, sizes, WASM) + 64) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages });
  buffers.forEach((b, i) =>
    new Uint8Array(memory.buffer).set(new Uint8Array(b.buffer, b.byteOffset, b.byteLength), own[i]),
  );
  const scalarAt = (i: number): number => 2048 + 8 * i;
  made.parameters.scalars.forEach((dtype, i) => viewOf(dtype, memory.buffer, scalarAt(i), 1).fill(scalars[i]!));
  new Uint32Array(memory.buffer, 64).set([
    ...addresses,
    ...made.parameters.scalars.map((_, i) => scalarAt(i)),
    ...sizes,
  ]);
  const bytes = compileKernels([{ name: "f", kernel: made }], { initial: pages, shared: false });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const f = exports.f as (block: number, begin: number, end: number, scratch: number) => void;
  const bounds = [0, ...splits, iterations(kernel)];
  for (let i = 0; i + 1 < bounds.length; i++) f(64, bounds[i]!, bounds[i + 1]!, scratch);
  return buffers.map((b, i) => {
    const dtype = kernel.buffers.filter((x) => x.space === "global")[i]!.dtype;
    const bytes = memory.buffer.slice(addresses[i]!, addresses[i]! + b.length * byteSize(dtype));
    return numbersIn(viewOf(dtype, bytes, 0, b.length), dtype);
  });
}

/** The buffers after the reference has run the kernel. */
export function runReference({ kernel, buffers, scalars = [] }: Run): TypedArray[] {
  const { kernel: made, sizes } = parameterize(kernel);
  const copies = buffers.map((b) => b.slice());
  interpretKernel(made, [{ buffers: copies, parameters: [...scalars, ...sizes] }]);
  return copies;
}

function iterations(kernel: LoopKernel): number {
  const [outer] = kernel.body;
  return kernel.body.length === 1 && outer!.kind === "loop" && outer!.axis === "parallel"
    ? (outer!.extent as number)
    : 1;
}

/** Distance in units in the last place of f32; NaN equals NaN. */
export function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Infinity;
  return Math.abs(ordered(a) - ordered(b));
}

const float = new Float32Array(1);
const int = new Int32Array(float.buffer);
function ordered(x: number): number {
  float[0] = x;
  return int[0]! < 0 ? -(int[0]! & 0x7fffffff) : int[0]!;
}

/** Numbers that repeat, with signs and fractions, exact in every dtype that holds them. */
export function ramp(dtype: DType, length: number, from = -3): TypedArray {
  const out = allocate(dtype, length);
  for (let i = 0; i < length; i++) {
    const x = ((i * 37) % 101) / 8 + from;
    out[i] =
      dtype === "bool"
        ? (i * 7) % 3 === 0
          ? 1
          : 0
        : dtype === "u8"
          ? (i * 41) % 256
          : dtype === "f32" || dtype === "f64"
            ? x
            : Math.trunc(x * 100);
  }
  return out;
}

/** Runs both and compares. @returns what WebAssembly left in the buffers. */
export function check(run: Run, tolerance = 0): TypedArray[] {
  const got = runWasm(run),
    want = runReference(run);
  want.forEach((w, b) => {
    for (let i = 0; i < w.length; i++) {
      const distance = ulps(got[b]![i]!, w[i]!);
      if (distance > tolerance) throw new Error(`buffer ${b}[${i}]: got ${got[b]![i]}, want ${w[i]} (${distance} ulp)`);
    }
  });
  return got;
}
