/**
 * How a C-like language spells values: f32 and f64 floats, i32 signed, u32 and u8 unsigned 32-bit numbers, bool what
 * comparisons give. `wide` asks for the form on all lanes of a vector, in languages that have one; there a bool is a
 * mask, all ones or all zeros.
 */
import type { DType } from "../../core/dtype.ts";
import type { BinaryOp, UnaryOp } from "../../ir/expression.ts";

export interface Dialect {
  /** The type of a value. */
  type(dtype: DType, wide: boolean): string;
  /** The statement that names a value. */
  constant(type: string, name: string, value: string): string;
  /** The statement that makes a variable. */
  variable(type: string, name: string, value: string): string;
  /** What stands before the block of a loop that counts. */
  count(index: string, begin: string, end: string): string;
  literal(value: number, dtype: DType): string;
  /** One value for all lanes. */
  splat(dtype: DType, x: string): string;
  unary(op: UnaryOp, dtype: DType, x: string, wide: boolean): string;
  /** `dtype` is the operands'. */
  binary(op: BinaryOp, dtype: DType, x: string, y: string, wide: boolean): string;
  /** x · y + z of f32, rounded once. */
  fused(x: string, y: string, z: string, wide: boolean): string;
  select(dtype: DType, condition: string, yes: string, no: string, wide: boolean): string;
  cast(from: DType, to: DType, x: string, wide: boolean): string;
  bitcast(from: DType, to: DType, x: string, wide: boolean): string;
  /** Quotient or remainder of a non-negative index. The divisor, one for all lanes, is a number of the code or a size by its name. */
  divide(kind: "quotient" | "remainder", x: string, divisor: number | string, wide: boolean): string;
}
