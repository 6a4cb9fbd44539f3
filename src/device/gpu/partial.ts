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
import { COMBINE, isArg, type Accumulator, type Loop, type PlainReduceOp, type Statement } from "../../ir/kernel.ts";
import { plainBinary, plainCast, plainLoad } from "../../ir/rewrite.ts";
import { Code } from "./emit.ts";

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
export const NOWHERE: number = 2 ** 31 - 1;

/** What the values of a share are reduced by. */
export const plainOp = (op: ReduceOp): PlainReduceOp => (op === "argmax" ? "max" : op === "argmin" ? "min" : op);

/** Values narrower than a word are kept as words. */
export const keptAs = (dtype: DType): DType => (dtype === "bool" || dtype === "u8" ? "u32" : dtype);

export const freshShare = ({ op, value }: Accumulator): Share => ({
  op,
  value: register(value.dtype),
  position: isArg(op) ? register("i32") : undefined,
});

/** Fresh shares of the same accumulators. */
export const sharesLike = (shares: readonly Share[]): Share[] =>
  shares.map(({ op, value, position }) => ({
    op,
    value: register(value.dtype),
    position: position && register("i32"),
  }));

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
  const values = shares.map(({ op, value }, k) => ({
    register: value,
    op: plainOp(op),
    value: readKept(value, kept[k]!, at),
  }));
  const j = freshIndex(NOWHERE);
  const there = place(j);
  const body: Statement[] = [];
  const positions = shares.flatMap(({ value, position }, k): Accumulator[] => {
    if (!position) return [];
    const [candidate, where] = [register(value.dtype), register("i32")];
    body.push(
      { kind: "let", register: candidate, value: readKept(value, kept[k]!, there) },
      { kind: "let", register: where, value: plainLoad(kept[k]!.position!, "i32", there) },
    );
    return [{ register: position, op: "min", value: atExtreme(candidate, value, where) }];
  });
  return [loopOf(i, [], values), ...(positions.length ? [loopOf(j, body, positions)] : [])];
}

/** The same of a few, as a tree that joins neighbours. */
export function joinKept(shares: readonly Share[], kept: readonly Kept[], places: readonly Expression[]): Statement[] {
  const code = new Code();
  shares.forEach(({ op, value, position }, k) => {
    const values = places.map((at) => code.name(readKept(value, kept[k]!, at)) as Register);
    code.statements.push({ kind: "let", register: value, value: join(plainOp(op), values) });
    if (!position) return;
    const found = places.map((at, i) => {
      const where = code.name(plainLoad(kept[k]!.position!, "i32", at)) as Register;
      return atExtreme(values[i]!, value, where);
    });
    code.statements.push({ kind: "let", register: position, value: join("min", found) });
  });
  return code.statements;
}

/** So many values, a power of two, as one: neighbours are joined first. */
export function join(op: PlainReduceOp, values: readonly Expression[]): Expression {
  if (values.length === 1) return values[0]!;
  const middle = values.length / 2;
  return plainBinary(COMBINE[op], join(op, values.slice(0, middle)), join(op, values.slice(middle)));
}

const readKept = ({ dtype }: Register, { value }: Kept, at: Expression): Expression =>
  plainCast(plainLoad(value, keptAs(dtype), at), dtype);

/** The position of a value that is the extreme one: equal, or both NaN. That is asked of the bits, because shaders may take it that there is none. */
export function atExtreme(value: Register, extreme: Register, position: Expression): Expression {
  const equal = binary("eq", value, extreme);
  const isNaN = (v: Register): Expression =>
    binary("lt", constant(0x7f800000, "u32"), binary("and", bitcast(v, "u32"), constant(0x7fffffff, "u32")));
  const same = isFloat(value.dtype) ? binary("or", equal, binary("and", isNaN(value), isNaN(extreme))) : equal;
  return select(same, position, constant(NOWHERE, "i32"));
}
