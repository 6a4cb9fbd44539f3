/** Contractions on GPUs: one thread for each sum. */
import { register, type Expression, type Index } from "../../ir/expression.ts";
import type { Axes, ContractKernel, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { plainBinary, plainDivide, replacer, mapStatements } from "../../ir/rewrite.ts";
import { index as freshIndex } from "../../ir/expression.ts";
import type { GpuLaunch, GpuTarget } from "./kernel.ts";
import { lowerLoops } from "./loops.ts";
import { Slots } from "./slots.ts";

export function lowerContraction(
  kernel: ContractKernel,
  key: string,
  sizes: readonly number[],
  target: GpuTarget,
): GpuLaunch {
  const { loops, slots } = asLoops(kernel, sizes);
  return lowerLoops(loops, `loops of ${key}`, slots.values, target);
}

/** The same as loops: a row for each sum. */
function asLoops(kernel: ContractKernel, sizes: readonly number[]): { loops: LoopKernel; slots: Slots } {
  const slots = new Slots(kernel.parameters, sizes);
  const { left, right, sum, epilogue } = kernel;
  const outer = [...kernel.batch, ...kernel.m, ...kernel.n];
  const rows = slots.add(outer.reduce((product, a) => product * slots.valueOf(a.extent), 1));
  const row = freshIndex(1);
  const replace = new Map<Expression, Expression>();
  let rest: Expression = row;
  // From the innermost outwards: what is left of the row's number is divided by each extent.
  const lets: Statement[] = [];
  [...outer].reverse().forEach(({ index, extent }, i) => {
    const last = i === outer.length - 1;
    const own = register("i32");
    lets.push({ kind: "let", register: own, value: last ? rest : plainDivide("remainder", rest, extent) });
    replace.set(index, own);
    if (last) return;
    const next = register("i32");
    lets.push({ kind: "let", register: next, value: plainDivide("quotient", rest, extent) });
    rest = next;
  });
  const rewrite = replacer(replace);
  const products = nest(kernel.k, plainBinary("mul", rewrite(left), rewrite(right)), sum);
  const body: Statement[] = [...lets, products, ...mapStatements(epilogue, rewrite)];
  return {
    loops: {
      kind: "loops",
      buffers: kernel.buffers,
      parameters: slots.parameters,
      body: [{ kind: "loop", index: row, extent: rows, axis: "parallel", accumulators: [], body }],
    },
    slots,
  };
}

/** Σ value over the axes, into a register. */
function nest(axes: readonly Axes[], value: Expression, into: Loop["accumulators"][number]["register"]): Loop {
  const [axis, ...inner] = axes as [Axes, ...Axes[]];
  const { index, extent }: { index: Index; extent: Loop["extent"] } = axis;
  const part = register("f32");
  return {
    kind: "loop",
    axis: "reduce",
    index,
    extent,
    body: inner.length ? [nest(inner, value, part)] : [],
    accumulators: [{ register: into, op: "sum", value: inner.length ? part : value }],
  };
}
