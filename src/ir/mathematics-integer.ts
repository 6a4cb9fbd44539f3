/** sign, and pow of integers. */
import { binary, constant, select, type Expression } from "./expression.ts";

/** −1, 0 or 1; zeros and NaN stay what they are. */
export function signOf(x: Expression): Expression {
  const zero = constant(0, x.dtype);
  const positive = select(binary("lt", zero, x), constant(1, x.dtype), x);
  if (x.dtype === "u32" || x.dtype === "u8" || x.dtype === "bool") return positive;
  return select(binary("lt", x, zero), constant(-1, x.dtype), positive);
}

/** x multiplied y times, modulo the width of the dtype; a negative y gives 0 except for x = ±1. */
export function integerPower(x: Expression, y: Expression): Expression {
  const { dtype } = x;
  const one = constant(1, dtype),
    zero = constant(0, dtype);
  let power = x;
  let result: Expression = one;
  const bits = dtype === "u8" ? 8 : 32;
  for (let i = 0; i < bits; i++) {
    const bit = binary("and", binary("shr", y, constant(i, dtype)), one);
    result = select(binary("ne", bit, zero), binary("mul", result, power), result);
    power = binary("mul", power, power);
  }
  if (dtype !== "i32") return result;
  const odd = binary("ne", binary("and", y, one), zero);
  const minus = constant(-1, dtype);
  const inverse = select(binary("eq", x, one), one, select(binary("eq", x, minus), select(odd, minus, one), zero));
  return select(binary("lt", y, zero), inverse, result);
}
