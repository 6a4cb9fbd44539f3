/** Statements to code: loops run one iteration at a time, or four and more where `vectorize` said so. */
import type { Expression, Register } from "../../ir/expression.ts";
import type { Block, Loop, Statement, Store, Turn } from "../../ir/kernel.ts";
import { expressionsOf, plainDivide } from "../../ir/rewrite.ts";
import { combineLanes, combineTwo, settle, startAccumulator, stepAccumulator, type Running } from "./accumulate.ts";
import type { Local } from "./assembler.ts";
import { Counter, vectorsFor, type Guarded, type Range } from "./counter.ts";
import { type KernelEmitter } from "./emit.ts";
import { scalarType, spill } from "./instructions.ts";
import { emitTurn } from "./panels.ts";
import { speculate } from "../cpu/speculate.ts";

/**
 * Emits statements in order; `range` limits the loop that they consist of. Their registers have a value until `then`,
 * which is emitted last, is done.
 */
export function emitStatements(
  emitter: KernelEmitter,
  statements: readonly Statement[],
  range?: Range,
  then?: () => void,
): void {
  const defined: Register[] = [];
  const all = parts(emitter, statements);
  const nested = statements.some((s) => s.kind === "loop" || s.kind === "if");
  const each = (part: Part, u: number): void => emitPart(emitter, part, u, defined, range);
  // Without inner loops one vector is finished before the next begins, which keeps few values alive.
  if (nested) for (const part of all) for (let u = 0; u < emitter.known.vectors; u++) each(part, u);
  else for (let u = 0; u < emitter.known.vectors; u++) for (const part of all) each(part, u);
  then?.();
  for (const register of defined) emitter.known.unbind(register);
}

type Part = Exclude<Statement, Store> | readonly Store[];

/** Neighbouring stores go together unless one reads what another wrote. */
function parts(emitter: KernelEmitter, statements: readonly Statement[]): Part[] {
  const out: Part[] = [];
  let group: Store[] | undefined;
  for (const s of statements) {
    if (s.kind !== "store") {
      group = undefined;
      out.push(s);
    } else if (group && !emitter.known.isVolatile(s.value) && !emitter.known.isVolatile(s.offset)) group.push(s);
    else out.push((group = [s]));
  }
  return out;
}

function emitPart(emitter: KernelEmitter, part: Part, u: number, defined: Register[], range: Range | undefined): void {
  const { code } = emitter;
  if (!("kind" in part)) {
    emitter.stores(part, u);
    return;
  }
  switch (part.kind) {
    case "let": {
      const { register, value } = part;
      const varying = emitter.known.isVarying(value);
      if (u === 0) {
        if (varying) emitter.known.bindVectors(register, vectorLocals(emitter));
        else emitter.bind(register, code.local(scalarType(value.dtype)));
        defined.push(register);
      }
      if (varying) {
        emitter.vector(value, u);
        code.set(emitter.known.vectorsOf(register)[u]!);
      } else if (u === 0) {
        emitter.scalar(value);
        code.set(emitter.known.localOf(register));
      }
      return;
    }
    case "loop":
      if (u > 0) return;
      emitter.forgetStored();
      if (part.block) emitBlocks(emitter, part, part.block, range);
      else if (part.axis === "vector") emitVectorLoop(emitter, part, range);
      else emitScalarLoop(emitter, part, range);
      emitter.forgetStored();
      defined.push(...part.accumulators.map((a) => a.register));
      return;
    case "if":
      if (u > 0) return;
      emitter.scalar(part.condition);
      code.if(() => emitter.scope(() => emitStatements(emitter, part.body)));
      emitter.forgetStored();
      return;
    case "barrier":
    case "exchange":
      return;
  }
}

function vectorLocals(emitter: KernelEmitter): Local[] {
  return Array.from({ length: emitter.known.vectors }, () => emitter.code.local("v128"));
}

// ---------- loops

/** One iteration after another; inside a vector loop, each for all of its lanes. */
function emitScalarLoop(emitter: KernelEmitter, loop: Loop, range: Range | undefined): void {
  if (loop.turn) return emitTurnOf(emitter, loop, loop.turn);
  const varying = varyingAccumulators(emitter, loop);
  const running = loop.accumulators.map((a) =>
    startAccumulator(emitter, a, varying.has(a.register) ? emitter.known.vectors : undefined),
  );
  const counter = new Counter(emitter, loop, range);
  hoistBody(emitter, loop, emitter.known.isVectorized);
  counter.start();
  counter.repeat(1, () => {
    emitStatements(emitter, loop.body, undefined, () => {
      for (const r of running)
        for (let u = 0; u < r.values.length; u++) stepAccumulator(emitter, loop.index, r.accumulator, r, u);
    });
  });
  counter.finish();
  for (const r of running) settle(emitter, r);
  bindResults(emitter, running);
}

function emitTurnOf(emitter: KernelEmitter, { extent }: Loop, turn: Turn): void {
  const { code, module, addresses } = emitter;
  addresses.base(turn.lines);
  if (typeof turn.count === "number") code.i32(turn.count);
  else emitter.scalar(turn.count);
  addresses.base(turn.from);
  if (typeof extent === "number") code.i32(extent);
  else emitter.scalar(extent);
  addresses.base(turn.to);
  code.i32(4 * turn.pitch).call(emitTurn(module));
}

/** Several iterations at a time. */
function emitBlocks(
  emitter: KernelEmitter,
  loop: Loop,
  { count, most, within }: Block,
  range: Range | undefined,
): void {
  const { code } = emitter;
  const push = (n: number | Expression): void => void (typeof n === "number" ? code.i32(n) : emitter.scalar(n));
  const least = (local: Local): void => {
    const other = spill(code, "i32");
    code.get(local).get(other).get(local).get(other).op("i32.lt_s").op("select").set(local);
  };
  if (range) code.get(range.begin);
  else code.i32(0);
  const index = spill(code, "i32");
  if (range) code.get(range.end);
  else push(loop.extent);
  const end = spill(code, "i32"),
    size = code.local("i32");
  emitter.bind(loop.index, index);
  emitter.bind(count, size);
  code
    .get(index)
    .get(end)
    .op("i32.lt_s")
    .if(() =>
      code.loop(() => {
        code.i32(most).set(size).get(end).get(index).op("i32.sub");
        least(size);
        emitter.scope(() => {
          for (const divisor of within) {
            push(divisor);
            push(plainDivide("remainder", loop.index, divisor));
            code.op("i32.sub");
            least(size);
          }
          emitStatements(emitter, loop.body);
        });
        code.get(index).get(size).op("i32.add").tee(index).get(end).op("i32.lt_s").brIf(0);
      }),
    );
  emitter.known.unbind(count);
  emitter.known.unbind(loop.index);
}

/** Several vectors at a time, then one, then single iterations. */
function emitVectorLoop(emitter: KernelEmitter, loop: Loop, range: Range | undefined): void {
  const vectors = loop.vectors ?? vectorsFor(loop);
  const speculation = speculate(loop);
  const fast = speculation?.loop ?? loop;
  if (speculation) emitter.count(expressionsOf([...speculation.lets, fast]));
  const partial = loop.accumulators.map((a) => startAccumulator(emitter, a, vectors));
  const counter = new Counter(emitter, loop, range);
  emitter.vectorize(loop.index, vectors);
  hoistBody(emitter, fast, true);
  emitter.vectorize(undefined);
  hoistBody(emitter, loop, false);
  counter.start();
  const step = (l: Loop, running: readonly Running[]): void => {
    emitStatements(emitter, l.body, undefined, () => {
      for (let u = 0; u < emitter.known.vectors; u++)
        for (const [k, r] of running.entries()) stepAccumulator(emitter, l.index, l.accumulators[k]!, r, u);
    });
  };
  const counts = vectors > 1 ? [vectors, 1] : [1];
  let running: readonly Running[];
  if (speculation) {
    const single = loop.accumulators.map((a) => startAccumulator(emitter, a, undefined));
    counter.repeatGuarded(
      counts.map((count): Guarded => ({
        stride: 4 * count,
        guard: (then) => {
          emitStatements(emitter, speculation.lets, undefined, () => {
            emitter.scalar(speculation.guard(4 * count));
            then();
          });
        },
        body: () => {
          emitter.vectorize(loop.index, count);
          step(fast, partial);
          emitter.vectorize(undefined);
        },
      })),
      () => step(loop, single),
    );
    running = partial.map((r, k) => combineTwo(emitter, combineLanes(emitter, r), single[k]!));
  } else {
    for (const count of counts) {
      emitter.vectorize(loop.index, count);
      counter.repeat(4 * count, () => step(loop, partial));
    }
    emitter.vectorize(undefined);
    running = partial.map((r) => combineLanes(emitter, r));
    counter.repeat(1, () => step(loop, running));
  }
  counter.finish();
  bindResults(emitter, running);
}

function bindResults(emitter: KernelEmitter, running: readonly Running[]): void {
  for (const {
    accumulator: { register, op },
    values,
    positions,
    vector,
  } of running) {
    const results = op === "argmax" || op === "argmin" ? positions : values;
    if (vector) emitter.known.bindVectors(register, results);
    else emitter.bind(register, results[0]!);
  }
}

/** The accumulators of a loop, inside a vector loop, that differ between lanes. */
function varyingAccumulators(emitter: KernelEmitter, loop: Loop): Set<Register> {
  const inner = new Set<Register>();
  if (!emitter.known.isVectorized) return inner;
  const differs = (e: Expression): boolean =>
    emitter.known.isVarying(e) || [...e.free].some((v) => v.kind === "register" && inner.has(v));
  const visit = (statements: readonly Statement[]): void => {
    for (const s of statements) {
      if (s.kind === "let" && differs(s.value)) inner.add(s.register);
      else if (s.kind === "if") visit(s.body);
      else if (s.kind === "loop") collect(s);
    }
  };
  const collect = (l: Loop): void => {
    visit(l.body);
    for (const a of l.accumulators) if (differs(a.value) || (a.position && differs(a.position))) inner.add(a.register);
  };
  collect(loop);
  return inner;
}

/** Puts in front of a loop what its body needs and does not change, in the form that it is used in: lanes or one value. */
function hoistBody(emitter: KernelEmitter, loop: Loop, vector: boolean): void {
  const lanes = varyingAccumulators(emitter, loop);
  // A loop on vectors accumulates in lanes, even what is equal in all of them.
  if (vector && loop.axis === "vector") for (const a of loop.accumulators) lanes.add(a.register);
  const hoist = (e: Expression, inLanes: boolean, loads: boolean): void =>
    emitter.hoist([e], { index: loop.index, vector: inLanes, loads });
  const visit = (statements: readonly Statement[], always: boolean): void => {
    for (const s of statements) {
      if (s.kind === "let") hoist(s.value, vector && emitter.known.isVarying(s.value), always);
      else if (s.kind === "store") {
        emitter.hoistAddress(s.buffer, s.offset, loop.index, vector);
        hoist(s.value, vector, always);
      } else if (s.kind === "if") {
        hoist(s.condition, false, always);
        visit(s.body, false);
      } else if (s.kind === "loop") {
        if (typeof s.extent !== "number") hoist(s.extent, false, always);
        visitLoop(s, always);
      }
    }
  };
  const visitLoop = (l: Loop, always: boolean): void => {
    visit(l.body, always);
    for (const a of l.accumulators)
      for (const e of a.position ? [a.value, a.position] : [a.value]) hoist(e, lanes.has(a.register), always);
  };
  visitLoop(loop, true);
}
