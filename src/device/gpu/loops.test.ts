import { describe, expect, test } from "vitest";
import { HostRandom } from "../../core/random.ts";
import type { Node } from "../../graph/node.ts";
import { binary, index, register, unary } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { printKernel } from "../../ir/print.ts";
import { add, mul } from "../../graph/ops/binary.ts";
import { scatter } from "../../graph/ops/gather.ts";
import { concat, expand, permute, reshape, slice } from "../../graph/ops/movement.ts";
import { argmax, argmin, maxReduce, prod, sum } from "../../graph/ops/reduce.ts";
import { cast } from "../../graph/ops/unary.ts";
import { compiledOn } from "../compiled.testing.ts";
import { at, global, kernelOf, loop, numbers, shared, store } from "../kernels.testing.ts";
import { interpretKernel } from "../reference/interpret.ts";
import type { Statistics } from "../reference/workers.ts";
import { LEAST_GPU, type Pass } from "./kernel.ts";
import { lowerLaunch } from "./lower.ts";
import { differenceOf, eighths, leaf, rowCases, softmax } from "./rows.testing.ts";
import { SimulatedGpu } from "./simulator.testing.ts";

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
  expect(differenceOf({ root, ulps }, actual!)).toBe(undefined);
  return passes;
}

describe("maps", () => {
  test("[D3, D6] every element by one thread, in as many workgroups as they need", async () => {
    for (const size of [1, 63, 65, 4095, 5001, 256, 260, 20_000]) {
      const x = eighths([size]);
      const [{ pass, did }] = (await check(add(x, x))) as [Done];
      // Neighbours go four by four where they come out even.
      const needed = size % 4 ? size : size / 4;
      const threads = needed < 4096 ? 64 : 256;
      expect([did.threads, did.workgroups]).toEqual([threads, Math.ceil(needed / threads)]);
      expect(did.writes[pass.buffers.indexOf(1)]).toBe(size);
    }
  });

  test("four neighbours by one thread only where all of memory lies so", async () => {
    const vectors = async (root: Node): Promise<boolean> =>
      (await check(root)).every(({ pass }) => pass.key.includes("vector"));
    const [x, y] = [eighths([6, 40]), eighths([6, 44], 2)];
    expect(await vectors(add(x, x))).toBe(true);
    expect(await vectors(concat([x, y], 1))).toBe(true);
    expect(await vectors(slice(y, [0, 4], [6, 40]))).toBe(true);
    // Rows that begin between multiples of four.
    expect(await vectors(slice(y, [0, 2], [6, 40]))).toBe(false);
    expect(await vectors(concat([slice(y, [0, 0], [6, 2]), x], 1))).toBe(false);
    expect(await vectors(slice(eighths([6, 41]), [0, 0], [6, 40]))).toBe(false);
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
    const [rows, width, updates] = [40, 6, 200];
    const random = new HostRandom(5);
    const index = leaf(
      Int32Array.from({ length: updates * width }, () => random.integer(rows)),
      [updates, width],
    );
    const root = scatter("add", eighths([rows, width]), index, eighths([updates, width], 2), 0);
    const [copied, added] = (await check(root)) as [Done, Done];
    expect(copied.did.threads * copied.did.workgroups).toBeGreaterThanOrEqual(rows * width);
    // Then several threads go along the axis, each adding to elements of its own.
    expect([added.did.threads, added.did.workgroups]).toEqual([256, 1]);
    expect(Math.max(...added.did.writes)).toBe(updates * width);
  });
});

describe("rows", () => {
  for (const { title, root, ulps } of rowCases()) test(`[D7] ${title}`, async () => void (await check(root, ulps)));

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

  test("what a row keeps is in shared memory where it fits", async () => {
    const [{ pass, did }] = (await check(softmax(eighths([5, 1000])), 8)) as [Done];
    expect(pass.buffers.length).toBe(2);
    expect(did.barriers).toBe(4 * 5);
    const long = await check(softmax(eighths([2, 6000])), 8);
    expect(long.some((done) => done.pass.buffers.some((b) => typeof b === "object"))).toBe(true);
  });

  test("[D7] where threads exchange values they wait less, and every bit is the same", async () => {
    const random = new HostRandom(8);
    const numbersOf = (rows: number, length: number): Node =>
      leaf(
        // Zeros of both signs, and sums that depend on their order.
        Float32Array.from({ length: rows * length }, () =>
          random.integer(3) ? random.uniform() - 0.7 : -0 * random.integer(2),
        ),
        [rows, length],
      );
    const [short, long] = [numbersOf(40, 20), numbersOf(3, 700)];
    const zeros = leaf(
      Float32Array.from({ length: 200 }, (_, i) => (i % 3 ? -0 : 0)),
      [10, 20],
    );
    const roots = [short, long, zeros].flatMap((x) => [
      sum(x, [1]),
      prod(x, [1]),
      maxReduce(x, [1]),
      argmax(x, [1]),
      argmin(x, [1]),
      softmax(x),
      mul(x, expand(reshape(maxReduce(x, [1]), [x.shape[0]!, 1]), x.shape)),
      sum(cast(x, "i32"), [1]),
      maxReduce(cast(x, "bool"), [1]),
    ]);
    const results: unknown[] = [];
    const barriers: number[] = [];
    for (const exchange of [undefined, 2, 4, 8, 32, 64]) {
      const device = new SimulatedGpu({ ...LEAST_GPU, exchange });
      let waits = 0;
      device.onPass = (_, did) => (waits += did.barriers);
      results.push(await compiledOn(device)(roots));
      barriers.push(waits);
    }
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
    expect(barriers[1]).toBeLessThanOrEqual(barriers[0]!);
    expect(barriers[4]).toBeLessThan(0.7 * barriers[0]!);
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
      ...loop(accumulators.length ? "reduce" : "parallel", i, body),
      accumulators,
    });
    const power = unary("exp", binary("sub", at(0, i), largest));
    const { kernel, sizes } = parameterize(
      kernelOf(
        [global("read"), global("write"), shared(size)],
        [
          over([], { register: largest, op: "max", value: at(0, i) }),
          over([store(2, i, power)], { register: total, op: "sum", value: power }),
          over([store(1, i, binary("div", at(2, i), total))]),
        ],
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
