/** Images at another size: every pixel of the result is a weighted sum of pixels, along columns first and rows then. */
import type { HostArray } from "../hostArray.ts";
import { sums, type PairedAxis } from "./simd.ts";
import { resized, sizeOfImage, type ImageSize } from "./transform.ts";

/** How values between pixels are found. `nearest` takes the pixel whose middle is nearest, as Pillow and TensorFlow do. */
export type Interpolation = "nearest" | "bilinear" | "bicubic";

/** A part of an image; may have fractions. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** For every place along an axis of the result: where its pixels begin, and the weights of `taps` of them. */
interface Filter {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** [places, taps]; those beyond a place's count are 0. */
  readonly weights: Float64Array;
  readonly taps: number;
}

/** Filters are made again and again for the same sizes; a few hold all that a pipeline needs. */
const KEPT = 64;
const kept = /* @__PURE__ */ new Map<string, Filter>();

/**
 * The filter that brings `length` pixels to `size` places.
 *
 * With antialias the kernel is stretched where pixels are lost, as in Pillow and in torchvision; without it the nearest two
 * (bilinear) or four (bicubic) pixels count, as in TensorFlow and `interpolate` of PyTorch. The cubic kernel has a = −0.5 with
 * antialias and −0.75 without, as in PyTorch.
 */
function filterOf(length: number, size: number, method: Interpolation, antialias: boolean): Filter {
  const key = `${length} ${size} ${method} ${antialias}`;
  const known = kept.get(key);
  if (known) return known;
  const made = method === "nearest" ? nearest(length, size) : smooth(length, size, method, antialias);
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
  kept.set(key, made);
  return made;
}

function nearest(length: number, size: number): Filter {
  const starts = Int32Array.from({ length: size }, (_, at) =>
    Math.min(length - 1, Math.floor(((at + 0.5) * length) / size)),
  );
  return { starts, counts: new Int32Array(size).fill(1), weights: new Float64Array(size).fill(1), taps: 1 };
}

const linear = (x: number): number => Math.max(0, 1 - Math.abs(x));

const cubic = (x: number, a: number): number => {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
};

function smooth(length: number, size: number, method: Interpolation, antialias: boolean): Filter {
  const scale = length / size;
  const stretch = antialias ? Math.max(1, scale) : 1;
  const reach = (method === "bilinear" ? 1 : 2) * stretch;
  const a = antialias ? -0.5 : -0.75;
  const kernel = method === "bilinear" ? linear : (x: number): number => cubic(x, a);
  const taps = 2 * Math.ceil(reach) + 1;
  const starts = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Float64Array(size * taps);
  for (let at = 0; at < size; at++) {
    // Middles of pixels lie at halves.
    const middle = scale * (at + 0.5);
    const first = antialias ? Math.floor(middle - reach + 0.5) : Math.floor(middle - 0.5) - (reach - 1);
    const last = antialias ? Math.floor(middle + reach + 0.5) - 1 : first + 2 * reach - 1;
    const start = Math.min(length - 1, Math.max(0, first));
    const end = Math.min(length - 1, Math.max(0, last));
    let sum = 0;
    for (let pixel = first; pixel <= last; pixel++) {
      const weight = kernel((pixel + 0.5 - middle) / stretch);
      // Antialiasing leaves out what lies outside; otherwise the border's pixels stand for it.
      if (antialias && (pixel < 0 || pixel >= length)) continue;
      weights[at * taps + Math.min(end, Math.max(start, pixel)) - start]! += weight;
      sum += weight;
    }
    for (let tap = 0; tap <= end - start; tap++) weights[at * taps + tap]! /= sum;
    starts[at] = start;
    counts[at] = end - start + 1;
  }
  return { starts, counts, weights, taps };
}

/**
 * A part of an image at another size.
 *
 * Bytes are computed with 16-bit weights and rounded after each direction, as Pillow and PyTorch do; f32 as it is.
 * @param box what to take, the whole image by default; whole numbers inside it.
 */
export function resample(
  image: HostArray,
  rows: number,
  columns: number,
  method: Interpolation,
  antialias: boolean,
  box?: Box,
): HostArray {
  const size = sizeOfImage("resize", image);
  const { channels } = size;
  const { top, left, height, width } = box ?? { top: 0, left: 0, height: size.rows, width: size.columns };
  const shape = resized(image, rows, columns);
  const across: Line = { from: left, filter: filterOf(width, columns, method, antialias) };
  const down: Line = { from: top, filter: filterOf(height, rows, method, antialias) };
  if (method === "nearest") return { ...image, shape, data: pick(image.data, size, across, down) };
  const run = image.dtype === "u8" ? bytes : floats;
  // What keeps its size goes through no filter.
  const narrow = columns !== size.columns || width !== size.columns;
  const flat = rows !== size.rows || height !== size.rows;
  let { data } = image;
  let first = 0;
  if (narrow) {
    const { starts, counts } = down.filter;
    // The first direction works on those rows only that the second one reads.
    first = top + starts[0]!;
    const last = top + starts[rows - 1]! + counts[rows - 1]!;
    data = run.across(data, first, last - first, size, across);
  }
  if (flat) data = run.down(data, columns * channels, { ...down, from: top - first });
  return { ...image, shape, data: data === image.data ? data.slice() : data };
}

/** An axis: its filter, and where in the image the first pixel is. */
interface Line {
  readonly from: number;
  readonly filter: Filter;
}

function pick(data: HostArray["data"], size: ImageSize, across: Line, down: Line): HostArray["data"] {
  const [rows, columns] = [down.filter.starts, across.filter.starts];
  const { channels } = size;
  const length = rows.length * columns.length * channels;
  const made = data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  let to = 0;
  for (const row of rows) {
    const line = (down.from + row) * size.columns + across.from;
    for (const column of columns) {
      const from = (line + column) * channels;
      for (let channel = 0; channel < channels; channel++) made[to++] = data[from + channel]!;
    }
  }
  return made;
}

interface Passes {
  /** `rows` rows from `first` on, each brought to the filter's number of columns. */
  across(data: HostArray["data"], first: number, rows: number, size: ImageSize, axis: Line): HostArray["data"];
  /** Columns brought to the filter's number of rows; `line` is the length of a row in elements. */
  down(data: HostArray["data"], line: number, axis: Line): HostArray["data"];
}

const floats: Passes = {
  across(data, first, rows, { columns: width, channels }, { from: left, filter }) {
    const { starts, counts, weights, taps } = filter;
    const columns = starts.length;
    const made = new Float32Array(rows * columns * channels);
    let to = 0;
    for (let row = first; row < first + rows; row++)
      for (let column = 0; column < columns; column++) {
        const from = (row * width + left + starts[column]!) * channels;
        const count = counts[column]!;
        const weight = column * taps;
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          for (let tap = 0, at = from + channel; tap < count; tap++, at += channels)
            sum += weights[weight + tap]! * data[at]!;
          made[to++] = sum;
        }
      }
    return made;
  },
  down(data, line, { from: top, filter }) {
    const { starts, counts, weights, taps } = filter;
    const rows = starts.length;
    const made = new Float32Array(rows * line);
    let to = 0;
    for (let row = 0; row < rows; row++) {
      const from = (top + starts[row]!) * line;
      const count = counts[row]!;
      const weight = row * taps;
      for (let x = 0; x < line; x++) {
        let sum = 0;
        for (let tap = 0, at = from + x; tap < count; tap++, at += line) sum += weights[weight + tap]! * data[at]!;
        made[to++] = sum;
      }
    }
    return made;
  },
};

/** Weights as whole numbers, and how many bits of them are a fraction: as many as 16 bits with a sign allow. */
interface WholeFilter {
  readonly whole: Int32Array;
  readonly bits: number;
  /** The same in pairs. */
  readonly paired: PairedAxis;
}

const wholeFilters = /* @__PURE__ */ new WeakMap<Filter, WholeFilter>();

function wholeFilter(filter: Filter): WholeFilter {
  let made = wholeFilters.get(filter);
  if (made === undefined) {
    let largest = 0;
    for (const weight of filter.weights) largest = Math.max(largest, weight);
    let bits = 0;
    while (bits < 22 && Math.trunc(0.5 + largest * 2 ** (bits + 1)) < 2 ** 15) bits++;
    const whole = Int32Array.from(filter.weights, (weight) =>
      Math.trunc(weight * 2 ** bits + (weight < 0 ? -0.5 : 0.5)),
    );
    made = { whole, bits, paired: pairedOf(filter, whole, bits) };
    wholeFilters.set(filter, made);
  }
  return made;
}

/** Two weights in each number, for vectors. */
function pairedOf({ starts, counts, taps }: Filter, whole: Int32Array, bits: number): PairedAxis {
  const pairs = (taps + 1) >> 1;
  const weights = new Int32Array(starts.length * pairs);
  for (let place = 0; place < starts.length; place++)
    for (let tap = 0; tap < taps; tap++)
      weights[place * pairs + (tap >> 1)]! |=
        tap % 2 === 0 ? whole[place * taps + tap]! & 0xffff : whole[place * taps + tap]! << 16;
  return { starts, counts: counts.map((count) => (count + 1) >> 1), weights, pairs, bits };
}

const bytes: Passes = {
  across(data, first, rows, { columns: width, channels }, { from: left, filter }) {
    const { starts, counts, taps } = filter;
    const { whole, bits, paired } = wholeFilter(filter);
    const vectors = channels === 3 ? sums() : undefined;
    if (vectors !== undefined) {
      const pixels = (data as Uint8Array).subarray((first * width + left) * 3, (first + rows) * width * 3);
      return vectors.across(pixels, rows, width, paired);
    }
    const half = 1 << (bits - 1);
    const columns = starts.length;
    const made = new Uint8ClampedArray(rows * columns * channels);
    let to = 0;
    for (let row = first; row < first + rows; row++)
      for (let column = 0; column < columns; column++) {
        const from = (row * width + left + starts[column]!) * channels;
        const weight = column * taps;
        const end = weight + counts[column]!;
        for (let channel = 0; channel < channels; channel++) {
          let sum = half;
          for (let tap = weight, at = from + channel; tap < end; tap++, at += channels)
            sum = (sum + Math.imul(whole[tap]!, data[at]!)) | 0;
          made[to++] = sum >> bits;
        }
      }
    return new Uint8Array(made.buffer);
  },
  down(data, line, { from: top, filter }) {
    const { starts, counts, taps } = filter;
    const { whole, bits, paired } = wholeFilter(filter);
    const rows = starts.length;
    const vectors = line >= 16 ? sums() : undefined;
    if (vectors !== undefined) return vectors.down((data as Uint8Array).subarray(top * line), line, paired);
    const half = 1 << (bits - 1);
    const made = new Uint8ClampedArray(rows * line);
    let to = 0;
    for (let row = 0; row < rows; row++) {
      const from = (top + starts[row]!) * line;
      const weight = row * taps;
      const end = weight + counts[row]!;
      for (let x = 0; x < line; x++) {
        let sum = half;
        for (let tap = weight, at = from + x; tap < end; tap++, at += line)
          sum = (sum + Math.imul(whole[tap]!, data[at]!)) | 0;
        made[to++] = sum >> bits;
      }
    }
    return new Uint8Array(made.buffer);
  },
};
