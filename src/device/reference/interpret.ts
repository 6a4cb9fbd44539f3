/**
 * Runs kernels as they stand, tiled or not, and refuses those that are wrong: an access out of bounds, of memory nobody
 * wrote, or racing with another worker's, and a barrier that not all threads reach.
 *
 * Iterations of `grid` loops are workgroups; so are those of the outermost `parallel` loop, with one thread each. Loops on
 * `workgroup`, `thread` and `lane` axes, one directly inside another, are the threads of a workgroup. Shared memory
 * belongs to a workgroup, register memory to a thread. All other loops run in order.
 */
import type { Expression } from "../../ir/expression.ts";
import type { Axis, ContractKernel, Kernel, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { storesOf } from "../../ir/walk.ts";
import { compileAttention, nestOf } from "./attention.ts";
import { Closures, tick, type Frame } from "./closures.ts";
import { compileStatements, compileStore, countStatements, loopParts, type Runner, type Writer } from "./statements.ts";
import {
  KernelError,
  Workers,
  WORKGROUP_LIMITS,
  type KernelLaunch,
  type Statistics,
  type Stop,
  type Task,
  type WorkgroupLimits,
} from "./workers.ts";

const THREAD_AXES: ReadonlySet<Axis> = new Set<Axis>(["workgroup", "thread", "lane"]);

type Compiled = (launches: readonly KernelLaunch[]) => Statistics;

const compiledKernels = new WeakMap<Kernel, Compiled>();

/**
 * Runs launches of one kernel that nothing orders: the result must not depend on which comes first.
 * @throws KernelError when no device could run the kernel as it is meant.
 */
export function interpretKernel(
  kernel: Kernel,
  launches: readonly KernelLaunch[],
  limits: WorkgroupLimits = WORKGROUP_LIMITS,
): Statistics {
  if (limits !== WORKGROUP_LIMITS) return compileKernel(kernel, limits)(launches);
  let compiled = compiledKernels.get(kernel);
  if (!compiled) compiledKernels.set(kernel, (compiled = compileKernel(kernel, limits)));
  return compiled(launches);
}

function compileKernel(kernel: Kernel, limits: WorkgroupLimits): Compiled {
  const stored = new Set(storesOf(kernel).map((s) => s.buffer));
  const written = kernel.buffers.map((_, i) => stored.has(i));
  const workers = new Workers(kernel, written, limits);
  const closures = new Closures({
    rounding: true,
    eager: false,
    writes: (buffer) => written[buffer]!,
    load: (buffer, offset) => workers.reader(buffer, offset),
  });
  const run = compileBody(kernel, closures, workers);
  const { scalars, sizes } = kernel.parameters;
  const slots = Array.from({ length: scalars.length + sizes }, (_, slot) => closures.parameter(slot));
  const globals = kernel.buffers.filter((b) => b.space === "global").length;
  return (launches) => {
    const statistics = workers.begin(launches);
    for (const launch of launches) {
      const { buffers, parameters } = launch;
      if (buffers.length !== globals || parameters.length !== slots.length)
        throw new KernelError(
          `kernel: wants ${globals} buffers and ${slots.length} parameters, got ${buffers.length} and ${parameters.length}`,
        );
      const frame = closures.frame(workers.launch(launch));
      slots.forEach((slot, i) => {
        frame.values[slot] = parameters[i]!;
      });
      run(frame);
    }
    return statistics;
  };
}

function compileBody(kernel: Kernel, closures: Closures, workers: Workers): Runner {
  switch (kernel.kind) {
    case "loops":
      return compileLoopKernel(kernel, closures, workers);
    case "contract":
      return compileContraction(kernel, closures, workers);
    case "attention":
      return compileAttention(kernel, closures, workers);
  }
}

function anyStatement(list: readonly Statement[], test: (s: Statement) => boolean): boolean {
  return list.some((s) => test(s) || ((s.kind === "loop" || s.kind === "if") && anyStatement(s.body, test)));
}

// ---------- loops

function compileLoopKernel(kernel: LoopKernel, closures: Closures, workers: Workers): Runner {
  const write: Writer = (buffer, offset, value) => workers.writer(buffer, offset, value);
  const isThreads = (s: Statement): boolean => s.kind === "loop" && THREAD_AXES.has(s.axis);
  const waits = (s: Statement): boolean => s.kind === "barrier" || s.kind === "exchange";

  /** Statements outside all workgroups. */
  const outside = (list: readonly Statement[], depth: number): Runner => {
    const [only] = list;
    if (list.length !== 1 || only!.kind !== "loop") return grouped(list, depth);
    if (only.axis === "grid") return iterate(only, depth, (inner) => outside(inner, depth + 1));
    if (only.axis === "parallel" && depth === 0) return iterate(only, depth, (inner) => grouped(inner, depth + 1));
    return grouped(list, depth);
  };
  const grouped = (list: readonly Statement[], depth: number): Runner => {
    const body = inside(list, depth);
    return (frame) => {
      workers.group(frame);
      body(frame);
    };
  };
  /** Statements of a workgroup, outside its threads. */
  const inside = (list: readonly Statement[], depth: number): Runner => {
    if (anyStatement(list, (s) => s.kind === "loop" && s.axis === "grid"))
      throw new KernelError(
        "kernel: a grid loop stands beside or inside other statements. Grid loops go outermost, one directly inside another",
      );
    if (!anyStatement(list, isThreads)) return compileStatements(closures, list, depth, write);
    const runners = list.map((s): Runner => {
      if (s.kind === "loop" && isThreads(s)) return threads(s, depth);
      if (s.kind === "loop") return iterate(s, depth, (inner) => inside(inner, depth + 1));
      if (s.kind === "if") return conditional(s.condition, inside(s.body, depth));
      return compileStatements(closures, [s], depth, write);
    });
    return (frame) => {
      for (const run of runners) run(frame);
    };
  };
  const conditional = (condition: Expression, body: Runner): Runner => {
    const test = closures.compile(condition);
    return (frame) => {
      tick(frame);
      if (test(frame) !== 0) body(frame);
    };
  };
  const iterate = (loop: Loop, depth: number, compileBody: (body: readonly Statement[]) => Runner): Runner => {
    const { extent, start, turn, body, fold, finish } = loopParts(closures, loop, depth, () => compileBody(loop.body));
    return (frame) => {
      const count = extent(frame);
      start(frame);
      for (let i = 0; i < count; i++) {
        turn(frame, i);
        body(frame);
        fold(frame, i);
      }
      finish(frame);
    };
  };
  const threads = (outermost: Loop, depth: number): Runner => {
    const nest = [outermost];
    let list = outermost.body;
    while (list.length === 1 && isThreads(list[0]!)) {
      nest.push(list[0] as Loop);
      list = nest[nest.length - 1]!.body;
    }
    if (anyStatement(list, isThreads))
      throw new KernelError(
        "kernel: a loop over threads stands among a thread's statements. Loops over threads go directly inside one another",
      );
    if (nest.some((loop) => loop.accumulators.length))
      throw new KernelError(
        "kernel: a loop over threads carries an accumulator. Threads combine their values through shared memory",
      );
    const extents = nest.map((loop) => closures.size(loop.extent));
    const slots = nest.map((loop, i) => closures.bind(loop.index, depth + 1 + i));
    const versions = nest.map((_, i) => closures.version(depth + 1 + i));
    const inner = depth + nest.length;
    const body = anyStatement(list, waits) ? task(list, inner) : compileStatements(closures, list, inner, write);
    const enter = ({ values }: Frame, position: readonly number[]): void =>
      position.forEach((at, i) => {
        values[slots[i]!] = at;
        values[versions[i]!]!++;
      });
    return (frame) =>
      workers.fork(
        frame,
        extents.map((extent) => extent(frame)),
        enter,
        body,
      );
  };
  /** The statements of a thread that stops at barriers and exchanges. */
  const task = (list: readonly Statement[], depth: number): Task => {
    const steps = list.map((s): Task | Runner => {
      if (!anyStatement([s], waits)) return compileStatements(closures, [s], depth, write);
      switch (s.kind) {
        case "loop": {
          const { extent, start, turn, body, fold, finish } = loopParts(closures, s, depth, () =>
            task(s.body, depth + 1),
          );
          return function* (frame) {
            const count = extent(frame);
            start(frame);
            for (let i = 0; i < count; i++) {
              turn(frame, i);
              yield* body(frame);
              fold(frame, i);
            }
            finish(frame);
          };
        }
        case "if": {
          const condition = closures.compile(s.condition);
          const body = task(s.body, depth);
          return function* (frame) {
            tick(frame);
            if (condition(frame) !== 0) yield* body(frame);
          };
        }
        case "barrier": {
          const stop: Stop = {};
          return function* (frame) {
            yield stop;
            // What other threads stored meanwhile must be read again.
            tick(frame);
          };
        }
        case "exchange": {
          const value = closures.compile(s.value);
          const slot = closures.bind(s.register, depth);
          const stop: Stop = { exchange: { slot, mask: s.mask } };
          return function* (frame) {
            tick(frame);
            const own = value(frame);
            frame.values[slot] = own;
            yield stop;
          };
        }
        default:
          return compileStatements(closures, [s], depth, write);
      }
    });
    return function* (frame) {
      for (const step of steps) {
        const paused = step(frame);
        if (paused) yield* paused;
      }
    };
  };

  countStatements(closures, kernel.body);
  return outside(kernel.body, 0);
}

// ---------- contractions

/** Every element of a contraction is a workgroup of its own: whatever shares them out may do so in any way. */
function compileContraction(kernel: ContractKernel, closures: Closures, workers: Workers): Runner {
  const { batch, m, n, k, left, right, sum, epilogue } = kernel;
  closures.count(left);
  closures.count(right);
  countStatements(closures, epilogue);
  const outer = [...batch, ...m, ...n];
  const depth = outer.length;
  const walkOuter = nestOf(closures, outer, 0);
  const walkInner = nestOf(closures, k, depth);
  const a = closures.compile(left);
  const b = closures.compile(right);
  const result = closures.bind(sum, depth);
  const runners = epilogue.map((s) =>
    compileStore(closures, s, (buffer, offset, value) => workers.writer(buffer, offset, value)),
  );
  return (frame) =>
    walkOuter(frame, () => {
      workers.group(frame);
      let total = 0;
      walkInner(frame, () => {
        total += a(frame) * b(frame);
      });
      frame.values[result] = Math.fround(total);
      for (const run of runners) run(frame);
    });
}
