/** Sums of many numbers keep their digits. */
import { expect, test } from "vitest";
import { full, jit, tensor } from "../index.ts";

/** Relative to what doubles give. */
const error = (got: number, wanted: number): number => Math.abs(got - wanted) / Math.abs(wanted);
const TENTH = Math.fround(0.1);

test("millions of equal numbers, whose every rounding errs the same way", () => {
  for (const count of [1_000_000, 3_000_000]) {
    const x = tensor(new Float32Array(count).fill(0.1));
    expect(error(x.sum().itemSync(), count * TENTH)).toBeLessThan(3e-6);
    expect(error(x.mean().itemSync(), TENTH)).toBeLessThan(3e-6);
  }
});

test("numbers that do not change along the axis are counted", () => {
  const count = 1_000_000;
  expect(tensor(0.1).expand([1000, 1000]).sum().itemSync()).toBe(Math.fround(count * TENTH));
  const roots = jit((x: number) => full([count], x).sqrt().sum());
  for (const x of [0.25, 4]) expect(roots(x).itemSync()).toBe(count * Math.sqrt(x));
  // Of nothing it stays 0, and infinite and NaN numbers stay so.
  const each = tensor([Infinity, -Infinity, NaN, 0]).reshape([4, 1]);
  expect([...each.expand([4, 5]).sum(1).dataSync()]).toEqual([Infinity, -Infinity, NaN, 0]);
  expect([...each.expand([4, 0]).sum(1).dataSync()]).toEqual([0, 0, 0, 0]);
});
