import { describe, expect, it } from "vitest";
import { TraceError } from "../core/errors.ts";
import { tensor } from "./create.ts";
import { jit } from "./jit.ts";
import { assign } from "./assign.ts";
import { parameter } from "../nn/state.ts";
import type { Parameter } from "./parameter.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import { setDevice } from "./engine.ts";

const weights = (): Parameter<[2, 2]> => parameter(tensor(Float32Array.of(1, 2, 3, 4), [2, 2] as const), "w");

/** One step of gradient descent on (xw)². */
function descend(w: Parameter, x: Tensor, rate: number): Tensor {
  w.cell.gradient.clear();
  const loss = x.matmul(w).square().sum();
  loss.backward();
  assign([{ cell: w.cell, value: fromNode(w.cell.leaf()).sub(fromNode(w.cell.gradient.read()).mul(rate)).node }]);
  return loss;
}

for (const device of ["reference", "wasm"])
  describe(`jit on ${device}`, () => {
    const on = (title: string, test: () => void | Promise<void>): void =>
      it(title, async () => {
        setDevice(device);
        try {
          await test();
        } finally {
          setDevice("wasm");
        }
      });

    on("[C15] [C17] computes what the function computes, without tracing again", () => {
      let traced = 0;
      const f = jit((x: Tensor) => {
        traced++;
        return x.mul(2).add(1);
      });
      for (let i = 0; i < 5; i++) expect([...f(tensor([i, 1])).dataSync()]).toEqual([2 * i + 1, 3]);
      expect(traced).toBe(2);
    });
    on("a training step gives the same bits traced and untraced", () => {
      const x = tensor([
        [1, -2],
        [0.5, 3],
      ]);
      const plain = weights(),
        traced = weights();
      const step = jit((a: Tensor) => descend(traced, a, 0.01));
      for (let i = 0; i < 6; i++) expect(step(x).itemSync()).toBe(descend(plain, x, 0.01).itemSync());
      expect([...traced.dataSync()]).toEqual([...plain.dataSync()]);
    });
    on("outputs of a call survive the next one", () => {
      const f = jit((x: Tensor) => x.add(1));
      const first = f(tensor([1]));
      f(tensor([5]));
      expect(first.itemSync()).toBe(2);
    });
    on("a tensor of the old version keeps its value after the step", () => {
      const w = weights();
      const step = jit((a: Tensor) => descend(w, a, 0.1));
      const x = tensor([
        [1, 0],
        [0, 1],
      ]);
      step(x);
      const before = [...w.dataSync()];
      const kept = w.mul(1);
      step(x);
      step(x);
      expect([...kept.dataSync()]).toEqual(before);
      expect([...w.dataSync()]).not.toEqual(before);
    });
    on("number arguments are handed over at each call", () => {
      const f = jit((x: Tensor, factor: number) => x.mul(factor * 3));
      for (const factor of [0.3, 0.7, 0.7, 0.9, 1])
        expect(f(tensor([1]), factor).itemSync()).toBeCloseTo(3 * factor, 6);
    });
    on("a number that the function counts up itself is learned anew at each call", () => {
      let count = 3;
      const f = jit((x: Tensor) => x.mul(count++));
      expect([0, 1, 2, 3].map(() => f(tensor([1])).itemSync())).toEqual([3, 4, 5, 6]);
    });
    on("a branch that changes between calls is an error that names both lines", () => {
      let flip = false;
      const f = jit((x: Tensor) => {
        flip = !flip;
        return flip ? x.exp() : x.tanh();
      });
      f(tensor([1]));
      expect(() => f(tensor([1]))).toThrow(/different graphs: first exp \[1\] \(jit\.test\.ts:\d+\), then tanh/);
    });
    on("reading inside is an error", () => {
      const f = jit((x: Tensor) => x.mul(x.sum().itemSync()));
      expect(() => f(tensor([1]))).toThrow(TraceError);
      expect(() => f(tensor([1]))).toThrow(/read inside the traced function/);
    });
    on("a traced tensor used outside is an error", () => {
      let escaped: Tensor | undefined;
      const f = jit((x: Tensor) => {
        escaped = x.add(1);
        return x;
      });
      f(tensor([1]));
      expect(() => escaped!.dataSync()).toThrow(/used outside/);
    });
    on("captured tensors become inputs, also when they were never computed", () => {
      const captured = tensor([1, 2]).mul(3);
      const f = jit((x: Tensor) => x.add(captured));
      expect([...f(tensor([1, 1])).dataSync()]).toEqual([4, 7]);
      expect([...f(tensor([2, 2])).dataSync()]).toEqual([5, 8]);
    });
    on("gradients left from before a call accumulate", () => {
      const w = parameter(tensor(Float32Array.of(2), [1]), "w");
      const f = jit((x: Tensor) => x.mul(w).sum().backward());
      f(tensor([3]));
      f(tensor([4]));
      f(tensor([5]));
      expect(w.grad!.itemSync()).toBe(12);
    });
    on("freezing traces again", () => {
      const w = parameter(tensor(Float32Array.of(2), [1]), "w"),
        v = parameter(tensor(Float32Array.of(3), [1]), "v");
      const f = jit((x: Tensor) => {
        w.cell.gradient.clear();
        v.cell.gradient.clear();
        x.mul(w).mul(v).sum().backward();
      });
      f(tensor([1]));
      f(tensor([1]));
      w.cell.requiresGrad = false;
      f(tensor([1]));
      expect(w.grad).toBeNull();
      expect(v.grad!.itemSync()).toBe(2);
    });
  });
