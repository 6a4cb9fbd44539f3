import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "./errors.ts";
import { HostRandom } from "./random.ts";

const draw = (random: HostRandom, count: number): number[] => Array.from({ length: count }, () => random.bits());

describe("HostRandom", () => {
  test("[AE3] is a function of seed, stream and counter", () => {
    expect(draw(new HostRandom(42), 5)).toEqual(draw(new HostRandom(42), 5));
    const random = new HostRandom(7, 3);
    draw(random, 10);
    const { counter } = random;
    const expected = draw(random, 5);
    const resumed = new HostRandom(7, 3);
    resumed.counter = counter;
    expect(draw(resumed, 5)).toEqual(expected);
  });

  test("[AE3] keeps its bits from version to version", () => {
    expect(draw(new HostRandom(0), 4)).toEqual([1143887732, 685275, 1519665964, 3484343209]);
    expect(draw(new HostRandom(42, 1), 4)).toEqual([1238886047, 3684628261, 1327890556, 1163525314]);
  });

  test("every part of seed and stream counts, and sequences are not shifted copies of each other", () => {
    const keys: [number, number][] = [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
      [2 ** 32, 0],
      [2 ** 33, 0],
      [-1, 0],
      [0x9e3779b9, 0],
    ];
    const seen = new Set<number>();
    for (const [seed, stream] of keys) for (const word of draw(new HostRandom(seed, stream), 1000)) seen.add(word);
    // 8,000 words among 2^32 collide about 0.0075 times.
    expect(seen.size).toBeGreaterThan(keys.length * 1000 - 3);
  });

  test("uniforms fill [0, 1) evenly, also across neighbouring seeds and streams", () => {
    const sources: [string, (i: number) => number][] = [
      [
        "one sequence",
        (
          (random) => () =>
            random.uniform()
        )(new HostRandom(3)),
      ],
      ["first draw of each seed", (i) => new HostRandom(i).uniform()],
      ["first draw of each stream", (i) => new HostRandom(5, i).uniform()],
    ];
    for (const [name, next] of sources) {
      const count = 64_000;
      const bins = new Float64Array(64);
      for (let i = 0; i < count; i++) bins[Math.floor(next(i) * 64)]!++;
      const expected = count / 64;
      const chiSquare = bins.reduce((sum, bin) => sum + (bin - expected) ** 2 / expected, 0);
      // 63 degrees of freedom: 0.001 % of fair generators lie above 126.
      expect(chiSquare, name).toBeLessThan(126);
    }
  });

  test("neighbouring draws, seeds and streams are uncorrelated", () => {
    const count = 20_000;
    const pairs: [string, (i: number) => [number, number]][] = [
      [
        "draws",
        (i) => {
          const r = new HostRandom(1);
          r.counter = i;
          return [r.uniform(), r.uniform()];
        },
      ],
      ["seeds", (i) => [new HostRandom(i).uniform(), new HostRandom(i + 1).uniform()]],
      ["streams", (i) => [new HostRandom(9, i).uniform(), new HostRandom(9, i + 1).uniform()]],
    ];
    for (const [name, pair] of pairs) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const [a, b] = pair(i);
        sum += (a - 0.5) * (b - 0.5);
      }
      expect(Math.abs((12 * sum) / count), name).toBeLessThan(5 / Math.sqrt(count));
    }
  });

  test("normals have the moments asked for", () => {
    const random = new HostRandom(11);
    const values = Array.from({ length: 100_000 }, () => random.normal(2, 3));
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const kurtosis = values.reduce((sum, value) => sum + (value - mean) ** 4, 0) / values.length / variance ** 2;
    expect(mean).toBeCloseTo(2, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(3, 1);
    expect(kurtosis).toBeCloseTo(3, 0);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test("integers are even over ranges that do not divide 2^32", () => {
    const random = new HostRandom(13);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[random.integer(3)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    const large = 3 * 2 ** 30;
    let low = 0;
    for (let i = 0; i < 10_000; i++) if (random.integer(large) < large / 3) low++;
    // A plain remainder would give one half here.
    expect(Math.abs(low - 3333)).toBeLessThan(250);
  });

  test("shuffle permutes in place and every order is as likely", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (array, seed) => {
        const copy = [...array];
        expect(new HostRandom(seed).shuffle(copy)).toBe(copy);
        expect(copy.sort((a, b) => a - b)).toEqual(array.sort((a, b) => a - b));
      }),
    );
    const random = new HostRandom(17);
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle([0, 1, 2]).join("");
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect([...new HostRandom(1).permutation(100)].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
    expect(new HostRandom(1).permutation(0)).toHaveLength(0);
  });

  test("refuses seeds and counts that are not whole", () => {
    for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(() => new HostRandom(seed)).toThrow(ArgumentError);
    for (const count of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
      expect(() => new HostRandom(1).integer(count)).toThrow(/from 1 to 2\^32/);
    expect(new HostRandom(1).integer(2 ** 32)).toBeGreaterThanOrEqual(0);
  });
});
