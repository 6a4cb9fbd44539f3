import { beforeEach, describe, expect, test } from "vitest";
import { numbersIn, rounded } from "../core/dtype.ts";
import type { HalfType } from "../core/half.ts";
import { HostRandom } from "../core/random.ts";
import { grad, jit, setDevice, tensor, full, type Tensor } from "../index.ts";
import { availableTier } from "../device/native/tier.ts";

const TYPES: readonly HalfType[] = ["f16", "bf16"];
const devices = ["reference", "wasm", ...(availableTier() === undefined ? ["native"] : [])];
const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);

/** Ends, middles and everything between, of either sign. */
function numbers(dtype: HalfType): Float32Array {
  const random = new HostRandom(11);
  const near = [...numbersIn(bits, dtype)].flatMap((x) => [
    x,
    x * (1 + 2 ** -9),
    x * (1 + 2 ** -12),
    x * (1 - 2 ** -10),
  ]);
  const anywhere = Float32Array.from(
    { length: 4096 },
    () => (random.uniform() - 0.5) * 2 ** (random.uniform() * 300 - 160),
  );
  return Float32Array.from([...near, ...anywhere, 65_504, 65_519.99, 65_520, 1e38, 3.4e38, 1e-8, 2 ** -25, 2 ** -149]);
}

describe.each(devices)("on %s", (device) => {
  beforeEach(() => setDevice(device));

  test.each(TYPES)("[V3] [V4] every %s is read, and every f32 rounded, as on the host", (dtype) => {
    const widen = jit((x: Tensor) => x.cast("f32"));
    const narrow = jit((x: Tensor) => x.cast(dtype));
    const all = tensor(bits, { dtype });
    expect(all.nbytes).toBe(2 * bits.length);
    const values = numbers(dtype);
    const wanted = values.map((x) => rounded(x, dtype));
    // More often than it takes to be compiled for good.
    for (let i = 0; i < 5; i++) {
      expect(widen(all).dataSync()).toEqual(numbersIn(bits, dtype));
      expect(narrow(tensor(values)).dataSync()).toEqual(wanted);
    }
  });

  test.each(TYPES)("arithmetic of %s is that of f32, rounded where it is stored", (dtype) => {
    const x = tensor([1.5, -2.25, 3], { dtype });
    const y = tensor([0.1, 0.2, 0.3], { dtype });
    const at = (f: (a: number, b: number) => number): number[] =>
      [...x.dataSync()].map((a, i) => rounded(f(a, y.dataSync()[i]!), dtype));
    expect(x.add(y).dtype).toBe(dtype);
    expect([...x.mul(y).add(x).dataSync()]).toEqual(at((a, b) => Math.fround(Math.fround(a * b) + a)));
    expect([...x.div(y).dataSync()]).toEqual(at((a, b) => a / b));
    expect(x.mul(2.5).dtype).toBe(dtype);
    expect(x.add(tensor([1, 2, 3])).dtype).toBe("f32");
  });

  test.each(TYPES)("sums and products of matrices of %s are made in f32", (dtype) => {
    // 4096 ones and a little: a sum rounded at each step would stop at 256 (bf16) or 2048 (f16).
    expect(full([4096], 1, { dtype }).sum().dataSync()[0]).toBe(4096);
    const a = full([8, 4096], 1, { dtype });
    const product = a.matmul(full([4096, 8], 1, { dtype }));
    expect(product.dtype).toBe(dtype);
    expect([...product.dataSync()]).toEqual(new Array(64).fill(4096));
    expect(full([70_000], 1, { dtype }).mean().dataSync()[0]).toBe(1);
  });

  test.each(TYPES)("gradients of %s have its dtype", (dtype) => {
    const x = tensor([0.5, -1, 2], { dtype });
    const slope = grad((v: Tensor) => v.square().mul(3).sum())(x);
    expect(slope.dtype).toBe(dtype);
    expect([...slope.dataSync()]).toEqual([3, -6, 12]);
  });
});

test("a Uint16Array is the bits of a half, and text shows the digits that it has", () => {
  expect(tensor(Uint16Array.of(0x3c00, 0x3555), { dtype: "f16" }).toString()).toContain("0.3333");
  expect(tensor([0.1], { dtype: "bf16" }).toString()).toContain("0.1");
  expect(() => tensor(Uint16Array.of(1))).toThrow("holds no dtype");
});
