/** Training in a page: what jit and fit do there is what the reference device does. */
import { afterAll, describe, expect, test } from "vitest";
import { Dataset } from "../data/dataset.ts";
import { drawnDigits } from "../data/digits.ts";
import { imageDataset } from "../data/labelledImages.ts";
import { ReferenceDevice } from "../device/reference/device.ts";
import { hasWebGpu } from "../device/webgpu/webgpu.testing.ts";
import * as generators from "../data/generators/index.ts";
import { slices } from "../data/slices.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { randn } from "../tensor/create.ts";
import { currentDevice, registerDevice, setDevice } from "../tensor/engine.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { fit } from "./fit.ts";
import { accuracy } from "./metrics.ts";
import { predict } from "./predict.ts";

// Pages do not have it of themselves.
registerDevice("reference", () => new ReferenceDevice());
const usual = currentDevice();
afterAll(() => setDevice(usual));

/** Losses of a convolutional network's first steps on drawn digits, 16 in each, and how often its step was traced. */
async function digitSteps(
  device: string,
  { channels, steps }: { readonly channels: number; readonly steps: number },
): Promise<{ losses: number[]; traces: number }> {
  setDevice(device);
  manualSeed(3);
  const model = nn.sequential(
    new nn.Conv2d(1, channels, 3),
    nn.relu,
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(channels * 13 * 13, 10),
  );
  const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-3 });
  let traces = 0;
  const step = jit((images: Tensor, labels: Tensor) => {
    traces++;
    const pixels = images.unsqueeze(1).float().div(255);
    const loss = losses.crossEntropy(model.forward(pixels), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const seen: Tensor[] = [];
  for await (const [x, y] of imageDataset(drawnDigits({ count: 16 * steps, seed: 1 })).batch(16)) seen.push(step(x, y));
  return { losses: await Promise.all(seen.map((loss) => loss.item())), traces };
}

/** Devices, and which of the others gives what is to be expected: in software the reference device takes long. */
const devices = [
  { device: "wasm", against: "reference", channels: 4, steps: 6 },
  ...(hasWebGpu ? [{ device: "webgpu", against: "wasm", channels: 8, steps: 30 }] : []),
];

describe.each(devices)("in a page, on $device", ({ device, against, channels, steps }) => {
  test(`${steps} jitted steps of a convolutional network are replayed, and give the losses of ${against}`, async () => {
    const expected = await digitSteps(against, { channels, steps });
    const { losses: actual, traces } = await digitSteps(device, { channels, steps });
    // A second time when the optimizer has its state.
    expect(traces).toBe(2);
    expect(actual.length).toBe(steps);
    expect(actual.at(-1)).toBeLessThan(actual[0]!);
    // Sums in another order: what they differ by grows with the steps.
    actual.forEach((loss, at) => expect(Math.abs(loss / expected.losses[at]! - 1)).toBeLessThan(1e-5));
  });

  test("fit separates two moons, and predict says so", async () => {
    setDevice(device);
    manualSeed(1);
    const { x, y } = generators.moons({ count: 400, seed: 4 });
    const model = nn.sequential(new nn.Linear(2, 32), nn.relu, new nn.Linear(32, 2));
    const points = Dataset.from(slices([x, y]));
    const ticks: number[] = [];
    const history = await fit(model, points.shuffle({ seed: 1 }).batch(40), {
      optimizer: new optim.Adam(model.parameters(), { lr: 0.02 }),
      loss: losses.crossEntropy,
      metrics: { accuracy },
      epochs: 30,
      callbacks: [{ name: "epochs", endEpoch: (_, { epoch }) => void ticks.push(epoch) }],
      display: false,
    });
    expect(ticks.length).toBe(30);
    expect(history.accuracy.at(-1)).toBeGreaterThan(0.95);
    const outputs = await predict(
      model,
      points.batch(100).map(([inputs]) => inputs),
    );
    const said = await outputs.argmax(-1).data();
    const labels = y.data;
    expect([...said].filter((label, at) => label === labels[at]).length / 400).toBeGreaterThan(0.95);
  });

  test("random numbers are the reference device's", async () => {
    const draw = async (name: string): Promise<readonly number[]> => {
      setDevice(name);
      manualSeed(7);
      return [...(await randn([1000]).data())];
    };
    const [expected, actual] = [await draw("reference"), await draw(device)];
    actual.forEach((value, at) => expect(Math.abs(value - expected[at]!)).toBeLessThan(1e-5));
  });
});
