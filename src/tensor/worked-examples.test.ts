// Numbers and statements of the notes that fit nowhere else, as tests.
import { describe, expect, test } from "vitest";
import { grad, noGrad, valueAndGrad, vjp } from "./autodiff.ts";
import { linspace, tensor } from "./create.ts";
import { onEachDevice } from "./devices.testing.ts";
import { parameter } from "../nn/state.ts";
import type { Tensor } from "./tensor.ts";

const scalar = (value: number): Tensor => tensor(value, { dtype: "f64" });

onEachDevice(() => {
  describe("worked examples", () => {
    test("[AI13] the layer example's 0.84 is above the threshold: ŷ = 1; its hidden units say 0, 1, 0", () => {
      expect(tensor(0.84).gt(0.5).int().itemSync()).toBe(1);
      expect([...tensor([0.3, 0.7, 0.2]).gt(0.5).int().dataSync()]).toEqual([0, 1, 0]);
    });

    test("[AI17] the AND data set: all pairs of bits, and the answers that bitwise and logical AND give", () => {
      const x = tensor([
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ]);
      const y = x.all(1);
      expect(x.int().toArraySync()).toEqual([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]);
      expect(y.int().toArraySync()).toEqual([0, 0, 0, 1]);
      expect([...x.slice(null, 0).logicalAnd(x.slice(null, 1)).dataSync()]).toEqual([0, 0, 0, 1]);
    });

    test("[AK30] swish is never below -0.278465: the notes' -0.2785… and -0.28 are that, rounded", () => {
      const lowest = linspace(-2, 0, 200_001, { dtype: "f64" }).silu().min().itemSync();
      expect(lowest).toBeCloseTo(-0.278465, 6);
      expect([lowest.toFixed(4), lowest.toFixed(2)]).toEqual(["-0.2785", "-0.28"]);
    });
  });

  describe("what TensorFlow's gradient tape does", () => {
    test("[A23] records what a function does: the gradient of w² at 3 is 6, for each of a list of variables", () => {
      expect(grad((w: Tensor) => w.square())(scalar(3)).itemSync()).toBe(6);
      const variables = [scalar(3), scalar(-2)];
      const [loss, slopes] = valueAndGrad(([w, v]: Tensor[]) => w!.square().mul(v!))(variables);
      expect(loss.itemSync()).toBe(-18);
      expect(slopes.map((slope) => slope.itemSync())).toEqual([-12, 9]);
      // A persistent tape: the pullback may be asked again.
      const [, pullback] = vjp((w: Tensor) => w.square(), scalar(3));
      expect([1, 1, 10].map((factor) => pullback(scalar(factor))[0].itemSync())).toEqual([6, 6, 60]);
    });

    test("[A23] what happened outside is not recorded: it counts as a constant", () => {
      const w = scalar(3);
      const outside = w.square();
      expect(grad((v: Tensor) => v.square().add(outside))(w).itemSync()).toBe(6);
      expect(grad((v: Tensor) => v.mul(outside))(w).itemSync()).toBe(9);
      // Parameters are watched everywhere, except where recording is off.
      const p = parameter(tensor(Float64Array.of(3), []), "p");
      const unrecorded = noGrad(() => p.square());
      expect(unrecorded.requiresGrad).toBe(false);
      p.square().add(unrecorded).backward();
      expect(p.grad!.itemSync()).toBe(6);
    });
  });
});
