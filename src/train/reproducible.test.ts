import { expect, test } from "vitest";
import { hostSeed } from "../core/random.ts";
import { Dataset } from "../data/dataset.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { deterministic } from "../tensor/deterministic.ts";
import { manualSeed } from "../tensor/random.ts";
import { drawnDigits } from "../data/digits.ts";
import { imageDataset } from "../data/labelledImages.ts";
import { fit } from "./fit.ts";

test("[AE1] two runs after the same seed have the same losses: weights, dropout and order of the data", async () => {
  const digits = imageDataset(drawnDigits({ count: 120, seed: 5 }));
  const run = async (seed: number): Promise<number[]> => {
    deterministic({ seed });
    expect(hostSeed()).toBe(seed);
    const model = new nn.Sequential([
      new nn.Flatten(),
      new nn.Linear(784, 16),
      new nn.Dropout(0.5),
      new nn.ReLU(),
      new nn.Linear(16, 10),
    ]);
    const data = Dataset.from(digits).shuffle().batch(32);
    const optimizer = new optim.Adam(model.parameters());
    const { loss } = await fit(model, data, { optimizer, loss: losses.crossEntropy, epochs: 3, display: false });
    return loss;
  };
  const first = await run(42);
  expect(await run(42)).toEqual(first);
  expect(await run(43)).not.toEqual(first);
});

test("[AE1] [AE4] the seed decides on shuffles that name none; each epoch has another order unless that is switched off", async () => {
  const orders = async (seed: number, reshuffle = true): Promise<string[]> => {
    manualSeed(seed);
    const data = Dataset.from([0, 1, 2, 3, 4, 5, 6, 7]).shuffle({ reshuffle });
    return [`${await data.toArray()}`, `${await data.toArray()}`];
  };
  const [first, second] = await orders(1);
  expect(await orders(1)).toEqual([first, second]);
  expect(second).not.toBe(first);
  expect((await orders(2))[0]).not.toBe(first);
  const fixed = await orders(1, false);
  expect(fixed).toEqual([first, first]);
});
