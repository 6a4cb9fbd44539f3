/** How tests compare arrays of numbers. */
import { isFloat, type DType, type TypedArray } from "../core/dtype.ts";

const EPSILON: Readonly<Partial<Record<DType, number>>> = {
  f16: 2 ** -10,
  bf16: 2 ** -7,
  f32: 2 ** -23,
  f64: 2 ** -52,
};
const SMALLEST: Readonly<Partial<Record<DType, number>>> = {
  f16: 2 ** -14,
  bf16: 2 ** -126,
  f32: 2 ** -126,
  f64: 2 ** -1022,
};

export interface Tolerance {
  /** Units in the last place of the expected number. */
  readonly ulps: number;
  /** Numbers smaller than this are compared as if they were this large: 0 unless the sum of larger ones cancels. */
  readonly scale?: number;
}

/**
 * Compares element by element. NaN equals NaN, 0 equals −0, integers must be equal.
 * @throws Error naming the first element that differs and by how much.
 */
export function expectClose(
  what: string,
  dtype: DType,
  actual: TypedArray | undefined,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
): void {
  if (actual?.length !== expected.length)
    throw new Error(`${what}: got ${actual?.length ?? "no"} elements, expected ${expected.length}`);
  const epsilon = EPSILON[dtype] ?? 0;
  for (let i = 0; i < expected.length; i++) {
    const [got, wanted] = [actual[i]!, expected[i]!];
    if (got === wanted || (Number.isNaN(got) && Number.isNaN(wanted))) continue;
    const unit = epsilon * Math.max(Math.abs(wanted), tolerance.scale ?? 0, SMALLEST[dtype] ?? 0);
    const distance = Math.abs(got - wanted) / unit;
    if (isFloat(dtype) && distance <= tolerance.ulps) continue;
    const by = Number.isFinite(distance)
      ? `, ${distance.toPrecision(3)} units in the last place, allowed ${tolerance.ulps}`
      : "";
    throw new Error(`${what}: element ${i} of ${expected.length} is ${got}, expected ${wanted}${by}`);
  }
}
