import { expect, test } from "vitest";
import { add, binary, constant, index, load, register, scale, unary, type Expression } from "../ir/expression.ts";
import type { Accumulator, Loop, Statement } from "../ir/kernel.ts";
import { countOperations } from "./cost.ts";

const [i, j] = [index(10), index(100)];
const at = add(scale(i, 100), j);
const x = load(0, "f32", at);
const row = load(1, "f32", i);
const store = (buffer: number, value: Expression): Statement => ({ kind: "store", buffer, offset: at, value });
const loop = (v: typeof i, body: readonly Statement[], accumulators: readonly Accumulator[] = []): Loop => ({
  kind: "loop",
  index: v,
  extent: v.extent,
  axis: "parallel",
  body,
  accumulators,
});
const sum = register("f32");
const product = binary("mul", x, x);

test.each<[string, readonly Statement[], number]>([
  ["every iteration: a load and a product", [loop(i, [loop(j, [store(2, product)])])], 1000 * 1.5],
  ["what two stores share once", [loop(i, [loop(j, [store(2, product), store(3, product)])])], 1000 * 1.5],
  [
    "what only a row knows once for each row",
    [loop(i, [loop(j, [store(2, binary("add", x, unary("neg", row)))])])],
    1000 * 1.5 + 10 * 1.5,
  ],
  [
    "what nothing knows once",
    [loop(i, [loop(j, [store(2, binary("mul", x, unary("exp", constant(2, "f32"))))])])],
    1512,
  ],
  [
    "sums, and what is made of them, once for each row",
    [loop(i, [loop(j, [], [{ register: sum, op: "sum", value: product }]), store(2, unary("neg", sum))])],
    1000 * 2.5 + 10,
  ],
  [
    "loops beside one another each for themselves",
    [loop(i, [loop(j, [store(2, product)]), loop(j, [store(3, product)])])],
    2000 * 1.5,
  ],
])("counts %s", (_, statements, operations) => {
  expect(countOperations(statements)).toBe(operations);
});
