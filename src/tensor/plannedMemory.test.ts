import { plannedMemory } from "./plannedMemory.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { autocast, jit, losses, nn, optim, randint, setDevice, zeros, type Tensor } from "../index.ts";

beforeAll(() => setDevice("wasm"));

const [FEATURES, HIDDEN, CLASSES] = [64, 128, 10];

function stepOf(precision: "bf16" | undefined) {
  const model = nn.sequential(
    new nn.Linear(FEATURES, HIDDEN),
    nn.relu,
    new nn.Linear(HIDDEN, HIDDEN),
    nn.relu,
    new nn.Linear(HIDDEN, CLASSES),
  );
  const optimizer = new optim.AdamW(model.parameters());
  const train = (x: Tensor, y: Tensor): Tensor => {
    const loss = autocast(precision, () => losses.crossEntropy(model.forward(x), y));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return loss;
  };
  return { model, optimizer, train };
}
const batch = (n: number) => [zeros([n, FEATURES]), randint(0, CLASSES, [n])] as [Tensor, Tensor];

describe("plannedMemory", () => {
  test("adds up state, arguments, results and what is in between", () => {
    const { model, optimizer, train } = stepOf(undefined);
    const plan = plannedMemory(train, ...batch(256));
    const parameters = model.parameters().reduce((sum, p) => sum + p.nbytes, 0);
    // Counts and rates beside.
    expect(plan.stateBytes - parameters - optimizer.stateBytes).toBeLessThan(100);
    expect(plan.argumentBytes).toBe(256 * (FEATURES + 1) * 4);
    expect(plan.resultBytes).toBe(4);
    expect(plan.peakBytes).toBe(
      plan.scratchBytes + plan.stateBytes + plan.argumentBytes + plan.resultBytes + plan.capturedBytes,
    );
    expect(`${plan}`).toContain("kept for gradients");
  });

  test("[AD2] what is kept for gradients is the layers' outputs, times the batch", () => {
    const { train } = stepOf(undefined);
    const at = (n: number): number => plannedMemory(train, ...batch(n)).activationBytes;
    const perExample = (at(512) - at(256)) / 256;
    // Two hidden layers after ReLU, the logits, and what the loss keeps of a row: its maximum, its sum or both.
    expect(perExample).toBeGreaterThanOrEqual(4 * (2 * HIDDEN + CLASSES));
    expect(perExample).toBeLessThanOrEqual(4 * (2 * HIDDEN + CLASSES + 4));
    expect(at(1024)).toBe(perExample * 1024);
  });

  test("[V6] activations of 16 bits take half the memory", () => {
    const [single, mixed] = [stepOf(undefined), stepOf("bf16")].map(({ train }) =>
      plannedMemory(train, ...batch(4096)),
    );
    // And a copy of the input in 16 bits, and a few numbers a row.
    const beside = 4096 * (2 * FEATURES + 16);
    expect(mixed!.activationBytes).toBeLessThanOrEqual(single!.activationBytes / 2 + beside);
    expect(mixed!.scratchBytes).toBeLessThan(0.65 * single!.scratchBytes);
  });

  test("takes no memory and runs nothing, whatever the size", () => {
    const { train, model } = stepOf(undefined);
    const before = [...model.parameters()[0]!.dataSync()];
    const plan = plannedMemory(
      (x: Tensor, y: Tensor) => train(x.expand([8_000_000, FEATURES]), y.expand([8_000_000])),
      zeros([1, FEATURES]),
      randint(0, 9, [1]),
    );
    expect(plan.peakBytes).toBeGreaterThan(2 ** 33);
    expect([...model.parameters()[0]!.dataSync()]).toEqual(before);
  });

  test("is what the program then has", () => {
    const { train } = stepOf(undefined);
    const plan = plannedMemory(train, ...batch(64));
    const step = jit(train);
    step(...batch(64));
    const [variant] = (
      step as unknown as {
        variants: { prepared: { compiled: { program: { scratchBytes: number; bindings: number[] } } } }[];
      }
    ).variants;
    const { scratchBytes, bindings } = variant!.prepared.compiled.program;
    expect(plan.peakBytes).toBe(scratchBytes + bindings.reduce((sum, b) => sum + b, 0));
  });
});
