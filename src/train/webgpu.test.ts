/** `fit` on WebGPU: what it learns is what wasm learns, as far as sums in another order allow. */
import { afterEach, expect, test } from "vitest";
import { drawnDigits } from "../data/digits.ts";
import { imageDataset } from "../data/labelledImages.ts";
import { hasWebGpu } from "../device/webgpu/webgpu.testing.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { setDevice } from "../tensor/engine.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Callback } from "./callback.ts";
import { fit } from "./fit.ts";
import { accuracy } from "./metrics.ts";
import type { Model } from "./model.ts";

afterEach(() => setDevice("wasm"));

const STEPS = 30;

async function learn(device: string): Promise<{ steps: number[]; history: Record<string, number[]> }> {
  setDevice(device);
  manualSeed(1);
  const model = nn.sequential(
    (x: Tensor) => x.unsqueeze(1).float().div(255),
    new nn.Conv2d(1, 8, 3, { padding: 1 }),
    nn.relu,
    new nn.MaxPool2d(2),
    new nn.Conv2d(8, 8, 3),
    nn.relu,
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(8 * 36, 10),
  ) as Model<Tensor, Tensor>;
  const steps: number[] = [];
  const watching: Callback = {
    name: "losses",
    watch: {
      every: 1,
      trace: ({ loss }) => ({ loss }),
      see: async ({ loss }) => void steps.push(await loss!.item()),
    },
  };
  const history = await fit(model, imageDataset(drawnDigits({ count: STEPS * 8, seed: 1 })).batch(8), {
    optimizer: new optim.AdamW(model.parameters(), { lr: 3e-3 }),
    loss: losses.crossEntropy as (outputs: Tensor, targets: Tensor) => Tensor,
    metrics: { accuracy },
    callbacks: [watching],
    display: false,
  });
  return { steps, history };
}

test.skipIf(!hasWebGpu)("thirty steps of a convolutional network have the losses that they have on wasm", async () => {
  const expected = await learn("wasm");
  const actual = await learn("webgpu");
  expect(actual.steps).toHaveLength(STEPS);
  actual.steps.forEach((loss, at) => expect(Math.abs(loss - expected.steps[at]!)).toBeLessThan(1e-4));
  expect(actual.history["loss"]![0]).toBeCloseTo(expected.history["loss"]![0]!, 5);
  expect(actual.history["accuracy"]).toEqual(expected.history["accuracy"]);
});
