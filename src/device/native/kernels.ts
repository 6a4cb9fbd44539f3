/**
 * Kernels as C functions of the runtime's kind (`kernel_t`). `block` points to a launch's words: the place of each
 * global buffer in the heap, then of each scalar, then the sizes themselves.
 */
import { byteSize } from "../../core/dtype.ts";
import type { Buffer, LoopKernel, Parameters } from "../../ir/kernel.ts";
import { expandMathematics } from "../../ir/mathematics.ts";
import { ALIGNMENT } from "../heap.ts";
import type { Target } from "../cpu/target.ts";
import { unrollLoops } from "../../ir/unroll.ts";
import { vectorize } from "../cpu/vectorize.ts";
import { Lines } from "../render/values.ts";
import { cType } from "./c.ts";
import { elementType, Lanes } from "./lanes.ts";
import { renderBody } from "./loops.ts";
import { ADDRESS_WORDS, instructionsOf } from "./target.ts";

/** The head of every kernel. */
export const KERNEL_HEAD =
  "void kernel$(char *heap, const uint32_t *block, uint32_t begin, uint32_t end, char *scratch, const struct runtime *rt)";

/** The C of a kernel of loops; its function is called `kernel$`. */
export function renderLoopKernel(kernel: LoopKernel, target: Target): string {
  const [outer] = kernel.body;
  const ranged = kernel.body.length === 1 && outer!.kind === "loop" && outer!.axis === "parallel";
  const { body } = unrollLoops(vectorize(expandMathematics(kernel, instructionsOf(target)), target));
  const lines = new Lines();
  lines.block(KERNEL_HEAD, () => {
    declare(lines, kernel);
    const lanes = new Lanes(lines, kernel.buffers, target.lanes);
    renderBody(lanes, body, ranged ? { begin: "(i32)begin", end: "(i32)end" } : undefined);
  });
  return lines.toString();
}

/** Buffers as `b0, b1 …`, run-time numbers as `s0, s1 …`. */
export function declare(
  lines: Lines,
  { buffers, parameters }: { readonly buffers: readonly Buffer[]; readonly parameters: Parameters },
): void {
  let word = 0;
  const numbers = ADDRESS_WORDS * buffers.filter((b) => b.space === "global").length;
  const scalars = parameters.scalars.length;
  parameters.scalars.forEach((dtype, slot) => {
    const type = cType(dtype, false);
    lines.push(`const ${type} s${slot} = *(const ${type} *)(heap + block[${numbers + slot}]);`);
  });
  for (let slot = scalars; slot < scalars + parameters.sizes; slot++)
    lines.push(`const i32 s${slot} = (i32)block[${numbers + slot}];`);
  let own = "scratch";
  buffers.forEach((buffer, b) => {
    const type = elementType(buffer.dtype);
    if (buffer.space === "global") {
      lines.push(`${type} *const b${b} = (${type} *)place(heap, block + ${word});`);
      word += ADDRESS_WORDS;
      return;
    }
    lines.push(`${type} *const b${b} = (${type} *)(${own});`);
    const { size = 0 } = buffer;
    const count = typeof size === "number" ? String(size) : `(size_t)s${size.slot}`;
    own = `(char *)b${b} + (${count} * ${byteSize(buffer.dtype)} + ${ALIGNMENT - 1}) / ${ALIGNMENT} * ${ALIGNMENT}`;
  });
}
