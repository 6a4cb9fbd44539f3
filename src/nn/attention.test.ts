import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import { full, ones, tensor, zeros } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { explain } from "../tensor/explain.ts";
import { grad } from "../tensor/autodiff.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";
import { expectRecorded, type RecordedCase } from "./recorded.testing.ts";
import { sequences } from "./sequences.testing.ts";

const goldens = sequences.attention;
const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const bools = (shape: number[], ...values: number[]): Tensor =>
  tensor(Uint8Array.from(values), shape, { dtype: "bool" });

/** Attention as a layer without parameters. */
class Scaled extends nn.Module {
  readonly options: () => nn.AttentionOptions;
  constructor(options: () => nn.AttentionOptions) {
    super();
    this.options = options;
  }
  forward(q: Tensor, k: Tensor, v: Tensor): Tensor {
    return nn.scaledDotProductAttention(q, k, v, this.options());
  }
}
const scaled = (options: () => nn.AttentionOptions, ...shapes: number[][]): RecordedCase => ({
  make: () => new Scaled(options),
  shapes,
});
const heads = (
  options: nn.MultiheadAttentionOptions & { readonly heads: number },
  shapes: number[][],
  call: () => nn.MultiheadAttentionCall & { readonly averageWeights?: boolean } = () => ({}),
): RecordedCase => ({
  make: () => new nn.MultiheadAttention(6, options.heads, { ...f64, ...options }),
  shapes,
  call: (layer: nn.MultiheadAttention, q, k, v) => layer.forward(q!, k, v, { ...call(), needWeights: true }),
});
const seen = (): Tensor => bools([3, 3], 1, 0, 1, 0, 0, 0, 1, 1, 1);

const cases: Record<string, RecordedCase> = {
  "scaled by a mask": scaled(() => ({ mask: seen() }), [2, 3, 4], [2, 3, 4], [2, 3, 5]),
  "scaled by an added mask": scaled(
    () => ({ mask: fixed([2, 1, 3, 3], 31), scale: 0.7 }),
    ...[0, 1, 2].map(() => [2, 2, 3, 4]),
  ),
  "scaled causal, more keys than queries": scaled(() => ({ isCausal: true }), [1, 2, 3, 4], [1, 2, 5, 4], [1, 2, 5, 4]),
  "scaled in groups": scaled(() => ({ enableGqa: true }), [2, 6, 3, 4], [2, 2, 5, 4], [2, 2, 5, 4]),
  "scaled in groups by a mask": scaled(
    () => ({ enableGqa: true, mask: seen() }),
    [1, 4, 3, 2],
    [1, 1, 3, 2],
    [1, 1, 3, 2],
  ),
  "heads with other keys and values": heads({ heads: 2, kdim: 5, vdim: 3 }, [
    [2, 3, 6],
    [2, 4, 5],
    [2, 4, 3],
  ]),
  "heads with padding, weights": heads(
    { heads: 3 },
    [
      [2, 3, 6],
      [2, 4, 6],
      [2, 4, 6],
    ],
    () => ({ keyPaddingMask: bools([2, 4], 0, 0, 0, 1, 0, 1, 1, 1), mask: bools([4], 1, 0, 1, 1) }),
  ),
  "heads with added padding, weights of each": heads(
    { heads: 2, bias: false },
    [
      [2, 3, 6],
      [2, 4, 6],
      [2, 4, 6],
    ],
    () => ({ keyPaddingMask: fixed([2, 4], 32), mask: fixed([3, 4], 33), averageWeights: false }),
  ),
  "heads, length first": heads({ heads: 2, batchFirst: false }, [
    [3, 2, 6],
    [4, 2, 6],
    [4, 2, 6],
  ]),
  "heads without a batch": heads({ heads: 2, batchFirst: false }, [
    [3, 6],
    [4, 6],
    [4, 6],
  ]),
};

it("scores, their softmax, and the product with the values are one kernel, whatever the masks", () => {
  const [x, mask] = [zeros([2, 4, 16, 8]), zeros([2, 1, 1, 16], { dtype: "bool" })];
  const kernels = (options: nn.AttentionOptions): number =>
    explain(
      (q: Tensor, m: Tensor) => nn.scaledDotProductAttention(q, q, q, { ...options, ...(options.mask && { mask: m }) }),
      x,
      mask,
    ).kernels;
  expect([{}, { isCausal: true }, { mask, isCausal: true }].map(kernels)).toEqual([1, 1, 1]);
});

it("every recorded call is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(goldens)));

onEachDevice(() => {
  describe("[N21] [N22] attention agrees with PyTorch, forwards and backwards", () => {
    it.each(Object.entries(cases))("%s", (name, given) => expectRecorded(goldens[name]!, given));
  });

  it("[N22] zero queries average the values", () => {
    const [k, v] = [fixed([1, 3, 4], 1), fixed([1, 3, 4], 2)];
    const out = nn.scaledDotProductAttention(zeros([1, 2, 4], f64), k, v);
    const average = numbers(v.mean(1));
    expectNumbers("output", out, [...average, ...average], 1e-12);
  });
  it("[N21] several heads, each with weights that sum to 1", () => {
    const layer = new nn.MultiheadAttention(512, 8);
    expect(layer.forward(fixed([2, 5, 512], 1).float()).shape).toEqual([2, 5, 512]);
    const [q, k] = [fixed([2, 2, 5, 4], 1), fixed([2, 2, 3, 4], 2)];
    const sums = nn.scaledDotProductAttention(q, k, ones([2, 2, 3, 1], f64));
    expectNumbers("sums", sums, new Array(20).fill(1), 1e-12);
  });
  it("a causal query sees no later key: changing the future changes nothing", () => {
    const x = fixed([1, 4, 6], 1);
    const layer = new nn.MultiheadAttention(6, 2, f64);
    const changed = x.mul(tensor(Float64Array.of(1, 1, 1, 7), [4, 1]));
    const rows = (t: Tensor): number[] => numbers(layer.forward(t, t, t, { isCausal: true }).slice(null, [0, 3]));
    expect(rows(changed)).toEqual(rows(x));
  });
  it("masks of numbers are added, masks of bools hide", () => {
    const [q, k, v] = [fixed([2, 4], 1), fixed([3, 4], 2), fixed([3, 4], 3)];
    const seen = tensor([true, true, false]);
    const added = tensor([0, 0, -Infinity]);
    const both = [seen, added].map((mask) => numbers(nn.scaledDotProductAttention(q, k, v, { mask: mask })));
    expect(both[0]).toEqual(both[1]);
    const short = nn.scaledDotProductAttention(q, k.slice([0, 2]), v.slice([0, 2]));
    expectNumbers("output", short, both[0]!, 1e-12);
  });
  it("names shapes that do not fit", () => {
    expect(() => nn.scaledDotProductAttention(zeros([2, 4]), zeros([3, 5]), zeros([3, 5]))).toThrow(
      /needs queries \[\.\.\., n, e\].*got \[2, 4\], \[3, 5\] and \[3, 5\]/,
    );
    expect(() => new nn.MultiheadAttention(6, 4)).toThrow(/6 features do not fall into 4 heads/);
    expect(() => new nn.MultiheadAttention(6, 2).forward(zeros([1, 2, 5]))).toThrow(/the last dimension must be 6/);
  });

  it("[N21] [N23] output and weights, whose rows sum to 1", () => {
    const layer = new nn.MultiheadAttention(8, 2);
    const x: Tensor = fixed([2, 5, 8], 1).float();
    const [output, weights] = layer.forward(x, x, x, { needWeights: true });
    expect([output.shape, weights.shape]).toEqual([
      [2, 5, 8],
      [2, 5, 5],
    ]);
    expectNumbers("sums", weights.sum(-1), new Array(10).fill(1), 1e-6);
    // Without weights it is another kernel, which rounds otherwise.
    expectNumbers("output alone", layer.forward(x), numbers(output), 1e-6);
    const each = layer.forward(x, x, x, { needWeights: true, averageWeights: false })[1];
    expect(each.shape).toEqual([2, 2, 5, 5]);
    expect(nn.sequential(layer, nn.relu).forward(x).shape).toEqual([2, 5, 8]);
  });
  it("[N23] one head with projections of its own and scale √E is the notes' layer", () => {
    class CustomAttention extends nn.Module {
      query = new nn.Linear(8, 8, f64);
      key = new nn.Linear(8, 8, f64);
      value = new nn.Linear(8, 8, f64);
      forward(x: Tensor): [Tensor, Tensor] {
        const [q, k, v] = [this.query, this.key, this.value].map((layer) => layer.forward(x));
        const weights = q!.matmul(k!.transpose(-2, -1)).div(Math.sqrt(8)).softmax();
        return [weights.matmul(v!), weights];
      }
    }
    const custom = new CustomAttention();
    const x = fixed([2, 5, 8], 1);
    const [output, weights] = custom.forward(x);
    expect([output.shape, weights.shape]).toEqual([
      [2, 5, 8],
      [2, 5, 5],
    ]);
    const [q, k, v] = [custom.query, custom.key, custom.value].map((layer) => layer.forward(x));
    expectNumbers("output", nn.scaledDotProductAttention(q!, k!, v!), numbers(output), 1e-12);
  });
  it("gradients agree with central differences, twice, where a query sees nothing too", () => {
    gradCheck(
      (q: Tensor, k: Tensor, v: Tensor) => nn.scaledDotProductAttention(q, k, v, { mask: seen() }),
      [fixed([3, 2], 1), fixed([3, 2], 2), fixed([3, 2], 3)],
      { order: 2, tolerance: 1e-5 },
    );
  });
  it("keys of few heads in parts have the gradients of all", () => {
    const shape = [6, 4];
    const [q, k, v, towards] = [fixed(shape, 1), fixed([512, 4], 2), fixed([512, 3], 3), fixed([6, 3], 4)];
    const far = fixed([6, 512], 5).gt(-0.5);
    for (const options of [{ isCausal: true }, { mask: far }, { dropout: 0.25 }, { isCausal: true, mask: far }]) {
      const gradients = (...operands: Tensor[]): Tensor[] => {
        manualSeed(1);
        const attended = (...x: Tensor[]): Tensor => {
          const [a, b, c] = x as [Tensor, Tensor, Tensor];
          return nn.scaledDotProductAttention(a, b, c, options).mul(towards.cast(a.dtype)).sum();
        };
        return grad(attended, { argnums: [0, 1, 2] })(...operands) as Tensor[];
      };
      const expected = gradients(q, k, v).map(numbers);
      const got = gradients(q.float(), k.float(), v.float());
      got.forEach((x, i) => expectNumbers(["queries", "keys", "values"][i]!, x, expected[i]!, 1e-5));
    }
  });
  it("a mask of −∞ everywhere gives 0, and no NaN in any gradient", () => {
    const layer = new nn.MultiheadAttention(6, 2);
    const x: Tensor = fixed([2, 4, 6], 1).float();
    layer
      .forward(x, x, x, { mask: full([4, 4], -Infinity) })
      .sum()
      .backward();
    for (const p of layer.parameters()) expect(numbers(p.grad!).every(Number.isFinite)).toBe(true);
  });
  it("causalMask adds up to what isCausal hides", () => {
    expect(nn.causalMask(3).toArraySync()).toEqual([
      [0, -Infinity, -Infinity],
      [0, 0, -Infinity],
      [0, 0, 0],
    ]);
    const x = fixed([2, 3, 4], 1);
    const [added, hidden] = [{ mask: nn.causalMask(3) }, { isCausal: true }].map((options) =>
      numbers(nn.scaledDotProductAttention(x, x, x, options)),
    );
    expect(added).toEqual(hidden);
  });
  it("drops weights while training", () => {
    const layer = new nn.MultiheadAttention(6, 2, { dropout: 1, bias: false });
    const x: Tensor = fixed([1, 4, 6], 1).float();
    expect(numbers(layer.forward(x)).every((v) => v === 0)).toBe(true);
    expect(numbers(layer.eval().forward(x)).every((v) => v === 0)).toBe(false);
  });
  it("names masks and heads that do not fit", () => {
    const x = zeros([2, 3, 6]);
    const layer = new nn.MultiheadAttention(6, 2);
    expect(() => layer.forward(x, x, x, { mask: zeros([3, 4]) })).toThrow(ShapeError);
    expect(() => layer.forward(x, x, x, { mask: zeros([3, 4]) })).toThrow(
      /MultiheadAttention\(6, 2\): the mask \[3, 4\] does not broadcast to the scores \[2, 2, 3, 3\] \[..., queries, keys\]/,
    );
    expect(() => layer.forward(x, x, x, { mask: zeros([3, 3], { dtype: "i32" }) })).toThrow(DTypeError);
    expect(() => layer.forward(x, x, x, { mask: zeros([3, 3], { dtype: "i32" }) })).toThrow(
      /MultiheadAttention\(6, 2\): masks are bool .* or floats that are added, got i32. Use mask.bool\(\)/,
    );
    expect(() => layer.forward(x, x, x, { keyPaddingMask: zeros([3, 2]) })).toThrow(
      /MultiheadAttention\(6, 2\): the key padding mask must be \[2, 3\], got \[3, 2\]/,
    );
    expect(() => new nn.MultiheadAttention(6, 2, { kdim: 0 })).toThrow(/kdim must be a whole number of 1 or more/);
    expect(() => new nn.MultiheadAttention(6, 2, { kdim: 5 }).forward(x)).toThrow(/the last dimension must be 5/);
    const [q, k] = [zeros([3, 2, 4]), zeros([2, 2, 4])];
    expect(() => nn.scaledDotProductAttention(q, k, k, { enableGqa: true })).toThrow(ArgumentError);
    expect(() => nn.scaledDotProductAttention(q, k, k, { enableGqa: true })).toThrow(
      /heads of queries must be a multiple of those of keys and values, got \[3, 2, 4\], \[2, 2, 4\]/,
    );
  });
});
