/**
 * How loops count: fixed or run-time extents, several iterations at a time, and conditions under which that is right.
 */
import { childrenOf, type Expression } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import type { Local } from "./assembler.ts";
import type { KernelEmitter } from "./emit.ts";
import { spill } from "./instructions.ts";

/** The iterations a loop is to run, when not all. */
export interface Range {
  readonly begin: Local;
  readonly end: Local;
}

/** Where a loop is: its index, and how far it goes. */
export class Counter {
  readonly local: Local;
  private readonly emitter: KernelEmitter;
  private readonly loop: Loop;
  private readonly end: Local | number;
  /** Iterations already emitted, when their number is fixed in the code. */
  private done = 0;

  constructor(emitter: KernelEmitter, loop: Loop, range: Range | undefined) {
    const { code } = emitter;
    this.emitter = emitter;
    this.loop = loop;
    if (range) this.end = range.end;
    else if (typeof loop.extent === "number") this.end = loop.extent;
    else {
      emitter.scalar(loop.extent);
      this.end = spill(code, "i32");
    }
    if (range) code.get(range.begin);
    else code.i32(0);
    this.local = spill(code, "i32");
  }

  /** Makes the index known, once everything that does not need it stands in front of the loop. */
  start(): void {
    this.emitter.bind(this.loop.index, this.local);
    this.emitter.startLoop(this.loop.index);
  }

  /** `body` for every `stride` iterations, while as many are left. */
  repeat(stride: number, body: () => void): void {
    const {
      emitter: { code },
      local,
      end,
    } = this;
    const once = (): void => {
      this.emitter.scope(body);
      this.emitter.advance(this.loop.index, stride);
      code.get(local).i32(stride).op("i32.add").tee(local);
    };
    if (typeof end === "number") {
      const rounds = Math.floor((end - this.done) / stride);
      this.done += rounds * stride;
      const limit = this.done;
      if (rounds === 1) {
        once();
        code.op("drop");
      } else if (rounds > 1) {
        code.loop(() => {
          once();
          code.i32(limit).op("i32.lt_s").brIf(0);
        });
      }
      return;
    }
    code.get(end);
    if (stride > 1) code.i32(stride - 1).op("i32.sub");
    const limit = spill(code, "i32");
    code
      .get(local)
      .get(limit)
      .op("i32.lt_s")
      .if(() =>
        code.loop(() => {
          once();
          code.get(limit).op("i32.lt_s").brIf(0);
        }),
      );
  }

  /**
   * `tries` in turn while enough iterations are left: each emits the code for so many at once, calling the function it
   * is given with the condition on the stack; where none of them does, `single` runs one.
   */
  repeatGuarded(tries: readonly Guarded[], single: () => void): void {
    const { emitter, local, end } = this;
    const { code } = emitter;
    const pushEnd = (): void => void (typeof end === "number" ? code.i32(end) : code.get(end));
    const move = (stride: number): void => {
      emitter.advance(this.loop.index, stride);
      code.get(local).i32(stride).op("i32.add").set(local);
    };
    pushEnd();
    code
      .get(local)
      .op("i32.gt_s")
      .if(() =>
        code.loop(() => {
          code.block(() => {
            for (const { stride, guard, body } of tries) {
              code.get(local).i32(stride).op("i32.add");
              pushEnd();
              code.op("i32.le_s").if(() =>
                emitter.scope(() =>
                  guard(() =>
                    code.if(() => {
                      emitter.scope(body);
                      move(stride);
                      // Out of the guard, the test of the extent and the block.
                      code.br(2);
                    }),
                  ),
                ),
              );
            }
            emitter.scope(single);
            move(1);
          });
          code.get(local);
          pushEnd();
          code.op("i32.lt_s").brIf(0);
        }),
      );
  }

  finish(): void {
    this.emitter.known.unbind(this.loop.index);
    this.emitter.finishLoop(this.loop.index);
  }
}

/** A way to run several iterations at once, under a condition. */
export interface Guarded {
  readonly stride: number;
  /** Leaves the condition on the stack, then calls `then`. */
  readonly guard: (then: () => void) => void;
  readonly body: () => void;
}

/**
 * Vectors side by side: more for small bodies, whose loop overhead counts, and for sums, whose additions wait for one
 * another.
 */
export function vectorsFor(loop: Loop): number {
  const seen = new Set<Expression>();
  let inner = 0,
    argument = false;
  const value = (e: Expression): void => {
    if (seen.has(e) || !e.free.size) return;
    seen.add(e);
    childrenOf(e).forEach(value);
  };
  const visit = (statements: readonly Statement[]): void => {
    for (const s of statements) {
      if (s.kind === "let" || s.kind === "store") value(s.value);
      else if (s.kind === "if") visit(s.body);
      else if (s.kind === "loop") {
        inner++;
        loop_(s);
      }
    }
  };
  const loop_ = (l: Loop): void => {
    visit(l.body);
    for (const a of l.accumulators) {
      value(a.value);
      argument ||= a.op === "argmax" || a.op === "argmin";
    }
  };
  loop_(loop);
  if (argument) return 1;
  const weight = seen.size;
  const most = weight <= 12 ? 4 : weight <= 40 ? 2 : 1;
  const fixed = typeof loop.extent === "number" ? Math.max(1, loop.extent >> 2) : most;
  return Math.min(most, fixed, inner > 1 ? 2 : 4);
}
