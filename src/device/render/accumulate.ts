/** Accumulators of loops in a C-like language: running values, and how an iteration's value is taken in. */
import { isFloat, type DType } from "../../core/dtype.ts";
import { COMBINE, identityOf, isArg, type Accumulator } from "../../ir/kernel.ts";
import type { Dialect } from "./dialect.ts";
import type { Values } from "./values.ts";

/** An accumulator at work: names of one value, or of one vector for each vector side by side. */
export interface Running {
  readonly accumulator: Accumulator;
  readonly wide: boolean;
  readonly values: readonly string[];
  /** Of argmax and argmin: −1 before the first iteration. */
  readonly positions: readonly string[];
}

/** Makes the variables of an accumulator: one, or `count` vectors. */
export function start(values: Values, accumulator: Accumulator, count?: number): Running {
  const { lines, dialect } = values;
  const { op, value } = accumulator;
  const wide = count !== undefined;
  const declare = (dtype: DType, initial: number): string => {
    const name = values.fresh("a");
    const literal = dialect.literal(initial, dtype);
    lines.push(dialect.variable(dialect.type(dtype, wide), name, wide ? dialect.splat(dtype, literal) : literal));
    return name;
  };
  const running: string[] = [],
    positions: string[] = [];
  for (let u = 0; u < (count ?? 1); u++) {
    running.push(declare(value.dtype, identityOf(op, value.dtype)));
    if (isArg(op)) positions.push(declare("i32", -1));
  }
  return { accumulator, wide, values: running, positions };
}

/** An iteration's value and position, of vector `u` when it is one of vectors, limited to the lanes of a mask. */
export interface Step {
  readonly candidate: string;
  readonly position: string;
  readonly u?: number;
  readonly mask?: string | undefined;
}

/** Takes an iteration's value in. */
export function step(values: Values, running: Running, { candidate, position, u = 0, mask }: Step): void {
  const { lines, dialect } = values;
  const { accumulator, wide } = running;
  const { dtype } = accumulator.value;
  const { op } = accumulator;
  const best = running.values[u]!;
  if (!isArg(op)) {
    const next = dialect.binary(COMBINE[op], dtype, best, candidate, wide);
    lines.push(`${best} = ${mask ? dialect.select(dtype, mask, next, best, true) : next};`);
    return;
  }
  const at = running.positions[u]!;
  const zero = dialect.literal(0, "i32");
  const [taken, better] = [values.fresh("c"), values.fresh("m")];
  lines.push(dialect.constant(dialect.type(dtype, wide), taken, candidate));
  const first = dialect.binary("lt", "i32", at, wide ? dialect.splat("i32", zero) : zero, wide);
  const strictly = beats(dialect, op, dtype, taken, best, wide);
  lines.push(
    dialect.constant(dialect.type("bool", wide), better, `(${strictly} | ${first})${mask ? ` & ${mask}` : ""}`),
    `${best} = ${dialect.select(dtype, better, taken, best, wide)};`,
    `${at} = ${dialect.select("i32", better, position, at, wide)};`,
  );
}

/** Is the candidate strictly more extreme than the best? A NaN beats all numbers. */
export function beats(
  dialect: Dialect,
  op: "argmax" | "argmin",
  dtype: DType,
  candidate: string,
  best: string,
  wide: boolean,
): string {
  const [low, high] = op === "argmax" ? [best, candidate] : [candidate, best];
  const more = dialect.binary("lt", dtype, low, high, wide);
  if (!isFloat(dtype)) return more;
  const isNaN = dialect.binary("ne", dtype, candidate, candidate, wide),
    isNumber = dialect.binary("eq", dtype, best, best, wide);
  return `(${more} | (${isNaN} & ${isNumber}))`;
}
