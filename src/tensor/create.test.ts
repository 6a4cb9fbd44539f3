import { describe, expect, test } from "vitest";
import { arange, eye, full, linspace, ones, onesLike, randn, tensor, zeros, zerosLike, type Tensor } from "../index.ts";
import { onEachDevice } from "./devices.testing.ts";

onEachDevice(() => {
  describe("from host values", () => {
    test("[B11] the shapes of the notes' literals", () => {
      expect(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]).shape,
      ).toEqual([2, 3]);
      expect(
        tensor([
          [0.1, 0.2],
          [-3, -4],
          [-0.5, -0.6],
          [7, 8],
        ]).shape,
      ).toEqual([4, 2]);
      expect(tensor([[200, 17]]).shape).toEqual([1, 2]);
      expect(tensor([[200], [17]]).shape).toEqual([2, 1]);
      expect(tensor([200, 17]).shape).toEqual([2]);
      expect(tensor(5).shape).toEqual([]);
      expect(tensor([[], []]).shape).toEqual([2, 0]);
    });

    test("[B14] numbers are f32, booleans bool, typed arrays keep their dtype", () => {
      expect(tensor([1, 2]).dtype).toBe("f32");
      expect(tensor([true]).dtype).toBe("bool");
      expect(tensor([]).dtype).toBe("f32");
      expect(tensor([1, true]).dtype).toBe("f32");
      for (const [array, dtype] of [
        [new Float32Array(1), "f32"],
        [new Float64Array(1), "f64"],
        [new Int32Array(1), "i32"],
        [new Uint32Array(1), "u32"],
        [new Uint8Array(1), "u8"],
        [new Uint8ClampedArray(1), "u8"],
      ] as const)
        expect(tensor(array).dtype).toBe(dtype);
      expect(tensor([1.7, -1.7], { dtype: "i32" }).toArraySync()).toEqual([1, -1]);
      expect(tensor([0, 0.5], { dtype: "bool" }).toArraySync()).toEqual([false, true]);
      expect(tensor(new Uint8Array([1, 2]), [2, 1], { dtype: "f32" }).toArraySync()).toEqual([[1], [2]]);
      expect(() => tensor(new BigInt64Array(1))).toThrow("BigInt64Array holds no dtype of tensors");
    });

    test("typed arrays are copied at once", () => {
      const values = Float32Array.of(1, 2);
      const x = tensor(values);
      values[0] = 9;
      expect(x.toArraySync()).toEqual([1, 2]);
    });

    test("[B13] [B3] values come back, flat in row-major order or nested", async () => {
      const rows = [
        [1, 2, 3],
        [4, 5, 6],
      ];
      const x = tensor(rows);
      expect(await x.toArray()).toEqual(rows);
      expect(await x.data()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
      // Column-major order is the transpose's.
      expect([...(await x.T.data())]).toEqual([1, 4, 2, 5, 3, 6]);
      const copy = x.dataSync();
      copy[0] = 9;
      expect(x.slice(0, 0).itemSync()).toBe(1);
      expect(await tensor([[true], [false]]).toArray()).toEqual([[true], [false]]);
      expect(await tensor([7]).item()).toBe(7);
      await expect(x.item()).rejects.toThrow("item: needs a single element, got [2, 3]");
    });

    test("ragged arrays, strings and shapes that do not hold the elements throw", () => {
      const ragged: number[][] = [[1, 2], [3]];
      expect(() => tensor(ragged)).toThrow(
        "ragged: item 0 has shape [2], item 1 [1]. Fill short rows up to one length",
      );
      expect(() => tensor([[1], 2])).toThrow("ragged");
      expect(() => tensor(["1"] as never)).toThrow("elements must be numbers or booleans, got string");
      expect(() => tensor(new Float32Array(5), [2, 3])).toThrow("5 elements do not fill [2, 3], which has 6");
      expect(() => zeros([2, -1])).toThrow("sizes must be whole numbers of 0 or more, got [2, -1]");
      expect(() => zeros([1e5, 1e5])).toThrow("more than the 1.07e+9 that fit in one tensor");
    });
  });

  describe("from numbers", () => {
    test("[B1] zeros(2, 3, 4) has 24 elements and 3 axes", () => {
      const x = zeros([2, 3, 4]);
      expect([x.size, x.rank, x.shape]).toEqual([24, 3, [2, 3, 4]]);
      expect(x.sum().itemSync()).toBe(0);
    });

    test("[B15] zeros, ones, full, their likes, eye with fewer columns", () => {
      expect(ones([2], { dtype: "i32" }).dtype).toBe("i32");
      expect(full([2], 7).toArraySync()).toEqual([7, 7]);
      const x = tensor([[1, 2]], { dtype: "i32" });
      expect(zerosLike(x).dtype).toBe("i32");
      expect(onesLike(x, { dtype: "f64" }).toArraySync()).toEqual([[1, 1]]);
      expect(eye(3).toArraySync()).toEqual([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]);
      expect(eye(3).slice(null, [0, 2]).toArraySync()).toEqual(eye(3, 2).toArraySync());
    });

    test("[B15] linspace(-5, 5, 200): 200 points, exact ends", () => {
      const x = linspace(-5, 5, 200);
      const values = x.dataSync();
      expect(values).toHaveLength(200);
      expect([values[0], values[199]]).toEqual([-5, 5]);
      expect(values[1]! - values[0]!).toBeCloseTo(10 / 199, 5);
      expect(linspace(3, 9, 1).toArraySync()).toEqual([3]);
      expect(linspace(0, 1, 11, { dtype: "f64" }).dataSync()[7]).toBeCloseTo(0.7, 15);
    });

    test("arange: whole numbers are i32, others f32", () => {
      expect(arange(4).toArraySync()).toEqual([0, 1, 2, 3]);
      expect(arange(4).dtype).toBe("i32");
      expect(arange(2, 8, 3).toArraySync()).toEqual([2, 5]);
      expect(arange(5, 2, -1).toArraySync()).toEqual([5, 4, 3]);
      expect(arange(5, 2).toArraySync()).toEqual([]);
      expect(arange(0, 1, 0.25).toArraySync()).toEqual([0, 0.25, 0.5, 0.75]);
      expect(arange(0, 1, 0.25).dtype).toBe("f32");
      expect(arange(3, undefined, 1, { dtype: "f64" }).dtype).toBe("f64");
      expect(() => arange(0, 1, 0)).toThrow("a step that is not 0");
    });

    test("[B15] randn has its shape, and a dtype when asked", () => {
      expect(randn([2, 3]).shape).toEqual([2, 3]);
      expect(randn([2], { dtype: "f64" }).dtype).toBe("f64");
    });

    test("[AI26] ImageNet normalisation: 0 → -2.1179, 1 → 2.2489 for red", () => {
      const normalise = (x: Tensor): Tensor => x.sub(0.485).div(0.229);
      expect(normalise(tensor(0)).itemSync()).toBeCloseTo(-2.1179, 4);
      expect(normalise(tensor(1)).itemSync()).toBeCloseTo(2.2489, 4);
    });
  });
});
