import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from "vitest";
import { randn, tensor } from "../index.ts";
import { layers, losses, sequential } from "./index.ts";

let warn: MockInstance<typeof console.warn>;
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => warn.mockRestore());

/** Warnings of training a classifier for an epoch. */
async function warnings(activation: "softmax" | undefined, fromLogits: boolean): Promise<string[]> {
  const model = sequential([
    layers.dense({ units: 4, activation: "relu", inputShape: [3] }),
    layers.dense(activation ? { units: 2, activation } : { units: 2 }),
  ]);
  const loss = losses.sparseCategoricalCrossentropy({ fromLogits });
  model.compile({ optimizer: "sgd", loss });
  await model.fit(randn([4, 3]), tensor(Int32Array.of(0, 1, 0, 1)), { epochs: 2, verbose: 0 });
  return warn.mock.calls.map(([text]) => String(text));
}

describe("[AF14] a last layer and a loss that do not fit", () => {
  test("softmax with fromLogits: true, and no activation with false, each give one warning", async () => {
    expect(await warnings("softmax", true)).toEqual([expect.stringMatching(/softmax is taken twice/)]);
    warn.mockClear();
    expect(await warnings(undefined, false)).toEqual([
      expect.stringMatching(/takes them for probabilities.*fromLogits: true/),
    ]);
  });

  test("what fits gives none", async () => {
    expect(await warnings("softmax", false)).toEqual([]);
    expect(await warnings(undefined, true)).toEqual([]);
  });
});

test("[AF8] fit before compile is refused, and says what to call", async () => {
  const model = sequential([layers.dense({ units: 1, inputShape: [3] })]);
  const training = async () => model.fit(randn([4, 3]), randn([4, 1]), { epochs: 1, verbose: 0 });
  await expect(training()).rejects.toThrow(/compile/);
});
