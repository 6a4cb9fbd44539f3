import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf, scalarIn, valuesIn } from "../../formats/tensorboard/events.testing.ts";
import { losses, manualSeed, nn, optim, tensor, type Tensor } from "../../index.ts";
import type { Callback } from "../callback.ts";
import { fit, type FitOptions } from "../fit.ts";
import { tensorBoard } from "./tensorBoard.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "myelin-tensorboard-callback-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

class Net extends nn.Module {
  hidden: nn.Linear = new nn.Linear(2, 5);
  relu: InstanceType<typeof nn.ReLU> = new nn.ReLU();
  last: nn.Linear = new nn.Linear(5, 1);

  forward(x: Tensor): Tensor {
    return this.last.forward(this.relu.forward(this.hidden.forward(x)));
  }
}

const inputs = tensor(
  Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
  [12, 2],
);
const targets = inputs.sum(1, true);

async function train(callbacks: readonly Callback[], options: Partial<FitOptions<Tensor, Tensor, Tensor, "mae">> = {}) {
  manualSeed(0);
  const model = new Net();
  const history = await fit(model, [inputs, targets], {
    optimizer: new optim.SGD(model.parameters(), { lr: 0.05 }),
    loss: losses.mse,
    metrics: { mae: losses.l1 },
    batchSize: 4,
    epochs: 3,
    validation: [inputs, targets],
    display: false,
    callbacks,
    ...options,
  });
  return { model, history };
}

describe("[Q4] callbacks.tensorBoard", () => {
  test("writes means, rates and speed of every epoch, and a look into every second step", async () => {
    const place = join(folder, "all");
    let before: Float32Array | undefined;
    const { model, history } = await train([
      tensorBoard({
        folder: place,
        histogramEvery: 2,
        graph: [[1, 2]],
        images: () => ({ noise: [tensor([[0, 1]])] }),
        hparams: { lr: 0.05, optimizer: "sgd" },
      }),
      {
        name: "noting",
        endStep: ({ totalSteps, model: seen }) => {
          if (totalSteps === 7) before = (seen as Net).last.weight.dataSync().slice() as Float32Array;
        },
      },
    ]);
    const trained = eventsOf(join(place, "train"));
    const validated = eventsOf(join(place, "validation"));
    const rounded = (values: readonly number[]): (readonly [number, number])[] =>
      values.map((value, epoch) => [3 * (epoch + 1), Math.fround(value)]);
    expect(scalarIn(trained, "epoch/loss")).toEqual(rounded(history.loss));
    expect(scalarIn(trained, "epoch/mae")).toEqual(rounded(history.mae));
    expect(scalarIn(validated, "epoch/loss")).toEqual(rounded(history.val_loss!));
    expect(scalarIn(trained, "learning rate")).toEqual(rounded([0.05, 0.05, 0.05]));
    expect(scalarIn(trained, "batch/loss").map(([step]) => step)).toEqual([2, 4, 6, 8]);
    for (const [, speed] of scalarIn(trained, "speed/examples per second")) expect(speed).toBeGreaterThan(0);

    const histograms = trained.flatMap((one) =>
      valuesIn([one]).flatMap(({ tag, histo }) => (histo ? [{ tag: tag!, step: one.step!, histo }] : [])),
    );
    const sizes: Record<string, number> = {
      "activations/hidden": 20,
      "activations/relu": 20,
      "activations/last": 4,
    };
    for (const [path, { size }] of model.namedParameters())
      sizes[`weights/${path}`] = sizes[`gradients/${path}`] = size;
    expect(histograms.map(({ tag }) => tag).sort()).toEqual(
      Object.keys(sizes)
        .flatMap((tag) => Array(4).fill(tag))
        .sort(),
    );
    for (const { tag, histo } of histograms) {
      expect(histo.num).toBe(sizes[tag]);
      expect(Array.from(histo.bucket!).reduce((a, b) => a + b)).toBe(sizes[tag]);
    }
    // Weights are those before the update of the step: of step 8 those after step 7.
    const last = histograms.find(({ tag, step }) => tag === "weights/last.weight" && step === 8)!.histo;
    expect([last.min, last.max]).toEqual([Math.min(...before!), Math.max(...before!)]);

    const tags = new Set(valuesIn(trained).map(({ tag }) => tag));
    for (const tag of ["noise", "_hparams_/experiment", "final/val_loss", "gradient norm/last.bias"])
      expect(tags).toContain(tag);
    expect(trained.filter(({ graphDef }) => graphDef)).toHaveLength(1);
  });

  test("training is the same with and without it", async () => {
    const looked = await train([tensorBoard({ folder: join(folder, "same"), histogramEvery: 1 })]);
    const plain = await train([]);
    // A step that shows more is another program, which may round the last bit otherwise.
    for (const [name, values] of Object.entries(plain.history))
      for (const [epoch, value] of values!.entries())
        expect(looked.history[name as "loss"][epoch]).toBeCloseTo(value, 6);
  });

  test("a folder that cannot be written ends no training, and is told at its end", async () => {
    const blocked = join(folder, "blocked");
    writeFileSync(blocked, "");
    const lines: string[] = [];
    const callback = tensorBoard({ folder: blocked });
    let epochs = 0;
    const counting: Callback = { name: "counting", endEpoch: () => void epochs++ };
    const display = { columns: undefined, write: (text: string) => void lines.push(text) };
    await expect(train([callback, counting], { display })).rejects.toThrow(/tensorBoard: writing.*a folder was wanted/);
    expect(epochs).toBe(3);
    expect(lines.filter((line) => line.includes("Training goes on"))).toHaveLength(6);
    expect(readdirSync(folder)).toContain("blocked");
  });
});
