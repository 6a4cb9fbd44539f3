/** Made-up pictures and signals that stand in for those of cameras and hospitals. */
import { HostRandom } from "../../core/random.ts";
import { drawnDigits } from "../digits.ts";
import { hostArray } from "../hostArray.ts";
import { resample } from "../transforms/resample.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { drawCurve } from "../pen.ts";
import type { Examples } from "./points.ts";

/** How many, and which: example `i` depends on the seed and `i` only. */
export interface PictureOptions {
  /** 100 by default. */
  readonly count?: number | undefined;
  /** 0 by default. */
  readonly seed?: number | undefined;
}

const SIDE = 8;

/** Drawn digits of 8 × 8 pixels in rows: x u8 [n, 64] from 0 to 255, y i32 [n]. */
export function smallDigits({ count = 100, seed = 0 }: PictureOptions = {}): Examples {
  const { images, labels, rows, columns } = drawnDigits({ count, seed });
  const x = new Uint8Array(count * SIDE * SIDE);
  for (let at = 0; at < count; at++) {
    const image = hostArray(images.subarray(at * rows * columns, (at + 1) * rows * columns), [rows, columns]);
    x.set(resample(image, SIDE, SIDE, "bilinear", true).data, at * SIDE * SIDE);
  }
  return { x: hostArray(x, [count, SIDE * SIDE]), y: hostArray(Int32Array.from(labels)) };
}

/** How heartbeats are. */
export interface HeartbeatOptions extends PictureOptions {
  /** Samples of a beat, 180 by default: half a second before and after the heart contracts, at 180 a second. */
  readonly length?: number | undefined;
  /** The share of beats that are not normal, 0.5 by default. */
  readonly abnormal?: number | undefined;
}

/**
 * Heartbeats as an electrocardiogram shows them, x f32 [n, length] in millivolts: waves P, Q, R, S and T as bells, with noise and a
 * drifting base. y is 1 for beats that start in a ventricle: no P wave, a wide R, an inverted T. A stand-in for recordings; nothing to
 * learn medicine from.
 */
export function heartbeats({ count = 100, seed = 0, length = 180, abnormal = 0.5 }: HeartbeatOptions = {}): Examples {
  wholeNumber("heartbeats", "count", count, 0);
  wholeNumber("heartbeats", "length", length, 2);
  const x = new Float32Array(count * length);
  const y = new Int32Array(count);
  for (let beat = 0; beat < count; beat++) {
    const random = new HostRandom(seed, beat);
    const early = random.uniform() < abnormal;
    y[beat] = Number(early);
    const about = (value: number): number => value * random.uniform(0.85, 1.15);
    /** Middle in seconds from the contraction, width in seconds, height in millivolts. */
    const waves = early
      ? [
          [0, about(0.045), about(1.3)],
          [0.09, about(0.03), about(-0.35)],
          [0.27, about(0.06), about(-0.4)],
        ]
      : [
          [-0.17, about(0.022), about(0.15)],
          [-0.028, about(0.008), about(-0.12)],
          [0, about(0.011), about(1.1)],
          [0.03, about(0.01), about(-0.25)],
          [0.25, about(0.045), about(0.3)],
        ];
    const [phase, drift] = [random.uniform(0, 2 * Math.PI), random.uniform(0, 0.08)];
    const shift = random.uniform(-0.02, 0.02);
    for (let at = 0; at < length; at++) {
      const time = at / (length - 1) - 0.5 + shift;
      const signal = waves.reduce(
        (sum, [middle, width, height]) => sum + height! * Math.exp(-0.5 * ((time - middle!) / width!) ** 2),
        0,
      );
      x[beat * length + at] = signal + drift * Math.sin(phase + 2 * time) + random.normal(0, 0.02);
    }
  }
  return { x: hostArray(x, [count, length]), y: hostArray(y) };
}

type Painter = (draw: (points: readonly number[], radius: number) => void, random: HostRandom) => number;

/** Pictures u8 [n, size, size] of bright lines on dark ground, drawn on a square from −1 to 1. */
function pictures(
  operation: string,
  { count = 100, seed = 0 }: PictureOptions,
  size: number,
  paint: Painter,
): Examples {
  wholeNumber(operation, "count", count, 0);
  wholeNumber(operation, "size", size, 8);
  const x = new Uint8Array(count * size * size);
  const y = new Int32Array(count);
  const ink = new Float32Array(size * size);
  for (let at = 0; at < count; at++) {
    const random = new HostRandom(seed, at);
    ink.fill(0);
    const scale = (size / 2) * random.uniform(0.7, 0.85);
    const [midX, midY] = [0, 0].map(() => size / 2 + random.uniform(-0.06, 0.06) * size);
    y[at] = paint((points, radius) => {
      const placed = Float64Array.from(points, (value, i) => value * scale + (i % 2 === 0 ? midX! : midY!));
      drawCurve(ink, size, size, placed, { radius: () => Math.max(0.5, radius * scale), softness: 1 });
    }, random);
    ink.forEach((value, pixel) => {
      x[at * size * size + pixel] = Math.min(255, Math.max(0, value * 230 + 10 + random.normal(0, 6)));
    });
  }
  return { x: hostArray(x, [count, size, size]), y: hostArray(y) };
}

/** Points of a part of an ellipse, from one angle to another. */
function arc(x: number, y: number, wide: number, high: number, from: number, to: number): number[] {
  return Array.from({ length: 41 }, (_, at) => from + ((to - from) * at) / 40).flatMap((angle) => [
    x + wide * Math.cos(angle),
    y + high * Math.sin(angle),
  ]);
}

const FULL = 2 * Math.PI;

/** Points along straight lines from corner to corner. */
function line(...corners: readonly (readonly [x: number, y: number])[]): number[] {
  return corners.slice(1).flatMap(([x, y], at) => {
    const [fromX, fromY] = corners[at]!;
    return Array.from({ length: 21 }, (_, step) => [
      fromX + ((x - fromX) * step) / 20,
      fromY + ((y - fromY) * step) / 20,
    ]).flat();
  });
}

/**
 * Drawn faces, x u8 [n, size, size]; y is 1 for those that smile and 0 for those that do not.
 * @param options.size 32 by default.
 */
export function faces({ size = 32, ...options }: PictureOptions & { readonly size?: number } = {}): Examples {
  return pictures("faces", options, size, (draw, random) => {
    const smiles = random.integer(2);
    const [wide, eye] = [random.uniform(0.75, 0.95), random.uniform(0.25, 0.4)];
    draw(arc(0, 0, wide, 1, 0, FULL), 0.05);
    for (const side of [-eye, eye]) draw(arc(side, -0.3, 0.06, 0.08, 0, FULL), 0.07);
    draw(line([0, -0.1], [random.uniform(-0.08, 0.08), 0.15]), 0.04);
    const [mouth, bend] = [random.uniform(0.25, 0.4), random.uniform(0.15, 0.3)];
    draw(smiles ? arc(0, 0.4, mouth, bend, 0, Math.PI) : arc(0, 0.6, mouth, bend, Math.PI, FULL), 0.06);
    return smiles;
  });
}

/**
 * Drawn vehicles from the side, x u8 [n, size, size]; y is 1 for cars and 0 for lorries.
 * @param options.size 32 by default.
 */
export function cars({ size = 32, ...options }: PictureOptions & { readonly size?: number } = {}): Examples {
  return pictures("cars", options, size, (draw, random) => {
    const isCar = random.integer(2);
    const [long, floor] = [random.uniform(0.85, 1), 0.35];
    const wheel = random.uniform(0.15, 0.2);
    for (const at of [-0.55, 0.55]) draw(arc(at * long, floor, wheel, wheel, 0, FULL), 0.08);
    if (isCar) {
      const roof = random.uniform(-0.35, -0.2);
      draw(
        line(
          [-long, floor],
          [-long, 0.05],
          [-0.5 * long, 0],
          [-0.25, roof],
          [0.3, roof],
          [0.55 * long, 0],
          [long, 0.08],
          [long, floor],
          [-long, floor],
        ),
        0.05,
      );
    } else {
      const top = random.uniform(-0.75, -0.55);
      draw(line([-long, floor], [-long, top], [0.4, top], [0.4, floor], [-long, floor]), 0.05);
      draw(line([0.4, -0.2], [0.8 * long, -0.2], [long, 0.1], [long, floor], [0.4, floor]), 0.05);
    }
    return isCar;
  });
}
