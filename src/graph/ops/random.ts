import type { Shape } from "../../core/shape.ts";
import { checkShape, show, stridesOf } from "../../core/shape.ts";
import { DTypeError } from "../../core/errors.ts";
import { add, binary, bitcast, constant, scale, type Expression } from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type Op } from "../op.ts";
import { concat, reshape, slice } from "./movement.ts";
import { fill } from "./leaf.ts";

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const PARITY = 0x1bd11bda;

/**
 * Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): two words of counter
 * and key become two words of random bits.
 */
function threefry(
  key: readonly [Expression, Expression],
  counter: readonly [Expression, Expression],
): [Expression, Expression] {
  const u = (n: number): Expression => constant(n >>> 0, "u32");
  const keys = [key[0], key[1], binary("xor", binary("xor", key[0], key[1]), u(PARITY))] as const;
  let x0 = binary("add", counter[0], keys[0]);
  let x1 = binary("add", counter[1], keys[1]);
  for (let group = 0; group < 5; group++) {
    for (const r of ROTATIONS[group % 2]!) {
      x0 = binary("add", x0, x1);
      x1 = binary("xor", x0, binary("or", binary("shl", x1, u(r)), binary("shr", x1, u(32 - r))));
    }
    x0 = binary("add", x0, keys[(group + 1) % 3]!);
    x1 = binary("add", binary("add", x1, keys[(group + 2) % 3]!), u(group + 1));
  }
  return [x0, x1];
}

/** 32 random bits per element. Element i (row-major) depends on the key and i only. */
export const randomBitsOp: Op<{ readonly shape: Shape }> = {
  name: "randomBits",
  infer([key], { shape }) {
    checkShape("randomBits", shape);
    if (key!.dtype !== "u32" || key!.shape.length !== 1 || key!.shape[0] !== 2)
      throw new DTypeError(`randomBits: the key must be u32 [2], got ${key!.dtype} ${show(key!.shape)}`);
    return { shape, dtype: "u32" };
  },
  batch({ inputs: [keys], attributes: { shape }, size }) {
    if (size === 0) return fill([0, ...shape], 0, "u32");
    const one = (i: number): Node => randomBits(reshape(slice(keys!, [i, 0], [1, 2]), [2]), shape);
    return concat(
      Array.from({ length: size }, (_, i) => reshape(one(i), [1, ...shape])),
      0,
    );
  },
  lower({ inputs: [key], index, shape }) {
    const strides = stridesOf(shape);
    const flat = index.reduce((sum, i, a) => add(sum, scale(i, strides[a]!)), constant(0, "i32") as Expression);
    const words = [key!([constant(0, "i32")]), key!([constant(1, "i32")])] as const;
    const [x0, x1] = threefry(words, [constant(0, "u32"), bitcast(flat, "u32")]);
    return binary("xor", x0, x1);
  },
};
export const randomBits = (key: Node, shape: Shape): Node => apply(randomBitsOp, [key], { shape });
