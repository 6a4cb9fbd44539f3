/** What an expression can be. See expression.ts for how they are made. */
import type { DType } from "../core/dtype.ts";

/** One argument. `not` is logical on bool and bitwise on integers; `round` goes half to even. */
export type UnaryOp =
  | "neg"
  | "exp"
  | "log"
  | "sin"
  | "cos"
  | "sqrt"
  | "recip"
  | "tanh"
  | "erf"
  | "abs"
  | "floor"
  | "round"
  | "sign"
  | "not";
/**
 * Two arguments of one dtype. `max` and `min` pass NaN on; `idiv` and `mod` round towards minus infinity;
 * comparisons give bool; `and or xor shl shr` are bitwise on integers and logical on bool.
 */
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "max"
  | "min"
  | "mod"
  | "idiv"
  | "lt"
  | "le"
  | "eq"
  | "ne"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr";
/** How a reduction combines. `argmax` and `argmin` give the first index of the extreme value, as i32; a NaN counts as extreme. */
export type ReduceOp = "sum" | "prod" | "max" | "min" | "argmax" | "argmin";

export interface Common {
  /** Unique in creation order: operands have smaller ids. */
  readonly id: number;
  readonly dtype: DType;
  /** Indices and registers the value depends on. */
  readonly free: ReadonlySet<Index | Register>;
  /** Bounds of an i32 value; infinite when unknown. */
  readonly low: number;
  readonly high: number;
}
export interface Const extends Common {
  readonly kind: "const";
  readonly value: number;
}
/** A number known when the program runs: a size, a stride or a user's scalar. `slot` counts within the kernel. */
export interface Param extends Common {
  readonly kind: "param";
  readonly slot: number;
}
/** A loop variable, 0 … extent − 1. */
export interface Index extends Common {
  readonly kind: "index";
  readonly extent: number;
}
/** A named value: an accumulator's result, or a contraction's finished sum. */
export interface Register extends Common {
  readonly kind: "register";
}
/** Σ coefficient · term + constant, the canonical form of all index arithmetic. */
export interface Affine extends Common {
  readonly kind: "affine";
  readonly terms: readonly AffineTerm[];
  readonly constant: number;
}
export interface AffineTerm {
  readonly value: Expression;
  readonly coefficient: number;
}
/** An affine value after its numbers became run-time parameters. */
export interface AffineParam extends Common {
  readonly kind: "affineParam";
  readonly terms: readonly { readonly value: Expression; readonly coefficient: Expression | undefined }[];
  readonly constant: Expression | undefined;
}
/** Quotient or remainder of a non-negative index by a positive constant (or, later, a parameter). */
export interface IndexDivide extends Common {
  readonly kind: "quotient" | "remainder";
  readonly value: Expression;
  readonly divisor: number | Param;
}
export interface Unary extends Common {
  readonly kind: "unary";
  readonly op: UnaryOp;
  readonly value: Expression;
}
export interface Binary extends Common {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expression;
  readonly right: Expression;
}
/** x · y + z of f32, rounded once. Only made where the target has an instruction for it (see mathematics.ts). */
export interface Fused extends Common {
  readonly kind: "fused";
  readonly x: Expression;
  readonly y: Expression;
  readonly z: Expression;
}
export interface Select extends Common {
  readonly kind: "select";
  readonly condition: Expression;
  readonly yes: Expression;
  readonly no: Expression;
}
/** Float to integer truncates towards zero and saturates; anything to bool asks `≠ 0`. */
export interface Cast extends Common {
  readonly kind: "cast";
  readonly value: Expression;
}
/** The same bits read as another dtype of equal width; the bits of an f16 or bf16 as the lower half of a u32, and back. */
export interface Bitcast extends Common {
  readonly kind: "bitcast";
  readonly value: Expression;
}
/** The element at a flat offset (in elements) of a buffer of the kernel. An f16 or bf16 is there to be cast to f32 (see half.ts). */
export interface Load extends Common {
  readonly kind: "load";
  readonly buffer: number;
  readonly offset: Expression;
}
/** The values of `body` over all `axes`, combined. */
export interface Reduce extends Common {
  readonly kind: "reduce";
  readonly op: ReduceOp;
  readonly axes: readonly Index[];
  readonly body: Expression;
}

export type Expression =
  | Const
  | Param
  | Index
  | Register
  | Affine
  | AffineParam
  | IndexDivide
  | Unary
  | Binary
  | Fused
  | Select
  | Cast
  | Bitcast
  | Load
  | Reduce;
