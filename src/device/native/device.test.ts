import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { input } from "../../graph/ops/leaf.ts";
import { add, mul } from "../../graph/ops/binary.ts";
import { dot } from "../../graph/ops/dot.ts";
import { expand, reshape } from "../../graph/ops/movement.ts";
import type { Memory, Program } from "../device.ts";
import { NativeDevice } from "./device.ts";
import { availableTier } from "./tier.ts";

const missing = availableTier();
const SIZE = 1024;

/** Rows of a product of two matrices of ones: long enough to run on the pool's own leader. */
function longProgram(): Program {
  const matrix = () => input([SIZE, SIZE], "f32", { requiresGrad: false });
  const product = dot(matrix(), matrix(), { batch: [[], []], contract: [[1], [0]] });
  return compile({ results: [add(product, mul(product, product))], updates: [] }).program;
}

function bind(device: NativeDevice, program: Program): Memory[] {
  return program.bindings.map((bytes) => {
    const memory = device.alloc(bytes);
    device.write(memory, new Uint8Array(new Float32Array(bytes / 4).fill(1).buffer));
    return memory;
  });
}

const answer = SIZE + SIZE * SIZE;
const resultOf = (device: NativeDevice, bindings: readonly Memory[]): Set<number> =>
  new Set(new Float32Array(device.readSync(bindings.at(-1)!).slice().buffer));

test.skipIf(missing !== undefined)("what is prepared while a program runs does not touch its memory", () => {
  const device = new NativeDevice({ runsBefore: 1, threads: 1 });
  const program = longProgram();
  const runnable = device.prepare(program);
  device.run(runnable, bind(device, program), []);
  for (let round = 0; round < 5; round++) {
    const bindings = bind(device, program);
    device.run(runnable, bindings, []);
    // Every block of rows reads all of this again; the new program's words would take its place.
    device.free(bindings[1]!);
    const others = Array.from({ length: 50 }, () => device.prepare(program));
    expect([others.length, resultOf(device, bindings)]).toEqual([50, new Set([answer])]);
    device.free(bindings[0]!);
    device.free(bindings[2]!);
  }
  device.dispose();
});

test.skipIf(missing !== undefined)("a device that was disposed of goes on with WebAssembly", () => {
  const device = new NativeDevice({ runsBefore: 0, threads: 1 });
  const program = longProgram();
  const bindings = bind(device, program);
  const runnable = device.prepare(program);
  device.run(runnable, bindings, []);
  expect(resultOf(device, bindings)).toEqual(new Set([answer]));
  device.dispose();
  device.fill(bindings.at(-1)!, 0);
  device.run(runnable, bindings, []);
  expect(resultOf(device, bindings)).toEqual(new Set([answer]));
});

test.skipIf(missing !== undefined)("rows that are one number again and again are multiplied like others", () => {
  const device = new NativeDevice({ runsBefore: 0, threads: 1 });
  const columns = input([3, 5], "f32", { requiresGrad: false });
  const rows = expand(reshape(input([1], "f32", { requiresGrad: false }), [1, 1]), [2, 3]);
  const product = dot(rows, columns, { batch: [[], []], contract: [[1], [0]] });
  const { program } = compile({ results: [product], updates: [] });
  const bindings = program.bindings.map((bytes) => device.alloc(bytes));
  for (const memory of bindings.slice(0, 2)) {
    const values = memory.bytes === 4 ? [-2] : Array.from({ length: 15 }, (_, i) => i);
    device.write(memory, new Uint8Array(new Float32Array(values).buffer));
  }
  device.run(device.prepare(program), bindings, []);
  const sums = [0, 1, 2, 3, 4].map((column) => -2 * (column + (column + 5) + (column + 10)));
  expect([...new Float32Array(device.readSync(bindings[2]!).slice().buffer)]).toEqual([...sums, ...sums]);
  device.dispose();
});
