import { describe, expect, test } from "vitest";
import { arange, ones, tensor, Tensor, zeros, type Shape } from "../index.ts";
import { onEachDevice } from "./devices.testing.ts";

test("the class has a closed list of at most 120 methods", () => {
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(Tensor.prototype));
  const methods = descriptors.filter(([name, d]) => name !== "constructor" && typeof d.value === "function");
  expect(methods.length).toBeLessThanOrEqual(120);
});

onEachDevice(() => {
  describe("tensors", () => {
    test("[B4] [B5] row-major: index (3, 1) of a [4, 2] tensor is element 7; its transpose steps the other way", () => {
      const flat = arange(8);
      const x = flat.reshape([4, 2]);
      expect(x.slice(3, 1).itemSync()).toBe(7);
      expect(x.T.slice(1, 3).itemSync()).toBe(7);
    });

    test("[B22] a single example must be a row: [features] against [examples, features]", () => {
      const weights = zeros([3, 2]);
      expect(ones([1, 3]).matmul(weights).shape).toEqual([1, 2]);
      expect(ones([3]).matmul(weights).shape).toEqual([2]);
      expect(() => (ones([2]) as Tensor).matmul(weights)).toThrow("[2] × [3, 2] (2 ≠ 3)");
    });

    test("asShape checks what the type checker then believes", () => {
      const plain: Tensor = zeros([32, 784]);
      const known: Tensor<[number, 784]> = plain.asShape([-1, 784]);
      expect(known.shape).toEqual([32, 784]);
      expect(() => plain.asShape([32, 10])).toThrow("asShape: the tensor has shape [32, 784], not [32, 10]");
      expect(() => plain.asShape([32])).toThrow("not [32]");
    });

    test("errors name the line that made them", () => {
      const shape: Shape = [3];
      expect(() => ones([2]).add(zeros([...shape]))).toThrow(/at tensor\.test\.ts:\d+$/);
    });

    test("values never change; reading twice computes once", () => {
      const x = tensor([1, 2]).add(1);
      expect(x.dataSync()).toEqual(x.dataSync());
      expect(x.node.source).toBeDefined();
    });

    test("plain tensors have no gradient of their own", () => {
      const x = tensor([1]);
      expect([x.requiresGrad, x.grad]).toEqual([false, null]);
      expect(() => x.mul(2).sum().backward()).toThrow("backward: nothing trainable");
    });

    test("[E20] A(Bx) = (AB)x", () => {
      const [a, b, x] = [
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([
          [0, 1],
          [2, -1],
        ]),
        tensor([5, -6]),
      ];
      expect(a.matmul(b.matmul(x)).toArraySync()).toEqual(a.matmul(b).matmul(x).toArraySync());
    });
  });
});
