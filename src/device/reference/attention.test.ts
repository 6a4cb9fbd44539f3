import { expect, test } from "vitest";
import { add, binary, constant, index, register, unary, type Expression, type Index } from "../../ir/expression.ts";
import type { AttentionKernel, Axes, Product, Weighed } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { at, global, numbers, store } from "../kernels.testing.ts";
import { interpretKernel } from "./interpret.ts";

const axes = (i: Index): Axes => ({ index: i, extent: i.extent });

const [BATCH, QUERIES, KEYS, E, F] = [2, 5, 7, 3, 4] as const;

/** Row-major place of an index. */
const place = (...list: readonly Index[]): Expression =>
  list.reduce<Expression>((sofar, i) => add(binary("mul", sofar, constant(i.extent, "i32")), i), constant(0, "i32"));

/** softmax(q·kᵀ)·v, causal from a first position on; buffers are q, k, v, the output and the norms. */
function forward(start?: number): AttentionKernel {
  const [b, i, j, e, f] = [index(BATCH), index(QUERIES), index(KEYS), index(E), index(F)];
  const [sum, weight, norm, result] = [register("f32"), register("f32"), register("f32"), register("f32")];
  const product: Product = { k: [axes(e)], left: at(0, place(b, i, e)), right: at(1, place(b, j, e)), sum };
  const weighed: Weighed = {
    f: [axes(f)],
    weight,
    value: at(2, place(b, j, f)),
    sum: result,
    stores: [store(3, place(b, i, f), result)],
  };
  return {
    kind: "attention",
    buffers: [global("read"), global("read"), global("read"), global("write"), global("write")],
    parameters: { scalars: [], sizes: 0 },
    batch: [axes(b)],
    m: axes(i),
    n: axes(j),
    ...(start === undefined ? {} : { last: add(i, constant(start + 1, "i32")) }),
    products: [product],
    softmax: { score: sum, weight, norm },
    results: [weighed],
    rowStores: [store(4, place(b, i), norm)],
  };
}

/** The same in plain loops. */
function expected(q: Float32Array, k: Float32Array, v: Float32Array, start: number = KEYS): [number[], number[]] {
  const [outputs, norms]: [number[], number[]] = [[], []];
  for (let b = 0; b < BATCH; b++)
    for (let i = 0; i < QUERIES; i++) {
      const seen = [...Array(KEYS).keys()].filter((j) => j <= i + start);
      const scores = seen.map((j) =>
        [...Array(E).keys()].reduce((s, e) => s + q[(b * QUERIES + i) * E + e]! * k[(b * KEYS + j) * E + e]!, 0),
      );
      const total = scores.reduce((s, x) => s + Math.exp(x), 0);
      norms.push(Math.log(total));
      for (let f = 0; f < F; f++)
        outputs.push(
          seen.reduce((s, j, at) => s + (Math.exp(scores[at]!) / total) * v[(b * KEYS + j) * F + f]!, 0) || 0,
        );
    }
  return [outputs, norms];
}

for (const start of [undefined, 0, -2, 1])
  test(`a kernel of attention is interpreted${start === undefined ? "" : `, causal from ${start}`}`, () => {
    const [q, k, v] = [numbers(BATCH * QUERIES * E, 1), numbers(BATCH * KEYS * E, 2), numbers(BATCH * KEYS * F, 3)];
    const [output, norm] = [new Float32Array(BATCH * QUERIES * F).fill(7), new Float32Array(BATCH * QUERIES).fill(7)];
    const { kernel, sizes } = parameterize(forward(start));
    interpretKernel(kernel, [{ buffers: [q, k, v, output, norm], parameters: sizes }]);
    const [outputs, norms] = expected(q, k, v, start);
    output.forEach((x, at) => expect(x).toBeCloseTo(outputs[at]!, 5));
    norm.forEach((x, at) =>
      norms[at] === -Infinity ? expect(x).toBe(-Infinity) : expect(x).toBeCloseTo(norms[at]!, 5),
    );
  });

test("without a softmax, weights are made of any products", () => {
  const { products, batch, m, n, results, ...kernel } = forward();
  const second = { ...products[0]!, sum: register("f32") };
  const weight = binary("mul", unary("exp", products[0]!.sum), second.sum);
  const { kernel: made, sizes } = parameterize({
    ...kernel,
    batch,
    m,
    n,
    products: [products[0]!, second],
    softmax: undefined,
    results: results.map((r) => ({ ...r, weight })),
    rowStores: [],
  });
  const [q, k] = [numbers(BATCH * QUERIES * E, 1), numbers(BATCH * KEYS * E, 2)].map((x) => x.map((y) => y / 4));
  const v = numbers(BATCH * KEYS * F, 3);
  const [output, norm] = [new Float32Array(BATCH * QUERIES * F), new Float32Array(BATCH * QUERIES)];
  interpretKernel(made, [{ buffers: [q!, k!, v, output, norm], parameters: sizes }]);
  output.forEach((x, at) => {
    const [b, i, f] = [Math.floor(at / QUERIES / F), Math.floor(at / F) % QUERIES, at % F];
    let sum = 0;
    for (let j = 0; j < KEYS; j++) {
      let s = 0;
      for (let e = 0; e < E; e++) s += q![(b * QUERIES + i) * E + e]! * k![(b * KEYS + j) * E + e]!;
      sum += Math.exp(s) * s * v[(b * KEYS + j) * F + f]!;
    }
    expect(x / (sum || 1)).toBeCloseTo(sum ? 1 : 0, 4);
  });
});
