/** The two sums that resizing bytes consists of, in vectors of WebAssembly: eight products an instruction. */
import { ModuleBuilder, type FunctionBuilder, type Local } from "../../device/wasm/assembler.ts";

/** How many bytes a vector may be read or written beyond the end of what is meant. */
const SLACK = 64;
const VECTOR = 16;
const PAGE = 65_536;

/**
 * Weighted sums of bytes, cut to whole numbers of 0 to 255. Weights come in pairs of 16 bits, the first one in the lower half; where a count
 * of pairs is odd in taps the last weight is 0.
 */
export interface Sums {
  /**
   * Rows of pixels of three bytes: each pixel of the result is a sum of `2·counts[column]` pixels from `starts[column]` on.
   * @param pixels from the first that counts on; rows are `width` pixels apart, and the last may be short.
   * @returns [rows, columns, 3].
   */
  across(pixels: Uint8Array, rows: number, width: number, axis: PairedAxis): Uint8Array;
  /**
   * Each row of the result is a sum of `2·counts[row]` rows from `starts[row]` on, a row being of `line` bytes, 16 at least.
   * @returns [rows, line].
   */
  down(rows: Uint8Array, line: number, axis: PairedAxis): Uint8Array;
}

/** An axis: where each sum begins, how many pairs it has, and their weights [places, pairs]. */
export interface PairedAxis {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
  readonly pairs: number;
  /** How many bits of a weight are a fraction. */
  readonly bits: number;
}

/** A loop while `at` is below `end`; `step` moves it on. */
function repeat(f: FunctionBuilder, at: Local, end: Local, step: number, body: () => void): void {
  f.loop(() => {
    body();
    f.get(at).i32(step).op("i32.add").tee(at).get(end).op("i32.lt_u").brIf(0);
  });
}

/** One row across: (source, target, starts, counts, weights, stride of weights, end of starts, bits). */
function acrossRow(module: ModuleBuilder): void {
  const f = module.function(
    Array.from({ length: 8 }, () => "i32" as const),
    [],
    "across",
  );
  const [source, target, starts, counts, weights, stride, end, bits] = f.params as Local[] as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const [at, weight, last, half] = [f.local("i32"), f.local("i32"), f.local("i32"), f.local("v128")];
  const [sum, bytes] = [f.local("v128"), f.local("v128")];
  f.i32(1).get(bits).i32(1).op("i32.sub").op("i32.shl").op("i32x4.splat").set(half);
  repeat(f, starts, end, 4, () => {
    f.get(source).get(starts).memory("i32.load").op("i32.add").set(at);
    f.get(weights).tee(weight).get(counts).memory("i32.load").i32(2).op("i32.shl").op("i32.add").set(last);
    f.get(half).set(sum);
    repeat(f, weight, last, 4, () => {
      // Two pixels: red beside red, green beside green, blue beside blue.
      f.get(at).memory("v128.load64_zero").tee(bytes).get(bytes);
      f.shuffle([0, 3, 1, 4, 2, 5, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]).op("i16x8.extend_low_i8x16_u");
      f.get(weight).memory("v128.load32_splat").op("i32x4.dot_i16x8_s").get(sum).op("i32x4.add").set(sum);
      f.get(at).i32(6).op("i32.add").set(at);
    });
    f.get(target).get(sum).get(bits).op("i32x4.shr_s").tee(sum).get(sum).op("i16x8.narrow_i32x4_s").tee(sum).get(sum);
    f.op("i8x16.narrow_i16x8_u").memoryLane("v128.store32_lane", 0);
    f.get(target).i32(3).op("i32.add").set(target);
    f.get(counts).i32(4).op("i32.add").set(counts);
    f.get(weights).get(stride).op("i32.add").set(weights);
  });
}

/** Sixteen bytes of a row of the result: (source, line, target, weights, end of weights, bits). */
function downVector(module: ModuleBuilder): FunctionBuilder {
  const f = module.function(
    Array.from({ length: 6 }, () => "i32" as const),
    [],
  );
  const [source, line, target, weights, end, bits] = f.params as Local[] as [Local, Local, Local, Local, Local, Local];
  const [first, second, weight, pairs] = [f.local("v128"), f.local("v128"), f.local("v128"), f.local("v128")];
  const sums = Array.from({ length: 4 }, () => f.local("v128"));
  f.i32(1).get(bits).i32(1).op("i32.sub").op("i32.shl").op("i32x4.splat").set(first);
  for (const sum of sums) f.get(first).set(sum);
  repeat(f, weights, end, 4, () => {
    f.get(source).memory("v128.load").set(first);
    f.get(source).get(line).op("i32.add").tee(source).memory("v128.load").set(second);
    f.get(source).get(line).op("i32.add").set(source);
    f.get(weights).memory("v128.load32_splat").set(weight);
    sums.forEach((sum, quarter) => {
      if (quarter % 2 === 0) {
        // Each byte of a row beside that below it.
        const from = 4 * quarter;
        f.get(first).get(second);
        f.shuffle(Array.from({ length: 8 }, (_, at) => [from + at, from + at + 16]).flat()).set(pairs);
      }
      f.get(pairs).op(quarter % 2 === 0 ? "i16x8.extend_low_i8x16_u" : "i16x8.extend_high_i8x16_u");
      f.get(weight).op("i32x4.dot_i16x8_s").get(sum).op("i32x4.add").set(sum);
    });
  });
  f.get(target);
  for (const [left, right] of [
    [sums[0]!, sums[1]!],
    [sums[2]!, sums[3]!],
  ] as const)
    f.get(left).get(bits).op("i32x4.shr_s").get(right).get(bits).op("i32x4.shr_s").op("i16x8.narrow_i32x4_s");
  f.op("i8x16.narrow_i16x8_u").memory("v128.store");
  return f;
}

/** One row down: (source, line, target, weights, end of weights, bits, end of the target's whole vectors). */
function downRow(module: ModuleBuilder): void {
  const vector = downVector(module);
  const f = module.function(
    Array.from({ length: 7 }, () => "i32" as const),
    [],
    "down",
  );
  const [source, line, target, weights, end, bits, last] = f.params as Local[] as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  repeat(f, target, last, VECTOR, () => {
    f.get(source).get(line).get(target).get(weights).get(end).get(bits).call(vector);
    f.get(source).i32(VECTOR).op("i32.add").set(source);
  });
}

interface Exports {
  across(...numbers: number[]): void;
  down(...numbers: number[]): void;
}

let made: Sums | undefined | null = null;

/** The sums, or undefined where the engine has no vectors. */
export function sums(): Sums | undefined {
  if (made === null) made = instantiate();
  return made;
}

function instantiate(): Sums | undefined {
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { initial: 1, maximum: undefined, shared: false });
  acrossRow(module);
  downRow(module);
  const bytes = module.toBytes();
  if (!WebAssembly.validate(bytes)) return undefined;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const { across, down } = exports as unknown as Exports;

  /** Puts arrays side by side into the memory; `more` bytes are left free behind them. */
  const place = (arrays: readonly (Uint8Array | Int32Array)[], more: number): number[] => {
    const offsets: number[] = [];
    let end = 0;
    for (const { byteLength } of arrays) {
      offsets.push(end);
      end += (byteLength + SLACK + VECTOR - 1) & -VECTOR;
    }
    const missing = end + more + SLACK - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    arrays.forEach((array, at) =>
      new Uint8Array(memory.buffer, offsets[at]!, array.byteLength).set(
        new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
      ),
    );
    return [...offsets, end];
  };

  return {
    across(pixels, height, width, { starts, counts, weights, pairs, bits }) {
      const columns = starts.length;
      const [source, startsAt, countsAt, weightsAt, target] = place(
        [pixels, starts.map((start) => 3 * start), counts, weights],
        height * columns * 3,
      ) as [number, number, number, number, number];
      for (let row = 0; row < height; row++)
        across(
          source + row * width * 3,
          target + row * columns * 3,
          startsAt,
          countsAt,
          weightsAt,
          4 * pairs,
          startsAt + 4 * columns,
          bits,
        );
      return new Uint8Array(memory.buffer, target, height * columns * 3).slice();
    },
    down(rows, line, { starts, counts, weights, pairs, bits }) {
      const height = starts.length;
      const [source, weightsAt, target] = place([rows, weights], height * line) as [number, number, number];
      for (let row = 0; row < height; row++) {
        const [from, to] = [source + starts[row]! * line, target + row * line];
        const weight = weightsAt + 4 * pairs * row;
        const run = (skipped: number, end: number): void =>
          down(from + skipped, line, to + skipped, weight, weight + 4 * counts[row]!, bits, end);
        run(0, to + line - (VECTOR - 1));
        // The last vector ends where the row does.
        if (line % VECTOR !== 0) run(line - VECTOR, to + line);
      }
      return new Uint8Array(memory.buffer, target, height * line).slice();
    },
  };
}
