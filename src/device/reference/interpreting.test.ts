import { describe, expect, test } from "vitest";
import { DeviceError } from "../../core/errors.ts";
import { add, binary, index, param } from "../../ir/expression.ts";
import type { LoopKernel } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import type { Program, Step } from "../device.ts";
import { at, global, i32, loop, store } from "../kernels.testing.ts";
import { InterpretingDevice } from "./interpreting.ts";

const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);
const floatsOf = (bytes: Uint8Array): number[] => [
  ...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
];

/** b1[i] = b0[i + shift] * p0, over `size` elements. */
function step(size: number, shift: number, buffers: Step["launches"][0]["buffers"]): Step {
  const i = index(size);
  const kernel: LoopKernel = {
    kind: "loops",
    buffers: [global("read"), global("write")],
    parameters: { scalars: ["f32"], sizes: 0 },
    body: [loop("parallel", i, [store(1, i, binary("mul", at(0, add(i, i32(shift))), param(0, "f32")))])],
  };
  const { kernel: prepared, sizes } = parameterize(kernel);
  return { kernel: prepared, key: "", launches: [{ buffers, sizes, scalars: [1] }], work: [{ items: size, cost: 0 }] };
}

describe("InterpretingDevice", () => {
  test("runs a tape over bindings and scratch, repeated steps included", async () => {
    const device = new InterpretingDevice();
    const size = 10;
    const program: Program = {
      tape: [
        step(size, 0, [{ binding: 0 }, { scratch: 8, bytes: 40 }]),
        {
          times: 3,
          counter: 0,
          steps: [
            step(size, 0, [{ scratch: 8, bytes: 40 }, { binding: 1 }]),
            step(size, 0, [{ binding: 1 }, { scratch: 8, bytes: 40 }]),
          ],
        },
      ],
      bindings: [40, 40],
      scalars: ["i32", "f32"],
      scratchBytes: 48,
    };
    const [x, y] = [device.alloc(40), device.alloc(40)];
    device.write(x, bytesOf(...Array.from({ length: size }, (_, i) => i)));
    const counted: number[] = [];
    device.onStep = (_, { writes }) => counted.push(writes[1]!);
    device.run(device.prepare(program), [x, y], [0, 2]);
    expect(floatsOf(await device.read(y))).toEqual(Array.from({ length: size }, (_, i) => i * 2 ** 6));
    expect(counted).toEqual(new Array(7).fill(size));
    await device.sync();
  });

  test("scratch holds nothing before it is written", () => {
    const device = new InterpretingDevice();
    const y = device.alloc(40);
    const program: Program = {
      tape: [step(10, 0, [{ scratch: 0, bytes: 40 }, { binding: 0 }])],
      bindings: [40],
      scalars: ["i32", "f32"],
      scratchBytes: 40,
    };
    device.run(device.prepare(program), [y], [0, 1]);
    expect(floatsOf(device.readSync(y))).toEqual(new Array(10).fill(NaN));
  });

  test("a kernel that reaches outside its memory is an error", () => {
    const device = new InterpretingDevice();
    const [x, y] = [device.alloc(40), device.alloc(40)];
    const program: Program = {
      tape: [step(10, 3, [{ binding: 0 }, { binding: 1 }])],
      bindings: [40, 40],
      scalars: ["i32", "f32"],
      scratchBytes: 0,
    };
    expect(() => device.run(device.prepare(program), [x, y], [0, 1])).toThrow(
      "kernel: iteration 7 reads b0[10], which has 10 elements",
    );
  });

  test("memories copy, fill and read in parts, and are checked", async () => {
    const device = new InterpretingDevice();
    const [x, y] = [device.alloc(8), device.alloc(8)];
    const bytes = new Uint8Array([1, 2, 3]);
    device.write(x, bytes, 2);
    bytes.fill(9);
    device.copy(x, y);
    device.fill(x, 7);
    expect([...device.readSync(y)]).toEqual([0, 0, 1, 2, 3, 0, 0, 0]);
    expect([...device.readSync(x, 6)]).toEqual([7, 7]);
    expect(() => device.write(x, bytes, 6)).toThrow("reference: bytes 6 to 9 of a memory that has 8");
    await expect(new InterpretingDevice().read(x)).rejects.toThrow("belongs to another device");
    expect(() => device.alloc(2 ** 40)).toThrow(DeviceError);
    device.free(x);
    expect(() => device.readSync(x)).toThrow("the memory was freed");
    const program: Program = { tape: [], bindings: [16], scalars: [], scratchBytes: 0 };
    expect(() => device.run(device.prepare(program), [y], [])).toThrow("binding 0 needs 16 bytes, got 8");
  });
});
