/** Colours of images, as torchvision changes them. Bytes are cut off to whole numbers, never rounded up. */
import { ShapeError } from "../../core/errors.ts";
import type { HostRandom } from "../../core/random.ts";
import { show } from "../../core/shape.ts";
import { checkWithin } from "../checks.ts";
import type { HostArray } from "../hostArray.ts";
import { augmentation, fixed, sizeOfImage, white, type FixedTransform, type ImageTransform } from "./transform.ts";

/** Shares of red, green and blue in grey (ITU-R 601-2). */
const [RED, GREEN, BLUE] = [0.2989, 0.587, 0.114];

/** A new array of the image's kind. */
function like({ dtype }: HostArray, length: number): Uint8Array | Float32Array {
  return dtype === "u8" ? new Uint8Array(length) : new Float32Array(length);
}

function clamp(value: number, high: number): number {
  return value < 0 ? 0 : value > high ? high : value;
}

/** Channels of colour: 3; images of one channel have none. */
function colours(operation: string, image: HostArray): boolean {
  const { channels } = sizeOfImage(operation, image);
  if (channels === 1 || channels === 3) return channels === 3;
  throw new ShapeError(
    `${operation}: an image with 1 or 3 channels was wanted, got ${show(image.shape)}; leave out the channel of opacity`,
  );
}

/** Every value mapped alike: through a table where there are 256 of them. */
function mapped(image: HostArray, f: (value: number) => number): HostArray {
  const { data } = image;
  const made = like(image, data.length);
  if (image.dtype === "u8") {
    const table = new Uint8Array(256);
    for (let value = 0; value < 256; value++) table[value] = f(value);
    for (let at = 0; at < data.length; at++) made[at] = table[data[at]!]!;
  } else for (let at = 0; at < data.length; at++) made[at] = f(data[at]!);
  return { ...image, data: made };
}

/** How bright each pixel is, cut off to whole numbers for bytes. */
function greyOf(image: HostArray): Float32Array {
  const { data } = image;
  const grey = new Float32Array(data.length / 3);
  const whole = image.dtype === "u8";
  for (let at = 0, from = 0; at < grey.length; at++, from += 3) {
    const value = data[from]! * RED + data[from + 1]! * GREEN + data[from + 2]! * BLUE;
    grey[at] = whole ? Math.floor(Math.fround(value)) : value;
  }
  return grey;
}

/** Makes images brighter or darker: every value times `factor`. 1 changes nothing. */
export function adjustBrightness(factor: number): FixedTransform {
  checkWithin("adjustBrightness", "the factor", factor, 0, Infinity);
  return fixed("adjustBrightness", { factor }, (image) => brightened(image, factor));
}

function brightened(image: HostArray, factor: number): HostArray {
  colours("adjustBrightness", image);
  const high = white(image);
  return mapped(image, (value) => clamp(value * factor, high));
}

/** Moves all values away from the mean of the grey image, or towards it. 1 changes nothing, 0 makes it plain grey. */
export function adjustContrast(factor: number): FixedTransform {
  checkWithin("adjustContrast", "the factor", factor, 0, Infinity);
  return fixed("adjustContrast", { factor }, (image) => contrasted(image, factor));
}

function contrasted(image: HostArray, factor: number): HostArray {
  const grey = colours("adjustContrast", image) ? greyOf(image) : image.data;
  let sum = 0;
  for (let at = 0; at < grey.length; at++) sum += grey[at]!;
  const level = (1 - factor) * (sum / grey.length);
  const high = white(image);
  return mapped(image, (value) => clamp(value * factor + level, high));
}

/** Makes colours stronger or weaker. 1 changes nothing, 0 makes the image grey. */
export function adjustSaturation(factor: number): FixedTransform {
  checkWithin("adjustSaturation", "the factor", factor, 0, Infinity);
  return fixed("adjustSaturation", { factor }, (image) => saturated(image, factor));
}

function saturated(image: HostArray, factor: number): HostArray {
  if (!colours("adjustSaturation", image)) return image;
  const grey = greyOf(image);
  const { data } = image;
  const made = like(image, data.length);
  const high = white(image);
  for (let at = 0, to = 0; at < grey.length; at++) {
    const level = (1 - factor) * grey[at]!;
    for (const end = to + 3; to < end; to++) made[to] = clamp(data[to]! * factor + level, high);
  }
  return { ...image, data: made };
}

/** Turns the wheel of colours by `turn`, from −0.5 to 0.5: a third makes red green. 0 changes nothing. */
export function adjustHue(turn: number): FixedTransform {
  checkWithin("adjustHue", "the turn", turn, -0.5, 0.5);
  return fixed("adjustHue", { turn }, (image) => tinted(image, turn));
}

function tinted(image: HostArray, turn: number): HostArray {
  if (!colours("adjustHue", image) || turn === 0) return image;
  const { data } = image;
  const made = like(image, data.length);
  const bytes = image.dtype === "u8";
  const unit = bytes ? 1 / 255 : 1;
  // Bytes take equal shares of 0 to 1, as torchvision's conversion from floats does.
  const scale = bytes ? 256 - 1e-3 : 1;
  for (let at = 0; at < data.length; at += 3) {
    const [r, g, b] = [data[at]! * unit, data[at + 1]! * unit, data[at + 2]! * unit];
    const value = r > g ? (r > b ? r : b) : g > b ? g : b;
    const range = value - (r < g ? (r < b ? r : b) : g < b ? g : b);
    const hue =
      range === 0 ? 0 : value === r ? (g - b) / range : value === g ? 2 + (b - r) / range : 4 + (r - g) / range;
    const turned = (((hue / 6 + turn) % 1) + 1) % 1;
    for (let channel = 0; channel < 3; channel++) {
      // The distance on the wheel to the channel's own colour, in sixths.
      const place = (turned * 6 + (channel === 0 ? 5 : channel === 1 ? 3 : 1)) % 6;
      const level = value - range * clamp(place < 4 - place ? place : 4 - place, 1);
      made[at + channel] = level * scale;
    }
  }
  return { ...image, data: made };
}

/** How far colours are changed at most: a number stands for [1 − number, 1 + number] ([−number, number] for the hue). */
export interface ColorJitterOptions {
  readonly brightness?: number | readonly [low: number, high: number] | undefined;
  readonly contrast?: number | readonly [low: number, high: number] | undefined;
  readonly saturation?: number | readonly [low: number, high: number] | undefined;
  /** Turns of the wheel of colours, up to 0.5. */
  readonly hue?: number | readonly [low: number, high: number] | undefined;
}

/**
 * Changes brightness, contrast, saturation and hue at random, in random order. What is not named stays.
 *
 * @example
 * transforms.colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 });
 */
export function colorJitter(options: ColorJitterOptions): ImageTransform {
  const { brightness, contrast, saturation, hue } = options;
  const steps: [range: readonly [number, number], change: (image: HostArray, factor: number) => HostArray][] = [];
  if (brightness !== undefined) steps.push([factors("brightness", brightness), brightened]);
  if (contrast !== undefined) steps.push([factors("contrast", contrast), contrasted]);
  if (saturation !== undefined) steps.push([factors("saturation", saturation), saturated]);
  if (hue !== undefined) {
    const range = typeof hue === "number" ? ([-hue, hue] as const) : hue;
    for (const end of range) checkWithin("colorJitter", "the hue", end, -0.5, 0.5);
    steps.push([range, tinted]);
  }
  return augmentation("colorJitter", { brightness, contrast, saturation, hue }, (image, random: HostRandom) => {
    let changed = image;
    for (const step of random.permutation(steps.length)) {
      const [range, change] = steps[step]!;
      const factor = random.uniform(...range);
      changed = change(changed, factor);
    }
    return changed;
  });
}

function factors(what: string, given: number | readonly [number, number]): readonly [number, number] {
  if (typeof given === "number") {
    checkWithin("colorJitter", what, given, 0, Infinity);
    return [Math.max(0, 1 - given), 1 + given];
  }
  checkWithin("colorJitter", `the smallest ${what}`, given[0], 0, given[1]);
  return given;
}

/**
 * Images without colour, [rows, columns, channels].
 * @param channels 1 by default; with 3 all are equal.
 */
export function grayscale(channels: 1 | 3 = 1): FixedTransform {
  return fixed("grayscale", { channels }, (image) => greyed(image, channels));
}

function greyed(image: HostArray, channels: 1 | 3): HostArray {
  const grey = colours("grayscale", image) ? greyOf(image) : image.data;
  const data = like(image, grey.length * channels);
  if (channels === 1) data.set(grey);
  else for (let at = 0; at < grey.length; at++) data.fill(grey[at]!, 3 * at, 3 * at + 3);
  return { ...image, shape: [image.shape[0]!, image.shape[1]!, channels], data };
}

/** Takes the colour from every image with the chance `p`, 0.1 by default; its channels stay. */
export function randomGrayscale(p: number = 0.1): ImageTransform {
  checkWithin("randomGrayscale", "p", p, 0, 1);
  return augmentation("randomGrayscale", { p }, (image, random) => {
    const chosen = random.uniform() < p;
    return chosen && colours("randomGrayscale", image) ? greyed(image, 3) : image;
  });
}
