// What users hold, on a device that cannot be read without waiting.
import { afterEach, beforeEach, expect, it } from "vitest";
import { DeviceError, DTypeError } from "../core/errors.ts";
import { AsynchronousDevice } from "../device/asynchronous.testing.ts";
import { Linear } from "../nn/linear.ts";
import { Dropout } from "../nn/dropout.ts";
import { Sequential } from "../nn/sequential.ts";
import { parameter } from "../nn/state.ts";
import { Adam } from "../optim/adam.ts";
import { SGD } from "../optim/sgd.ts";
import { rand, randn, tensor } from "./create.ts";
import { registerDevice, setDevice } from "./engine.ts";
import { jit } from "./jit.ts";
import { bytesKept } from "./kept.ts";
import { manualSeed, randomState } from "./random.ts";
import type { Tensor } from "./tensor.ts";
import { uploadsTo } from "./uploads.ts";

let device: AsynchronousDevice;
beforeEach(() => {
  device = new AsynchronousDevice();
  registerDevice("asynchronous", () => device);
  setDevice("asynchronous");
});
afterEach(() => setDevice("wasm"));

const numbers = async (x: Tensor): Promise<number[]> => [...(await x.data())];

it("values are read with await, and are here from then on", async () => {
  const x = tensor([1, 2, 3]);
  expect([...x.dataSync()]).toEqual([1, 2, 3]);
  const y = x.mul(2);
  expect(() => y.dataSync()).toThrow(DeviceError);
  expect(() => y.dataSync()).toThrow(/on asynchronous, which answers later\. Use await x\.data\(\)/);
  expect(() => y.sum().itemSync()).toThrow(DeviceError);
  expect(() => y.toArraySync()).toThrow(DeviceError);
  expect(`${y}`).toBe("Tensor [f32 [3]] on asynchronous; its values are there after await x.data()");
  expect(await numbers(y)).toEqual([2, 4, 6]);
  expect([...y.dataSync()]).toEqual([2, 4, 6]);
  expect(`${y}`).toBe("[2. 4. 6.]");
  expect(await y.sum().item()).toBe(12);
  expect(await y.toArray()).toEqual([2, 4, 6]);
});

it("what is on the device is used there: nothing comes or goes", async () => {
  const x = tensor([1, 2, 3, 4]);
  const y = x.mul(2);
  const step = jit((v: Tensor) => v.add(1));
  step(y);
  const { written, wasRead } = device;
  let z = step(y);
  for (let i = 0; i < 5; i++) z = step(z).mul(1.5).div(1.5);
  expect([device.written - written, device.wasRead - wasRead]).toEqual([0, 0]);
  expect(await numbers(z)).toEqual([8, 10, 12, 14].map((v) => expect.closeTo(v, 4)));
});

it("results of a replay stay when the function is called again", async () => {
  const step = jit((v: Tensor) => ({ double: v.mul(2), sum: v.sum() }));
  const results = [1, 2, 3].map((v) => step(tensor([v, v])));
  expect(await Promise.all(results.map(({ double }) => numbers(double)))).toEqual([
    [2, 2],
    [4, 4],
    [6, 6],
  ]);
  expect(await Promise.all(results.map(({ sum }) => sum.item()))).toEqual([2, 4, 6]);
});

it("captured values, and arguments that are the cell which the program overwrites", async () => {
  const w = parameter(tensor([1, 2]).mul(3));
  const old = w.add(0).detach();
  const captured = tensor([1, 1]).mul(5);
  const before = w.detach();
  const step = jit((v: Tensor) => {
    w.assign(w.mul(2));
    return v.add(captured).add(before);
  });
  expect(await numbers(step(w))).toEqual([3 + 5 + 3, 6 + 5 + 6]);
  expect(await numbers(step(w))).toEqual([6 + 5 + 3, 12 + 5 + 6]);
  expect(await numbers(step(tensor([0, 0])))).toEqual([5 + 3, 5 + 6]);
  expect(await numbers(w)).toEqual([24, 48]);
  expect(await numbers(old)).toEqual([3, 6]);
});

it("old versions of state are kept for those who hold them", async () => {
  const w = parameter(tensor([1, 2]));
  const first = w.detach();
  const squares = w.square();
  w.assign(tensor([3, 4]));
  expect(await numbers(squares)).toEqual([1, 4]);
  expect(await numbers(first)).toEqual([1, 2]);
  expect(await numbers(w)).toEqual([3, 4]);
  expect([...w.dataSync()]).toEqual([3, 4]);
  const third = w.detach();
  w.assign(w.add(1));
  expect(() => w.dataSync()).toThrow(DeviceError);
  // It was read before it was overwritten.
  expect([...third.dataSync()]).toEqual([3, 4]);
  expect(await numbers(third.mul(2))).toEqual([6, 8]);
});

it("training gives the bits of the device that it runs on, traced and untraced", async () => {
  const train = async (name: string, traced: boolean): Promise<number[]> => {
    setDevice(name);
    manualSeed(7);
    const model = new Sequential([new Linear(4, 8), new Dropout(0.5), new Linear(8, 1)]);
    const optimizer = new Adam(model.parameters(), { lr: 0.01 });
    const [x, y] = [randn([16, 4]), randn([16, 1])];
    const body = (): Tensor => {
      optimizer.zeroGrad();
      const loss = model.forward(x).sub(y).square().mean();
      loss.backward();
      optimizer.step();
      return loss;
    };
    const step = traced ? jit(body) : body;
    const found: Tensor[] = [];
    for (let i = 0; i < 6; i++) found.push(step());
    // Another model, whose weights are drawn on the host, after random numbers were drawn on the device.
    const later = new Linear(2, 2);
    return [
      ...(await Promise.all(found.map((loss) => loss.item()))),
      ...(await model.parameters()[0]!.data()),
      ...(await later.weight.data()),
      ...randomState(),
    ];
  };
  const expected = await train("wasm", false);
  expect(await train("asynchronous", false)).toEqual(expected);
  expect(await train("asynchronous", true)).toEqual(expected);
});

it("state goes from model to model, from device to device, and back", async () => {
  const make = (): Linear => new Linear(3, 2);
  const [a, b] = [make(), make()];
  a.weight.assign(a.weight.mul(2));
  b.loadStateDict(a.stateDict());
  expect(await numbers(b.weight)).toEqual(await numbers(a.weight));
  setDevice("wasm");
  const c = make();
  a.weight.assign(a.weight.add(1));
  expect(() => c.loadStateDict(a.stateDict())).toThrow(DeviceError);
  for (const state of Object.values(a.stateDict())) await state.data();
  c.loadStateDict(a.stateDict());
  expect([...c.weight.dataSync()]).toEqual(await numbers(a.weight));
  b.loadStateDict(c.stateDict());
  expect(await numbers(b.weight)).toEqual(await numbers(a.weight));
});

it("optimizers save and load their state on the device", async () => {
  const make = (): { model: Linear; optimizer: Adam; step: () => void } => {
    manualSeed(1);
    const model = new Linear(2, 1);
    const optimizer = new Adam(model.parameters());
    const step = (): void => {
      optimizer.zeroGrad();
      model
        .forward(tensor([[1, 2]]))
        .square()
        .sum()
        .backward();
      optimizer.step();
    };
    return { model, optimizer, step };
  };
  const [a, b] = [make(), make()];
  a.step();
  b.model.loadStateDict(a.model.stateDict());
  b.optimizer.loadStateDict(a.optimizer.stateDict());
  a.step();
  b.step();
  expect(await numbers(b.model.weight)).toEqual(await numbers(a.model.weight));
  expect(await b.optimizer.stateDict().state["0"]!["step"]!.item()).toBe(2);
});

it("tensors move to other devices once they were read", async () => {
  const y = tensor([1, 2]).add(1);
  expect(() => y.to("wasm")).toThrow(DeviceError);
  await y.data();
  expect([...y.to("wasm").mul(2).dataSync()]).toEqual([4, 6]);
  const back = y.to("wasm").mul(2).to("asynchronous");
  expect(back.device).toBe("asynchronous");
  expect(await numbers(back.add(y))).toEqual([6, 9]);
});

it("data of the host that comes again and again is sent once, or twice where others come in between", async () => {
  const step = jit((v: Tensor, w: Tensor) => v.mul(w).sum());
  const hundred = (v: number): Tensor => tensor(new Float32Array(100).fill(v));
  const [a, b, c] = [hundred(1), hundred(2), hundred(3)];
  const sent = async (work: () => Promise<void>): Promise<number> => {
    const { written } = device;
    await work();
    return (device.written - written) / 400;
  };
  const call = async (v: Tensor, w: Tensor, expected: number): Promise<void> =>
    expect(await step(v, w).item()).toBe(expected);
  expect(
    await sent(async () => {
      for (let i = 0; i < 5; i++) await call(a, b, 200);
    }),
  ).toBe(2);
  expect(
    await sent(async () => {
      for (let i = 0; i < 5; i++) {
        await call(a, c, 300);
        await call(c, a, 300);
        await call(b, b, 400);
      }
    }),
  ).toBeLessThanOrEqual(5);
  // The same without a traced function, and what comes but once takes no room.
  expect(
    await sent(async () => {
      for (let i = 0; i < 5; i++) expect(await a.add(c).sum().item()).toBe(400);
    }),
  ).toBe(0);
  const { memories } = device;
  for (let i = 0; i < 20; i++) await call(hundred(i), a, 100 * i);
  expect(device.memories - memories).toBeLessThanOrEqual(20);
});

it("what is kept for the host has a bound, and goes with its tensor", async () => {
  const uploads = uploadsTo(device);
  const step = jit((v: Tensor) => v.sum());
  const large = Array.from({ length: 10 }, (_, i) => tensor(new Float32Array(2 ** 23).fill(i)));
  for (let round = 0; round < 3; round++)
    for (const [i, x] of large.entries()) expect(await step(x).item()).toBe(i * 2 ** 23);
  expect(uploads.bytes).toBeGreaterThan(0);
  expect(uploads.bytes).toBeLessThanOrEqual(2 ** 28 + 2 ** 25);
  large.length = 0;
  for (let i = 0; i < 100 && uploads.bytes > 2 ** 26; i++) {
    for (let k = 0; k < 4; k++) new ArrayBuffer(2 ** 26);
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(uploads.bytes).toBeLessThanOrEqual(2 ** 26);
});

it("memory of what nobody holds any more is freed", async () => {
  const x = rand([256, 1024]);
  await x.data();
  const step = jit((v: Tensor) => v.add(1));
  let most = 0;
  let v: Tensor = x;
  for (let i = 0; i < 1500; i++) {
    v = step(v);
    if (i % 4 === 0) await v.sum().item();
    most = Math.max(most, bytesKept());
  }
  expect(most).toBeLessThan(2 ** 29);
});

it("what a program needs only while it runs is freed at once", async () => {
  const w = parameter(tensor([1, 2]));
  const optimizer = new SGD([w], { lr: 0.1 });
  const x = tensor([3, 4]);
  const step = (): void => {
    optimizer.zeroGrad();
    w.mul(x).sum().backward();
    optimizer.step();
  };
  step();
  // From its second use on the data stays.
  step();
  const kept = device.memories;
  step();
  // The loss, and the weights that it was made from.
  expect(device.memories - kept).toBe(2);
  const traced = jit(step);
  for (let i = 0; i < 3; i++) traced();
  const { memories } = device;
  for (let i = 0; i < 10; i++) traced();
  expect(device.memories).toBe(memories);
});

it("f64 is refused where there is none, with the way out", async () => {
  registerDevice("asynchronous", () => new AsynchronousDevice({ f64: false }));
  setDevice("asynchronous");
  const x = tensor(Float64Array.of(1, 2));
  await expect(x.add(1).data()).rejects.toThrow(DTypeError);
  await expect(x.add(1).data()).rejects.toThrow(/f64, which asynchronous does not have\. Use cast\("f32"\)/);
});
