// How many threads compute: what a user may ask for, on both tiers, and what is left of them when there is nothing to do.
import { readdirSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ArgumentError, DeviceError } from "../../core/errors.ts";
import { tensor } from "../../tensor/create.ts";
import { spread } from "../../tensor/devices.testing.ts";
import { currentDevice, deviceThreads, registerDevice, setDevice, setThreads } from "../../tensor/engine.ts";
import { grad } from "../../tensor/autodiff.ts";
import { jit } from "../../tensor/jit.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { WasmDevice } from "../wasm/device.ts";
import { NativeDevice } from "./device.ts";
import { NEEDS_COMPILER, toolchain } from "./native.testing.ts";

const before = currentDevice();
afterEach(() => setDevice(before));

const onLinux = process.platform === "linux";
const alive = (): number => readdirSync("/proc/self/task").length;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Waits until so many threads are alive. */
async function until(count: number): Promise<void> {
  for (let i = 0; i < 500 && alive() !== count; i++) await pause(10);
  expect(alive()).toBe(count);
}

const a = Float32Array.from(spread(300 * 200));
const b = Float32Array.from(spread(200 * 250, 2));
/** Enough to be shared out: contractions, their gradients, and a reduction. */
function makeStep(rows = 300): () => Float32Array {
  const [x, y] = [tensor(a.subarray(0, rows * 200), [rows, 200]), tensor(b, [200, 250])];
  const f = jit((x: Tensor, y: Tensor) => grad((x: Tensor) => x.matmul(y).tanh().square().sum())(x));
  return () => f(x, y).dataSync() as Float32Array;
}

const kinds = [
  { kind: "WebAssembly", make: (threads: number) => new WasmDevice({ threads }), skipped: false },
  {
    kind: `machine code${NEEDS_COMPILER}`,
    make: (threads: number) => new NativeDevice({ threads, runsBefore: 0 }),
    skipped: !toolchain,
  },
];
for (const { kind, make, skipped } of kinds)
  describe.skipIf(skipped)(`threads of ${kind}`, () => {
    const device = make(1);
    beforeAll(() => registerDevice("counted", () => device));
    afterAll(() => device.dispose());

    test("as many as asked for, and the same bits", async () => {
      setDevice("counted");
      const step = makeStep();
      const first = step();
      const alone = onLinux ? alive() : 0;
      for (const threads of [3, 5, 2, 1]) {
        setThreads(threads);
        expect(deviceThreads()).toBe(threads);
        expect(device.about).toContain(`${threads} thread`);
        for (let i = 0; i < 5; i++) expect(step().every((x, i) => x === first[i])).toBe(true);
        if (onLinux) await until(alone + threads - 1);
      }
    });

    test("no count that makes no sense", () => {
      setDevice("counted");
      expect(() => setThreads(0)).toThrow(ArgumentError);
      expect(() => setThreads(1.5)).toThrow(ArgumentError);
      expect(() => setThreads(2, "reference")).toThrow(DeviceError);
    });
  });

describe.skipIf(!toolchain || !onLinux)(`threads of both${NEEDS_COMPILER}`, () => {
  test("those of WebAssembly end once programs run as machine code, and come back when they are of use", async () => {
    const device = new NativeDevice({ threads: 3 });
    registerDevice("both", () => device);
    setDevice("both");
    const none = alive();
    const step = makeStep();
    const first = step();
    await until(none + 2);
    for (let i = 0; i < 110; i++) step();
    await until(none + 2);
    // Another program starts on WebAssembly. Its rows are the first of the other's.
    expect(makeStep(299)().every((x, i) => x === first[i])).toBe(true);
    await until(none + 4);
    device.dispose();
    await until(none);
  });

  test("threads that have nothing to do take no time", async () => {
    const device = new NativeDevice({ threads: 3 });
    registerDevice("idle", () => device);
    setDevice("idle");
    const step = makeStep();
    for (let i = 0; i < 10; i++) step();
    // With those of WebAssembly, which are not gone yet.
    await pause(300);
    const used = process.cpuUsage();
    await pause(300);
    const { user, system } = process.cpuUsage(used);
    // One thread that spins would take all of it.
    expect(user + system).toBeLessThan(150_000);
    device.dispose();
  });
});
