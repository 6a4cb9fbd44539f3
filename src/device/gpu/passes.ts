/** The passes of a launch in the making: memory that they hand on, and kernels that name only what they use. */
import { param, type Index, type Param } from "../../ir/expression.ts";
import type { Buffer, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { printKernel } from "../../ir/print.ts";
import { byteSize, type DType } from "../../core/dtype.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { storesIn, walk } from "../../ir/walk.ts";
import { loopAlong } from "./emit.ts";
import type { GpuLaunch, GridKernel, Pass } from "./kernel.ts";
import { Rewriter } from "./rewriter.ts";
import { Slots } from "./slots.ts";

/** Kernels by their text, so that equal ones are one object. */
const kernels = new Map<string, GridKernel>();

export class Passes {
  readonly slots: Slots;
  /** Those of the kernel, then what lowering adds; those of one workgroup or thread too. */
  readonly buffers: Buffer[];
  readonly #bound: (Pass["buffers"][number] | undefined)[] = [];
  readonly #passes: Pass[] = [];
  readonly #temporaries: number[] = [];

  constructor({ buffers, parameters }: Pick<LoopKernel, "buffers" | "parameters">, sizes: readonly number[]) {
    this.slots = new Slots(parameters, sizes);
    this.buffers = [...buffers];
    let global = 0;
    buffers.forEach((b, i) => {
      if (b.space === "global") this.#bound[i] = global++;
    });
  }

  /** Memory that later statements, also of other passes, read again; the number of its buffer. */
  temporary(dtype: DType, elements: number): number {
    const number = this.buffers.push({ dtype, space: "global", access: "readwrite" }) - 1;
    this.#bound[number] = { temporary: this.#temporaries.push(elements * byteSize(dtype)) - 1 };
    return number;
  }

  /** Memory of each workgroup. */
  shared(dtype: DType, elements: number): number {
    return this.buffers.push({ dtype, space: "shared", access: "readwrite", size: elements }) - 1;
  }

  /** Memory of each thread. */
  register(dtype: DType, elements: number): number {
    return this.buffers.push({ dtype, space: "register", access: "readwrite", size: elements }) - 1;
  }

  /** Adds a pass of so many workgroups, each of as many threads as that index has values. */
  add(workgroups: number, block: Index, thread: Index, statements: readonly Statement[]): void {
    if (workgroups === 0) return;
    const { slots } = this;
    const body: [Loop] = [
      { ...loopAlong("grid", block, [loopAlong("thread", thread, statements)]), extent: slots.add(workgroups) },
    ];
    const used = usedBy(body, slots.scalars.length);
    const isGlobal = (b: number): boolean => this.buffers[b]!.space === "global";
    const own = [...used.buffers];
    // What is bound comes first.
    const buffers = [...own.filter(isGlobal), ...own.filter((b) => !isGlobal(b))];
    const numbers = new Map(buffers.map((number, i) => [number, i]));
    const order = [...new Set([...used.sizes].map((p) => p.slot))];
    const replace = [...used.sizes].map(
      (p) => [p, param(slots.scalars.length + order.indexOf(p.slot), "i32")] as const,
    );
    const { statement } = new Rewriter(replace, (buffer) => ({
      buffer: numbers.get(buffer)!,
      place: (offset) => offset,
    }));
    const kernel: GridKernel = {
      kind: "loops",
      buffers: buffers.map((b) => this.buffers[b]!),
      parameters: { scalars: slots.scalars, sizes: order.length },
      body: body.map(statement) as [Loop],
    };
    const key = printKernel(kernel);
    const known = kernels.get(key);
    if (!known) kernels.set(key, kernel);
    this.#passes.push({
      kernel: known ?? kernel,
      key,
      workgroups,
      buffers: buffers.flatMap((b) => this.#bound[b] ?? []),
      sizes: order.map((slot) => slots.valueOf(param(slot, "i32"))),
    });
  }

  get launch(): GpuLaunch {
    return { passes: this.#passes, temporaries: this.#temporaries };
  }
}

/** The buffers and size slots that statements name, in the order of their first appearance. */
function usedBy(body: readonly Statement[], scalars: number): { buffers: Set<number>; sizes: Set<Param> } {
  const buffers = new Set<number>();
  const sizes = new Set<Param>();
  walk(expressionsOf(body), (e) => {
    if (e.kind === "load") buffers.add(e.buffer);
    if (e.kind === "param" && e.slot >= scalars) sizes.add(e);
  });
  for (const { buffer } of storesIn(body)) buffers.add(buffer);
  return { buffers, sizes };
}
