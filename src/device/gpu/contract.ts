/**
 * Contractions on GPUs: in tiles, or without where rows or columns are few. Where there are too few sums to keep a GPU
 * busy, k is shared out, and a second pass adds up the parts.
 */
import type { Expression } from "../../ir/expression.ts";
import type { Buffer, ContractKernel, Loop } from "../../ir/kernel.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { loadsIn, storedBy } from "../../ir/walk.ts";
import { Rewriter } from "./rewriter.ts";
import { writeJoin } from "./contract-join.ts";
import { plansOf, type Plan } from "./contract-plan.ts";
import { contractionOf, exchanged, type Contraction } from "./contract-sides.ts";
import { writeDirect } from "./contract-direct.ts";
import { writeTiles, type Written } from "./contract-tile.ts";
import type { GpuLaunch, GpuTarget, GridKernel, Pass } from "./kernel.ts";
import { Slots } from "./slots.ts";

/**
 * @param sizes values of the kernel's size slots.
 * @param choice which of the ways to do it, from 0 for the one that should be fastest.
 */
export function lowerContraction(
  kernel: ContractKernel,
  key: string,
  sizes: readonly number[],
  target: GpuTarget,
  choice = 0,
): GpuLaunch {
  const slots = new Slots(kernel.parameters, sizes);
  const contraction = contractionOf(kernel, slots);
  const sums = sumsOf(contraction);
  if (sums === 0) return { passes: [], temporaries: [] };
  const plan = plansOf(contraction, slots, target)[choice]!;
  const written = plan.kind === "tile" ? writeTiles({ ...plan, slots }) : writeDirect({ ...plan, slots });
  const first = passOf(kernel, `${nameOf(plan)} of ${key}`, written, slots);
  if (plan.parts === 1) return { passes: [first], temporaries: [] };
  const second = new Slots(kernel.parameters, sizes);
  const same = contractionOf(kernel, second);
  const turned = isTurned(plan.contraction);
  const joined = writeJoin(isTurned(same) === turned ? same : exchanged(same), plan.parts, second);
  return {
    passes: [first, passOf(kernel, `${turned ? "turned " : ""}join of ${key}`, joined, second)],
    temporaries: [4 * plan.parts * sums],
  };
}

/** The ways to do a contraction, by names that say what they are, and its operations. The ways differ in speed only. */
export function contractionChoices(
  kernel: ContractKernel,
  sizes: readonly number[],
  target: GpuTarget,
): { readonly operations: number; ways(): readonly string[] } {
  const slots = new Slots(kernel.parameters, sizes);
  const contraction = contractionOf(kernel, slots);
  const operations = 2 * sumsOf(contraction) * contraction.depth.count;
  return { operations, ways: () => (operations ? plansOf(contraction, slots, target).map(nameOf) : [""]) };
}

const sumsOf = ({ batch, rows, columns }: Contraction): number => batch.count * rows.nest.count * columns.nest.count;
const isTurned = ({ kernel, rows }: Contraction): boolean => rows.nest.axes !== kernel.m;

/** Everything of a plan that the code depends on. */
function nameOf(plan: Plan): string {
  const { contraction, parts, partSteps, ...rest } = plan;
  const split = `${parts > 1 ? "parts" : "whole"}${parts * partSteps === contraction.depth.count ? " even" : ""}`;
  return `${isTurned(contraction) ? "turned " : ""}${split} ${JSON.stringify(rest)}`;
}

interface Known {
  readonly kernel: GridKernel;
  /** The launch's buffers that it uses. */
  readonly buffers: Pass["buffers"];
}
const kernels = new Map<string, Known>();

function passOf(kernel: ContractKernel, key: string, { body, own, workgroups }: Written, slots: Slots): Pass {
  let known = kernels.get(key);
  if (!known) kernels.set(key, (known = gridKernel(kernel, body, own, slots)));
  return { ...known, key, workgroups, sizes: slots.values };
}

/** The kernel, of whose global buffers those are left that it uses. */
function gridKernel(kernel: ContractKernel, body: Loop, own: readonly Buffer[], slots: Slots): Known {
  const all = [...kernel.buffers, ...own];
  const loaded = new Set(loadsIn(expressionsOf([body])).map(({ buffer }) => buffer));
  const stored = storedBy([body]);
  const left = all.map((_, i) => i).filter((i) => loaded.has(i) || stored.has(i));
  const numbers = new Map(left.map((old, i) => [old, { buffer: i, place: (offset: Expression) => offset }]));
  const { statement } = new Rewriter([], (buffer) => numbers.get(buffer));
  const buffers = left.map((i): Buffer => {
    const access = !stored.has(i) ? "read" : loaded.has(i) ? "readwrite" : "write";
    return { ...all[i]!, access };
  });
  const globals = left.filter((i) => all[i]!.space === "global");
  return {
    kernel: { kind: "loops", buffers, parameters: slots.parameters, body: [statement(body) as Loop] },
    buffers: globals.map((i) => (i < kernel.buffers.length ? i : { temporary: 0 })),
  };
}
