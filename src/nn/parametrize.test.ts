// Parameters that are computed, and parameters that change while they are read.
import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { jit } from "../tensor/jit.ts";
import { fromDense } from "../tensor/sparse/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { SGD } from "../optim/index.ts";
import { expectNumbers, fixed, spread } from "./golden.testing.ts";
import * as nn from "./index.ts";
import { recordedLayers } from "./recordedLayers.testing.ts";

const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];

onEachDevice(() => {
  describe("pruning", () => {
    it("[C22] a tenth is left, the largest; the sparse product is the masked one; zeros stay while it trains", () => {
      const layer: nn.Linear = new nn.Linear(30, 20, { ...f64, bias: false });
      layer.loadStateDict({ weight: fixed([20, 30], 5) });
      const sizes = numbers(layer.weight).map(Math.abs);
      expect(nn.prune(layer, "weight", 0.9)).toBe(layer);
      const pruned = layer.weight;
      const kept = numbers(pruned);
      expect(kept.filter((w) => w !== 0)).toHaveLength(60);
      const cut = sizes.filter((_, i) => kept[i] === 0);
      expect(Math.max(...cut)).toBeLessThan(Math.min(...kept.filter((w) => w !== 0).map(Math.abs)));
      const x: Tensor = fixed([30, 4], 1);
      const sparse = fromDense(pruned).matmul(x);
      expectNumbers("product", layer.forward(x.T), numbers(sparse.T), 1e-12);
      expect(Object.keys(layer.stateDict()).sort()).toEqual([
        "parametrizations.weight.mask",
        "parametrizations.weight.original",
      ]);
      const optimizer = new SGD(layer.parameters(), { lr: 0.1 });
      for (let step = 0; step < 3; step++) {
        optimizer.zeroGrad();
        layer.forward(x.T).square().sum().backward();
        optimizer.step();
      }
      nn.removeParametrization(layer);
      const trained = numbers(layer.weight);
      expect(Object.keys(layer.stateDict())).toEqual(["weight"]);
      expect(trained.map((w) => w === 0)).toEqual(kept.map((w) => w === 0));
      expect(trained).not.toEqual(kept);
    });

    it("all and nothing; shares only", () => {
      const left = (amount: number): number =>
        numbers(nn.prune(new nn.Linear(4, 5), "weight", amount).weight).filter((w) => w !== 0).length;
      expect([0, 0.5, 1].map(left)).toEqual([20, 10, 0]);
      expect(() => left(5)).toThrow("prune: amount must be a share from 0 to 1, got 5");
      expect(() => nn.prune(new nn.Linear(4, 5), "gain", 0.5)).toThrow("has no parameter gain");
    });
  });

  describe("weight norm", () => {
    it("starts as the weight it had, trains length and direction, traced or not, and ends as a weight again", () => {
      const make = (): nn.Linear => new nn.Linear(3, 2, f64);
      const x: Tensor = fixed([4, 3], 1);
      const [plain, traced] = [make(), make()].map((layer) => {
        layer.loadStateDict({ weight: fixed([2, 3], 5), bias: fixed([2], 6) });
        const before = numbers(layer.forward(x));
        nn.weightNorm(layer);
        expectNumbers("output", layer.forward(x), before, 1e-12);
        expect(Object.keys(layer.stateDict()).sort()).toEqual([
          "bias",
          "parametrizations.weight.original0",
          "parametrizations.weight.original1",
        ]);
        return layer;
      }) as [nn.Linear, nn.Linear];
      const train = (layer: nn.Linear, wrap: (step: (x: Tensor) => Tensor) => (x: Tensor) => Tensor): void => {
        const optimizer = new SGD(layer.parameters(), { lr: 0.1 });
        const step = wrap((input) => {
          const loss = layer.forward(input).square().sum();
          optimizer.zeroGrad();
          loss.backward();
          optimizer.step();
          return loss;
        });
        const losses = Array.from({ length: 4 }, () => step(x).itemSync());
        expect(losses[3]!).toBeLessThan(losses[0]!);
      };
      train(plain, (step) => step);
      train(traced, (step) => jit(step));
      const after = numbers(plain.forward(x));
      expectNumbers("traced", traced.forward(x), after, 1e-10);
      nn.removeParametrization(plain);
      expectNumbers("settled", plain.forward(x), after, 1e-12);
      expect(Object.keys(plain.stateDict()).sort()).toEqual(["bias", "weight"]);
      expect(plain.parameters().length).toBe(2);
    });

    it("what cannot be computed is named", () => {
      expect(() => nn.weightNorm(new nn.Linear(2, 2), "wait")).toThrow("Linear(2, 2) has no parameter wait");
      expect(() => nn.weightNorm(nn.weightNorm(new nn.Linear(2, 2)))).toThrow("not computed already");
      expect(() => nn.weightNorm(new nn.Linear(2, 2), "weight", 2)).toThrow(
        "weight of Linear(2, 2) is [2, 2] and has no axis 2",
      );
      expect(() => nn.weightNorm(new nn.BatchNorm1d(2))).toThrow("lists its members itself");
      expect(() => nn.removeParametrization(new nn.Linear(2, 2))).toThrow("weight of Linear(2, 2) is not computed");
    });
  });

  describe("rows whose norm is limited", () => {
    it("[L15] are shortened when they are looked up, as in PyTorch", () => {
      const table = new nn.Embedding(4, 3, { ...f64, maxNorm: 0.8, normType: 1.5 });
      table.weight.cell.set(spread([4, 3], 1));
      table.forward(tensor(Int32Array.of(0, 2)));
      table.forward(tensor(Int32Array.of(2, 3)));
      expectNumbers("rows", table.weight, recordedLayers.renormalized, 1e-8);
    });

    it("train, traced or not", () => {
      const ids = tensor(Int32Array.of(0, 2, 2));
      const results = [(step: () => Tensor) => step, (step: () => Tensor) => jit(step)].map((wrap) => {
        const table = new nn.Embedding(4, 3, { ...f64, maxNorm: 0.5 });
        table.weight.cell.set(spread([4, 3], 3, 2));
        const optimizer = new SGD(table.parameters(), { lr: 0.1 });
        const step = wrap(() => {
          const loss = table.forward(ids).sub(1).square().sum();
          optimizer.zeroGrad();
          loss.backward();
          optimizer.step();
          return loss;
        });
        for (let i = 0; i < 3; i++) step();
        return { rows: numbers(table.weight as Tensor), gradient: numbers(table.weight.grad as Tensor) };
      });
      expectNumbers("rows", results[1]!.rows, results[0]!.rows, 1e-10);
      expectNumbers("gradient", results[1]!.gradient, results[0]!.gradient, 1e-10);
      expect(results[0]!.gradient.slice(0, 3).every((g) => g !== 0)).toBe(true);
      expect(results[0]!.gradient.slice(3, 6)).toEqual([0, 0, 0]);
    });
  });
});
