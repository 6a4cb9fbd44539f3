// What tests of tensors share.
import { afterAll, beforeAll, describe, expect } from "vitest";
import { numbersIn, type TypedArray } from "../core/dtype.ts";
import { sizeOf, type Shape } from "../core/shape.ts";
import { AsynchronousDevice } from "../device/asynchronous.testing.ts";
import { tensor } from "./create.ts";
import { registerDevice, setDevice } from "./engine.ts";
import { placeOf, readSync, realize } from "./evaluate.ts";
import { nest } from "./nest.ts";
import { format } from "./print.ts";
import { Tensor } from "./tensor.ts";
import { arrayOf, Value } from "./value.ts";

/** With MYELIN_FULL=1 also one that answers later, as GPUs do. */
const DEVICES = ["reference", "wasm", ...(process.env["MYELIN_FULL"] ? ["asynchronous"] : [])];

/** Runs the same tests on the device that defines meaning and on the one that everybody gets. */
export function onEachDevice(tests: () => void): void {
  describe.each(DEVICES)("%s", (device) => {
    if (device === "asynchronous") readingNow();
    else beforeAll(() => setDevice(device));
    tests();
  });
}

/** Sets a device that answers later, which tests may nevertheless read without waiting: nothing else can. */
function readingNow(): void {
  const { prototype } = Tensor;
  const own = Object.getOwnPropertyDescriptors(prototype);
  beforeAll(() => {
    const device = new AsynchronousDevice();
    registerDevice("asynchronous", () => device);
    setDevice("asynchronous");
    const now = ({ node }: Tensor): TypedArray => {
      realize([node]);
      const memory = placeOf(node.source!, device);
      const elements = memory && arrayOf(device.readNow(memory), node);
      if (elements && node.source instanceof Value) node.source.array ??= elements;
      return elements ? numbersIn(elements, node.dtype) : readSync(node);
    };
    Object.assign(prototype, {
      dataSync(this: Tensor) {
        return now(this).slice();
      },
      itemSync(this: Tensor) {
        return now(this)[0]!;
      },
      toArraySync(this: Tensor) {
        return nest(now(this), this.shape, this.dtype);
      },
      toString(this: Tensor) {
        return format(now(this), this.shape, this.dtype);
      },
    });
  });
  afterAll(() => {
    Object.defineProperties(prototype, own);
    setDevice("wasm");
  });
}

type Numbers = number | readonly Numbers[];

const flat = (values: Numbers): number[] => (typeof values === "number" ? [values] : values.flatMap(flat));
const shapeOf = (values: Numbers): number[] =>
  typeof values === "number" ? [] : [values.length, ...(values.length ? shapeOf(values[0]!) : [])];

/** Shape and elements are as expected, to a tolerance relative to the larger of 1 and the number. */
export function expectClose(x: Tensor, expected: Numbers, tolerance: number = 1e-6): void {
  expect(x.shape).toEqual(shapeOf(expected));
  const got = x.dataSync();
  flat(expected).forEach((want, i) => {
    const distance = Object.is(got[i], want) ? 0 : Math.abs(got[i]! - want);
    if (!(distance <= tolerance * Math.max(1, Math.abs(want))) && !(Number.isNaN(want) && Number.isNaN(got[i])))
      expect.fail(`element ${i} is ${got[i]}, expected ${want}, in\n${x}`);
  });
}

/** A reproducible array of numbers in (−1, 1), no two alike: the same on every device and in every run. */
export function spread(count: number, seed: number = 1): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 0.6180339887498949 + seed * 0.7548776662466927) % 1) * 2 - 1);
}

/** `spread` as a tensor of f64. */
export function fixed(shape: Shape, seed: number = 1): Tensor {
  return tensor(Float64Array.from(spread(sizeOf(shape), seed)), [...shape]);
}
