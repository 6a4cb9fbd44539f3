/** Loop kernels on GPUs. */
import { add, index as freshIndex, register, scale, type Expression, type Param } from "../../ir/expression.ts";
import type { Buffer, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { printKernel } from "../../ir/print.ts";
import { copyWith, plainBinary, plainSum } from "../../ir/rewrite.ts";
import type { GpuLaunch, GpuTarget, GridKernel, Pass } from "./kernel.ts";
import { Slots } from "./slots.ts";

export function lowerLoops(kernel: LoopKernel, _key: string, sizes: readonly number[], target: GpuTarget): GpuLaunch {
  const slots = new Slots(kernel.parameters, sizes);
  const [only] = kernel.body;
  const outer = kernel.body.length === 1 && only!.kind === "loop" && only!.axis === "parallel" ? only : undefined;
  const rows = outer ? slots.valueOf(outer.extent as number | Param) : 1;
  const size = Math.min(64, target.threads);
  const extent = slots.add(rows);
  const workgroups = Math.ceil(rows / size);
  const grid = slots.add(workgroups);
  const [block, thread] = [freshIndex(1), freshIndex(size)];
  const row = register("i32");
  const temporaries: number[] = [];
  const moved = new Map<number, number>();
  const buffers = kernel.buffers.map((b, i): Buffer => {
    if (b.space === "global") return b;
    temporaries.push(4 * rows * slots.valueOf(b.size!));
    moved.set(i, temporaries.length - 1);
    return { dtype: b.dtype, access: b.access, space: "global" };
  });
  const rewrite = bodyRewriter(outer, row, moved, extent);
  const body: Loop = {
    kind: "loop",
    axis: "thread",
    index: thread,
    extent: size,
    accumulators: [],
    body: [
      { kind: "let", register: row, value: add(scale(block, size), thread) },
      { kind: "if", condition: plainBinary("lt", row, extent), body: (outer ? outer.body : kernel.body).map(rewrite) },
    ],
  };
  const lowered: GridKernel = {
    kind: "loops",
    buffers,
    parameters: slots.parameters,
    body: [{ kind: "loop", axis: "grid", index: block, extent: grid, accumulators: [], body: [body] }],
  };
  let global = 0;
  const bound = kernel.buffers.map((b, i): Pass["buffers"][number] =>
    b.space === "global" ? global++ : { temporary: moved.get(i)! },
  );
  return { passes: [pass(lowered, workgroups, bound, slots.values)], temporaries };
}

const kernels = new Map<string, GridKernel>();

function pass(kernel: GridKernel, workgroups: number, buffers: Pass["buffers"], sizes: readonly number[]): Pass {
  const key = printKernel(kernel);
  let known = kernels.get(key);
  if (!known) kernels.set(key, (known = kernel));
  return { kernel: known, key, workgroups, buffers, sizes };
}

function bodyRewriter(
  outer: Loop | undefined,
  row: Expression,
  moved: ReadonlyMap<number, number>,
  rows: Param,
): (s: Statement) => Statement {
  const place = (offset: Expression): Expression => plainSum([{ value: offset, coefficient: rows }, { value: row }]);
  const memo = new Map<Expression, Expression>(outer ? [[outer.index, row]] : []);
  const value = (e: Expression): Expression => {
    let known = memo.get(e);
    if (known === undefined) {
      const copy = copyWith(e, value);
      known = copy.kind === "load" && moved.has(copy.buffer) ? atPlace(copy, place(copy.offset)) : copy;
      memo.set(e, known);
    }
    return known;
  };
  const statement = (s: Statement): Statement => {
    switch (s.kind) {
      case "loop":
        return {
          ...s,
          body: s.body.map(statement),
          accumulators: s.accumulators.map((a) => ({
            ...a,
            value: value(a.value),
            ...(a.position ? { position: value(a.position) } : {}),
          })),
        };
      case "let":
        return { ...s, value: value(s.value) };
      case "store": {
        const offset = value(s.offset);
        return { ...s, offset: moved.has(s.buffer) ? place(offset) : offset, value: value(s.value) };
      }
      case "if":
        return { ...s, condition: value(s.condition), body: s.body.map(statement) };
      case "barrier":
        return s;
    }
  };
  return statement;
}

function atPlace(load: Extract<Expression, { kind: "load" }>, offset: Expression): Expression {
  return { ...load, offset, free: offset.free };
}
