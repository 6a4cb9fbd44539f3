import { beforeAll, describe, expect, test } from "vitest";
import { jit, losses, memory, nn, optim, randint, randn, setDevice, tensor, zeros, type Tensor } from "../../index.ts";

beforeAll(() => setDevice("wasm"));

const mlp = (): nn.Sequential =>
  new nn.Sequential([
    new nn.Linear(784, 128),
    new nn.ReLU(),
    new nn.Linear(128, 10),
  ] as never) as unknown as nn.Sequential;

describe("estimateMemory", () => {
  test("[AD1] 100M parameters with Adam: 400 MB of model and about 2 GB of training in f32, half of both in f16", () => {
    const single = memory.estimateMemory(100e6);
    expect([single.model, single.gradients, single.optimizer]).toEqual([400e6, 400e6, 800e6]);
    expect(single.ruleOfThumb.total).toBe(2e9);
    const half = memory.estimateMemory(100e6, { dtype: "f16" });
    expect(half.model).toBe(200e6);
    expect(half.ruleOfThumb.total).toBe(1e9);
    const withActivations = memory.estimateMemory(100e6, { activations: 1e6, batch: 32 });
    expect(withActivations.activations).toBe(32 * 1e6 * 4);
    expect(withActivations.total).toBe(1.6e9 + 128e6);
  });

  test("[AK13] items are printed, and both figures of the texts with them", () => {
    const single = memory.estimateMemory(100e6);
    expect(single.ruleOfThumb).toMatchObject({ low: 1.6e9, high: 2.4e9 });
    const text = `${single}`;
    for (const item of ["100,000,000 parameters", "model", "gradients", "optimizer", "activations", "total", "4-6×"])
      expect(text).toContain(item);
    expect(text).toContain("1.9 GiB (model + 2 × gradients + 2 × optimizer + activations)");
    const half = memory.estimateMemory(100e6, { dtype: "bf16" });
    expect(half.ruleOfThumb).toMatchObject({ total: 1e9, low: 800e6, high: 1.2e9 });
    expect(`${half}`).toContain("2-3×");
  });

  test("[AD6] parameters are counted: 101,770 of 784-128-10", () => {
    expect(memory.estimateMemory(mlp()).parameters).toBe(101_770);
    expect(memory.estimateMemory(mlp()).model).toBe(407_080);
  });

  test("[AD1] the estimate of a model is close to what its training step then takes, and not below", () => {
    const model = mlp();
    const optimizer = new optim.Adam(model.parameters());
    const batch = 512;
    const estimate = memory.estimateMemory(model, { input: [784], batch, optimizer });
    const train = (x: Tensor, y: Tensor): Tensor => {
      optimizer.zeroGrad();
      const loss = losses.crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      return loss;
    };
    const [x, y] = [randn([batch, 784]), randint(0, 10, [batch])];
    const step = jit(train);
    step(x, y);
    const actual = memory.plannedMemory(train, x, y).peakBytes;
    expect(estimate.total / actual).toBeGreaterThan(0.99);
    expect(estimate.total / actual).toBeLessThan(1.3);
  });

  test("numbers and names that make no sense are refused", () => {
    expect(() => memory.estimateMemory(-1)).toThrow("must be 0 or more, got -1");
    expect(() => memory.estimateMemory(1, { batch: 0 })).toThrow("the batch must be a whole number");
    expect(() => memory.estimateMemory(1, { optimizer: "adams" as "adam" })).toThrow('"adams" is not known');
  });
});

test("[AD5] state of optimizers: Adam 2 × the parameters, Lion 1 ×, Adafactor rows and columns, SGD nothing", () => {
  const weight = nn.parameter(zeros([64, 32])) as nn.Parameter;
  const bytes = weight.nbytes;
  expect(new optim.Adam([weight]).stateBytes).toBe(2 * bytes);
  expect(new optim.Lion([weight]).stateBytes).toBe(bytes);
  expect(new optim.Adafactor([weight]).stateBytes).toBe((64 + 32) * 4);
  expect(new optim.SGD([weight], { lr: 0.1 }).stateBytes).toBe(0);
  for (const [name, optimizer] of [
    ["adam", new optim.Adam([weight])],
    ["lion", new optim.Lion([weight])],
    ["sgd", new optim.SGD([weight], { lr: 0.1 })],
  ] as const)
    expect(memory.estimateMemory(64 * 32, { optimizer: name }).optimizer).toBe(optimizer.stateBytes);
});

test("[AD8] bytes of tensors by shape and dtype", () => {
  expect(zeros([500, 500]).nbytes).toBe(1_000_000);
  const sizes = { f64: 8, f32: 4, i32: 4, u32: 4, f16: 2, bf16: 2, u8: 1, bool: 1 } as const;
  for (const [dtype, size] of Object.entries(sizes) as [keyof typeof sizes, number][])
    expect(zeros([7, 3], { dtype }).nbytes).toBe(21 * size);
});

describe("deviceMemory", () => {
  test("[AD4] total, allocated and cached in GB, three lines", () => {
    const use = memory.deviceMemory("wasm");
    expect(`${use}`).toMatch(/^Memory: \d+\.\d\d GB\nAllocated: \d+\.\d\d GB\nCached: \d+\.\d\d GB$/);
    expect(use.total).toBeGreaterThan(use.reserved);
    expect(use.reserved).toBeGreaterThanOrEqual(use.allocated);
  });

  test("[AD4] grows by what parameters take, on every device", () => {
    for (const device of ["wasm", "reference"]) {
      setDevice(device);
      const before = memory.deviceMemory().allocated;
      const kept = nn.parameter(tensor(new Float32Array(250_000)));
      expect(memory.deviceMemory().allocated - before).toBeGreaterThanOrEqual(kept.nbytes);
      expect(memory.deviceMemory().allocated - before).toBeLessThan(kept.nbytes + 100_000);
    }
    setDevice("wasm");
  });
});

describe("findBatchSize", () => {
  test("gives the largest batch within the budget, without running anything", () => {
    const model = mlp();
    const budget = 40e6;
    const { batch, estimate, tried } = memory.findBatchSize(model, [784], { budget });
    expect(batch % 8).toBe(0);
    expect(estimate.total).toBeLessThanOrEqual(budget);
    expect(memory.estimateMemory(model, { input: [784], batch: batch + 8 }).total).toBeGreaterThan(budget);
    expect(tried.length).toBeLessThan(30);
  });

  test("stops at the limit, and says what is missing where nothing fits", () => {
    expect(memory.findBatchSize(mlp(), [784], { budget: 1e12, limit: 256 }).batch).toBe(256);
    expect(memory.findBatchSize(mlp(), [784], { limit: 64 }).batch).toBe(64);
    expect(() => memory.findBatchSize(mlp(), [784], { budget: 1e6 })).toThrow(/one example needs .* the budget is/);
  });

  test("16 bits leave room for larger batches", () => {
    const model = new nn.Sequential([
      new nn.Linear(64, 512),
      new nn.ReLU(),
      new nn.Linear(512, 512),
      new nn.ReLU(),
      new nn.Linear(512, 4),
    ] as never) as unknown as nn.Sequential;
    const at = (precision: "bf16" | undefined): number =>
      memory.findBatchSize(model, [64], { budget: 64e6, precision, optimizer: "sgd" }).batch;
    expect(at("bf16") / at(undefined)).toBeGreaterThan(1.4);
  });
});

test("[AD7] [D11] parameter counts lead to tiers of cards", () => {
  const shown = [50e6, 500e6, 5e9, 20e9].map((count) => `${memory.hardwareTier(count)}`);
  expect(shown[0]).toBe("6-8 GB (RTX 3060, T4): good for learning");
  expect(shown[1]).toContain("12-24 GB");
  expect(shown[2]).toContain("40-80 GB");
  expect(shown[3]).toBe("80+ GB (A100 80GB, H100): several cards are needed");
});

test("[AD3] advice where memory is short names five techniques in order", () => {
  const text = memory.memoryAdvice(6e9, 2e9);
  expect(text).toContain("3.0 times as much");
  const places = [
    "Reduce batch size",
    "Mixed precision",
    "Gradient accumulation",
    "Gradient checkpointing",
    "Model parallelism",
  ].map((name) => text.indexOf(name));
  expect(places.every((at, i) => at > (places[i - 1] ?? 0))).toBe(true);
  expect(text).toContain("20-30% slower");
  expect(memory.memoryAdvice(1, 2)).toBe("");
});

test("[C24] what makes training faster, in order", () => {
  const words = ["Mixed precision", "larger batch", "workers", "Pinned", "jit", "Profile"];
  words.forEach((word, i) => expect(memory.speedPriorities[i]).toContain(word));
});
