import { beforeAll, describe, expect, test } from "vitest";
import {
  avgPoolNd,
  conv,
  convTranspose,
  grad,
  gradCheck,
  maxPoolNd,
  setDevice,
  tensor,
  zeros,
  type Tensor,
} from "../../index.ts";
import { expectClose, fixed as f64, onEachDevice } from "../devices.testing.ts";

interface Options {
  stride?: number;
  padding?: number;
  dilation?: number;
  groups?: number;
}

/** The definition in two dimensions: loops over everything. */
function naive(x: Tensor, w: Tensor, { stride = 1, padding = 0, dilation = 1, groups = 1 }: Options): Tensor {
  const [n, c, h, v] = x.shape as [number, number, number, number];
  const [o, i, kh, kv] = w.shape as [number, number, number, number];
  const size = (length: number, k: number): number =>
    Math.floor((length + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
  const [oh, ov] = [size(h, kh), size(v, kv)];
  const [xs, ws] = [x.dataSync(), w.dataSync()];
  const out = new Float64Array(n * o * oh * ov);
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let f = 0; f < o; f++)
      for (let y = 0; y < oh; y++)
        for (let z = 0; z < ov; z++, at++)
          for (let k = 0; k < i; k++)
            for (let p = 0; p < kh; p++)
              for (let q = 0; q < kv; q++) {
                const row = y * stride + p * dilation - padding;
                const column = z * stride + q * dilation - padding;
                if (row < 0 || column < 0 || row >= h || column >= v) continue;
                const channel = Math.floor(f / (o / groups)) * i + k;
                out[at]! += xs[((b * c + channel) * h + row) * v + column]! * ws[((f * i + k) * kh + p) * kv + q]!;
              }
  return tensor(out, [n, o, oh, ov]);
}

const CASES: [string, number[], number[], Options][] = [
  ["plain", [2, 3, 5, 6], [4, 3, 3, 2], {}],
  ["stride 2", [1, 2, 7, 6], [3, 2, 3, 3], { stride: 2 }],
  ["stride 2, an unread edge", [1, 2, 8, 7], [3, 2, 3, 2], { stride: 2, padding: 1 }],
  ["padding 2", [1, 2, 4, 4], [2, 2, 3, 3], { padding: 2 }],
  ["dilation 2", [1, 2, 7, 7], [2, 2, 3, 3], { dilation: 2, padding: 1 }],
  ["stride 3 and dilation 2", [1, 1, 9, 9], [2, 1, 2, 3], { stride: 3, dilation: 2, padding: 2 }],
  ["two groups", [2, 4, 5, 5], [6, 2, 3, 3], { groups: 2, padding: 1 }],
  ["depthwise", [1, 3, 5, 5], [3, 1, 3, 3], { groups: 3, stride: 2 }],
  ["depthwise, many channels", [2, 18, 5, 6], [18, 1, 3, 2], { groups: 18, padding: 1 }],
  ["depthwise, two outputs a channel", [2, 16, 6, 5], [32, 1, 3, 3], { groups: 16, stride: 2, padding: 1 }],
  ["many groups of few channels", [1, 40, 6, 7], [60, 2, 2, 3], { groups: 20, dilation: 2 }],
  ["1 × 1", [2, 3, 4, 4], [5, 3, 1, 1], {}],
  ["1 × 1 with stride", [1, 2, 5, 5], [3, 2, 1, 1], { stride: 2 }],
];

onEachDevice(() => {
  describe("convolution", () => {
    test.each(CASES)("%s equals its definition", (_, shape, kernel, options) => {
      const [x, w] = [f64(shape), f64(kernel, 2)];
      const want = naive(x, w, options);
      const got = conv(x, w, options);
      expect(got.shape).toEqual(want.shape);
      expectClose(got.flatten(), [...want.dataSync()], 1e-12);
    });

    test("gradients of many groups are those of one group whose other weights are 0", () => {
      for (const [inputs, outputs, options] of [
        [1, 1, { padding: 1 }],
        [1, 2, { stride: 2, padding: 1 }],
        [2, 1, { dilation: 2, padding: 2 }],
        [1, 1, { stride: 2 }],
      ] as [number, number, Options][])
        for (const dtype of ["f64", "f32"] as const) {
          const groups = 17;
          const x = f64([3, groups * inputs, 7, 6]).cast(dtype);
          const w = f64([groups * outputs, inputs, 3, 3], 2).cast(dtype);
          // [g·o, c, k…] by [g·o, g] makes [g·o, g·c, k…].
          const belongs = tensor(
            Array.from({ length: groups * outputs }, (_, o) =>
              Array.from({ length: groups }, (_, g) => Number(Math.floor(o / outputs) === g)),
            ),
          ).cast(dtype);
          const whole = (kernel: Tensor): Tensor =>
            kernel
              .unsqueeze(1)
              .mul(belongs.reshape([groups * outputs, groups, 1, 1, 1]))
              .reshape([groups * outputs, groups * inputs, 3, 3]);
          const loss = (y: Tensor): Tensor => y.mul(y.sin()).sum();
          const both = { argnums: [0, 1] } as const;
          const got = grad((a: Tensor, b: Tensor) => loss(conv(a, b, { ...options, groups })), both)(x, w);
          const want = grad((a: Tensor, b: Tensor) => loss(conv(a, whole(b), options)), both)(x, w);
          got.forEach((g, i) =>
            expectClose(g, want[i]!.toArraySync() as number[][][][], dtype === "f64" ? 1e-12 : 1e-5),
          );
        }
    });

    test("one and three spatial axes", () => {
      const [x, w] = [f64([2, 3, 8]), f64([4, 3, 3], 2)];
      const flat = conv(x.unsqueeze(2), w.unsqueeze(2), { stride: [1, 2] }).squeeze(2);
      expectClose(conv(x, w, { stride: 2 }), flat.toArraySync() as number[][][], 1e-12);
      gradCheck((a: Tensor, b: Tensor) => conv(a, b, { padding: "same" }).sin(), [f64([1, 2, 5]), f64([2, 2, 3], 2)], {
        order: 2,
      });
      expect(conv(zeros([1, 2, 4, 5, 6]), zeros([3, 2, 2, 2, 2])).shape).toEqual([1, 3, 3, 4, 5]);
      gradCheck((a: Tensor, b: Tensor) => conv(a, b, { stride: 2 }), [f64([1, 1, 3, 3, 3]), f64([1, 1, 2, 2, 2], 2)]);
    });

    test("[AI15] sizes: 28, k 5 → 24; 224, k 7, s 2, p 3 → 112; 32, k 3, p 1 → 32; same keeps or divides", () => {
      const size = (n: number, k: number, options: { stride?: number; padding?: number | "same" }): number =>
        conv(zeros([1, 1, n]), zeros([1, 1, k]), options).shape[2]!;
      expect(size(28, 5, {})).toBe(24);
      expect(size(224, 7, { stride: 2, padding: 3 })).toBe(112);
      expect(size(32, 3, { padding: 1 })).toBe(32);
      expect(size(32, 4, { padding: "same" })).toBe(32);
      expect(size(33, 3, { padding: "same", stride: 2 })).toBe(17);
    });

    test("[AI16] a 100-sample signal: 20 wide by steps of 10 makes 9, then 5 by 2 makes 3; where the last windows lie", () => {
      const signal = tensor(
        Float64Array.from({ length: 100 }, (_, i) => i + 1),
        [1, 1, 100],
      );
      const first = conv(signal, f64([1, 1, 20]).mul(0).add(1), { stride: 10 });
      expect(first.shape).toEqual([1, 1, 9]);
      expect(first.slice(0, 0, -1).itemSync()).toBe(((81 + 100) * 20) / 2);
      const second = conv(f64([1, 1, 9]), f64([1, 1, 5], 2), { stride: 2 });
      expect(second.shape).toEqual([1, 1, 3]);
      const seen = grad((x: Tensor) =>
        conv(x, f64([1, 1, 5]).mul(0).add(1), { stride: 2 })
          .slice(0, 0, -1)
          .sum(),
      )(f64([1, 1, 9]));
      expect(seen.toArraySync()).toEqual([[[0, 0, 0, 0, 1, 1, 1, 1, 1]]]);
    });

    test("bias, pairs of strides, and the method", () => {
      const x = f64([2, 3, 6, 5]);
      const w = f64([4, 3, 3, 3], 2);
      const bias = f64([4], 3);
      const got = x.conv2d(w, { stride: [2, 1], padding: [1, 0], bias });
      const shifted = conv(x, w, { stride: [2, 1], padding: [1, 0] }).add(bias.reshape([4, 1, 1]));
      expectClose(got, shifted.toArraySync() as number[][][][], 1e-12);
      expect(() => x.conv2d(w, { bias: f64([3]) })).toThrow("conv2d: the bias must be [4]");
    });

    test("the transposed convolution is the transpose: ⟨conv(x), y⟩ = ⟨x, convTranspose(y)⟩", () => {
      for (const options of [{}, { stride: 2, padding: 1 }, { dilation: 2 }, { groups: 2, stride: 2 }]) {
        const x = f64([2, 4, 7, 7]);
        const w = f64([6, options.groups ? 2 : 4, 3, 3], 2);
        const image = conv(x, w, options);
        const y = f64(image.shape, 3);
        const back = convTranspose(y, w, options);
        expect(back.shape).toEqual(x.shape);
        expect(image.mul(y).sum().itemSync()).toBeCloseTo(x.mul(back).sum().itemSync(), 10);
      }
      const upsampled = convTranspose(f64([1, 2, 4, 4]), f64([2, 3, 3, 3], 2), {
        stride: 2,
        padding: 1,
        outputPadding: 1,
      });
      expect(upsampled.shape).toEqual([1, 3, 8, 8]);
      gradCheck(
        (a: Tensor, b: Tensor) => convTranspose(a, b, { stride: 2, padding: 1 }).tanh(),
        [f64([1, 2, 3, 3]), f64([2, 1, 3, 3], 2)],
        { order: 2 },
      );
    });

    test("refuses what does not fit", () => {
      const [x, w]: Tensor[] = [zeros([8, 3, 32, 32]), zeros([16, 4, 3, 3])];
      expect(() => x!.conv2d(w!)).toThrow("conv2d: [8, 3, 32, 32] has 3 channels, the kernel [16, 4, 3, 3] wants 4");
      expect(() => (zeros([3, 32, 32]) as Tensor).conv2d(w!)).toThrow("must be [n, c, h, w], got [3, 32, 32]");
      expect(() => x!.conv2d(zeros([3, 3]))).toThrow("the kernel must be [out, in, h, w], got [3, 3]");
      expect(() => conv(zeros([1, 3, 2, 2]), zeros([1, 3, 3, 3]))).toThrow("spans 3 elements of an axis that has 2");
      expect(() => conv(x!, zeros([4, 1, 3, 3]), { groups: 3 })).toThrow("do not fall into 3 groups");
      expect(() => conv(x!, zeros([4, 3, 3, 3]), { stride: 0 })).toThrow("stride must be a whole number of 1 or more");
      expect(() => conv(zeros([2, 3]), zeros([2, 3]))).toThrow("one to three in space");
    });
  });

  describe("pooling", () => {
    const x = tensor([
      [
        [
          [1, 2, 3, 4],
          [5, 6, 7, 8],
          [9, 10, 11, 12],
          [13, 14, 15, 16],
        ],
      ],
    ]);

    test("windows that do not overlap, and those that do", () => {
      expect(x.maxPool2d(2).toArraySync()).toEqual([
        [
          [
            [6, 8],
            [14, 16],
          ],
        ],
      ]);
      expect(x.avgPool2d(2).toArraySync()).toEqual([
        [
          [
            [3.5, 5.5],
            [11.5, 13.5],
          ],
        ],
      ]);
      expect(x.maxPool2d(3, { stride: 1 }).toArraySync()).toEqual([
        [
          [
            [11, 12],
            [15, 16],
          ],
        ],
      ]);
      expect(x.maxPool2d([1, 2], { stride: [2, 2] }).shape).toEqual([1, 1, 2, 2]);
      expect(x.maxPool2d(2, { dilation: 2, stride: 1 }).toArraySync()).toEqual([
        [
          [
            [11, 12],
            [15, 16],
          ],
        ],
      ]);
    });

    test("padding never wins a maximum; a mean may count it or not", () => {
      const low = x.neg();
      expect(low.maxPool2d(2, { padding: 1 }).slice(0, 0, 0, 0).itemSync()).toBe(-1);
      expect(x.int().neg().maxPool2d(2, { padding: 1 }).slice(0, 0, 0, 0).itemSync()).toBe(-1);
      expect(x.avgPool2d(2, { padding: 1 }).slice(0, 0, 0, 0).itemSync()).toBe(0.25);
      expect(x.avgPool2d(2, { padding: 1, countIncludePad: false }).slice(0, 0, 0, 0).itemSync()).toBe(1);
      expect(() => x.maxPool2d(2, { padding: 2 })).toThrow("padding 2 is more than half a window of 2");
    });

    test("one and three axes", () => {
      expect(maxPoolNd(tensor([[[1, 5, 2, 4]]]), 2).toArraySync()).toEqual([[[5, 4]]]);
      expect(avgPoolNd(zeros([1, 1, 4, 4, 4]), 2).shape).toEqual([1, 1, 2, 2, 2]);
      expect(() => zeros([4, 4]).maxPool2d(2)).toThrow("must have 4 axes, batch and channels first");
    });

    test("gradients agree with central differences", () => {
      const image = f64([1, 2, 5, 5]);
      gradCheck((v: Tensor) => v.maxPool2d(2), [image]);
      gradCheck((v: Tensor) => v.maxPool2d(3, { stride: 2, padding: 1 }).square(), [image]);
      gradCheck((v: Tensor) => v.avgPool2d(3, { stride: 2, padding: 1 }).sin(), [image], { order: 2 });
      gradCheck((v: Tensor) => v.avgPool2d(2, { padding: 1, countIncludePad: false }).sin(), [image], { order: 2 });
      // Equal elements: the first takes it all.
      expect(grad((v: Tensor) => v.maxPool2d(2).sum())(zeros([1, 1, 2, 2])).toArraySync()).toEqual([
        [
          [
            [1, 0],
            [0, 0],
          ],
        ],
      ]);
    });
  });
});

describe("gradients of convolution", () => {
  beforeAll(() => setDevice("wasm"));

  test.each(CASES)("%s: both gradients agree with central differences, twice", (_, shape, kernel, options) => {
    const order = shape.reduce((a, b) => a * b, 1) < 100 ? 2 : 1;
    gradCheck((x: Tensor, w: Tensor) => conv(x, w, options).tanh(), [f64(shape), f64(kernel, 2)], { order });
  });
});
