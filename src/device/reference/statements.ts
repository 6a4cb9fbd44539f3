/** Statements as JavaScript closures, run one after another. */
import type { Accumulator, Loop, Statement, Store } from "../../ir/kernel.ts";
import { identityOf } from "../../ir/kernel.ts";
import { beats, castFunction, combineFunction } from "./arithmetic.ts";
import { tick, type Closure, type Closures, type Frame } from "./closures.ts";

export type Runner = (frame: Frame) => void;

/** How an element is written; the offset counts elements. */
export type Writer = (buffer: number, offset: Closure, value: Closure) => Runner;

/** Tells the compiler of closures about every expression in the statements. */
export function countStatements(closures: Closures, list: readonly Statement[]): void {
  for (const s of list) {
    switch (s.kind) {
      case "loop":
        countStatements(closures, s.body);
        for (const a of s.accumulators) {
          closures.count(a.value);
          if (a.position) closures.count(a.position);
        }
        break;
      case "let":
      case "exchange":
        closures.count(s.value);
        break;
      case "store":
        closures.count(s.offset);
        closures.count(s.value);
        break;
      case "if":
        closures.count(s.condition);
        countStatements(closures, s.body);
        break;
      case "barrier":
    }
  }
}

/** Statements inside `depth` loops, every loop run in order. */
export function compileStatements(
  closures: Closures,
  list: readonly Statement[],
  depth: number,
  write: Writer,
): Runner {
  const runners = list.map((s) => compileStatement(closures, s, depth, write));
  return (frame) => {
    for (const run of runners) run(frame);
  };
}

function compileStatement(closures: Closures, s: Statement, depth: number, write: Writer): Runner {
  switch (s.kind) {
    case "loop":
      return compileLoop(closures, s, depth, write);
    case "let": {
      const value = closures.compile(s.value);
      const slot = closures.bind(s.register, depth);
      return (frame) => {
        tick(frame);
        frame.values[slot] = value(frame);
      };
    }
    case "store":
      return compileStore(closures, s, write);
    case "if": {
      const condition = closures.compile(s.condition);
      const body = compileStatements(closures, s.body, depth, write);
      return (frame) => {
        tick(frame);
        if (condition(frame) !== 0) body(frame);
      };
    }
    case "barrier":
      // One thread has nobody to wait for.
      return () => {};
    case "exchange":
      throw new Error("kernel: an exchange outside of all threads. It stands in a loop over threads");
  }
}

/** A store, its value computed before anything is written. */
export function compileStore(closures: Closures, s: Store, write: Writer): Runner {
  const run = write(s.buffer, closures.compile(s.offset), closures.compile(s.value));
  return (frame) => {
    tick(frame);
    run(frame);
  };
}

function compileLoop(closures: Closures, loop: Loop, depth: number, write: Writer): Runner {
  const { start, turn, body, fold, finish, extent } = loopParts(closures, loop, depth, () =>
    compileStatements(closures, loop.body, depth + 1, write),
  );
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
}

/** The pieces of a loop, for those who run its body in their own way. */
export interface LoopParts<Body> {
  readonly extent: Closure;
  /** Before the first iteration. */
  readonly start: Runner;
  /** At the beginning of iteration `i`. */
  readonly turn: (frame: Frame, i: number) => void;
  readonly body: Body;
  /** At the end of iteration `i`. */
  readonly fold: (frame: Frame, i: number) => void;
  /** After the last iteration. */
  readonly finish: Runner;
}

/** Compiles what surrounds a loop's body; `compileBody` is called when the loop's index is bound. */
export function loopParts<Body>(
  closures: Closures,
  loop: Loop,
  depth: number,
  compileBody: () => Body,
): LoopParts<Body> {
  const extent = closures.size(loop.extent);
  const slot = closures.bind(loop.index, depth + 1);
  const version = closures.version(depth + 1);
  const body = compileBody();
  const folds = loop.accumulators.map((a) => compileAccumulator(closures, a, depth));
  return {
    extent,
    body,
    start(frame) {
      for (const fold of folds) fold.start(frame);
    },
    turn({ values }, i) {
      values[slot] = i;
      values[version]!++;
    },
    fold(frame, i) {
      if (folds.length) tick(frame);
      for (const fold of folds) fold.fold(frame, i);
    },
    finish(frame) {
      for (const fold of folds) fold.finish(frame);
    },
  };
}

function compileAccumulator(
  closures: Closures,
  a: Accumulator,
  depth: number,
): Omit<LoopParts<unknown>, "extent" | "turn" | "body"> {
  const value = closures.compile(a.value);
  const position = a.position && closures.compile(a.position);
  const running = closures.reserve();
  const round = castFunction(a.register.dtype, a.register.dtype);
  const result = closures.bind(a.register, depth);
  const { op } = a;
  if (op === "argmax" || op === "argmin") {
    const better = beats(op);
    const winner = closures.reserve();
    return {
      start({ values }) {
        values[winner] = -1;
      },
      fold(frame, i) {
        const { values } = frame;
        const candidate = value(frame);
        if (values[winner]! >= 0 && !better(candidate, values[running]!)) return;
        values[running] = candidate;
        values[winner] = position ? position(frame) : i;
      },
      finish({ values }) {
        values[result] = Math.max(0, values[winner]!);
      },
    };
  }
  const combine = combineFunction(op, a.register.dtype);
  const identity = identityOf(op, a.register.dtype);
  return {
    start({ values }) {
      values[running] = identity;
    },
    fold(frame) {
      frame.values[running] = combine(frame.values[running]!, value(frame));
    },
    finish({ values }) {
      values[result] = round(values[running]!);
    },
  };
}
