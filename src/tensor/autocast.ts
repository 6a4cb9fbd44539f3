/** Mixed precision: products of matrices in 16 bits, everything that sums or exponentiates in 32. */
import { ArgumentError } from "../core/errors.ts";
import type { DType } from "../core/dtype.ts";
import type { HalfType } from "../core/half.ts";
import { withAutocast } from "./precision.ts";

/**
 * Runs `f` so that products of matrices and convolutions take operands of 16 bits, multiply and add in f32, and return 16 bits;
 * activations between them stay so, in half the memory. Sums, means, variances, norms, softmax and losses take and return f32,
 * as PyTorch's autocast has it. Parameters stay f32 and are rounded where they are used; their gradients are f32.
 *
 * Backward passes may run outside: they follow the dtypes of the forward pass. bf16 has the range of f32 and needs nothing else;
 * f16 has more digits and a small range, and wants an `optim.GradScaler`.
 *
 * @param dtype "bf16" or "f16"; undefined switches an outer autocast off.
 * @param f synchronous; what it awaits would run outside.
 * @example
 * const step = jit((x: Tensor, y: Tensor) => {
 *   const loss = autocast("bf16", () => losses.crossEntropy(model.forward(x), y));
 *   optimizer.zeroGrad(); loss.backward(); optimizer.step();
 *   return loss;
 * });
 */
export function autocast<T>(dtype: HalfType | undefined, f: () => T): T {
  if (dtype !== undefined && dtype !== "f16" && dtype !== "bf16")
    throw new ArgumentError(`autocast: the dtype is "f16" or "bf16", not "${String(dtype)}"`);
  const result = withAutocast(dtype, f);
  if (result instanceof Promise)
    throw new ArgumentError("autocast: the function must be synchronous, this one returns a promise. Await outside");
  return result;
}

/** The dtypes of a model, under Keras's names. */
export interface Policy {
  readonly name: string;
  /** What layers compute in. */
  readonly computeDtype: DType;
  /** What their variables are kept in. */
  readonly variableDtype: DType;
  /** What `autocast` is to be given; undefined where nothing is mixed. */
  readonly autocast: HalfType | undefined;
}

const DTYPES = { float32: "f32", float64: "f64", float16: "f16", bfloat16: "bf16" } as const;

/** Names of policies: one dtype for all, or 16 bits to compute with and f32 to keep. */
export type PolicyName = keyof typeof DTYPES | "mixed_float16" | "mixed_bfloat16";

/**
 * A policy by its Keras name: "mixed_float16" and "mixed_bfloat16" compute in 16 bits and keep variables in f32, the others name
 * one dtype for both.
 * @throws ArgumentError for another name.
 */
export function policy(name: PolicyName): Policy {
  const mixed = name.startsWith("mixed_");
  const dtype = (DTYPES as Readonly<Record<string, DType>>)[mixed ? name.slice("mixed_".length) : name];
  const half = dtype === "f16" || dtype === "bf16" ? dtype : undefined;
  if (!dtype || (mixed && !half))
    throw new ArgumentError(
      `policy: "${name}" is none. Use one of ${[...Object.keys(DTYPES), "mixed_float16", "mixed_bfloat16"].join(", ")}`,
    );
  return { name, computeDtype: dtype, variableDtype: mixed ? "f32" : dtype, autocast: mixed ? half : undefined };
}
