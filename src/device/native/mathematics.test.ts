// Formulas whose products are added in one instruction: as exact as those that round twice.
import { afterAll, describe, expect, test } from "vitest";
import { tensor } from "../../tensor/create.ts";
import { registerDevice, setDevice } from "../../tensor/engine.ts";
import { NativeDevice } from "./device.ts";
import { NEEDS_COMPILER, toolchain } from "./native.testing.ts";

const COUNT = 20_000;

/** Units in the last place that a result is away from the true value. */
function distance(found: number, wanted: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(wanted)));
  return Math.abs(found - wanted) / 2 ** (Math.max(exponent, -126) - 23);
}

/** From the first to the last, and every other one of them much smaller. */
const between = (first: number, last: number): Float32Array =>
  Float32Array.from(
    { length: COUNT },
    (_, i) => (first + ((last - first) * i) / (COUNT - 1)) * (i % 2 ? 1 : 2 ** -(i % 19)),
  );

describe.skipIf(!toolchain)(`functions in native code${NEEDS_COMPILER}`, () => {
  registerDevice("native functions", () => new NativeDevice({ runsBefore: 0, threads: 1 }));
  afterAll(() => void setDevice("wasm"));

  test.each([
    ["exp", Math.exp, between(-87, 88), 1.5],
    ["log", Math.log, between(1e-6, 1e6), 1.5],
    ["tanh", Math.tanh, between(-10, 10), 3],
    ["sin", Math.sin, between(-100, 100), 3],
    ["cos", Math.cos, between(-100, 100), 3],
  ] as const)("%s stays near the true value", (name, exact, arguments_, most) => {
    setDevice("native functions");
    const found = tensor(arguments_)[name]().dataSync();
    const distances = Array.from(arguments_, (x, i) => distance(Number(found[i]), exact(x)));
    expect(distances.reduce((a, b) => Math.max(a, b), 0)).toBeLessThan(most);
  });

  test("exp of what is too large to be taken apart is 0 or infinite", () => {
    setDevice("native functions");
    const large = [105, 300, 3e5, 400_000, 1e10, 2.4e38, 3.4e38];
    const found = (x: number[]): number[] => Array.from(tensor(x).exp().dataSync(), Number);
    expect(found(large)).toEqual(large.map(() => Infinity));
    expect(found(large.map((x) => -x))).toEqual(large.map(() => 0));
  });

  test("exp goes to 0 and to infinity at its ends", () => {
    setDevice("native functions");
    const found = tensor(Float32Array.of(-200, -120, 0, 88.7, 89, 200, NaN, -Infinity, Infinity)).exp();
    const [far, near, one, large, ...rest] = found.dataSync();
    expect([far, near, one, ...rest]).toEqual([0, 0, 1, Infinity, Infinity, NaN, 0, Infinity]);
    expect(distance(Number(large), Math.exp(Math.fround(88.7)))).toBeLessThan(1.5);
  });
});
