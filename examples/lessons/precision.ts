/** What the width of numbers does to a product: integers wrap around, floats lose their last digits. */
import type { Tensor } from "myelin";

const LARGEST = 2 ** 31 - 1;

/**
 * A product of i32 matrices that cannot wrap around silently: the sums are made in f64, where whole numbers are exact up to
 * 2⁵³, and brought back. Throws RangeError where a sum does not fit in i32.
 */
export async function exactProduct(a: Tensor, b: Tensor): Promise<Tensor> {
  const wide = a.cast("f64").matmul(b.cast("f64"));
  const largest = await wide.abs().max().item();
  if (largest > LARGEST)
    throw new RangeError(`the largest sum, ${largest}, does not fit in i32, which ends at ${LARGEST}. Multiply as f64`);
  return wide.int();
}

/** The largest error of an f32 product, as a share of the largest entry: the digits that 24 bits did not hold. */
export async function lossOfF32(a: Tensor, b: Tensor): Promise<number> {
  const exact = a.cast("f64").matmul(b.cast("f64"));
  const rounded = a.float().matmul(b.float()).cast("f64");
  return (await rounded.sub(exact).abs().max().item()) / (await exact.abs().max().item());
}
