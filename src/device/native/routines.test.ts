// Products of few rows, whose strips of columns are as wide as there is room for: sizes around those of strips.
import { afterAll, describe, expect, test } from "vitest";
import { tensor } from "../../tensor/create.ts";
import { registerDevice, setDevice } from "../../tensor/engine.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { NativeDevice } from "./device.ts";
import { NEEDS_COMPILER, toolchain } from "./native.testing.ts";

describe.skipIf(!toolchain)(`in native code${NEEDS_COMPILER}`, () => {
  const devices = [1, 3].map((threads) => {
    const name = `native routines on ${threads}`;
    registerDevice(name, () => new NativeDevice({ threads, runsBefore: 0, name }));
    return name;
  });
  afterAll(() => void setDevice("wasm"));
  const everywhere = (run: () => Tensor): Float32Array[] =>
    devices.map((device) => {
      setDevice(device);
      return run().dataSync() as Float32Array;
    });

  test.each([1, 2, 3, 4, 5])("products of %i rows and any number of columns", (rows) => {
    for (const columns of [1, 15, 16, 31, 33, 64, 65, 127, 129, 250, 300]) {
      const depth = 70;
      const value = (i: number): number => (i % 7) - 3;
      const make = (...shape: number[]): Tensor =>
        tensor(
          Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => value(i)),
          shape,
        );
      const wanted = Float32Array.from({ length: rows * columns }, (_, i) => {
        let sum = 0;
        for (let k = 0; k < depth; k++)
          sum += value(Math.floor(i / columns) * depth + k) * value(k * columns + (i % columns));
        return sum;
      });
      for (const found of everywhere(() => make(rows, depth).matmul(make(depth, columns))))
        expect(found).toEqual(wanted);
    }
  });
});
