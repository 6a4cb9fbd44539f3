/** Accumulators of which several have a share each (the lanes of a row, or its chunks), and how the shares become one value. */
import { isFloat, type DType } from "../../core/dtype.ts";
import {
  binary,
  bitcast,
  constant,
  index as freshIndex,
  register,
  select,
  type Expression,
  type ReduceOp,
  type Register,
} from "../../ir/expression.ts";
import type { Accumulator, Loop, Statement } from "../../ir/kernel.ts";
import { plainCast, plainLoad } from "../../ir/rewrite.ts";

/** What one accumulator has come to. */
export interface Share {
  readonly op: ReduceOp;
  /** The value; of argmax and argmin the extreme one. */
  readonly value: Register;
  /** Of argmax and argmin: where it stands, or NOWHERE. */
  readonly position: Register | undefined;
}

/** Buffers in which shares lie. */
export interface Kept {
  readonly value: number;
  readonly position: number | undefined;
}

/** Larger than all positions. */
const NOWHERE = 2 ** 31 - 1;

const isArg = (op: ReduceOp): boolean => op === "argmax" || op === "argmin";
const plainOp = (op: ReduceOp): ReduceOp => (op === "argmax" ? "max" : op === "argmin" ? "min" : op);

/** Values narrower than a word are kept as words. */
export const keptAs = (dtype: DType): DType => (dtype === "bool" || dtype === "u8" ? "u32" : dtype);

export const freshShare = ({ op, value }: Accumulator): Share => ({
  op,
  value: register(value.dtype),
  position: isArg(op) ? register("i32") : undefined,
});

/** The share that accumulators end in: their own registers. */
export const finalShare = ({ op, value, register: own }: Accumulator): Share =>
  isArg(op) ? { op, value: register(value.dtype), position: own } : { op, value: own, position: undefined };

/** What leaves a share of each accumulator: beside a position the value that stands there. */
export function accumulatorsOf(accumulators: readonly Accumulator[], shares: readonly Share[]): Accumulator[] {
  return accumulators.flatMap((a, k) => {
    const { op, value, position } = shares[k]!;
    const extreme = { register: value, op: plainOp(op), value: a.value };
    return position ? [extreme, { ...a, register: position }] : [extreme];
  });
}

/** Stores that keep shares at an element of their buffers. `some`: the share is not of nothing. */
export function keep(shares: readonly Share[], kept: readonly Kept[], at: Expression, some: Expression): Statement[] {
  return shares.flatMap(({ value, position }, k): Statement[] => {
    const { value: to, position: place } = kept[k]!;
    return [
      { kind: "store", buffer: to, offset: at, value: plainCast(value, keptAs(value.dtype)) },
      ...(position
        ? [
            {
              kind: "store" as const,
              buffer: place!,
              offset: at,
              value: select(some, position, constant(NOWHERE, "i32")),
            },
          ]
        : []),
    ];
  });
}

/**
 * Loops that make one share of each accumulator out of `count` that are kept: number i of them at `place(i)`. Of equal
 * values the one with the smallest position is the first.
 */
export function combineKept(
  shares: readonly Share[],
  kept: readonly Kept[],
  count: Loop["extent"],
  place: (i: Expression) => Expression,
): Loop[] {
  const read = (k: number, at: Expression): Expression => {
    const { dtype } = shares[k]!.value;
    return plainCast(plainLoad(kept[k]!.value, keptAs(dtype), at), dtype);
  };
  const loopOf = (index: Loop["index"], body: Statement[], accumulators: Accumulator[]): Loop => ({
    kind: "loop",
    axis: "reduce",
    index,
    extent: count,
    body,
    accumulators,
  });
  const i = freshIndex(NOWHERE);
  const at = place(i);
  const values = shares.map(({ op, value }, k) => ({ register: value, op: plainOp(op), value: read(k, at) }));
  const j = freshIndex(NOWHERE);
  const there = place(j);
  const body: Statement[] = [];
  const positions = shares.flatMap(({ value, position }, k): Accumulator[] => {
    if (!position) return [];
    const [candidate, where] = [register(value.dtype), register("i32")];
    body.push(
      { kind: "let", register: candidate, value: read(k, there) },
      { kind: "let", register: where, value: plainLoad(kept[k]!.position!, "i32", there) },
    );
    const found = select(same(candidate, value), where, constant(NOWHERE, "i32"));
    return [{ register: position, op: "min", value: found }];
  });
  return [loopOf(i, [], values), ...(positions.length ? [loopOf(j, body, positions)] : [])];
}

/** Equal, or both NaN: that is asked of the bits, because shaders may take it that there is none. */
function same(x: Register, y: Register): Expression {
  const equal = binary("eq", x, y);
  if (!isFloat(x.dtype)) return equal;
  const isNaN = (v: Register): Expression =>
    binary("lt", constant(0x7f800000, "u32"), binary("and", bitcast(v, "u32"), constant(0x7fffffff, "u32")));
  return binary("or", equal, binary("and", isNaN(x), isNaN(y)));
}
