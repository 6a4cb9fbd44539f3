/**
 * Accumulators of loops: their start, one step, and how partial results of vectors become one, always in the same
 * order.
 */
import type { DType } from "../../core/dtype.ts";
import type { Expression, Index, ReduceOp } from "../../ir/expression.ts";
import { COMBINE, identityOf, isArg, type Accumulator } from "../../ir/kernel.ts";
import type { FunctionBuilder, Local } from "./assembler.ts";
import type { KernelEmitter } from "./emit.ts";
import { multiplyAdd } from "./fused.ts";
import {
  extractLane,
  pushConstant,
  pushVectorConstant,
  scalarBinary,
  scalarType,
  spill,
  vectorBinary,
} from "./instructions.ts";
import type { PlainOp } from "./opcodes.ts";

/** One accumulator at work: a single value, or one vector for each vector side by side. */
export interface Running {
  readonly accumulator: Accumulator;
  readonly dtype: DType;
  readonly vector: boolean;
  readonly values: readonly Local[];
  /** Of argmax and argmin: −1 before the first iteration. */
  readonly positions: readonly Local[];
  /** Of max and min of floats on vectors: ones where a NaN was seen, until the loop is done. */
  readonly seenNaN: readonly Local[];
}

/** Sets an accumulator to its identity. */
export function startAccumulator(
  emitter: KernelEmitter,
  accumulator: Accumulator,
  vectors: number | undefined,
): Running {
  const { code } = emitter;
  const { op, value } = accumulator;
  const { dtype } = value;
  const vector = vectors !== undefined;
  const values: Local[] = [],
    positions: Local[] = [],
    seenNaN: Local[] = [];
  for (let u = 0; u < (vectors ?? 1); u++) {
    if (vector) pushVectorConstant(code, identityOf(op, dtype), dtype);
    else pushConstant(code, identityOf(op, dtype), dtype);
    values.push(spill(code, vector ? "v128" : scalarType(dtype)));
    if (vector && isExtreme(op) && dtype === "f32") {
      code.i32x4(0);
      seenNaN.push(spill(code, "v128"));
    }
    if (!isArg(op)) continue;
    if (vector) code.i32x4(-1);
    else code.i32(-1);
    positions.push(spill(code, vector ? "v128" : "i32"));
  }
  return { accumulator, dtype, vector, values, positions, seenNaN };
}

const isExtreme = (op: ReduceOp): op is "max" | "min" => op === "max" || op === "min";

/** Takes an iteration's value in, as `accumulator` has it; of vector `u` when it is one of vectors. */
export function stepAccumulator(
  emitter: KernelEmitter,
  index: Index,
  accumulator: Accumulator,
  running: Running,
  u: number,
): void {
  const { code } = emitter;
  const { op, value, position = index } = accumulator;
  const { dtype, vector } = running;
  if (isExtreme(op) && (dtype === "f32" || dtype === "f64")) {
    stepExtreme(emitter, op, value, running, u);
    return;
  }
  if (!isArg(op)) {
    const into = running.values[u]!;
    if (vector && accumulator.isFused && value.kind === "binary") {
      emitter.vector(value.left, u);
      emitter.vector(value.right, u);
      multiplyAdd(emitter.module, code, into).set(into);
      return;
    }
    code.get(into);
    if (vector) {
      emitter.vector(value, u);
      vectorBinary(code, COMBINE[op], dtype);
    } else {
      emitter.scalar(value);
      scalarBinary(code, COMBINE[op], dtype);
    }
    code.set(into);
    return;
  }
  if (vector) emitter.vector(value, u);
  else emitter.scalar(value);
  const candidate = spill(code, vector ? "v128" : scalarType(dtype));
  if (vector) emitter.vector(position, u);
  else emitter.scalar(position);
  const at = spill(code, vector ? "v128" : "i32");
  takeBetter(code, running, u, candidate, at);
}

/**
 * max and min of floats. The instructions that pass NaN on cost the engine eight of the machine's: vectors remember
 * NaN apart, single values compare. Both keep the first of two equal zeros.
 */
function stepExtreme(emitter: KernelEmitter, op: "max" | "min", value: Expression, running: Running, u: number): void {
  const { code } = emitter;
  const { dtype, vector } = running;
  const best = running.values[u]!;
  if (vector) {
    emitter.vector(value, u);
    const candidate = spill(code, "v128"),
      seen = running.seenNaN[u]!;
    code
      .get(best)
      .get(candidate)
      .op(op === "max" ? "f32x4.pmax" : "f32x4.pmin")
      .set(best);
    code.get(seen).get(candidate).get(candidate).op("f32x4.ne").op("v128.or").set(seen);
    return;
  }
  emitter.scalar(value);
  const candidate = spill(code, scalarType(dtype));
  const [low, high] = op === "max" ? [best, candidate] : [candidate, best];
  code.get(candidate).get(best);
  strictlyBetter(code, dtype, low, high, best);
  code.op("select").set(best);
}

/** To be called when the loop is done, before results are used: NaN that was remembered apart becomes the result. */
export function settle(emitter: KernelEmitter, running: Running): void {
  running.seenNaN.forEach((seen, u) =>
    emitter.code.get(running.values[u]!).get(seen).op("v128.or").set(running.values[u]!),
  );
}

/**
 * Replaces value and position where the candidate is more extreme, or the first. A NaN is more extreme than any
 * number.
 */
function takeBetter(
  code: FunctionBuilder,
  { accumulator: { op }, dtype, vector, values, positions }: Running,
  u: number,
  candidate: Local,
  at: Local,
): void {
  const best = values[u]!,
    position = positions[u]!;
  const [low, high] = op === "argmax" ? [best, candidate] : [candidate, best];
  if (vector) {
    if (dtype === "f32") code.get(best).get(best).op("f32x4.eq").get(high).get(low).op("f32x4.le").op("v128.andnot");
    else {
      code.get(low).get(high);
      vectorBinary(code, "lt", dtype);
    }
    code.get(position).i32(31).op("i32x4.shr_s").op("v128.or");
    const better = spill(code, "v128");
    code.get(candidate).get(best).get(better).op("v128.bitselect").set(best);
    code.get(at).get(position).get(better).op("v128.bitselect").set(position);
    return;
  }
  strictlyBetter(code, dtype, low, high, best);
  code
    .get(position)
    .i32(0)
    .op("i32.lt_s")
    .op("i32.or")
    .if(() => code.get(candidate).set(best).get(at).set(position));
}

/** low < high, or the candidate (one of the two) is NaN and the best is not. */
function strictlyBetter(code: FunctionBuilder, dtype: DType, low: Local, high: Local, best: Local): void {
  if (dtype === "f32" || dtype === "f64")
    code.get(best).get(best).op(`${dtype}.eq`).get(high).get(low).op(`${dtype}.le`).op("i32.eqz").op("i32.and");
  else {
    code.get(low).get(high);
    scalarBinary(code, "lt", dtype);
  }
}

/**
 * Combines the lanes of a vector loop's accumulator into one value: neighbouring vectors first, then halves, then
 * lanes.
 */
export function combineLanes(emitter: KernelEmitter, running: Running): Running {
  const { code } = emitter;
  const { accumulator, dtype } = running;
  settle(emitter, running);
  if (isArg(accumulator.op)) return combineArg(emitter, running);
  const op = COMBINE[accumulator.op];
  let vectors = running.values;
  while (vectors.length > 1) {
    const half: Local[] = [];
    for (let i = 0; i < vectors.length; i += 2) {
      if (i + 1 === vectors.length) {
        half.push(vectors[i]!);
        continue;
      }
      code.get(vectors[i]!).get(vectors[i + 1]!);
      vectorBinary(code, op, dtype);
      half.push(spill(code, "v128"));
    }
    vectors = half;
  }
  const all = vectors[0]!;
  for (const lanes of [
    [2, 3, 0, 1],
    [1, 0, 3, 2],
  ] as const) {
    code.get(all).get(all).get(all).shuffle32(lanes);
    vectorBinary(code, op, dtype);
    code.set(all);
  }
  extractLane(code.get(all), dtype, 0);
  return { ...running, vector: false, values: [spill(code, scalarType(dtype))], positions: [], seenNaN: [] };
}

/** Two accumulators over parts of one loop as one, the second's part taken after the first's. */
export function combineTwo(emitter: KernelEmitter, first: Running, second: Running): Running {
  const { code } = emitter;
  const { op } = first.accumulator;
  if (isArg(op)) takePart(code, first, second.values[0]!, second.positions[0]!);
  else {
    code.get(first.values[0]!).get(second.values[0]!);
    scalarBinary(code, COMBINE[op], first.dtype);
    code.set(first.values[0]!);
  }
  return first;
}

/** The lanes of argmax and argmin one by one. */
function combineArg(emitter: KernelEmitter, running: Running): Running {
  const { code } = emitter;
  const { dtype, accumulator } = running;
  const one = startAccumulator(emitter, accumulator, undefined);
  const candidate = code.local(scalarType(dtype)),
    at = code.local("i32");
  running.values.forEach((values, u) => {
    for (let lane = 0; lane < 4; lane++) {
      extractLane(code.get(values), dtype, lane);
      code.set(candidate);
      extractLane(code.get(running.positions[u]!), "i32", lane);
      code.set(at);
      takePart(code, one, candidate, at);
    }
  });
  return one;
}

/** Takes the result of another part of the loop in: among equals the smallest position is the first. */
function takePart(code: FunctionBuilder, into: Running, candidate: Local, at: Local): void {
  const { dtype, accumulator } = into;
  const best = into.values[0]!,
    position = into.positions[0]!;
  const [low, high] = accumulator.op === "argmax" ? [best, candidate] : [candidate, best];
  strictlyBetter(code, dtype, low, high, best);
  code
    .get(candidate)
    .get(best)
    .op(`${scalarType(dtype)}.eq` as PlainOp);
  if (dtype === "f32" || dtype === "f64")
    code
      .get(candidate)
      .get(candidate)
      .op(`${dtype}.ne`)
      .get(best)
      .get(best)
      .op(`${dtype}.ne`)
      .op("i32.and")
      .op("i32.or");
  // A part without iterations has position −1.
  code.get(at).get(position).op("i32.lt_s").op("i32.and").op("i32.or").get(position).i32(0).op("i32.lt_s").op("i32.or");
  code
    .get(at)
    .i32(0)
    .op("i32.ge_s")
    .op("i32.and")
    .if(() => code.get(candidate).set(best).get(at).set(position));
}
