/**
 * Training that may be killed at any moment: `node build/examples/resume.js [folder]`. Kill it (or press Ctrl-C) and start it again: it goes on
 * from its newest checkpoint and ends with the same weights, bit for bit, as if nothing had happened.
 */
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { accuracy, drawnDigits, fit, imageDataset, losses, manualSeed, nn, optim, type Tensor } from "myelin";

/** How much there is to do. */
export interface Work {
  /** Of the checkpoints. */
  readonly folder: string;
  readonly examples?: number;
  readonly epochs?: number;
  /** Steps from one checkpoint to the next; a kill costs as many at most. */
  readonly everySteps?: number;
  /** Ends training as abruptly as a kill does. */
  readonly signal?: AbortSignal;
  readonly display?: boolean;
  readonly onStep?: (step: number) => void;
}

class Net extends nn.Module {
  fc1 = new nn.Linear(784, 64);
  drop = new nn.Dropout(0.2);
  fc2 = new nn.Linear(64, 10);
  forward(images: Tensor): Tensor {
    const hidden: Tensor = this.fc1.forward(images.flatten(1).float().div(255)).relu();
    return this.fc2.forward(this.drop.forward(hidden));
  }
}

/** Trains, from the beginning or from where an earlier process was. Returns the model and the accuracies of all epochs, earlier ones too. */
export async function train({
  folder,
  examples = 12_000,
  epochs = 10,
  everySteps = 50,
  signal,
  display = true,
  onStep,
}: Work): Promise<{ readonly model: nn.Module; readonly accuracies: readonly number[] }> {
  manualSeed(7);
  const model = new Net();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-3 });
  const digits = imageDataset(drawnDigits({ count: examples, seed: 1 }));
  const kept = Math.floor(0.8 * examples);
  const { val_accuracy: accuracies = [] } = await fit(model, digits.take(kept).shuffle({ seed: 3 }).batch(64), {
    optimizer,
    scheduler: new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs })),
    loss: losses.crossEntropy,
    metrics: { accuracy },
    validation: digits.skip(kept).batch(500),
    epochs,
    // Everything that is needed to go on: weights, the optimizer's state, random numbers, the place in the data, rates, means.
    checkpoint: { folder, everySteps, keepLast: 2, by: "val_loss" },
    resume: true,
    signal,
    display,
    callbacks: onStep ? [{ name: "steps", endStep: ({ totalSteps }) => onStep(totalSteps) }] : [],
  });
  return { model, accuracies };
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const { accuracies } = await train({ folder: process.argv[2] ?? "resume-run" });
  console.log(`validation accuracies: ${accuracies.map((value) => `${(100 * value).toFixed(1)} %`).join("  ")}`);
}
