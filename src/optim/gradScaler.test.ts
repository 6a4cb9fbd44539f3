import { describe, expect, test } from "vitest";
import { ArgumentError, autocast, jit, losses, manualSeed, nn, optim, tensor, type Tensor } from "../index.ts";
import { fit } from "../train/index.ts";
import { fixed } from "../tensor/devices.testing.ts";

const weight = (...values: number[]): nn.Parameter => nn.parameter(tensor(values)) as nn.Parameter;

describe.each(["as it is", "traced"])("%s", (how) => {
  const maybeTraced = <A extends readonly unknown[]>(f: (...args: A) => void): ((...args: A) => void) =>
    how === "traced" ? jit(f) : f;

  test("[V2] a planted overflow skips the step, halves the scale, and the next step goes on", () => {
    const w = weight(1, 2);
    const optimizer = new optim.Adam([w], { lr: 0.1 });
    const scaler = new optim.GradScaler({ initScale: 1024 });
    const step = maybeTraced((x: Tensor) => {
      optimizer.zeroGrad();
      scaler.scale(w.mul(x).sum()).backward();
      scaler.step(optimizer);
      scaler.update();
    });
    const before = [...w.dataSync()];
    const saved = optimizer.stateDict();
    step(tensor([1e38, 1]));
    expect([...w.dataSync()]).toEqual(before);
    expect(optimizer.stateDict()).toEqual(saved);
    expect(scaler.currentScale).toBe(512);
    step(tensor([Number.NaN, 1]));
    expect([...w.dataSync()]).toEqual(before);
    expect(scaler.currentScale).toBe(256);
    step(tensor([3, -1]));
    // The first step of Adam is the sign of the gradient.
    expect(w.dataSync()[0]).toBeCloseTo(0.9, 6);
    expect(w.dataSync()[1]).toBeCloseTo(2.1, 6);
    expect(scaler.currentScale).toBe(256);
  });

  test("[V2] the scale grows after enough good steps, and the count starts again after a bad one", () => {
    const w = weight(1);
    const optimizer = new optim.SGD([w], { lr: 0.5 });
    const scaler = new optim.GradScaler({ initScale: 8, growthInterval: 3 });
    const step = maybeTraced((x: Tensor) => {
      optimizer.zeroGrad();
      scaler.scale(w.mul(x).sum()).backward();
      scaler.step(optimizer);
      scaler.update();
    });
    const scales = [1, 1, Infinity, 1, 1, 1, 1].map((x) => {
      step(tensor([x]));
      return scaler.currentScale;
    });
    expect(scales).toEqual([8, 8, 4, 4, 4, 8, 8]);
    expect(w.dataSync()[0]).toBe(1 - 6 * 0.5);
  });

  test("[V2] unscaled gradients are those of the loss, and may be clipped before the step", () => {
    const w = weight(3, 4);
    const optimizer = new optim.SGD([w], { lr: 1 });
    const scaler = new optim.GradScaler();
    const step = maybeTraced(() => {
      optimizer.zeroGrad();
      scaler.scale(w.square().sum().mul(0.5)).backward();
      scaler.unscale(optimizer);
      optim.clipGradNorm([w], 1);
      scaler.step(optimizer);
      scaler.update();
    });
    step();
    expect(w.dataSync()[0]).toBeCloseTo(3 - 0.6, 5);
    expect(w.dataSync()[1]).toBeCloseTo(4 - 0.8, 5);
  });
});

test("[V4] a gradient of 1e-8 is lost in f16, and scaling brings it back", () => {
  const w = weight(1);
  const tiny = tensor([[1e-4]], { dtype: "f16" });
  const gradientAt = (scale: number): number => {
    w.cell.gradient.clear();
    const y = autocast("f16", () => w.reshape([1, 1]).matmul(tiny.float()));
    y.float().mul(1e-4).sum().mul(scale).backward();
    return w.grad!.dataSync()[0]! / scale;
  };
  expect(gradientAt(1)).toBe(0);
  expect(gradientAt(65_536) / 1e-8).toBeCloseTo(1, 2);
});

test("state has PyTorch's names and goes on where it was", () => {
  const scaler = new optim.GradScaler({ initScale: 32 });
  expect(scaler.stateDict()).toEqual({
    scale: 32,
    growth_factor: 2,
    backoff_factor: 0.5,
    growth_interval: 2000,
    _growth_tracker: 0,
  });
  expect(new optim.GradScaler().currentScale).toBe(65_536);
  const other = new optim.GradScaler();
  other.loadStateDict({ ...scaler.stateDict(), _growth_tracker: 5 });
  expect(other.stateDict()).toMatchObject({ scale: 32, _growth_tracker: 5 });
  expect(() => other.loadStateDict({ ...scaler.stateDict(), scale: Number.NaN })).toThrow("needs a scale above 0");
});

test("a scaler that is not enabled does nothing", () => {
  const w = weight(1);
  const optimizer = new optim.SGD([w], { lr: 1 });
  const scaler = new optim.GradScaler({ enabled: false });
  const loss = w.sum();
  expect(scaler.scale(loss)).toBe(loss);
  loss.backward();
  scaler.step(optimizer);
  scaler.update();
  expect([w.dataSync()[0], scaler.currentScale]).toEqual([0, 1]);
});

test("calls in the wrong order, and factors that make no sense, are refused", () => {
  const w = weight(1);
  const optimizer = new optim.SGD([w], { lr: 1 });
  const scaler = new optim.GradScaler();
  expect(() => scaler.update()).toThrow("update() before any step()");
  w.sum().backward();
  scaler.unscale(optimizer);
  expect(() => scaler.unscale(optimizer)).toThrow("unscaled since the last update");
  expect(() => new optim.GradScaler({ growthFactor: 1 })).toThrow(ArgumentError);
  expect(() => new optim.GradScaler({ backoffFactor: 1 })).toThrow(ArgumentError);
  expect(() => new optim.GradScaler({ growthInterval: 0 })).toThrow(ArgumentError);
});

test.each(["mixed_float16", "mixed_bfloat16"] as const)("[V1] [V5] fit trains with %s", async (precision) => {
  const train = async (name: "float32" | typeof precision): Promise<number[]> => {
    manualSeed(5);
    const model = new nn.Sequential([new nn.Linear(6, 12), new nn.ReLU(), new nn.Linear(12, 1)]);
    const x = fixed([48, 6]).float();
    const y = x.matmul(fixed([6, 1], 3).float());
    const { loss } = await fit(model, [x, y], {
      optimizer: new optim.Adam(model.parameters(), { lr: 0.02 }),
      loss: losses.mse,
      epochs: 12,
      batchSize: 16,
      accumulate: 2,
      clip: 1,
      precision: name,
      display: false,
    });
    expect(model.parameters().map((p) => p.dtype)).toEqual(["f32", "f32", "f32", "f32"]);
    return loss;
  };
  const [mixed, single] = [await train(precision), await train("float32")];
  expect(single.at(-1)!).toBeLessThan(single[0]! / 2);
  expect(mixed.at(-1)!).toBeLessThan(mixed[0]! / 2);
  // The first scales overflow in f16, and their steps are skipped.
  if (precision === "mixed_bfloat16")
    mixed.forEach((loss, i) => expect(Math.abs(loss - single[i]!)).toBeLessThan(0.01 * single[0]!));
});
