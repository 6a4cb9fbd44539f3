import { describe, expect, test } from "vitest";
import { HostRandom } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { binary, index, register, unary } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import { add, div, mul, sub } from "../../graph/ops/binary.ts";
import { scatter } from "../../graph/ops/gather.ts";
import { fill, input } from "../../graph/ops/leaf.ts";
import { concat, expand, permute, reshape } from "../../graph/ops/movement.ts";
import { argmax, argmin, maxReduce, minReduce, prod, sum } from "../../graph/ops/reduce.ts";
import { cast, exp } from "../../graph/ops/unary.ts";
import { compiledOn } from "../compiled.testing.ts";
import { at, global, kernelOf, loop, numbers, shared, store } from "../reference/building.ts";
import { evaluateGraph } from "../reference/graph.ts";
import { interpretKernel } from "../reference/interpret.ts";
import type { Statistics } from "../reference/workers.ts";
import type { SampleValue } from "../suite.ts";
import type { Pass } from "./kernel.ts";
import { lowerLaunch } from "./lower.ts";
import { SimulatedGpu } from "./simulator.testing.ts";

const leaf = (array: Float32Array | Int32Array, shape: Shape): Node =>
  input(shape, array instanceof Float32Array ? "f32" : "i32", { array, requiresGrad: false } as SampleValue);

/** Multiples of 1/8 from −4 to 4, of which sums are exact. */
function eighths(shape: Shape, seed = 1): Node {
  const random = new HostRandom(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return leaf(
    Float32Array.from({ length: size }, () => random.integer(65) / 8 - 4),
    shape,
  );
}

interface Done {
  readonly pass: Pass;
  readonly did: Statistics;
}

/** Runs the root as a GPU would and compares with the reference, element by element, to so many units in the last place. */
async function check(root: Node, ulps = 0): Promise<readonly Done[]> {
  const device = new SimulatedGpu();
  const passes: Done[] = [];
  device.onPass = (pass, did) => passes.push({ pass, did });
  const [actual] = await compiledOn(device)([root]);
  const [expected] = evaluateGraph([root], (node) => (node.source as SampleValue | undefined)?.array);
  expect(actual!.length).toBe(expected!.length);
  expected!.forEach((wanted: number, i: number) => {
    const got = actual![i]!;
    if (!Object.is(got, wanted) && !(Math.abs(got - wanted) <= ulps * 2 ** -23 * Math.abs(wanted)))
      throw new Error(`element ${i} is ${got}, expected ${wanted}`);
  });
  return passes;
}

const along = (value: Node, shape: Shape): Node => expand(reshape(value, [...shape.slice(0, -1), 1]), shape);
function softmax(x: Node): Node {
  const last = x.shape.length - 1;
  const power = exp(sub(x, along(maxReduce(x, [last]), x.shape)));
  return div(power, along(sum(power, [last]), x.shape));
}

describe("maps", () => {
  test("[D3, D6] every element by one thread, in as many workgroups as they need", async () => {
    for (const size of [1, 63, 64, 65, 4095, 5000]) {
      const x = eighths([size]);
      const [{ pass, did }] = (await check(add(x, x))) as [Done];
      const threads = size < 4096 ? 64 : 256;
      expect([did.threads, did.workgroups]).toEqual([threads, Math.ceil(size / threads)]);
      expect(did.writes[pass.buffers.indexOf(1)]).toBe(size);
    }
  });

  test("[D7] rows and columns of a transposed operand are one range", async () => {
    const x = eighths([37, 130]);
    const passes = await check(add(permute(x, [1, 0]), eighths([130, 37], 2)));
    expect(passes.length).toBe(1);
    expect(passes[0]!.did.workgroups).toBe(Math.ceil((37 * 130) / 256));
  });

  test("operands side by side are a pass each", async () => {
    const passes = await check(concat([eighths([20, 100]), eighths([20, 7], 2), eighths([20, 33], 3)], 1));
    expect(passes.map(({ did }) => Math.max(...did.writes))).toEqual([2000, 140, 660]);
  });

  test("an op that goes along an axis copies with all threads first", async () => {
    const rows = 40;
    const random = new HostRandom(5);
    const index = leaf(
      Int32Array.from({ length: rows * 6 }, () => random.integer(rows + 2) - 1),
      [rows, 6],
    );
    const passes = await check(scatter("add", eighths([rows, 6]), index, eighths([rows, 6], 2), 0));
    expect(passes.length).toBe(2);
    expect(passes[0]!.did.workgroups).toBe(4);
  });
});

describe("rows", () => {
  test("[D4, D5] a workgroup for a row, combined through shared memory", async () => {
    for (const length of [1000, 256, 257, 4096]) {
      const passes = await check(sum(eighths([3, length]), [1]));
      expect(passes.length).toBe(1);
      expect(passes[0]!.did.threads).toBe(256);
      expect(passes[0]!.did.workgroups).toBe(3);
      // Every thread stops twice.
      expect(passes[0]!.did.barriers).toBe(2 * 3);
    }
  });

  test("short rows share a workgroup", async () => {
    const [{ did }] = (await check(sum(eighths([50, 16]), [1]))) as [Done];
    expect([did.threads, did.workgroups]).toEqual([64, 13]);
  });

  test("very short rows are a thread's", async () => {
    const [{ did }] = (await check(sum(eighths([500, 5]), [1]))) as [Done];
    expect([did.barriers, did.workgroups]).toEqual([0, 8]);
  });

  test("[D7] every way to combine, for rows of every kind", async () => {
    for (const shape of [
      [4, 300],
      [70, 20],
      [2, 20_000],
    ]) {
      const x = eighths(shape);
      for (const reduce of [maxReduce, minReduce]) await check(reduce(x, [1]));
      await check(sum(cast(x, "i32"), [1]));
      await check(prod(add(mul(x, fill(shape, 2 ** -10, "f32")), fill(shape, 1, "f32")), [1]), 200);
    }
  });

  test("the first of equals, and the first NaN, whoever finds it", async () => {
    const shapes: readonly (readonly [number, number])[] = [
      [3, 600],
      [40, 20],
      [1, 40_000],
    ];
    for (const [rows, length] of shapes) {
      const values = new Float32Array(rows * length).fill(1);
      const last = (rows - 1) * length;
      // Equal extremes in other lanes and chunks; of the last row two NaN among them.
      for (const at of [7, 8, 11, length - 1]) {
        values[at] = 3;
        values[last + at] = -5;
      }
      if (rows > 1) values[last + 9] = values[last + length - 2] = NaN;
      const x = leaf(values, [rows, length]);
      await check(argmax(x, [1]));
      await check(argmin(x, [1]));
      await check(argmax(leaf(new Float32Array(rows * length).fill(-Infinity), [rows, length]), [1]));
    }
  });

  test("what a row keeps is in shared memory where it fits", async () => {
    const [{ pass, did }] = (await check(softmax(eighths([5, 1000])), 8)) as [Done];
    expect(pass.buffers.length).toBe(2);
    expect(did.barriers).toBe(4 * 5);
    const long = await check(softmax(eighths([2, 6000])), 8);
    expect(long.some((done) => done.pass.buffers.some((b) => typeof b === "object"))).toBe(true);
  });

  test("a mean of squares around a mean", async () => {
    const shape = [9, 500];
    const x = eighths(shape);
    const scale = fill([9], 1 / 500, "f32");
    const centred = sub(x, along(mul(sum(x, [1]), scale), shape));
    const variance = along(mul(sum(mul(centred, centred), [1]), scale), shape);
    await check(div(centred, add(variance, fill(shape, 1e-5, "f32"))), 64);
  });

  test("sums over several axes", async () => {
    expect((await check(sum(eighths([8, 5, 12, 12]), [0, 2, 3])))[0]!.did.barriers).toBe(2 * 5);
  });
});

describe("columns", () => {
  test("neighbouring threads add up neighbouring columns", async () => {
    const [{ did }] = (await check(sum(eighths([200, 70]), [0]))) as [Done];
    // 32 columns a workgroup, 8 threads for each.
    expect([did.threads, did.workgroups]).toEqual([256, 3]);
    const [wide] = (await check(sum(eighths([3, 20_000]), [0]))) as [Done];
    expect(wide.did.barriers).toBe(0);
  });

  test("long ones are cut into chunks", async () => {
    const passes = await check(sum(eighths([9000, 5]), [0]));
    expect(passes.length).toBe(2);
    expect(passes[0]!.did.workgroups).toBeGreaterThan(4);
  });
});

describe("few long rows", () => {
  test("all of a large sum is done by many workgroups", async () => {
    const passes = await check(sum(cast(eighths([100_003]), "i32"), [0]));
    expect(passes.length).toBe(2);
    expect(passes[0]!.did.workgroups).toBeGreaterThan(8);
    expect(passes[1]!.did.workgroups).toBe(1);
  });

  test("and each loop of a softmax, with what it keeps", () => {
    const size = 16_384;
    const [i, largest, total] = [index(size), register("f32"), register("f32")];
    const over = (body: Statement[], ...accumulators: Loop["accumulators"][number][]): Loop => ({
      ...loop(accumulators.length ? "reduce" : "parallel", i, ...body),
      accumulators,
    });
    const power = unary("exp", binary("sub", at(0, i), largest));
    const { kernel, sizes } = parameterize(
      kernelOf(
        [global("read"), global("write"), shared(size)],
        over([], { register: largest, op: "max", value: at(0, i) }),
        over([store(2, i, power)], { register: total, op: "sum", value: power }),
        over([store(1, i, binary("div", at(2, i), total))]),
      ),
    );
    // So few threads that 16,384 iterations are worth several workgroups.
    const { passes, temporaries } = lowerLaunch({ kernel, key: printKernel(kernel) }, sizes, {
      threads: 64,
      sharedBytes: 16_384,
    });
    expect(passes.length).toBe(3);
    const x = numbers(size);
    const out = new Float32Array(size);
    const memories = temporaries.map((bytes) => new Float32Array(bytes / 4).fill(NaN));
    const workgroups = passes.map(({ kernel: pass, buffers, sizes: parameters }) => {
      const bound = buffers.map((b) => (typeof b === "object" ? memories[b.temporary]! : b === 0 ? x : out));
      return interpretKernel(pass, [{ buffers: bound, parameters }]).workgroups;
    });
    expect(Math.min(...workgroups)).toBeGreaterThan(4);
    const most = Math.max(...x);
    const sums = x.reduce((s, v) => s + Math.exp(v - most), 0);
    x.forEach((v, k) => expect(Math.abs(out[k]! * sums - Math.exp(v - most))).toBeLessThan(1e-6));
  });

  test("sums are the same at every run", async () => {
    const random = new HostRandom(3);
    const x = leaf(
      Float32Array.from({ length: 50_000 }, () => random.uniform() - 0.5),
      [50_000],
    );
    const run = async (): Promise<unknown> => (await compiledOn(new SimulatedGpu())([sum(x, [0])]))[0];
    expect(await run()).toEqual(await run());
  });
});
