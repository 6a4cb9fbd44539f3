import { describe, expect, test } from "vitest";
import {
  arange,
  grad,
  gradCheck,
  ones,
  putAlongAxis,
  scatter,
  takeAlongAxis,
  tensor,
  zeros,
  type Tensor,
} from "../../index.ts";
import { fixed as f64, onEachDevice } from "../devices.testing.ts";

const ids = (...values: number[]): Tensor<[number]> => tensor(Int32Array.from(values));

onEachDevice(() => {
  describe("gather", () => {
    const table = arange(12).reshape([4, 3]);

    test("[E17] rows of a table, by positions of any shape", () => {
      expect(table.gather(ids(2, 0)).toArraySync()).toEqual([
        [6, 7, 8],
        [0, 1, 2],
      ]);
      expect(
        table.gather(
          tensor(
            [
              [1, 1],
              [3, 0],
            ],
            { dtype: "i32" },
          ),
        ).shape,
      ).toEqual([2, 2, 3]);
      expect(table.gather(tensor(1, { dtype: "i32" })).toArraySync()).toEqual([3, 4, 5]);
      expect(table.gather(ids(2, 0), 1).toArraySync()).toEqual([
        [2, 0],
        [5, 3],
        [8, 6],
        [11, 9],
      ]);
      expect(table.gather(ids(2), -1).shape).toEqual([4, 1]);
      expect(table.gather(tensor([1, 2], { dtype: "u8" })).shape).toEqual([2, 3]);
    });

    test("positions outside give NaN, or 0 for integers", () => {
      expect(table.float().gather(ids(4, -1)).toArraySync()).toEqual([
        [NaN, NaN, NaN],
        [NaN, NaN, NaN],
      ]);
      expect(table.gather(ids(9)).toArraySync()).toEqual([[0, 0, 0]]);
    });

    test("positions must be integers, axes must exist", () => {
      expect(() => table.gather(tensor([1]))).toThrow("gather: positions must be integers, got f32. Use index.int()");
      expect(() => (table as Tensor).gather(ids(1), 2)).toThrow("gather: axis 2 is out of range for [4, 3]");
    });

    test("takeAlongAxis: one position per element", () => {
      const x = tensor([
        [10, 20, 30],
        [40, 50, 60],
      ]);
      const order = tensor(
        [
          [2, 0],
          [1, 1],
        ],
        { dtype: "i32" },
      );
      expect(takeAlongAxis(x, order, 1).toArraySync()).toEqual([
        [30, 10],
        [50, 50],
      ]);
      expect(takeAlongAxis(x, tensor([[0]], { dtype: "i32" }), 1).toArraySync()).toEqual([[10], [40]]);
      expect(() => takeAlongAxis(x, ids(1), 1)).toThrow("must have the axes of [2, 3], equal or 1 outside axis 1");
    });

    test("gradients: what is read twice gets both", () => {
      expect(grad((x: Tensor) => x.gather(ids(0, 2, 0)).sum())(ones([3])).toArraySync()).toEqual([2, 0, 1]);
      gradCheck((x: Tensor) => x.gather(ids(2, 0, 2), 1).sin(), [f64([2, 3])], { order: 2 });
      gradCheck((x: Tensor) => takeAlongAxis(x, tensor([[2, 0, 0]], { dtype: "i32" }), 1).sin(), [f64([2, 3])], {
        order: 2,
      });
    });
  });

  describe("scatter", () => {
    test("scatterAdd adds where gather reads; other modes set or compare", () => {
      const base = zeros([4]);
      const source = tensor([1, 2, 3]);
      const at = ids(1, 3, 1);
      expect(base.scatterAdd(at, source).toArraySync()).toEqual([0, 4, 0, 2]);
      expect(scatter(base, at, source).toArraySync()).toEqual([0, 3, 0, 2]);
      expect(scatter(base.add(2), at, source, 0, "max").toArraySync()).toEqual([2, 3, 2, 2]);
      expect(scatter(base.add(2), at, source, 0, "min").toArraySync()).toEqual([2, 1, 2, 2]);
      expect(base.scatterAdd(ids(7, -1), tensor([1, 1])).toArraySync()).toEqual([0, 0, 0, 0]);
      expect(
        zeros([2, 3])
          .scatterAdd(ids(0, 2), ones([2, 2]), 1)
          .toArraySync(),
      ).toEqual([
        [1, 0, 1],
        [1, 0, 1],
      ]);
      expect(() => base.scatterAdd(at, ones([2]))).toThrow(
        "scatterAdd: [3] positions along axis 0 of [4] want updates [3], got [2]",
      );
    });

    test("putAlongAxis", () => {
      const x = zeros([2, 3]);
      const at = tensor([[1], [2]], { dtype: "i32" });
      expect(putAlongAxis(x, at, 5, 1).toArraySync()).toEqual([
        [0, 5, 0],
        [0, 0, 5],
      ]);
      expect(
        putAlongAxis(x, at, tensor([[1], [2]]), 1, "add")
          .sum()
          .itemSync(),
      ).toBe(3);
    });

    test("gradients agree with central differences, twice", () => {
      const at = ids(1, 0, 1);
      for (const mode of ["add", "set"] as const)
        gradCheck((x: Tensor, y: Tensor) => scatter(x, at, y, 1, mode).sin(), [f64([2, 3]), f64([2, 3], 2)], {
          order: 2,
        });
      gradCheck((x: Tensor, y: Tensor) => scatter(x, ids(1, 0), y, 0, "max"), [f64([3]), f64([2], 2)]);
    });
  });

  describe("masks and triangles", () => {
    test("[AI21] one-hot rows of y = [2, 0, 3, 1, 2] with four classes", () => {
      expect(ids(2, 0, 3, 1, 2).oneHot(4).toArraySync()).toEqual([
        [0, 0, 1, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
      ]);
      expect(ids(5, -1).oneHot(2).toArraySync()).toEqual([
        [0, 0],
        [0, 0],
      ]);
      expect(() => tensor([1]).oneHot(2)).toThrow("positions must be integers");
      expect(() => ids(1).oneHot(0)).toThrow("a whole number above 0");
    });

    test("tril and triu, with other diagonals and batches", () => {
      const x = ones([3, 3]);
      expect(x.tril().toArraySync()).toEqual([
        [1, 0, 0],
        [1, 1, 0],
        [1, 1, 1],
      ]);
      expect(x.tril(-1).sum().itemSync()).toBe(3);
      expect(x.triu(1).toArraySync()).toEqual([
        [0, 1, 1],
        [0, 0, 1],
        [0, 0, 0],
      ]);
      expect(ones([2, 2, 4]).tril(1).sum().itemSync()).toBe(10);
      expect(() => ones([3]).tril()).toThrow("tril: needs at least two axes, got [3]");
      gradCheck((v: Tensor) => v.tril().sin().add(v.triu(1).square()), [f64([3, 3])], { order: 2 });
    });
  });
});
