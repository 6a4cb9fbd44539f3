import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import { drawnDigits } from "./digits.ts";
import { imageDataset, type LabelledImages } from "./labelledImages.ts";
import { drawCurve, smoothCurve } from "./pen.ts";

const PIXELS = 28 * 28;
const imageOf = ({ images }: LabelledImages, index: number): Uint8Array =>
  images.subarray(index * PIXELS, (index + 1) * PIXELS);

/** Share of `test` whose label equals that of the nearest of `known` images. */
function nearestNeighbour(known: LabelledImages, test: LabelledImages): number {
  let right = 0;
  for (let i = 0; i < test.count; i++) {
    const image = imageOf(test, i);
    let best = Infinity;
    let label = -1;
    for (let k = 0; k < known.count; k++) {
      const other = imageOf(known, k);
      let distance = 0;
      for (let p = 0; p < PIXELS && distance < best; p++) distance += (image[p]! - other[p]!) ** 2;
      if (distance < best) [best, label] = [distance, known.labels[k]!];
    }
    if (label === test.labels[i]) right++;
  }
  return right / test.count;
}

/** The mean image of each digit, as ten images. */
function means({ images, labels, count }: LabelledImages): LabelledImages {
  const sums = new Float64Array(10 * PIXELS);
  const counts = new Float64Array(10);
  for (let i = 0; i < count; i++) {
    counts[labels[i]!]!++;
    for (let p = 0; p < PIXELS; p++) sums[labels[i]! * PIXELS + p]! += images[i * PIXELS + p]!;
  }
  return {
    images: Uint8Array.from(sums, (sum, at) => sum / counts[Math.floor(at / PIXELS)]!),
    labels: Uint8Array.from({ length: 10 }, (_, digit) => digit),
    count: 10,
    rows: 28,
    columns: 28,
  };
}

describe("drawnDigits", () => {
  const train = drawnDigits({ count: 3000, seed: 1 });
  const unseen = drawnDigits({ count: 300, seed: 2 });

  test("has MNIST's layout", () => {
    expect(train).toMatchObject({ count: 3000, rows: 28, columns: 28 });
    expect(train.images.length).toBe(3000 * PIXELS);
    expect(train.labels.length).toBe(3000);
    expect(drawnDigits({ count: 0 })).toMatchObject({ images: new Uint8Array(0), labels: new Uint8Array(0) });
  });

  test("repeats exactly; image i depends on the seed and i only; other seeds differ", () => {
    const again = drawnDigits({ count: 40, seed: 1 });
    expect(again.images).toEqual(train.images.slice(0, 40 * PIXELS));
    expect(again.labels).toEqual(train.labels.slice(0, 40));
    expect(drawnDigits({ count: 40, seed: 2 }).images).not.toEqual(again.images);
    expect(drawnDigits({ count: 3 })).toEqual(drawnDigits({ count: 3, seed: 0 }));
  });

  test("becomes a dataset of images and labels", async () => {
    const [batch] = await imageDataset(unseen).batch(300).toArray();
    const [images, labels] = batch!;
    expect([images.dtype, images.shape, labels.dtype, labels.shape]).toEqual(["u8", [300, 28, 28], "u8", [300]]);
    expect(images.dataSync()).toEqual(unseen.images);
    expect(labels.dataSync()).toEqual(unseen.labels);
  });

  test("every digit comes about as often", () => {
    const counts = new Float64Array(10);
    for (const label of train.labels) counts[label]!++;
    for (const count of counts) expect(Math.abs(count - 300)).toBeLessThan(80);
  });

  test("ink, contrast and place are like MNIST's", () => {
    let [sum, squares, atBorder] = [0, 0, 0];
    for (const [at, value] of train.images.entries()) {
      sum += value;
      squares += value * value;
      const [row, column] = [Math.floor(at / 28) % 28, at % 28];
      if ((row === 0 || column === 0 || row === 27 || column === 27) && value > 128) atBorder++;
    }
    const mean = sum / train.images.length / 255;
    const deviation = Math.sqrt(squares / train.images.length / 255 ** 2 - mean ** 2);
    // MNIST: 0.1307 and 0.3081.
    expect(mean).toBeCloseTo(0.13, 1);
    expect(deviation).toBeCloseTo(0.3, 1);
    expect(atBorder / train.count).toBeLessThan(0.5);
  });

  test("can be learnt, but not by looking at averages or a few examples", () => {
    // A small CNN passes 98 % after five epochs of 10,000 images; a linear model stays near 92 %.
    const byMeans = nearestNeighbour(means(train), unseen);
    const byExamples = nearestNeighbour(train, unseen);
    expect(byMeans).toBeGreaterThan(0.6);
    expect(byMeans).toBeLessThan(0.9);
    expect(byExamples).toBeGreaterThan(0.85);
    expect(byExamples).toBeLessThan(0.97);
  });

  test.each([-1, 1.5, 1e12, Number.NaN, Number.POSITIVE_INFINITY])("refuses a count of %s", (count) => {
    expect(() => drawnDigits({ count })).toThrow(ArgumentError);
  });

  test("property: any seed draws something on every image", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (seed) => {
        const digits = drawnDigits({ count: 2, seed });
        for (let i = 0; i < 2; i++)
          expect(imageOf(digits, i).filter((value) => value > 128).length).toBeGreaterThan(15);
      }),
    );
  });
});

describe("pen", () => {
  test("a curve passes through its points and is straight where they are", () => {
    const curve = smoothCurve([0, 0, 6, 0, 12, 0]);
    expect(curve.length).toBe(2 * 13);
    expect([curve[12], curve[24]]).toEqual([6, 12]);
    for (let at = 1; at < curve.length; at += 2) expect(curve[at]).toBe(0);
    expect([...smoothCurve([3, 4])]).toEqual([3, 4]);
  });

  test("a point given twice is a corner", () => {
    const curve = smoothCurve([0, 0, 10, 0, 10, 0, 10, 10]);
    const xs = curve.filter((_, at) => at % 2 === 0);
    const ys = curve.filter((_, at) => at % 2 === 1);
    expect(Math.max(...xs)).toBeLessThanOrEqual(10);
    expect(Math.min(...ys)).toBeGreaterThanOrEqual(0);
  });

  test("a line has the pen's width, soft edges, and ends at the paper's border", () => {
    const ink = new Float32Array(9 * 9);
    drawCurve(ink, 9, 9, [-5, 4, 20, 4], { radius: () => 1, softness: 1 });
    for (let row = 0; row < 9; row++)
      for (let column = 0; column < 9; column++)
        expect(ink[row * 9 + column]).toBe([0, 0, 0, 0.5, 1, 0.5, 0, 0, 0][row]);
  });

  test("ink adds nothing to ink", () => {
    const ink = new Float32Array(25).fill(0.75);
    drawCurve(ink, 5, 5, [2, 2, 2, 2], { radius: () => 0.5, softness: 1 });
    expect(ink[12]).toBe(1);
    expect(ink[0]).toBe(0.75);
  });
});
