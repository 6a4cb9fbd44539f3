/**
 * Loop kernels as functions. Each is `(block, begin, end, scratch) → ()`, all i32:
 *
 * - `block`: address of 32-bit words: the byte address of each global buffer, in order; then for each scalar slot the
 *   ADDRESS of the scalar; then for each size slot its VALUE.
 * - `begin`, `end`: the iterations of the outermost `parallel` loop to run. A kernel without one runs
 *   whole, for (0, 1).
 * - `scratch`: address of `scratchBytes(kernel, sizes)` bytes of the calling thread's own, a multiple of 64.
 */
import type { LoopKernel, Statement } from "../../ir/kernel.ts";
import { expandMathematics } from "../../ir/mathematics.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { loadsIn, storedBy } from "../../ir/walk.ts";
import type { MemoryType } from "../cpu/device.ts";
import { ModuleBuilder, type FunctionBuilder, type ValueType } from "./assembler.ts";
import { KernelEmitter } from "./emit.ts";
import { emitStatements } from "./loops.ts";
import { WASM } from "./target.ts";
import { unrollLoops } from "../../ir/unroll.ts";
import { vectorize } from "../cpu/vectorize.ts";

/** The parameters of a kernel's function. */
export const KERNEL_PARAMETERS: readonly ValueType[] = ["i32", "i32", "i32", "i32"];

/** Writes a parameterized kernel as a function of the module, exported when it has a name. */
export function emitLoopKernel(module: ModuleBuilder, kernel: LoopKernel, name?: string): FunctionBuilder {
  const code = module.function(KERNEL_PARAMETERS, [], name);
  const [block, begin, end, scratch] = code.params;
  const [outer] = kernel.body;
  const ranged = kernel.body.length === 1 && outer!.kind === "loop" && outer!.axis === "parallel";
  const { body } = unrollLoops(vectorize(expandMathematics(kernel), WASM));
  const emitter = new KernelEmitter(code, kernel, block!, scratch!, module);
  prepare(emitter, body);
  emitStatements(emitter, body, ranged ? { begin: begin!, end: end! } : undefined);
  return code;
}

/** Tells an emitter about the statements that it will be given: shared values, and buffers both loaded and stored. */
function prepare(emitter: KernelEmitter, statements: readonly Statement[]): void {
  const roots = expressionsOf(statements);
  emitter.count(roots);
  const stored = storedBy(statements);
  emitter.known.setHazards(new Set(loadsIn(roots).flatMap(({ buffer }) => (stored.has(buffer) ? [buffer] : []))));
}

/** Several parameterized loop kernels as one module, which imports `env.memory` and exports a function for each. */
export function compileKernels(
  kernels: readonly { readonly name: string; readonly kernel: LoopKernel }[],
  memory: MemoryType,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", memory);
  for (const { name, kernel } of kernels) emitLoopKernel(module, kernel, name);
  return module.toBytes();
}
