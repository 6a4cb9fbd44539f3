import { describe, expect, test } from "vitest";
import { rounded } from "../core/dtype.ts";
import {
  autocast,
  jit,
  losses,
  nn,
  optim,
  policy,
  tensor,
  full,
  grad,
  manualSeed,
  randn,
  type Tensor,
} from "../index.ts";
import { fixed } from "./devices.testing.ts";

const TYPES = ["f16", "bf16"] as const;

describe.each(TYPES)("autocast to %s", (dtype) => {
  test("[V1] products of matrices take rounded operands and return 16 bits; softmax and losses are f32", () => {
    const [a, b] = [tensor([[1.001, 2.003]]), tensor([[1.0007], [0.3]])];
    const [product, share, loss] = autocast(dtype, () => {
      const p = a.matmul(b);
      return [p, p.softmax(), losses.mse(p, tensor([[2]]))] as const;
    });
    expect([product.dtype, share.dtype, loss.dtype]).toEqual([dtype, "f32", "f32"]);
    const r = (x: number): number => rounded(x, dtype);
    const exact = r(1.001) * r(1.0007) + r(2.003) * r(0.3);
    expect(product.dataSync()[0]).toBe(r(exact));
    expect(product.dataSync()[0]).not.toBe(Math.fround(1.001 * 1.0007 + 2.003 * 0.3));
    expect(loss.dataSync()[0]).toBe(Math.fround((r(exact) - 2) ** 2));
  });

  test("[V1] sums, means, norms and logarithms of sums stay f32, and are made of f32", () => {
    const ones = autocast(dtype, () => full([300, 300], 1).matmul(full([300, 1], 1)));
    const [sum, mean, norm] = autocast(dtype, () => [ones.sum(), ones.mean(), ones.norm()] as Tensor[]);
    for (const x of [sum!, mean!, norm!]) expect(x.dtype).toBe("f32");
    expect(sum!.dataSync()[0]).toBe(90_000);
    expect(autocast(dtype, () => ones.logSoftmax(0)).dtype).toBe("f32");
  });

  test("[V1] layers keep 16 bits from product to product, and their parameters f32", () => {
    const model = new nn.Sequential([new nn.Linear(4, 8), new nn.GELU(), new nn.Linear(8, 3)]);
    const x = fixed([5, 4]).float();
    const out = autocast(dtype, () => model.forward(x));
    expect(out.dtype).toBe(dtype);
    autocast(dtype, () => losses.crossEntropy(out, tensor(Int32Array.of(0, 1, 2, 0, 1)))).backward();
    for (const p of model.parameters()) expect([p.dtype, p.grad!.dtype]).toEqual(["f32", "f32"]);
  });

  test("convolutions, norms and attention run, and have gradients in f32", () => {
    manualSeed(1);
    const block = new nn.Sequential([
      new nn.Conv2d(2, 4, 3, { padding: 1 }),
      new nn.BatchNorm2d(4),
      new nn.ReLU(),
      new nn.Conv2d(4, 4, 3, { groups: 2 }),
      new nn.GroupNorm(2, 4),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.LayerNorm(16),
    ]);
    const attention = new nn.MultiheadAttention(8, 2);
    const [x, s] = [randn([3, 2, 6, 6]), randn([2, 5, 8])];
    const loss = autocast(dtype, () => {
      const seen = attention.forward(s, s, s) as Tensor | { output: Tensor };
      const y = "output" in seen ? seen.output : seen;
      return (block.forward(x) as Tensor).square().mean().add(y.square().mean());
    });
    expect(loss.dtype).toBe("f32");
    loss.backward();
    for (const p of [...block.parameters(), ...attention.parameters()]) {
      expect(p.grad!.dtype).toBe("f32");
      expect(p.grad!.isFinite().all().dataSync()[0]).toBe(1);
    }
  });

  test("trains as f32 does, to the precision of the dtype", () => {
    const train = (precision: typeof dtype | undefined): number[] => {
      manualSeed(3);
      const model = new nn.Sequential([new nn.Linear(8, 16), new nn.Tanh(), new nn.Linear(16, 1)]);
      const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
      const x = fixed([32, 8]).float();
      const y = x.matmul(fixed([8, 1], 2).float());
      const step = jit(() => {
        const loss = autocast(precision, () => losses.mse(model.forward(x), y));
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss;
      });
      return Array.from({ length: 40 }, () => step().dataSync()[0]!);
    };
    const [mixed, single] = [train(dtype), train(undefined)];
    expect(single[39]).toBeLessThan(single[0]! / 2);
    mixed.forEach((loss, i) => expect(Math.abs(loss - single[i]!)).toBeLessThan(dtype === "f16" ? 1e-3 : 8e-3));
  });
});

test("a traced function has a program with autocast and one without", () => {
  const f = jit((x: Tensor) => x.matmul(x));
  const x = fixed([2, 2]).float();
  expect([f(x).dtype, autocast("bf16", () => f(x)).dtype, f(x).dtype]).toEqual(["f32", "bf16", "f32"]);
});

test("gradients taken inside autocast are those taken outside", () => {
  const f = (x: Tensor): Tensor => autocast("bf16", () => x.matmul(x.T).softmax().square().sum());
  const x = fixed([3, 4]).float();
  const inside = autocast("bf16", () => grad(f)(x));
  expect(inside.dtype).toBe("f32");
  expect(inside.dataSync()).toEqual(grad(f)(x).dataSync());
});

test("functions that wait, and other dtypes, are refused", () => {
  expect(() => autocast("bf16", async () => 1)).toThrow("must be synchronous");
  expect(() => autocast("f64" as "f16", () => 1)).toThrow('autocast: the dtype is "f16" or "bf16", not "f64"');
});

test("[V5] policies have Keras's names: mixed ones compute in 16 bits and keep variables in f32", () => {
  expect(policy("mixed_float16")).toEqual({
    name: "mixed_float16",
    computeDtype: "f16",
    variableDtype: "f32",
    autocast: "f16",
  });
  expect(policy("mixed_bfloat16").computeDtype).toBe("bf16");
  expect(policy("float64")).toMatchObject({ computeDtype: "f64", variableDtype: "f64", autocast: undefined });
  expect(() => policy("mixed_int8" as "float32")).toThrow('policy: "mixed_int8" is none');
});

test("[V3] a model is cast whole: parameters, buffers and what it returns", () => {
  const shared = new nn.Linear(3, 3);
  const model = nn.cast(new nn.Sequential([shared, new nn.BatchNorm1d(3), shared]), "bf16");
  expect(model.parameters().map((p) => p.dtype)).toEqual(["bf16", "bf16", "bf16", "bf16"]);
  expect([...model.namedBuffers().values()].map((b) => b.dtype)).toEqual(["bf16", "bf16", "i32"]);
  expect(model.parameters().length).toBe(4);
  const out = model.forward(fixed([4, 3]).cast("bf16"));
  expect(out.dtype).toBe("bf16");
  out.square().sum().backward();
  expect(shared.weight.grad!.dtype).toBe("bf16");
});

test("[V8] losses are made of logits in f32, also where these have 16 bits", () => {
  for (const dtype of ["f32", "f16", "bf16"] as const) {
    const loss = losses.binaryCrossEntropyWithLogits(tensor([40], { dtype }), tensor([1]));
    expect(loss.dtype).toBe("f32");
    expect(loss.dataSync()[0]! / 4.248354255291589e-18).toBeCloseTo(1, 5);
  }
});
