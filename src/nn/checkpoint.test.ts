import { beforeAll, describe, expect, test } from "vitest";
import { checkpoint, jit, manualSeed, memory, nn, optim, setDevice, type Tensor } from "../index.ts";
import { fixed } from "../tensor/devices.testing.ts";

beforeAll(() => setDevice("wasm"));

const WIDTH = 32;
const layers = (count: number): nn.Module[] =>
  Array.from({ length: count }, () => new nn.Sequential([new nn.Linear(WIDTH, WIDTH), new nn.Tanh()]) as nn.Module);
const input = (rows: number): Tensor => fixed([rows, WIDTH]).float();
const gradientsOf = (model: nn.Module): Float32Array[] =>
  model.parameters().map((p) => p.grad!.dataSync() as Float32Array);

describe("checkpointSequential", () => {
  test.each([1, 2, 3, 4, 8])(
    "[W9] %i segments: output and gradients are those of the plain forward pass",
    (segments) => {
      manualSeed(2);
      const model = new nn.Sequential(layers(8) as never) as unknown as nn.Sequential;
      const x = input(5);
      const plain = model.forward(x);
      plain.square().sum().backward();
      const wanted = gradientsOf(model);
      model.zeroGrad();
      const saved = nn.checkpointSequential(model, segments, x);
      expect(saved.dataSync()).toEqual(plain.dataSync());
      saved.square().sum().backward();
      expect(gradientsOf(model)).toEqual(wanted);
    },
  );

  test("functions count as layers, and numbers of segments are checked", () => {
    const x = input(2);
    expect(nn.checkpointSequential([(v) => v.mul(2), nn.relu], 2, x).dataSync()).toEqual(x.mul(2).relu().dataSync());
    expect(() => nn.checkpointSequential([nn.relu], 2, x)).toThrow("from 1 to the 1 layers, got 2");
  });
});

describe("checkpointModule", () => {
  const step =
    (model: nn.Module) =>
    (x: Tensor): Tensor => {
      const loss = (model as nn.Sequential).forward(x);
      const sum = loss.square().sum();
      sum.backward();
      return sum;
    };

  test("[W7] gradients are identical, fewer activations are kept, and it can be undone", () => {
    manualSeed(4);
    const blocks = Array.from({ length: 4 }, () => new nn.Sequential(layers(4)) as nn.Module);
    const model = new nn.Sequential(blocks as never) as unknown as nn.Sequential;
    const x = input(8192);
    model.forward(x).square().sum().backward();
    const wanted = gradientsOf(model);
    model.zeroGrad();
    const before = memory.plannedMemory(step(model), x);
    const undo = blocks.map((block) => nn.checkpointModule(block));
    const after = memory.plannedMemory(step(model), x);
    expect(after.activationBytes).toBeLessThanOrEqual(before.activationBytes / 3);
    expect(after.scratchBytes).toBeLessThan(0.6 * before.scratchBytes);
    model.forward(x).square().sum().backward();
    expect(gradientsOf(model)).toEqual(wanted);
    expect(Object.keys(model.stateDict()).length).toBe(32);
    for (const back of undo) back();
    expect(memory.plannedMemory(step(model), x).activationBytes).toBe(before.activationBytes);
  });

  test("[W7] dropout drops the same elements again, and running statistics move once", () => {
    const run = (saved: boolean): { out: Float32Array; grad: Float32Array; mean: Float32Array } => {
      manualSeed(9);
      const block = new nn.Sequential([
        new nn.Linear(WIDTH, WIDTH),
        new nn.BatchNorm1d(WIDTH),
        new nn.Dropout(0.5),
        new nn.Tanh(),
      ] as never) as unknown as nn.Sequential;
      if (saved) nn.checkpointModule(block);
      const optimizer = new optim.SGD(block.parameters(), { lr: 0.1 });
      const train = jit((x: Tensor) => {
        optimizer.zeroGrad();
        const out = block.forward(x);
        out.square().sum().backward();
        optimizer.step();
        return out;
      });
      let out = train(input(16));
      out = train(input(16));
      return {
        out: out.dataSync() as Float32Array,
        grad: block.parameters()[0]!.dataSync() as Float32Array,
        mean: [...block.namedBuffers().values()][0]!.dataSync() as Float32Array,
      };
    };
    const [plain, saved] = [run(false), run(true)];
    // Other kernels compute the gradients, which may round otherwise; what is dropped is the same.
    for (const part of ["out", "mean", "grad"] as const)
      saved[part].forEach((value, i) => expect(value).toBeCloseTo(plain[part][i]!, 4));
    expect([...saved.out].map((x) => x === 0)).toEqual([...plain.out].map((x) => x === 0));
    expect([...plain.out].filter((x) => x === 0).length).toBeGreaterThan(100);
  });

  test("a module that returns more than one tensor is refused", () => {
    const lstm = new nn.LSTM(4, 4);
    nn.checkpointModule(lstm);
    expect(() => (lstm.forward as (x: Tensor) => unknown)(fixed([3, 2, 4]).float())).toThrow("must return one tensor");
  });

  test("checkpoint itself stays as it was", () => {
    expect(checkpoint((x: Tensor) => x.exp())(fixed([2]).float()).shape).toEqual([2]);
  });
});
