import { afterEach, expect, test } from "vitest";
import { HostRandom } from "../core/random.ts";
import { NativeDevice } from "../device/native/device.ts";
import { availableTier } from "../device/native/tier.ts";
import { WasmDevice } from "../device/wasm/device.ts";
import { tensor } from "./create.ts";
import { deterministic } from "./deterministic.ts";
import { deviceTier, fixTier, registerDevice, setDevice } from "./engine.ts";
import { jit } from "./jit.ts";
import type { Tensor } from "./tensor.ts";

afterEach(() => setDevice("wasm"));

const numbers = (count: number): Float32Array => {
  const random = new HostRandom(1);
  return Float32Array.from({ length: count }, () => random.normal());
};

/** Sums of every kind: over rows, over all, products of matrices, in a softmax. */
function sums(x: Tensor): Tensor[] {
  const product = x.matmul(x.T);
  return [x.sum(), x.mean(0), product, x.softmax(-1).logsumexp(0), x.square().mean().sqrt()] as Tensor[];
}

/** The results of six runs of one program, as bits. */
function runs(device: string): string[] {
  setDevice(device);
  const x = tensor(numbers(301 * 257), [301, 257]);
  const step = jit(sums);
  return Array.from({ length: 6 }, () =>
    step(x)
      .flatMap((value) => [...new Uint32Array((value.dataSync() as Float32Array).slice().buffer)])
      .join(),
  );
}

test.each([1, 2, 3])("[AE2] sums are added up in one order: with one thread and with %i the same bits", (threads) => {
  registerDevice("one", () => new WasmDevice({ threads: 1 }));
  registerDevice("many", () => new WasmDevice({ threads }));
  const [expected] = runs("one");
  expect(new Set(runs("many"))).toEqual(new Set([expected]));
});

test.skipIf(availableTier() !== undefined)(
  "[AE2] on a device that moves programs to machine code they start there, and every run gives the same bits",
  () => {
    registerDevice("moving", () => new NativeDevice({ threads: 2 }));
    // Without it the fourth run is another kind of code, whose sums have other last digits.
    expect(new Set(runs("moving")).size).toBe(2);
    registerDevice("moving", () => new NativeDevice({ threads: 2 }));
    setDevice("moving");
    const { tier, changed, cost, dependsOn } = deterministic();
    expect([tier, changed, deviceTier()]).toEqual(["native", true, "native"]);
    expect(cost).toMatch(/first run waits until its machine code is compiled/);
    expect(dependsOn.join()).toMatch(/vectors of \d+ bits,the C compiler/);
    const native = runs("moving");
    expect(new Set(native).size).toBe(1);
    // A run that was begun on WebAssembly goes on there.
    expect(fixTier("wasm")).toBe("wasm");
    const wasm = runs("moving");
    expect(new Set(wasm).size).toBe(1);
    expect(wasm[0]).toBe(runs("wasm")[0]);
    expect(fixTier("native", "moving")).toBe("native");
    expect(runs("moving")).toEqual(native);
  },
);

test("a device of one tier has nothing to fix, and that costs nothing", () => {
  const report = deterministic();
  expect([report.device, report.tier, report.changed]).toEqual(["wasm", "wasm", false]);
  expect(`${report}`).toBe(
    "wasm runs as wasm. It costs nothing: programs run as one kind of code anyway. Results depend on the seeds, the version of Myelin, vectors of 128 bits.",
  );
  setDevice("reference");
  expect([deterministic().tier, fixTier("native")]).toEqual(["reference", "reference"]);
});
