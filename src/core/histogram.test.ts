import { describe, expect, it } from "vitest";
import { histogramOf, rebin } from "./histogram.ts";
import { HostRandom } from "./random.ts";

const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

describe("histograms", () => {
  it("every number is counted between its limits", () => {
    const random = new HostRandom(1);
    const values = Float32Array.from({ length: 5000 }, (_, i) => random.normal() * 10 ** ((i % 9) - 6));
    const { limits, counts, count, min, max, sum, sumSquares } = histogramOf(values);
    expect(limits).toHaveLength(counts.length + 1);
    expect([...limits].sort((a, b) => a - b)).toEqual(limits);
    for (const [i, held] of counts.entries()) {
      const inside = values.filter((v) =>
        v < 0 ? v > limits[i]! && v <= limits[i + 1]! : v >= limits[i]! && v < limits[i + 1]!,
      );
      expect(held).toBe(inside.length);
    }
    expect(total(counts)).toBe(count);
    expect(count).toBe(5000);
    expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
    expect(sum).toBeCloseTo(values.reduce((a, b) => a + b, 0));
    expect(sumSquares).toBeCloseTo(values.reduce((a, b) => a + b * b, 0));
    // Buckets that hold something are narrow.
    for (const [i, held] of counts.entries())
      if (held > 0) expect(Math.abs(limits[i + 1]! - limits[i]!)).toBeLessThan(0.251 * Math.abs(limits[i]!));
  });

  it("zeros, both of them, extremes, and what is not finite", () => {
    const most = 3.4028234663852886e38;
    const { count, nonFinite, min, max, limits, counts } = histogramOf(
      Float32Array.of(0, -0, NaN, Infinity, -Infinity, most, -most, 1e-45),
    );
    expect({ count, nonFinite, min, max }).toEqual({ count: 5, nonFinite: 3, min: -most, max: most });
    expect(limits.every((limit) => Number.isFinite(limit))).toBe(true);
    expect(total(counts)).toBe(5);
    expect(histogramOf(new Float32Array())).toMatchObject({ limits: [], counts: [], count: 0, min: 0, max: 0 });
    expect(histogramOf(Uint8Array.of(1, 1, 200))).toMatchObject({ count: 3, min: 1, max: 200, sum: 202 });
  });

  it("keeps all numbers when the limits change", () => {
    const random = new HostRandom(2);
    const made = histogramOf(Float32Array.from({ length: 1000 }, () => random.normal()));
    const limits = Array.from({ length: 31 }, (_, i) => made.min + ((made.max - made.min) * i) / 30);
    expect(total(rebin(made, limits))).toBeCloseTo(1000);
    expect(rebin(histogramOf(Float32Array.of(2, 2, 2)), [1, 2])).toEqual([3]);
    expect(rebin(histogramOf(Float32Array.of(2, 2, 2)), [1, 2, 3])).toEqual([0, 3]);
  });
});
