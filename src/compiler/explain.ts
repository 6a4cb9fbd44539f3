/** What the compiler made of a graph, as data and as text: the debugger of everything above. */
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { printKernel } from "../ir/print.ts";
import { linesOf, opsOf, storedBy } from "./about.ts";
import type { Compiled } from "./compile.ts";
import { kernelsOf, type Scheduled, type ScheduledStep } from "./schedule.ts";

export interface KernelReport {
  /** map, reduce, row, contract or index. */
  readonly kind: string;
  /** The ops computed, inputs first; a name stands once with its count. */
  readonly ops: readonly string[];
  /** What is stored: dtype and shape. */
  readonly results: readonly string[];
  /** The user's lines behind the results, when they were recorded. */
  readonly lines: readonly string[];
  readonly flops: number;
  /** Bytes of all operands and results, each counted once: what must cross memory. */
  readonly bytes: number;
  /** The loop nest, with this use's sizes. */
  readonly code: string;
}

export interface StepReport {
  /** Launches of one kernel: the segments of the step. */
  readonly launches: readonly KernelReport[];
  /** How often the step runs, for steps of a loop. */
  readonly times: number;
  /** The content address under which the kernel is compiled and shared: its text with sizes taken out. */
  readonly key: string;
}

export interface ProgramReport {
  readonly steps: readonly StepReport[];
  /** Steps of the program; a loop's steps count once. */
  readonly kernels: number;
  /** Distinct kernels that had to be compiled. */
  readonly distinctKernels: number;
  readonly flops: number;
  readonly movedBytes: number;
  /** Planned peak of intermediate values. */
  readonly scratchBytes: number;
  /** Bytes bound from outside: arguments, state, captured values and results. */
  readonly boundBytes: number;
  /** Concrete tensors that a traced function captured: dtype and shape. */
  readonly captured: readonly string[];
}

/** Describes a compiled program. `captured` says which of its leaves were captured values. */
export function report(compiled: Compiled, isCaptured: (leaf: Node) => boolean = () => false): ProgramReport {
  const steps = compiled.steps.flatMap((step) => reportSteps(step, 1));
  const total = (pick: (k: KernelReport) => number): number =>
    steps.reduce((sum, s) => sum + s.times * s.launches.reduce((t, k) => t + pick(k), 0), 0);
  return {
    steps,
    kernels: steps.length,
    distinctKernels: new Set(kernelsOf(compiled.steps).map((k) => k.key)).size,
    flops: total((k) => k.flops),
    movedBytes: total((k) => k.bytes),
    scratchBytes: compiled.program.scratchBytes,
    boundBytes: compiled.program.bindings.reduce((sum, b) => sum + b, 0),
    captured: compiled.structure.leaves.filter(isCaptured).map(typed),
  };
}

const typed = (n: Node): string => `${n.dtype} ${show(n.shape)}`;

function reportSteps(step: ScheduledStep, times: number): StepReport[] {
  if (step.loop)
    return [
      ...step.loop.before.flatMap((s) => reportSteps(s, times)),
      ...step.loop.steps.flatMap((s) => reportSteps(s, times * step.loop.times)),
    ];
  return [{ times, key: step.key, launches: step.launches.map((k) => reportKernel(k)) }];
}

function reportKernel(k: Scheduled): KernelReport {
  const stored = storedBy(k);
  return {
    kind: k.kind,
    flops: k.flops,
    bytes: k.bytes,
    ops: opsOf(k),
    results: stored.map(typed),
    lines: linesOf(k),
    code: printKernel(k.kernel),
  };
}

/**
 * The report as a table for a terminal; `columns` are put in front of each step, after its number. `code` adds the loop
 * nests, or other texts, one for each step.
 */
export function formatReport(
  program: ProgramReport,
  { code = false, columns }: { code?: boolean | readonly string[]; columns?: readonly string[] | undefined } = {},
): string {
  const lines = [
    `${program.kernels} kernels (${program.distinctKernels} distinct), ${quantity(program.flops)} operations, ${bytes(program.movedBytes)} moved, ${bytes(program.scratchBytes)} scratch, ${bytes(program.boundBytes)} bound`,
  ];
  if (program.captured.length) lines.push(`captured: ${program.captured.join(", ")}`);
  program.steps.forEach((step, i) => {
    const [first] = step.launches;
    const times = [
      step.launches.length > 1 ? `${step.launches.length} segments` : "",
      step.times > 1 ? `${step.times} times` : "",
    ]
      .filter(Boolean)
      .join(", ");
    const flops = step.launches.reduce((sum, k) => sum + k.flops, 0);
    const moved = step.launches.reduce((sum, k) => sum + k.bytes, 0);
    lines.push(
      `${`${i + 1}`.padStart(4)}  ${columns ? `${columns[i]!}  ` : ""}${first!.kind.padEnd(8)}  ${quantity(flops).padStart(7)}  ${bytes(moved).padStart(9)}  ${first!.results.slice(0, 3).join("; ")}${first!.results.length > 3 ? " …" : ""} ← ${first!.ops.join(" ")}${times ? `  (${times})` : ""}${first!.lines.length ? `  ${first!.lines.join(", ")}` : ""}`,
    );
    if (code) lines.push((code === true ? first!.code : code[i]!).replace(/^/gm, "        "));
  });
  return lines.join("\n");
}

const quantity = (n: number): string =>
  n >= 1e9
    ? `${(n / 1e9).toFixed(2)} G`
    : n >= 1e6
      ? `${(n / 1e6).toFixed(2)} M`
      : n >= 1e3
        ? `${(n / 1e3).toFixed(1)} k`
        : `${Math.round(n)}`;
const bytes = (n: number): string =>
  n >= 1e9
    ? `${(n / 1e9).toFixed(2)} GB`
    : n >= 1e6
      ? `${(n / 1e6).toFixed(2)} MB`
      : n >= 1e3
        ? `${(n / 1e3).toFixed(1)} kB`
        : `${n} B`;
