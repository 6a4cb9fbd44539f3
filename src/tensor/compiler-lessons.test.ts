// What the notes say of mapping, compiling, fusing and profiling, checked on the compiler and the device everybody gets.
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { WasmDevice } from "../device/wasm/device.ts";
import { topological } from "../graph/node.ts";
import * as nn from "../nn/index.ts";
import type * as NodePlatform from "../platform/node.ts";
import { grad } from "./autodiff.ts";
import { ones, tensor } from "./create.ts";
import { expectClose, spread } from "./devices.testing.ts";
import { registerDevice, setDevice } from "./engine.ts";
import { explain } from "./explain.ts";
import { jit } from "./jit.ts";
import { parameter } from "../nn/state.ts";
import { profile } from "./profile.ts";
import { manualSeed } from "./random.ts";
import { type Tensor } from "./tensor.ts";

const helpers = vi.hoisted(() => ({ started: 0 }));
vi.mock("#platform", async (original) => {
  const platform = await original<typeof NodePlatform>();
  return {
    ...platform,
    startWorker(...args: Parameters<typeof platform.startWorker>) {
      helpers.started++;
      return platform.startWorker(...args);
    },
  };
});

const numbers = (shape: number[], seed: number): Tensor =>
  tensor(
    Float32Array.from(
      spread(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
    shape,
  );
/** The bytes of the elements: compared at once, where comparing number by number takes seconds. */
const bits = (x: Tensor | Float32Array): Buffer => Buffer.from(("dataSync" in x ? x.dataSync() : x).buffer);

/** A device with so many threads, and the name it is known by. */
function threaded(threads: number): { device: WasmDevice; name: string } {
  const device = new WasmDevice({ threads });
  const name = `wasm with ${threads} threads`;
  registerDevice(name, () => device);
  return { device, name };
}

describe("mapping in parallel", () => {
  const COUNT = 300_001;
  const devices = [1, 2, 3].map(threaded);
  afterEach(() => setDevice("wasm"));

  /** What `f` makes of fixed numbers on each device. */
  const everywhere = (f: (x: Tensor, y: Tensor) => Tensor): Buffer[] =>
    devices.map(({ name }) => {
      setDevice(name);
      return bits(f(numbers([COUNT], 1), numbers([COUNT], 2)));
    });

  test("[C4] [C6] a map on 1, 2 and 3 threads is the sequential loop, bit for bit", () => {
    // The notes' simple_map. Every operation is rounded to f32 by itself, as on the device.
    const simpleMap =
      (fn: (x: number) => number) =>
      (out: Float32Array, input: Float32Array): Float32Array => {
        for (let i = 0; i < out.length; i++) out[i] = fn(input[i]!);
        return out;
      };
    const { fround, sqrt, abs } = Math;
    const input = Float32Array.from(spread(COUNT, 1));
    const square = fround(0.3);
    const looped = simpleMap((x) => fround(fround(fround(x * x) + square) * fround(sqrt(abs(x)))))(
      new Float32Array(COUNT),
      input,
    );
    const mapped = everywhere((x) => x.mul(x).add(0.3).mul(x.abs().sqrt()));
    for (const found of mapped) expect(found.equals(bits(looped))).toBe(true);
    // Helpers took part, one beside the second device's own thread and two beside the third's, and none was lost.
    expect(helpers.started).toBe(3);
    expect(devices.map(({ device }) => device.threads)).toEqual([1, 2, 3]);
  });

  test("[C6] functions that are approximated, strides, sums and gradients are the same bits on every number of threads", () => {
    const [one, ...more] = everywhere((x, y) => x.exp().mul(y.tanh()).sigmoid());
    for (const found of more) expect(found.equals(one!)).toBe(true);
    const strided = everywhere((x, y) => {
      const [a, b] = [x, y].map((t) => t.slice([0, 300_000]).reshape([500, 600]));
      return a!.T.add(b!.reshape([600, 500]).flip(0))
        .sin()
        .sum(0);
    });
    for (const found of strided.slice(1)) expect(found.equals(strided[0]!)).toBe(true);
    const slopes = everywhere((x, y) => grad((t: Tensor) => t.mul(y).tanh().square().mean())(x));
    for (const found of slopes.slice(1)) expect(found.equals(slopes[0]!)).toBe(true);
  });
});

describe("compiling", () => {
  beforeEach(() => setDevice("wasm"));

  test("[C5] a function becomes machine code once, which other sizes and later calls use again", () => {
    const device = new WasmDevice({ threads: 1 });
    registerDevice("wasm of its own", () => device);
    setDevice("wasm of its own");
    const modules = vi.spyOn(WebAssembly, "Module");
    const f = jit((x: Tensor) => x.mul(x).add(1).sqrt().mul(0.5));
    const values = f(numbers([2000], 1));
    expect(modules).toHaveBeenCalledTimes(1);
    f(numbers([2000], 2));
    f(numbers([3500], 3));
    expect(modules).toHaveBeenCalledTimes(1);
    modules.mockRestore();
    // The interpreter, one element after the other in float64, says the same.
    expectClose(
      values,
      spread(2000, 1).map((v) => Math.sqrt(Math.fround(v) ** 2 + 1) / 2),
      1e-6,
    );
  });

  test("[C12] the compiled graph says what operations say that are computed one by one, gradients included", () => {
    const loss = (x: Tensor, w: Tensor): Tensor =>
      x
        .matmul(w)
        .add(0.1)
        .gelu()
        .softmax()
        .mul(x.slice(null, [0, 9]))
        .sum(0)
        .square()
        .mean();
    const both = (x: Tensor, w: Tensor): Tensor[] => [loss(x, w), ...grad(loss, { argnums: [0, 1] })(x, w)];
    const [x, w] = [numbers([32, 17], 1), numbers([17, 9], 2)];
    const compiled = jit(both)(x, w);
    const kernels = explain(both, x, w);
    expect(kernels.kernels).toBeLessThan(kernels.steps.flatMap((s) => s.launches[0]!.ops).length);
    // The reference device runs every node alone and compiles nothing.
    setDevice("reference");
    const alone = both(numbers([32, 17], 1), numbers([17, 9], 2));
    compiled.forEach((value, i) => {
      expect(value.shape).toEqual(alone[i]!.shape);
      expectClose(value.flatten(), [...alone[i]!.dataSync()], 1e-6);
    });
    expect(Math.abs(alone[1]!.dataSync()[0]!)).toBeGreaterThan(0);
  });

  test("[C13] constants are folded, and an addition and its ReLU are one kernel", () => {
    const [x, b] = [numbers([64, 64], 1), numbers([64], 2)];
    const plain = explain((t: Tensor, c: Tensor) => t.add(c).relu(), x, b);
    expect(plain.kernels).toBe(1);
    expect(plain.steps[0]!.launches[0]!.ops).toContain("add");

    // (1 + 1)·½ is 1, and t·1 + 0 is t: what remains is the same code, and no operation more.
    const one = (): Tensor =>
      ones([64])
        .add(ones([64]))
        .mul(0.5);
    const folded = explain((t: Tensor, c: Tensor) => t.mul(one()).add(0).neg().neg().add(c).relu(), x, b);
    expect(folded.steps.map((s) => s.key)).toEqual(plain.steps.map((s) => s.key));
    expect(folded.flops).toBe(plain.flops);
    // Where the 1 is only known when it runs, the operations stay.
    const unknown = explain(
      (t: Tensor, c: Tensor, u: Tensor) => t.mul(u.add(u).mul(0.5)).add(c).relu(),
      x,
      b,
      numbers([64], 3),
    );
    expect(unknown.flops).toBeGreaterThan(plain.flops);
    expect(unknown.kernels).toBe(1);

    // Apart they are two kernels, and the sum crosses memory twice more.
    const sum = explain((t: Tensor, c: Tensor) => t.add(c), x, b);
    const relu = explain((t: Tensor) => t.relu(), x);
    expect(sum.kernels + relu.kernels).toBe(2);
    expect(sum.movedBytes + relu.movedBytes - plain.movedBytes).toBe(2 * 4 * 64 * 64);
    expectClose(
      jit((t: Tensor, c: Tensor) => t.mul(one()).add(0).neg().neg().add(c).relu())(x, b),
      x.add(b).relu().toArraySync() as number[][],
      0,
    );
  });

  test("[C15] a function is traced, then run as a graph; what nothing depends on is not part of it", () => {
    let traced = 0;
    const wasteful = (x: Tensor): Tensor => {
      traced++;
      x.matmul(x.T).exp().sum().log();
      const used = x.tanh();
      used.mul(7).softmax();
      return used.sum(0);
    };
    const lean = (x: Tensor): Tensor => x.tanh().sum(0);
    const x = numbers([20, 30], 1);
    const [a, b] = [explain(wasteful, x), explain(lean, x)];
    expect(a.steps.map((s) => s.key)).toEqual(b.steps.map((s) => s.key));
    expect([a.flops, a.movedBytes, a.scratchBytes]).toEqual([b.flops, b.movedBytes, b.scratchBytes]);
    expect(a.steps.flatMap((s) => s.launches.flatMap((l) => l.ops))).not.toContain("dot");

    const f = jit(wasteful);
    traced = 0;
    const results = [1, 2, 3, 4, 5].map((seed) => f(numbers([20, 30], seed)));
    // Once, and once more at the second call to see that nothing was frozen by mistake.
    expect(traced).toBe(2);
    results.forEach((result, i) => expectClose(result, [...lean(numbers([20, 30], i + 1)).dataSync()], 1e-6));
  });

  test("[C17] a compiled model answers as the model does, with one dispatch and fewer kernels than operations", () => {
    /** Counts programs and their steps. */
    class Counting extends WasmDevice {
      programs = 0;
      steps = 0;
      readonly #sizes = new WeakMap<object, number>();
      override prepare(program: Parameters<WasmDevice["prepare"]>[0]): ReturnType<WasmDevice["prepare"]> {
        const made = super.prepare(program);
        this.#sizes.set(made, program.tape.length);
        return made;
      }
      override run(...args: Parameters<WasmDevice["run"]>): void {
        this.programs++;
        this.steps += this.#sizes.get(args[0])!;
        super.run(...args);
      }
    }
    const device = new Counting({ threads: 1 });
    registerDevice("wasm that counts", () => device);
    setDevice("wasm that counts");
    manualSeed(4);
    const [first, norm, second] = [new nn.Linear(12, 16), new nn.LayerNorm(16), new nn.Linear(16, 5)];
    const net = nn.sequential(first, nn.relu, norm, second, nn.softmax);
    const compiled = jit((input: Tensor): Tensor => net.forward(input));
    const x = numbers([8, 12], 1);
    const look = (value: Tensor): Tensor => {
      value.dataSync();
      return value;
    };
    // One layer after the other, each result looked at, as an interpreter would.
    const eager = look(look(second.forward(look(norm.forward(look(look(first.forward(x)).relu()))))).softmax());
    const apart = { programs: device.programs, steps: device.steps };
    device.programs = device.steps = 0;
    const answer = look(compiled(x));
    expect(device.programs).toBe(1);
    expect(device.programs).toBeLessThan(apart.programs);
    expect(device.steps).toBeLessThan(apart.steps);
    expect(device.steps).toBeLessThan(topological([net.forward(x).node]).length);
    expectClose(answer, eager.toArraySync() as number[][], 1e-6);
    for (let i = 0; i < 3; i++) expect(bits(compiled(x))).toEqual(bits(answer));
  });
});

test("a device may be registered under any name: its results meet its other tensors", () => {
  registerDevice("by another name", () => new WasmDevice({ threads: 1 }));
  setDevice("by another name");
  try {
    const [x, w] = [tensor([1, 2]), parameter(tensor(Float32Array.of(3, 4), [2]))];
    const product = x.mul(w);
    expect([...product.dataSync()]).toEqual([3, 8]);
    expect([product.device, x.device, w.device]).toEqual(Array<string>(3).fill("by another name"));
    const traced = jit((t: Tensor) => t.add(1))(x);
    expect([...traced.add(product).mul(w).add(x).dataSync()]).toEqual([16, 46]);
  } finally {
    setDevice("wasm");
  }
});

describe("profiling", () => {
  beforeAll(() => setDevice("wasm"));

  test("[C21] a table with the time of every kernel, what each computes, and their sum", async () => {
    const f = (x: Tensor, w: Tensor): Tensor => x.matmul(w).softmax().matmul(w.T).sum(0);
    const [x, w] = [numbers([96, 64], 1), numbers([64, 48], 2)];
    const measured = await profile(f, x, w);
    const program = explain(f, x, w);
    expect(measured.steps.map(({ step }) => step.key)).toEqual(program.steps.map(({ key }) => key));
    expect(measured.steps.length).toBeGreaterThan(2);
    for (const { ms, gflops, gbps, step } of measured.steps) {
      expect(ms).toBeGreaterThan(0);
      expect(gflops).toBeCloseTo(step.launches.reduce((sum, k) => sum + k.flops, 0) / ms / 1e6, 9);
      expect(gbps).toBeCloseTo(step.launches.reduce((sum, k) => sum + k.bytes, 0) / ms / 1e6, 9);
    }
    expect(measured.totalMs).toBeCloseTo(
      measured.steps.reduce((sum, { ms }) => sum + ms, 0),
      12,
    );
    const [header, ...rows] = measured.toString().split("\n");
    expect(header).toBe(`${measured.totalMs.toFixed(3)} ms in ${measured.steps.length} steps`);
    rows.forEach((row, i) => {
      const { step, ms } = measured.steps[i]!;
      expect(row).toContain(`${ms.toFixed(3)} ms`);
      expect(row).toContain(step.launches[0]!.kind);
      expect(row).toContain(step.launches[0]!.results[0]!);
    });
    expect(rows).toHaveLength(measured.steps.length);
  });
});
