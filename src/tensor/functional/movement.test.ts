import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  arange,
  concat,
  diagonal,
  grad,
  gradCheck,
  moveAxis,
  stack,
  tensor,
  zeros,
  type Tensor,
} from "../../index.ts";
import { onEachDevice, spread } from "../devices.testing.ts";

const iota = (...shape: number[]): Tensor => arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);

onEachDevice(() => {
  describe("shapes", () => {
    test("[B17] reshape works out -1", () => {
      expect(zeros([60000, 28, 28]).reshape([-1, 784]).shape).toEqual([60000, 784]);
      expect(zeros([60000, 784]).reshape([-1, 28, 28, 1]).shape).toEqual([60000, 28, 28, 1]);
      expect(iota(2, 3).reshape([3, -1]).toArraySync()).toEqual([
        [0, 1],
        [2, 3],
        [4, 5],
      ]);
      expect(() => iota(2, 3).reshape([4, -1])).toThrow("[2, 3] has 6 elements, which [4, -1] does not divide evenly");
      expect(() => iota(2, 3).reshape([-1, -1])).toThrow("only one size may be -1");
      expect(() => iota(2, 3).reshape([4, 2])).toThrow("reshape: [2, 3] has 6 elements, [4, 2] wants 8");
    });

    test("[B7] a view of another size throws", () => {
      expect(() => (zeros([3, 2]) as Tensor).reshape([4, 2])).toThrow("wants 8");
    });

    test("[B6] permute: axis order[i] becomes axis i", () => {
      const t = iota(2, 3, 4);
      const p = t.permute([2, 0, 1]);
      expect(p.shape).toEqual([4, 2, 3]);
      expect(p.slice(1, 0, 2).itemSync()).toBe(t.slice(0, 2, 1).itemSync());
      expect(t.permute([-1, 0, 1]).shape).toEqual([4, 2, 3]);
      expect(() => t.permute([0, 1])).toThrow("permute: [2, 3, 4] has 3 axes, got 2");
      expect(() => t.permute([0, 1, 1])).toThrow("permute: an axis is repeated in [0, 1, 1]");
    });

    test("[C1] a function mapped over a permuted tensor equals the dense result", () => {
      const t = tensor(spread(24), [2, 3, 4]);
      const permuted = t.permute([2, 0, 1]);
      expect(permuted.neg().toArraySync()).toEqual(
        tensor(permuted.toArraySync() as number[][][])
          .neg()
          .toArraySync(),
      );
    });

    test("[B17] transpose, T, flatten, squeeze, unsqueeze", () => {
      expect(iota(2, 3).T.toArraySync()).toEqual([
        [0, 3],
        [1, 4],
        [2, 5],
      ]);
      expect(iota(2, 3, 4).T.shape).toEqual([4, 3, 2]);
      expect(iota(2, 3, 4).transpose(-2, -1).shape).toEqual([2, 4, 3]);
      expect(moveAxis(iota(2, 3, 4), 0, -1).shape).toEqual([3, 4, 2]);
      expect(iota(2, 3, 4).flatten().shape).toEqual([24]);
      expect(iota(2, 3, 4).flatten(1).shape).toEqual([2, 12]);
      expect(tensor(3).flatten().shape).toEqual([1]);
      expect(zeros([1, 2, 1, 3]).squeeze().shape).toEqual([2, 3]);
      expect(zeros([1, 2, 1, 3]).squeeze(-2).shape).toEqual([1, 2, 3]);
      expect(zeros([2, 3]).unsqueeze(-1).shape).toEqual([2, 3, 1]);
      expect(zeros([2, 3]).unsqueeze(0).shape).toEqual([1, 2, 3]);
      expect(() => (zeros([2, 3]) as Tensor).squeeze(1)).toThrow("squeeze: axis 1 of [2, 3] has size 3, not 1");
      expect(() => (zeros([2, 3]) as Tensor).unsqueeze(3)).toThrow("New axes go from -3 to 2");
    });

    test("[AI28] images unroll: 1000×1000 → 1,000,000, 28×28 → 784, 8×8 → 64", () => {
      expect(zeros([1000, 1000]).flatten().shape).toEqual([1_000_000]);
      expect(zeros([28, 28]).flatten().shape).toEqual([784]);
      expect(zeros([8, 8]).reshape([-1]).shape).toEqual([64]);
    });

    test("expand repeats sizes of 1", () => {
      expect(
        tensor([[1], [2]])
          .expand([2, 3])
          .toArraySync(),
      ).toEqual([
        [1, 1, 1],
        [2, 2, 2],
      ]);
      expect(tensor([1, 2]).expand([3, -1]).shape).toEqual([3, 2]);
      expect(() => (tensor([1, 2]) as Tensor).expand([3, 4])).toThrow("expand: [2] does not expand to [3, 4]");
    });
  });

  describe("parts", () => {
    test("[B2] positions count from either end, and outside they throw", () => {
      const t = iota(2, 3, 4);
      expect(t.slice(1, 2, 3).itemSync()).toBe(23);
      expect(t.slice(-1, -1, -1).itemSync()).toBe(23);
      expect(t.slice(0).shape).toEqual([3, 4]);
      expect(() => t.slice(2)).toThrow("slice: position 2 is outside axis 0 of [2, 3, 4], which goes from -2 to 1");
      expect(() => t.slice(0, 0, 0, 0)).toThrow("more ranges than axes");
    });

    test("ranges", () => {
      const t = iota(4, 5);
      expect(t.slice([1, 3], null).shape).toEqual([2, 5]);
      expect(t.slice(null, [-2]).toArraySync()).toEqual([
        [3, 4],
        [8, 9],
        [13, 14],
        [18, 19],
      ]);
      expect(t.slice([0, -3], 1).toArraySync()).toEqual([1]);
      expect(t.slice([2, 2]).shape).toEqual([0, 5]);
      expect(() => t.slice([0, 5])).toThrow("slice: [0, 5] does not lie in axis 0 of [4, 5], which has 4");
      expect(() => t.slice([3, 1])).toThrow("does not lie");
      expect(t.narrow(1, -2, 2).toArraySync()).toEqual(t.slice(null, [3, 5]).toArraySync());
      expect(() => t.narrow(1, 4, 2)).toThrow("narrow: 2 elements from 4 do not fit in axis 1 of [4, 5]");
    });

    test("ranges with a step, as NumPy's", () => {
      const t = iota(7, 3);
      expect(t.slice([0, undefined, 3], 0).toArraySync()).toEqual([0, 9, 18]);
      expect(t.slice([1, -1, 2]).toArraySync()).toEqual([
        [3, 4, 5],
        [9, 10, 11],
        [15, 16, 17],
      ]);
      expect(t.slice([0, 7, 4], [0, 3, 2]).toArraySync()).toEqual([
        [0, 2],
        [12, 14],
      ]);
      expect(t.slice([2, 3, 100], null).shape).toEqual([1, 3]);
      expect(t.slice([2, 2, 3]).shape).toEqual([0, 3]);
      const x = tensor([1, 2, 3, 4, 5]);
      expect(
        grad((v: Tensor) => v.slice([0, undefined, 2]).square().sum())(x)
          .dataSync()
          .join(),
      ).toBe("2,0,6,0,10");
      expect(() => t.slice([0, 3, -1])).toThrow("step must be a whole number of 1 or more, got -1. Use flip");
      expect(() => t.slice([0, 3, 0.5])).toThrow(ArgumentError);
      expect(() => t.slice("..." as never)).toThrow(
        'slice: a range is a position, [start, end], [start, end, step] or null, got "..."',
      );
    });

    test("split and unbind", () => {
      const shapes = (parts: readonly Tensor[]): unknown => parts.map((part) => part.shape);
      expect(shapes(iota(7, 2).split(3))).toEqual([
        [3, 2],
        [3, 2],
        [1, 2],
      ]);
      expect(shapes(iota(2, 7).split([2, 5], 1))).toEqual([
        [2, 2],
        [2, 5],
      ]);
      expect(() => iota(2, 7).split([2, 4], 1)).toThrow("sizes [2, 4] sum to 6, axis 1 of [2, 7] has 7");
      expect(() => iota(2, 7).split(0)).toThrow("whole number above 0");
      expect(
        iota(2, 3)
          .unbind(1)
          .map((part) => part.toArraySync()),
      ).toEqual([
        [0, 3],
        [1, 4],
        [2, 5],
      ]);
    });

    test("diagonals", () => {
      const t = iota(3, 4);
      expect(diagonal(t).toArraySync()).toEqual([0, 5, 10]);
      expect(diagonal(t, 1).toArraySync()).toEqual([1, 6, 11]);
      expect(diagonal(t, 3).toArraySync()).toEqual([3]);
      expect(diagonal(t, -1).toArraySync()).toEqual([4, 9]);
      expect(diagonal(t, 5).shape).toEqual([0]);
      expect(diagonal(iota(2, 3, 3), 0, 1, 2).toArraySync()).toEqual([
        [0, 4, 8],
        [9, 13, 17],
      ]);
    });
  });

  describe("whole tensors", () => {
    test("[B17] concat and stack", () => {
      const a = tensor([[1, 2]]);
      const b = tensor([[3, 4]]);
      expect(concat([a, b]).toArraySync()).toEqual([
        [1, 2],
        [3, 4],
      ]);
      expect(concat([a, b], -1).toArraySync()).toEqual([[1, 2, 3, 4]]);
      expect(stack([a, b]).shape).toEqual([2, 1, 2]);
      expect(stack([a, b], -1).toArraySync()).toEqual([
        [
          [1, 3],
          [2, 4],
        ],
      ]);
      expect(concat([tensor([1, 2], { dtype: "i32" }), tensor([0.5])]).toArraySync()).toEqual([1, 2, 0.5]);
      const tensors: Tensor[] = [a, tensor([[1, 2, 3]])];
      expect(() => concat(tensors)).toThrow("concat: [1, 2] and [1, 3] differ outside axis 0");
      expect(() => concat([a, tensor([1])] as Tensor[])).toThrow("differ in rank");
      expect(() => stack(tensors)).toThrow("stack: [1, 2] and [1, 3] differ");
      expect(() => concat([] as Tensor[])).toThrow("at least one tensor");
    });

    test("[B17] pad, also with negative widths; tile, roll, flip", () => {
      expect(
        tensor([[1, 2]])
          .pad(
            [
              [1, 0],
              [0, 1],
            ],
            9,
          )
          .toArraySync(),
      ).toEqual([
        [9, 9, 9],
        [1, 2, 9],
      ]);
      expect(
        tensor([1, 2, 3])
          .pad([[-1, 2]])
          .toArraySync(),
      ).toEqual([2, 3, 0, 0]);
      expect(() => tensor([1, 2, 3]).pad([[-2, -2]])).toThrow("less than nothing");
      expect(() => tensor([1, 2, 3]).pad([])).toThrow("has 1 axes, got 0 pairs");
      expect(
        tensor([[1, 2]])
          .tile([2, 2])
          .toArraySync(),
      ).toEqual([
        [1, 2, 1, 2],
        [1, 2, 1, 2],
      ]);
      expect(tensor([1, 2]).tile([2, 1]).shape).toEqual([2, 2]);
      expect(tensor([1, 2, 3]).roll(1).toArraySync()).toEqual([3, 1, 2]);
      expect(iota(2, 3).roll(-1, 1).toArraySync()).toEqual([
        [1, 2, 0],
        [4, 5, 3],
      ]);
      expect(iota(2, 3).roll(1).toArraySync()).toEqual([
        [5, 0, 1],
        [2, 3, 4],
      ]);
      expect(iota(2, 3).flip().toArraySync()).toEqual([
        [2, 1, 0],
        [5, 4, 3],
      ]);
      expect(iota(2, 3).flip([0, 1]).toArraySync()).toEqual([
        [5, 4, 3],
        [2, 1, 0],
      ]);
    });

    test("[B8] position = Σ stride · index, and back, for all positions of a shape", () => {
      const shape = [3, 4, 5];
      const flat = iota(60);
      const cube = flat.reshape(shape);
      for (const [i, j, k] of [
        [0, 0, 0],
        [2, 3, 4],
        [1, 2, 3],
      ] as const)
        expect(cube.slice(i, j, k).itemSync()).toBe(i * 20 + j * 5 + k);
      expect(cube.reshape([60]).toArraySync()).toEqual(flat.toArraySync());
    });
  });

  test("gradients agree with central differences, twice", () => {
    const x = tensor(Float64Array.from(spread(12)), [3, 4]);
    const square = tensor(Float64Array.from(spread(9)), [3, 3]);
    const nonlinear =
      (f: (v: Tensor) => Tensor) =>
      (v: Tensor): Tensor =>
        f(v).sin();
    for (const f of [
      (v: Tensor) => v.reshape([2, 6]),
      (v: Tensor) => v.T,
      (v: Tensor) => v.unsqueeze(1).expand([3, 2, 4]),
      (v: Tensor) => v.slice([1, 3], 2),
      (v: Tensor) => v.narrow(1, 1, 2),
      (v: Tensor) =>
        v.pad([
          [1, 2],
          [-1, 1],
        ]),
      (v: Tensor) => v.tile([2, 3]),
      (v: Tensor) => v.roll(2, 1),
      (v: Tensor) => v.flip([0, 1]),
      (v: Tensor) => concat([v, v.square()], 1),
      (v: Tensor) => stack([v, v.square()], 1),
      (v: Tensor) => diagonal(v, 1),
      (v: Tensor) => v.split([1, 3], 1)[1]!,
      (v: Tensor) => v.unbind(1)[2]!,
    ])
      gradCheck(nonlinear(f), [x], { order: 2 });
    gradCheck((v: Tensor) => diagonal(v).prod(), [square]);
  });
});
