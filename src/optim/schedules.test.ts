import { describe, expect, it } from "vitest";
import { parameter } from "../tensor/parameter.ts";
import * as optim from "./index.ts";

const close = (value: number): number => expect.closeTo(value, 12) as number;

describe("schedules", () => {
  it("[J2] [AI20] stepDecay: ×0.01 at epoch 20", () => {
    const schedule = optim.stepDecay({ every: 10 });
    expect([0, 9, 10, 19, 20].map((epoch) => schedule(1, epoch))).toEqual([1, 1, 0.1, 0.1, close(0.01)]);
  });
  it("[J1] [J4] halving every five epochs", () => {
    const schedule = optim.stepDecay({ every: 5, factor: 0.5 });
    expect([0, 5, 10, 19].map((epoch) => schedule(1e-3, epoch))).toEqual([1e-3, 5e-4, 2.5e-4, 1.25e-4]);
  });
  it("[J3] exponentialDecay: half at step 10,000", () => {
    const schedule = optim.exponentialDecay({ factor: 0.5, length: 10_000 });
    expect(schedule(1e-3, 10_000)).toBe(5e-4);
    expect(schedule(1e-3, 5000)).toBeCloseTo(7.0711e-4, 8);
  });
  it("[J5] [J6] cosineAnnealing", () => {
    const schedule = optim.cosineAnnealing({ length: 100, minimum: 1e-6 });
    expect([0, 50, 100].map((epoch) => schedule(1e-3, epoch))).toEqual([1e-3, close(5.005e-4), close(1e-6)]);
    expect(optim.cosineAnnealing({ length: 30 })(0.1, 30)).toBeCloseTo(0, 15);
  });
  it("[J10] [J11] [AK14] linearWarmup: from 0 (the first epoch does not learn), or from another start", () => {
    const fromZero = optim.linearWarmup({ length: 5 });
    expect([0, 1, 5, 9].map((epoch) => fromZero(1, epoch))).toEqual([0, 0.2, 1, 1]);
    const fromTenth = optim.linearWarmup({ length: 5, start: 0.1 });
    expect([0, 1, 2, 3, 4, 5].map((epoch) => fromTenth(1, epoch))).toEqual([0.1, 0.28, 0.46, 0.64, 0.82, 1].map(close));
    // The option of the catalogue: epoch + 1, so that the first epoch learns.
    expect(fromZero(1, 0 + 1)).toBeGreaterThan(0);
  });
  it("[J12] warm-up, then a cosine", () => {
    const schedule = optim.sequence(
      [optim.linearWarmup({ length: 5, start: 0.1 }), optim.cosineAnnealing({ length: 45, minimum: 1e-6 })],
      [5],
    );
    expect([0, 5, 50].map((epoch) => schedule(1e-3, epoch))).toEqual([close(1e-4), 1e-3, close(1e-6)]);
    expect(() => optim.sequence([], [3])).toThrow(/0 schedules need -1 milestones, got 1/);
  });
  it("[J13] a scheduler sets the rates of all groups, from any function", () => {
    const [a, b] = [parameter(Float32Array.of(1), [1]), parameter(Float32Array.of(1), [1])];
    const optimizer = new optim.SGD([{ params: [a], lr: 0.1 }, { params: [b] }], { lr: 1 });
    const scheduler = new optim.Scheduler(optimizer, (base, epoch) => base / (epoch + 1));
    const rates = (): number[] => optimizer.groups.map((group) => group.lr);
    expect(rates()).toEqual([0.1, 1]);
    scheduler.step();
    expect(rates()).toEqual([0.05, 0.5]);
    scheduler.epoch = 9;
    expect(rates()).toEqual([0.01, 0.1]);
    a.cell.gradient.set(Float32Array.of(1));
    optimizer.step();
    expect(a.itemSync()).toBeCloseTo(0.99, 6);
  });
});
