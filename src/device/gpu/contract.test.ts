import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, affine, binary, index, select, type Expression, type Index } from "../../ir/expression.ts";
import type { ContractKernel } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import { at, f32, global, i32, lt, numbers, store } from "../kernels.testing.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { WORKGROUP_LIMITS, type Statistics } from "../reference/workers.ts";
import { contraction, dense, memoriesOf, product } from "./contract.testing.ts";
import { contractionChoices, lowerContraction } from "./contract.ts";
import { LEAST_GPU, type GpuTarget } from "./kernel.ts";

/** Runs the passes of a contraction on copies of the buffers: what is in them then, and what each pass did. */
function runLowered(
  kernel: ContractKernel,
  buffers: readonly Float32Array[],
  target: GpuTarget = LEAST_GPU,
  choice?: number,
): { buffers: Float32Array[]; statistics: Statistics[]; keys: string[] } {
  const { kernel: general, sizes } = parameterize(kernel);
  const { passes, temporaries } = lowerContraction(general, printKernel(general), sizes, target, choice);
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

/** On a GPU and on one in software. */
function checkBoth(kernel: ContractKernel, buffers: readonly Float32Array[]): void {
  check(kernel, buffers);
  check(kernel, buffers, SOFTWARE);
}
const SOFTWARE: GpuTarget = { ...LEAST_GPU, software: true };

describe("products", () => {
  const sizes: readonly (readonly [number, number, number, number])[] = [
    [1, 1, 1, 1],
    [1, 64, 64, 16],
    [1, 65, 63, 17],
    [1, 70, 66, 20],
    [2, 33, 36, 20],
    [1, 1, 100, 64],
    [1, 3, 65, 70],
    [1, 100, 1, 64],
    [3, 5, 7, 9],
    [1, 1, 1, 700],
    [1, 20, 24, 600],
    [1, 40, 40, 3],
    [40, 8, 8, 8],
  ];
  for (const turnLeft of [false, true])
    for (const turnRight of [false, true])
      test(`${turnLeft ? "turned" : "plain"} × ${turnRight ? "turned" : "plain"}`, () => {
        for (const [b, m, n, k] of sizes) checkBoth(product(b, m, n, k, turnLeft, turnRight), memoriesOf(b, m, n, k));
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
      fc.property(shapes, ({ b, m, n, k, l, r }) => checkBoth(product(b, m, n, k, l, r), memoriesOf(b, m, n, k))),
      { numRuns: 30 },
    );
  });
});

interface Convolution {
  readonly images: number;
  readonly groups: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number;
}

/** [images, groups · inputs, height, width] by [groups · outputs, inputs, kernel], with bias and relu; undefined where nothing fits. */
function convolution(c: Convolution): { kernel: ContractKernel; buffers: Float32Array[] } | undefined {
  const { stride, dilation, padding } = c;
  const along = (size: number, k: number): number =>
    Math.floor((size + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
  const [height, width] = [along(c.height, c.kernel[0]), along(c.width, c.kernel[1])];
  if (height < 1 || width < 1) return undefined;
  const [g, o, b, y, x] = [index(c.groups), index(c.outputs), index(c.images), index(height), index(width)];
  const [i, ky, kx] = [index(c.inputs), index(c.kernel[0]), index(c.kernel[1])];
  const place = (out: Index, k: Index, size: number): { inside: Expression; at: Expression } => {
    const position = affine(
      [
        { value: out, coefficient: stride },
        { value: k, coefficient: dilation },
      ],
      -padding,
    );
    const inside = binary("and", binary("le", i32(0), position), lt(position, i32(size)));
    return { inside, at: binary("min", binary("max", position, i32(0)), i32(size - 1)) };
  };
  const [row, column] = [place(y, ky, c.height), place(x, kx, c.width)];
  const image = affine(
    [
      { value: b, coefficient: c.groups * c.inputs * c.height * c.width },
      { value: g, coefficient: c.inputs * c.height * c.width },
      { value: i, coefficient: c.height * c.width },
      { value: row.at, coefficient: c.width },
      { value: column.at, coefficient: 1 },
    ],
    0,
  );
  const read = select(binary("and", row.inside, column.inside), at(0, image), f32(0));
  const result = affine(
    [
      { value: b, coefficient: c.groups * c.outputs * height * width },
      { value: dense([g, o, y, x]), coefficient: 1 },
    ],
    0,
  );
  const kernel = contraction(
    { batch: [g], m: [o], n: [b, y, x], k: [i, ky, kx] },
    at(1, dense([g, o, i, ky, kx])),
    read,
    (sum) => [store(3, result, binary("max", binary("add", sum, at(2, dense([g, o]))), f32(0)))],
    [global("read"), global("read"), global("read"), global("write")],
  );
  const { images, groups, inputs, outputs } = c;
  const buffers = [
    numbers(images * groups * inputs * c.height * c.width, 1),
    numbers(groups * outputs * inputs * c.kernel[0] * c.kernel[1], 2),
    numbers(groups * outputs, 3),
    new Float32Array(images * groups * outputs * height * width),
  ];
  return { kernel, buffers };
}

describe("convolutions", () => {
  test("over random windows", () => {
    const small = fc.integer({ min: 1, max: 3 });
    const channels = fc.constantFrom(1, 2, 3, 8, 12, 16);
    const shapes = fc.record({
      images: small,
      groups: fc.constantFrom(1, 1, 2),
      inputs: channels,
      outputs: channels,
      height: fc.integer({ min: 1, max: 9 }),
      width: fc.integer({ min: 1, max: 12 }),
      kernel: fc.tuple(small, small),
      stride: fc.integer({ min: 1, max: 2 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      padding: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(shapes, (shape) => {
        const made = convolution(shape);
        if (made) checkBoth(made.kernel, made.buffers);
      }),
      { numRuns: 60 },
    );
  });
});

describe("what becomes of sums", () => {
  test("several stores, one of them over what is read there", () => {
    for (const [m, n, k] of [
      [20, 24, 12],
      [33, 16, 600],
      [3, 40, 16],
      [40, 2, 300],
    ] as const) {
      const [i, j, l] = [index(m), index(n), index(k)];
      const place = dense([i, j]);
      const kernel = contraction(
        { batch: [], m: [i], n: [j], k: [l] },
        at(0, dense([i, l])),
        at(1, dense([l, j])),
        (sum) => [
          // The second and the third buffer are one memory: an update in place.
          store(3, place, binary("sub", at(2, place), binary("mul", sum, f32(0.125)))),
          store(4, add(place, i32(1)), binary("max", sum, at(5, j))),
        ],
        [global("read"), global("read"), global("read"), global("write"), global("write"), global("read")],
      );
      const updated = numbers(m * n, 3);
      checkBoth(kernel, [
        numbers(m * k, 1),
        numbers(k * n, 2),
        updated,
        updated,
        new Float32Array(m * n + 1),
        numbers(n, 4),
      ]);
    }
  });

  test("operands are arbitrary expressions", () => {
    const [b, i, j, l] = [index(2), index(20), index(36), index(24)];
    const kernel = contraction(
      { batch: [b], m: [i], n: [j], k: [l] },
      binary("max", binary("sub", at(0, dense([b, i, l])), at(3, i)), f32(0)),
      select(lt(l, add(j, i32(1))), at(1, dense([l, j])), f32(0)),
      (sum) => [store(2, dense([b, i, j]), sum)],
      [global("read"), global("read"), global("write"), global("read")],
    );
    checkBoth(kernel, [numbers(2 * 20 * 24), numbers(24 * 36, 2), new Float32Array(2 * 20 * 36), numbers(20, 3)]);
  });

  test("a sum over nothing is 0, and no sums are no passes", () => {
    checkBoth(product(1, 20, 20, 0), memoriesOf(1, 20, 20, 0));
    expect(runLowered(product(0, 20, 20, 4), memoriesOf(0, 20, 20, 4)).statistics).toEqual([]);
    expect(runLowered(product(1, 20, 0, 4), memoriesOf(1, 20, 0, 4)).statistics).toEqual([]);
  });
});

describe("what GPUs get", () => {
  test("[D8] a tile loads less by its size, whatever the layout", () => {
    const [m, n, k] = [64, 64, 32];
    for (const turnLeft of [false, true])
      for (const turnRight of [false, true]) {
        const { statistics } = runLowered(product(1, m, n, k, turnLeft, turnRight), memoriesOf(1, m, n, k));
        const [{ reads, workgroups }] = statistics as [Statistics];
        // Square tiles. Naively every product loads one element of either side.
        const tile = Math.sqrt((m * n) / workgroups);
        expect(tile).toBeGreaterThanOrEqual(16);
        expect([reads[0], reads[1]]).toEqual([(m * n * k) / tile, (m * n * k) / tile]);
      }
  });

  test("all ways to do a product have the same bits, also in large tiles", () => {
    const large: GpuTarget = { threads: 256, sharedBytes: 32_768 };
    const irrational = (count: number, seed: number): Float32Array =>
      numbers(count, seed).map((x) => Math.fround(Math.sin(x)));
    const shapes: readonly (readonly [number, number, number, number, boolean, boolean, GpuTarget])[] = [
      [1, 20, 36, 40, false, false, LEAST_GPU],
      [1, 20, 18, 260, false, true, LEAST_GPU],
      [1, 24, 20, 40, false, false, SOFTWARE],
      [1, 9, 20, 1030, false, true, SOFTWARE],
      // As large tiles are tried as there are.
      [1, 36, 37, 9, false, false, large],
      [1, 33, 36, 9, true, true, LEAST_GPU],
    ];
    for (const [b, m, n, k, turnLeft, turnRight, target] of shapes) {
      const kernel = product(b, m, n, k, turnLeft, turnRight);
      const { kernel: general, sizes } = parameterize(kernel);
      const choices = contractionChoices(general, sizes, target).ways().length;
      expect(choices).toBeGreaterThan(1);
      const buffers = [irrational(b * m * k, 1), irrational(b * k * n, 2), new Float32Array(b * m * n)];
      const [first, ...others] = Array.from(
        { length: choices },
        (_, choice) => runLowered(kernel, buffers, target, choice).buffers[2]!,
      );
      const expected = runPlain(kernel, buffers)[2]!;
      expect(Math.max(...first!.map((x, i) => Math.abs(x - expected[i]!)))).toBeLessThan(1e-5 * k);
      for (const other of others) expect(Buffer.compare(Buffer.from(other.buffer), Buffer.from(first!.buffer))).toBe(0);
    }
  });

  test("other sizes are the same kernel", () => {
    const keys = (m: number, n: number, k: number): string[] =>
      runLowered(product(1, m, n, k), memoriesOf(1, m, n, k)).keys;
    expect(keys(40, 40, 33)).toEqual(keys(47, 44, 35));
    expect(keys(40, 40, 32)).not.toEqual(keys(40, 40, 33));
  });

  test("sums depend on their k alone: products of more rows have the same bits", () => {
    const [n, k] = [48, 72];
    const random = (count: number, seed: number): Float32Array =>
      numbers(count, seed).map((x) => Math.fround(Math.sin(x * seed)));
    const run = (m: number): Float32Array =>
      runLowered(product(1, m, n, k), [random(m * k, 1), random(k * n, 2), new Float32Array(m * n)]).buffers[2]!;
    expect([...run(100).subarray(0, 20 * n)]).toEqual([...run(20)]);
  });
});
