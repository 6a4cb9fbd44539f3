import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { expectNumbers, fixed, spread } from "../nn/golden.testing.ts";
import * as nn from "../nn/index.ts";
import { updateBatchNorm } from "./batchNorm.ts";

const { statistics } = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/averaging.json", import.meta.url), "utf8"),
) as { statistics: { mean: number[]; variance: number[]; batches: number; output: number[] } };

test("statistics are gathered anew as by PyTorch's update_bn; modes and momentum stay", async () => {
  const norm = new nn.BatchNorm1d(4, { dtype: "f64" });
  const model = new nn.Sequential([
    new nn.Linear(3, 4, { dtype: "f64" }),
    norm,
    new nn.ReLU(),
    new nn.Linear(4, 2, { dtype: "f64" }),
  ] as nn.Module[]);
  model.parameters().forEach(({ cell }, i) => cell.set(spread(cell.shape, 10 + i)));
  const batches = [fixed([4, 3], 1), fixed([4, 3], 2), fixed([3, 3], 3)];
  // What was there before does not count.
  model.forward(batches[2]!);
  model.eval();
  await updateBatchNorm(model, [batches[0]!, [batches[1]!, 0], batches[2]!]);
  expect([model.training, norm.training, norm.momentum]).toEqual([false, false, 0.1]);
  expectNumbers("mean", norm.running!.mean, statistics.mean, 1e-9);
  expectNumbers("variance", norm.running!.variance, statistics.variance, 1e-9);
  expect(norm.running!.batches.itemSync()).toBe(statistics.batches);
  expectNumbers("output", model.forward(batches[0]!), statistics.output, 1e-9);
  await expect(updateBatchNorm(model, [])).rejects.toThrow(/the data has no batches/);
});

test("a model without batch norm is left alone, whatever the data", async () => {
  await updateBatchNorm(new nn.Linear(2, 2), []);
});
