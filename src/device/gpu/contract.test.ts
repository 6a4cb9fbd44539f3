import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  affine,
  binary,
  index,
  quotient,
  register,
  remainder,
  select,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Axes, ContractKernel, Store } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import { at, f32, global, i32, lt, numbers, store } from "../reference/building.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { WORKGROUP_LIMITS, type Statistics } from "../reference/workers.ts";
import { lowerContraction } from "./contract.ts";
import { LEAST_GPU, type GpuTarget } from "./kernel.ts";

/** Extents of the indices, from outermost to innermost. */
interface Indices {
  readonly batch: readonly Index[];
  readonly m: readonly Index[];
  readonly n: readonly Index[];
  readonly k: readonly Index[];
}

const axesOf = (list: readonly Index[]): Axes[] => list.map((i) => ({ index: i, extent: i.extent }));

/** left = buffer 0, right = buffer 1; the last buffer is the result. */
function contraction(
  { batch, m, n, k }: Indices,
  left: Expression,
  right: Expression,
  epilogue: (sum: Expression) => readonly Store[],
  buffers = [global("read"), global("read"), global("readwrite")],
): ContractKernel {
  const sum = register("f32");
  return {
    kind: "contract",
    buffers,
    parameters: { scalars: [], sizes: 0 },
    batch: axesOf(batch),
    m: axesOf(m),
    n: axesOf(n),
    k: axesOf(k),
    left,
    right,
    sum,
    epilogue: epilogue(sum),
  };
}

/** Runs the passes of a contraction on copies of the buffers: what is in them then, and what each pass did. */
function runLowered(
  kernel: ContractKernel,
  buffers: readonly Float32Array[],
  target: GpuTarget = LEAST_GPU,
): { buffers: Float32Array[]; statistics: Statistics[]; keys: string[] } {
  const { kernel: general, sizes } = parameterize(kernel);
  const { passes, temporaries } = lowerContraction(general, printKernel(general), sizes, target);
  const copies = copiesOf(buffers);
  const memories = temporaries.map((bytes) => new Float32Array(bytes / 4).fill(NaN));
  const limits = { ...WORKGROUP_LIMITS, ...target };
  const statistics = passes.map((pass) => {
    const bound = pass.buffers.map((b) => (typeof b === "number" ? copies[b]! : memories[b.temporary]!));
    return interpretKernel(pass.kernel, [{ buffers: bound, parameters: pass.sizes }], limits);
  });
  return { buffers: copies, statistics, keys: passes.map((p) => p.key) };
}

/** Copies; what was one memory stays one. */
function copiesOf(buffers: readonly Float32Array[]): Float32Array[] {
  const copies = new Map(buffers.map((b) => [b, b.slice()]));
  return buffers.map((b) => copies.get(b)!);
}

function runPlain(kernel: ContractKernel, buffers: readonly Float32Array[]): Float32Array[] {
  const copies = copiesOf(buffers);
  interpretKernel(kernel, [{ buffers: copies, parameters: [] }]);
  return copies;
}

function check(kernel: ContractKernel, buffers: readonly Float32Array[], target?: GpuTarget): void {
  const expected = runPlain(kernel, buffers);
  const { buffers: got } = runLowered(kernel, buffers, target);
  got.forEach((b, i) => expect([...b]).toEqual([...expected[i]!]));
}

/** One index as a flat number of dense lists, first outermost. */
const dense = (list: readonly Index[]): Expression => {
  let pitch = 1;
  return affine(
    [...list].reverse().map((value) => {
      const coefficient = pitch;
      pitch *= value.extent;
      return { value, coefficient };
    }),
    0,
  );
};
const sizeOf = (list: readonly Index[]): number => list.reduce((size, i) => size * i.extent, 1);

/** [batch, m, k] × [batch, k, n] with either operand turned or not. */
function product(b: number, m: number, n: number, k: number, turnLeft = false, turnRight = false): ContractKernel {
  const [batch, i, j, l] = [index(b), index(m), index(n), index(k)];
  return contraction(
    { batch: [batch], m: [i], n: [j], k: [l] },
    at(0, dense(turnLeft ? [batch, l, i] : [batch, i, l])),
    at(1, dense(turnRight ? [batch, j, l] : [batch, l, j])),
    (sum) => [store(2, dense([batch, i, j]), sum)],
  );
}
const memoriesOf = (b: number, m: number, n: number, k: number): Float32Array[] => [
  numbers(b * m * k, 1),
  numbers(b * k * n, 2),
  new Float32Array(b * m * n),
];

describe("products", () => {
  const sizes: readonly (readonly [number, number, number, number])[] = [
    [1, 1, 1, 1],
    [1, 64, 64, 32],
    [1, 65, 63, 17],
    [1, 130, 70, 40],
    [2, 33, 36, 20],
    [1, 1, 100, 64],
    [1, 3, 65, 130],
    [1, 100, 1, 64],
    [3, 5, 7, 9],
    [1, 1, 1, 700],
    [1, 16, 16, 600],
    [1, 20, 24, 1000],
    [1, 40, 40, 3],
    [40, 8, 8, 8],
  ];
  for (const turnLeft of [false, true])
    for (const turnRight of [false, true])
      test(`${turnLeft ? "turned" : "plain"} × ${turnRight ? "turned" : "plain"}`, () => {
        for (const [b, m, n, k] of sizes) check(product(b, m, n, k, turnLeft, turnRight), memoriesOf(b, m, n, k));
      });

  test("over random shapes", () => {
    const some = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(4, 8, 16, 32, 48, 64, 72, 128));
    const shapes = fc.record({
      b: fc.integer({ min: 1, max: 3 }),
      m: some,
      n: some,
      k: some,
      l: fc.boolean(),
      r: fc.boolean(),
    });
    fc.assert(
      fc.property(shapes, ({ b, m, n, k, l, r }) => check(product(b, m, n, k, l, r), memoriesOf(b, m, n, k))),
      { numRuns: 60 },
    );
  });
});
