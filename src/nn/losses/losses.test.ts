import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { tensor, zeros } from "../../tensor/create.ts";
import { onEachDevice } from "../../tensor/devices.testing.ts";
import { gradCheck } from "../../tensor/grad-check.ts";
import { jit } from "../../tensor/jit.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { expectNumbers, fixed, fixedParameter, goldens } from "../golden.testing.ts";
import * as losses from "./index.ts";

const labels = (): Tensor => tensor(Int32Array.of(1, 0, 3, 1));
const sequence = (): Tensor => tensor(Int32Array.of(1, 0, 3, 2, 2, 1), [2, 3]);
const weight = (from: number = 0, to: number = 4): Tensor => tensor(Float64Array.of(0.5, 1, 2, 0.25).slice(from, to));
const yes = (): Tensor => tensor(Float64Array.of(1, 0, 1, 0, 0.25, 1), [2, 3]);
const entropy =
  (options: () => losses.CrossEntropyOptions<losses.Reduction> = () => ({})) =>
  (x: Tensor): Tensor =>
    losses.crossEntropy(x, labels(), options());
const pair: readonly Shape[] = [
  [2, 3],
  [2, 3],
];

const cases: Record<string, [loss: (...x: Tensor[]) => Tensor, shapes: readonly Shape[]]> = {
  crossEntropy: [entropy(), [[4, 4]]],
  "crossEntropy sum": [entropy(() => ({ reduction: "sum" })), [[4, 4]]],
  "crossEntropy none": [entropy(() => ({ reduction: "none" })), [[4, 4]]],
  "crossEntropy ignoring": [entropy(() => ({ ignoreIndex: 1 })), [[4, 4]]],
  "crossEntropy smooth": [entropy(() => ({ labelSmoothing: 0.1 })), [[4, 4]]],
  "crossEntropy weighted": [entropy(() => ({ weight: weight() })), [[4, 4]]],
  "crossEntropy weighted smooth ignoring": [
    entropy(() => ({ weight: weight(), labelSmoothing: 0.2, ignoreIndex: 3 })),
    [[4, 4]],
  ],
  "crossEntropy of a sequence": [(x) => losses.crossEntropy(x, sequence()), [[2, 3, 4]]],
  softCrossEntropy: [
    (x, t) => losses.softCrossEntropy(x, t.softmax()),
    [
      [3, 4],
      [3, 4],
    ],
  ],
  "softCrossEntropy weighted smooth": [
    (x, t) => losses.softCrossEntropy(x, t.softmax(), { weight: weight(), labelSmoothing: 0.2 }),
    [
      [3, 4],
      [3, 4],
    ],
  ],
  nll: [(x) => losses.nll(x.logSoftmax(), labels()), [[4, 4]]],
  "nll weighted ignoring": [
    (x) => losses.nll(x.logSoftmax(), labels(), { weight: weight(), ignoreIndex: 0 }),
    [[4, 4]],
  ],
  binaryCrossEntropyWithLogits: [(x) => losses.binaryCrossEntropyWithLogits(x, yes()), [[2, 3]]],
  "binaryCrossEntropyWithLogits weighted": [
    (x) => losses.binaryCrossEntropyWithLogits(x, yes(), { weight: weight(0, 3), posWeight: weight(1) }),
    [[2, 3]],
  ],
  binaryCrossEntropy: [(x) => losses.binaryCrossEntropy(x.sigmoid(), yes()), [[2, 3]]],
  mse: [(a, b) => losses.mse(a, b), pair],
  "mse none": [(a, b) => losses.mse(a, b, { reduction: "none" }), pair],
  l1: [(a, b) => losses.l1(a, b), pair],
  huber: [(a, b) => losses.huber(a, b, { delta: 0.7 }), pair],
};

it("every recorded loss is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(goldens.losses)));

onEachDevice(() => {
  describe("losses agree with PyTorch, gradients included", () => {
    it.each(Object.entries(cases))("%s", (name, [loss, shapes]) => {
      const golden = goldens.losses[name]!;
      const inputs = shapes.map((shape, i) => fixedParameter(shape, 101 + i, 3));
      const value = loss(...inputs);
      expectNumbers("value", value, golden.value, 1e-8);
      value.mul(fixed(value.shape, 201)).sum().backward();
      inputs.forEach((x, i) => expectNumbers(`gradient ${i}`, x.grad!, golden.gradients[i]!, 1e-8));
    });
  });

  describe("gradients agree with central differences, twice", () => {
    const smooth = Object.entries(cases).filter(([name]) => !["l1", "huber"].includes(name));
    it.each(smooth)("%s", (_, [loss, shapes]) => {
      gradCheck(
        loss,
        shapes.map((shape, i) => fixed(shape, 101 + i)),
        { order: 2, tolerance: 1e-5, eps: 1e-5 },
      );
    });
  });

  describe("losses", () => {
    it("[H2] cross-entropy of huge logits is finite, and exact where exp would overflow", () => {
      const loss = losses.crossEntropy(tensor([[1000, -1000, 0]]), tensor(Int32Array.of(1)));
      expect(loss.itemSync()).toBe(2000);
      expect(losses.crossEntropy(tensor([[1e4, 0]]), tensor(Int32Array.of(0))).itemSync()).toBe(0);
      expect(losses.binaryCrossEntropyWithLogits(tensor([1000, -1000]), tensor([0, 1])).itemSync()).toBe(1000);
    });
    it("classes at −∞ (masked) cost nothing unless they are the label", () => {
      const logits = tensor([[0, -Infinity, 0]]);
      expect(losses.crossEntropy(logits, tensor(Int32Array.of(0))).itemSync()).toBeCloseTo(Math.LN2, 6);
      expect(losses.crossEntropy(logits, tensor(Int32Array.of(1))).itemSync()).toBe(Infinity);
    });
    it("labels that name no class are refused; where they have no values yet, they give NaN, which no training step hides", () => {
      const logits = zeros([3, 4]);
      const wrong = tensor(Int32Array.of(3, 4, -1));
      for (const [name, loss] of Object.entries({
        crossEntropy: losses.crossEntropy,
        nll: losses.nll,
        focal: losses.focal,
        multiMargin: losses.multiMargin,
        sparseCategoricalCrossEntropy: losses.sparseCategoricalCrossEntropy,
      } satisfies Record<string, losses.LossFunction>)) {
        const message = new RegExp(`${name}: labels must be classes from 0 to 3, got 4 at position 1`);
        expect(() => loss(logits, wrong)).toThrow(ArgumentError);
        expect(() => loss(logits, wrong)).toThrow(message);
      }
      const each = jit((l: Tensor) => losses.crossEntropy(logits, l, { reduction: "none" }))(wrong);
      expect([...each.dataSync()].map(Number.isNaN)).toEqual([false, true, true]);
      expect(
        losses.crossEntropy(logits, tensor(Int32Array.of(0, -100, 1)), { ignoreIndex: -100 }).itemSync(),
      ).toBeCloseTo(Math.log(4), 6);
    });
    it("[AK7] averaging y·ln p over all elements is smaller than cross-entropy by the number of classes", () => {
      const logits = fixed([5, 4], 3);
      const names = tensor(Int32Array.of(0, 3, 1, 2, 2));
      const sliced = logits.logSoftmax().mul(names.oneHot(4)).mean().neg().itemSync();
      expect(losses.crossEntropy(logits, names).itemSync() / sliced).toBeCloseTo(4, 12);
    });
    it("integer labels, one-hot probabilities and the functions for each say the same", () => {
      const [logits, names] = [fixed([3, 4], 5), tensor(Int32Array.of(2, 0, 3))];
      const wanted = losses.crossEntropy(logits, names).itemSync();
      expect(losses.crossEntropy(logits, names.oneHot(4).cast("f64")).itemSync()).toBeCloseTo(wanted, 12);
      expect(losses.softCrossEntropy(logits, names.oneHot(4)).itemSync()).toBeCloseTo(wanted, 12);
      expect(losses.nll(logits.logSoftmax(), names).itemSync()).toBeCloseTo(wanted, 12);
    });
    it("f32 losses are as good as f32 allows", () => {
      const logits = fixed([64, 10], 7).mul(5);
      const names = tensor(Int32Array.from({ length: 64 }, (_, i) => (i * 7) % 10));
      const exact = losses.crossEntropy(logits, names).itemSync();
      expect(Math.abs(losses.crossEntropy(logits.float(), names).itemSync() - exact)).toBeLessThan(2e-6);
    });
    it("wrong shapes, dtypes and options are named", () => {
      const logits: Tensor = zeros([4, 3]);
      const check = (run: () => unknown, kind: new (...args: never) => Error, message: RegExp): void => {
        expect(run).toThrow(kind);
        expect(run).toThrow(message);
      };
      check(
        () => losses.crossEntropy(logits, tensor(Int32Array.of(0, 1))),
        ShapeError,
        /crossEntropy: \[4, 3\] wants labels \[4\], got \[2\]/,
      );
      check(
        () => losses.crossEntropy(logits, zeros([4])),
        ShapeError,
        /want labels \[4\] \(integers\) or probabilities \[4, 3\], got f32 \[4\]/,
      );
      check(() => losses.nll(logits, zeros([4])), DTypeError, /nll: labels must be integers of shape \[4\], got f32/);
      check(
        () => losses.mse(zeros([32]) as Tensor, zeros([32, 1]) as Tensor),
        ShapeError,
        /mse: the prediction \[32\] and the target \[32, 1\] must have one shape/,
      );
      check(
        () => losses.categoricalCrossEntropy(zeros([4, 3]) as Tensor, tensor(Int32Array.of(0, 1, 2, 0)) as Tensor),
        ShapeError,
        /the targets \[4\] are labels, and rows \[4, 3\] were wanted; use sparse.*, or targets\.oneHot\(3\)/,
      );
      check(
        () => losses.crossEntropy(logits, tensor(Int32Array.of(0, 1, 2, 0)), { weight: zeros([4]) }),
        ShapeError,
        /the weight must be \[3\], one number a class, got \[4\]/,
      );
      expect(() => losses.mse(logits, logits, { reduction: "average" as "mean" })).toThrow(/not "average"/);
      expect(() => losses.crossEntropy(logits, labels(), { labelSmoothing: 2 })).toThrow(/must lie in \[0, 1\], got 2/);
      expect(() => losses.huber(logits, logits, { delta: 0 })).toThrow(/delta must be above 0/);
    });
  });
});
