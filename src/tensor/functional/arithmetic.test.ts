import { describe, expect, test } from "vitest";
import {
  arange,
  bitAnd,
  bitNot,
  bitOr,
  bitXor,
  grad,
  gradCheck,
  ones,
  shl,
  shr,
  tensor,
  where,
  zeros,
  type Tensor,
} from "../../index.ts";
import { expectClose, onEachDevice, spread } from "../devices.testing.ts";

/** Float64 inputs away from kinks and poles. */
const f64 = (values: number[], shape: number[] = [values.length]): Tensor => tensor(Float64Array.from(values), shape);

onEachDevice(() => {
  describe("broadcasting", () => {
    test("[B9] missing axes are added on the left, sizes of 1 repeat", () => {
      expect(ones([3]).add(ones([2, 3])).shape).toEqual([2, 3]);
      expect(
        ones([2, 1])
          .add(ones([1, 3]))
          .toArraySync(),
      ).toEqual([
        [2, 2, 2],
        [2, 2, 2],
      ]);
      expectClose(tensor([[1], [10]]).mul(tensor([1, 2, 3])), [
        [1, 2, 3],
        [10, 20, 30],
      ]);
      expect(() => (ones([2, 3]) as Tensor).add(ones([2]))).toThrow(
        "add: cannot broadcast [2, 3] with [2] (3 ≠ 2). Counted from the right, sizes must be equal or 1",
      );
    });

    test("[B10] the gradient of a broadcast operand sums over what was repeated", () => {
      const weights = tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]);
      const loss = (b: Tensor): Tensor => weights.mul(zeros([2, 3]).add(b)).sum();
      expect(grad(loss)(ones([3])).toArraySync()).toEqual([5, 7, 9]);
      expect(grad(loss)(ones([2, 1])).toArraySync()).toEqual([[6], [15]]);
    });

    test("[C2] zip: pairwise functions broadcast", () => {
      expect(
        tensor([[1], [2]])
          .add(tensor([[10, 20, 30]]))
          .toArraySync(),
      ).toEqual([
        [11, 21, 31],
        [12, 22, 32],
      ]);
    });

    test("sizes of 0 broadcast against 1", () => {
      expect(zeros([0, 3]).add(ones([1, 3])).shape).toEqual([0, 3]);
      expect(zeros([0, 3]).add(1).toArraySync()).toEqual([]);
    });
  });

  describe("dtypes", () => {
    test("[B14] tensors promote, numbers follow the tensor where it can hold them", () => {
      const int = tensor([1, 2], { dtype: "i32" });
      const byte = tensor([250, 2], { dtype: "u8" });
      const truth = tensor([true, false]);
      expect(int.add(tensor([0.5, 0.5])).dtype).toBe("f32");
      expect(int.add(f64([0.5, 0.5])).dtype).toBe("f64");
      expect(int.add(1).dtype).toBe("i32");
      expect(int.add(1.5).toArraySync()).toEqual([2.5, 3.5]);
      expect(truth.mul(3).dtype).toBe("i32");
      expect(byte.add(1).dtype).toBe("u8");
      expect(byte.sub(-300).toArraySync()).toEqual([550, 302]);
      expect(byte.lt(256).toArraySync()).toEqual([true, true]);
      expect(truth.add(int).toArraySync()).toEqual([2, 2]);
      expect(int.div(2).toArraySync()).toEqual([0.5, 1]);
      expect(tensor([255], { dtype: "u8" }).float().div(255).itemSync()).toBe(1);
      expect(tensor([1.9, -1.9]).int().toArraySync()).toEqual([1, -1]);
    });

    test("integers: division, remainder and powers as in Python", () => {
      const a = tensor([7, -7, 7, -7], { dtype: "i32" });
      const b = tensor([2, 2, -2, -2], { dtype: "i32" });
      expect(a.floorDiv(b).toArraySync()).toEqual([3, -4, -4, 3]);
      expect(a.mod(b).toArraySync()).toEqual([1, 1, -1, -1]);
      expect(a.pow(3).toArraySync()).toEqual([343, -343, 343, -343]);
      expect(a.pow(0).toArraySync()).toEqual([1, 1, 1, 1]);
      expect(a.pow(3).dtype).toBe("i32");
      expectClose(a.abs().pow(-1), [1 / 7, 1 / 7, 1 / 7, 1 / 7]);
      expectClose(tensor([7, -7, 7, -7]).mod(tensor([2.5, 2.5, -2.5, -2.5])), [2, 0.5, -0.5, -2]);
    });

    test("bits", () => {
      const a = tensor([12, 10], { dtype: "i32" });
      const b = tensor([10, 3], { dtype: "i32" });
      expect(bitAnd(a, b).toArraySync()).toEqual([8, 2]);
      expect(bitOr(a, b).toArraySync()).toEqual([14, 11]);
      expect(bitXor(a, b).toArraySync()).toEqual([6, 9]);
      expect(bitNot(a).toArraySync()).toEqual([-13, -11]);
      expect(shl(a, 2).toArraySync()).toEqual([48, 40]);
      expect(shr(tensor([-8], { dtype: "i32" }), 1).toArraySync()).toEqual([-4]);
    });
  });

  describe("values", () => {
    test("[B18] add sub mul div pow maximum minimum, and what they do with NaN", () => {
      const a = tensor([1, -2, 3]);
      const b = tensor([4, 5, -6]);
      expectClose(a.add(b), [5, 3, -3]);
      expectClose(a.sub(b), [-3, -7, 9]);
      expectClose(a.mul(b), [4, -10, -18]);
      expectClose(a.div(b), [0.25, -0.4, -0.5]);
      expectClose(a.pow(2), [1, 4, 9]);
      expectClose(a.pow(3), [1, -8, 27], 1e-5);
      expectClose(a.abs().pow(0.5), [1, Math.SQRT2, Math.sqrt(3)]);
      expectClose(a.maximum(b), [4, 5, 3]);
      expectClose(a.minimum(0), [0, -2, 0]);
      expectClose(a.lerp(b, 0.25), [1.75, -0.25, 0.75]);
      expectClose(tensor([NaN, 1]).maximum(tensor([1, NaN])), [NaN, NaN]);
      expectClose(tensor([1, 0, -1]).div(0), [Infinity, NaN, -Infinity]);
    });

    test("[B18] comparisons answer bool", () => {
      const a = tensor([1, 2, NaN]);
      expect(a.lt(2).toArraySync()).toEqual([true, false, false]);
      expect(a.le(2).toArraySync()).toEqual([true, true, false]);
      expect(a.gt(1).toArraySync()).toEqual([false, true, false]);
      expect(a.ge(1).toArraySync()).toEqual([true, true, false]);
      expect(a.eq(a).toArraySync()).toEqual([true, true, false]);
      expect(a.ne(a).toArraySync()).toEqual([false, false, true]);
      expect(a.gt(1).logicalOr(a.lt(2)).toArraySync()).toEqual([true, true, false]);
      expect(a.logicalAnd(tensor([0, 1, 1])).toArraySync()).toEqual([false, true, true]);
      expect(a.logicalXor(1).toArraySync()).toEqual([false, false, false]);
      expect(tensor([0, 2]).logicalNot().toArraySync()).toEqual([true, false]);
    });

    test("[B21] isnan, isinf, isfinite find what was planted", () => {
      const x = tensor([1, NaN, Infinity, -Infinity, 0]);
      expect(x.isNan().toArraySync()).toEqual([false, true, false, false, false]);
      expect(x.isInf().toArraySync()).toEqual([false, false, true, true, false]);
      expect(x.isFinite().toArraySync()).toEqual([true, false, false, false, true]);
      expect(x.isNan().any().itemSync()).toBe(1);
      expect(arange(3).isNan().any().itemSync()).toBe(0);
      expect(arange(3).isFinite().all().itemSync()).toBe(1);
    });

    test("where broadcasts and promotes; maskedFill keeps the shape", () => {
      const condition = tensor([[true], [false]]);
      expect(where(condition, tensor([1, 2], { dtype: "i32" }), 0.5).toArraySync()).toEqual([
        [1, 2],
        [0.5, 0.5],
      ]);
      expect(
        tensor([1, 2, 3])
          .where(tensor([true, false, true]), -1)
          .toArraySync(),
      ).toEqual([1, -1, 3]);
      expect(
        tensor([1, 2])
          .maskedFill(tensor([true, false]), -Infinity)
          .toArraySync(),
      ).toEqual([-Infinity, 2]);
      expect(() => tensor([1, 2]).maskedFill(tensor([[true], [true]]), 0)).toThrow("does not broadcast");
      expect(() => where(tensor([1]), 1, 2)).toThrow("the condition must be bool, got f32. Use x.ne(0)");
    });
  });

  test("[B18] gradients agree with central differences, twice", () => {
    const a = f64(spread(6, 1), [2, 3]);
    const b = f64(
      spread(3, 2).map((v) => v + 2.5),
      [3],
    );
    const second = { order: 2 } as const;
    gradCheck((x, y) => x.add(y), [a, b], second);
    gradCheck((x, y) => x.sub(y), [a, b], second);
    gradCheck((x, y) => x.mul(y), [a, b], second);
    gradCheck((x, y) => x.div(y), [a, b], second);
    gradCheck((x, y) => x.abs().add(1).pow(y), [a, b], second);
    gradCheck((x) => x.pow(3), [a], second);
    gradCheck((x) => x.pow(2).add(x.abs().pow(0.5)).add(x.pow(-1)), [a], second);
    gradCheck((x, y) => x.maximum(y.sub(2.5)), [a, b]);
    gradCheck((x, y) => x.minimum(y.sub(2.5)), [a, b]);
    gradCheck((x, y) => x.mod(y), [a, b]);
    gradCheck((x, y) => x.lerp(y, 0.3), [a, b], second);
    gradCheck((x, y) => x.where(y.gt(2.5), x.mul(x)), [a, b], second);
    gradCheck((x) => x.maskedFill(x.gt(0), 3), [a]);
    gradCheck((x) => x.neg().mul(x.recip()).add(x.square()), [a], second);
  });
});
