import { ArgumentError } from "../core/errors.ts";
import { HostRandom } from "../core/random.ts";
import { DIGIT_STYLES, type Stroke } from "./digitStrokes.ts";
import type { LabelledImages } from "./labelledImages.ts";
import { drawCurve, smoothCurve } from "./pen.ts";

const SIDE = 28;
const PIXELS = SIDE * SIDE;
/** Two gigabytes of pixels are what every JavaScript engine can hold in one array. */
const MAX_COUNT = 2_000_000;
const MIDDLE = (SIDE - 1) / 2;
/** Ink stays this far from the border, as in MNIST. */
const MARGIN = 1.5;

/**
 * Draws digits that look handwritten: random strokes for each digit in several styles, then bent, stretched, slanted,
 * rotated and shifted, with a pen of random and changing width, soft edges and noise. It stands in for MNIST where that
 * is not at hand, in the same layout.
 *
 * Image `i` depends on the seed and `i` only: a larger `count` adds images and changes none. Use different seeds for
 * training and test sets. 10,000 images take about half a second.
 *
 * @param options.count how many, up to 2,000,000.
 * @param options.seed any whole number, 0 by default.
 * @throws ArgumentError when `count` is not a whole number from 0 to 2,000,000.
 *
 * @example
 * const train = drawnDigits({ count: 10_000, seed: 1 });
 * const test = drawnDigits({ count: 2_000, seed: 2 });
 */
export function drawnDigits({ count, seed = 0 }: { count: number; seed?: number }): LabelledImages {
  if (!Number.isInteger(count) || count < 0 || count > MAX_COUNT)
    throw new ArgumentError(`drawnDigits: count must be a whole number from 0 to ${MAX_COUNT}, got ${count}`);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  const ink = new Float32Array(PIXELS);
  for (let index = 0; index < count; index++) {
    const random = new HostRandom(seed, index);
    labels[index] = random.integer(DIGIT_STYLES.length);
    ink.fill(0);
    write(ink, random.pick(DIGIT_STYLES[labels[index]!]!), random);
    scan(ink, images.subarray(index * PIXELS, (index + 1) * PIXELS), random);
  }
  return { images, labels, count, rows: SIDE, columns: SIDE };
}

/** Writes the strokes of one digit onto clean paper. */
function write(ink: Float32Array, strokes: readonly Stroke[], random: HostRandom): void {
  const placed = place(
    strokes.map((stroke) => smoothCurve(unsteady(stroke, random))),
    random,
  );
  const radius = random.uniform(0.75, 1.65);
  const softness = random.uniform(1, 2);
  // Pressure rises and falls slowly along the line.
  const swing = random.uniform(0, 0.25);
  const start = random.uniform(0, 2 * Math.PI);
  const pen = { radius: (point: number): number => radius * (1 + swing * Math.sin(start + point * 0.12)), softness };
  for (const curve of placed) drawCurve(ink, SIDE, SIDE, curve, pen);
}

/** Moves every point of a stroke a little; a corner's two points stay together. */
function unsteady(stroke: Stroke, random: HostRandom): Float64Array {
  const points = new Float64Array(stroke.length);
  for (let at = 0; at < stroke.length; at += 2) {
    const corner = at > 0 && stroke[at] === stroke[at - 2] && stroke[at + 1] === stroke[at - 1];
    points[at] = corner ? points[at - 2]! : stroke[at]! + random.normal(0, 4.5);
    points[at + 1] = corner ? points[at - 1]! : stroke[at + 1]! + random.normal(0, 4.5);
  }
  return points;
}

/** Bends, stretches, slants, rotates and shifts the curves of one digit, from its own units to pixels. */
function place(curves: readonly Float64Array[], random: HostRandom): readonly Float64Array[] {
  const height = random.uniform(8, 10.5) / 100;
  const width = height * 1.12 * Math.exp(random.normal(0, 0.14));
  const slant = random.normal(0.12, 0.17);
  const angle = random.normal(0, 0.1);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [bendX, bendY] = [random.normal(0, 7), random.normal(0, 5)];
  const [phaseX, phaseY] = [random.uniform(0, 2 * Math.PI), random.uniform(0, 2 * Math.PI)];
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  let [sumX, sumY, points] = [0, 0, 0];
  for (const curve of curves)
    for (let at = 0; at < curve.length; at += 2) {
      const [x, y] = [curve[at]!, curve[at + 1]!];
      const bentX = (x + bendX * Math.sin(y * 0.025 + phaseX)) * width;
      const bentY = (y + bendY * Math.sin(x * 0.025 + phaseY)) * height;
      const slantedX = bentX - slant * bentY;
      const placedX = (curve[at] = cosine * slantedX - sine * bentY);
      const placedY = (curve[at + 1] = sine * slantedX + cosine * bentY);
      [left, right] = [Math.min(left, placedX), Math.max(right, placedX)];
      [top, bottom] = [Math.min(top, placedY), Math.max(bottom, placedY)];
      [sumX, sumY, points] = [sumX + placedX, sumY + placedY, points + 1];
    }
  // Shrunk where it would leave the paper; then its centre of mass goes to the middle, as in MNIST, or near it.
  const room = SIDE - 1 - 2 * MARGIN;
  const shrink = Math.min(1, room / (right - left), room / (bottom - top));
  const shift = (mean: number, low: number, high: number): number => {
    const wanted = MIDDLE - mean * shrink + random.normal(0, 1);
    return Math.max(MARGIN - low * shrink, Math.min(SIDE - 1 - MARGIN - high * shrink, wanted));
  };
  const shiftX = shift(sumX / points, left, right);
  const shiftY = shift(sumY / points, top, bottom);
  for (const curve of curves)
    for (let at = 0; at < curve.length; at += 2) {
      curve[at] = curve[at]! * shrink + shiftX;
      curve[at + 1] = curve[at + 1]! * shrink + shiftY;
    }
  return curves;
}

/** Turns ink into bytes, with the darkness and the noise of a scanner. */
function scan(ink: Float32Array, pixels: Uint8Array, random: HostRandom): void {
  const darkness = random.uniform(200, 320);
  // Most scans are clean; few are as noisy as 25 steps of grey.
  const noise = 25 * random.uniform() ** 3;
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    // Four uniform bytes in one word add up to nearly a normal number, at a tenth of the price.
    const word = random.bits();
    const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
    const value = ink[pixel]! * darkness + ((sum - 510) / 148) * noise;
    pixels[pixel] = Math.max(0, Math.min(255, value));
  }
}
