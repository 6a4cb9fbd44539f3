/**
 * Transfer learning: a network that has learnt to read digits from many images learns to tell even from odd ones from a few. Its
 * stored weights are loaded, the head is replaced, and the layers below it are unfrozen one after the other, each with a smaller
 * rate. Beside it the same network learns from the few alone.
 *
 *     node build/examples/transfer.js
 */
import { realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  accuracy,
  callbacks,
  drawnDigits,
  evaluate,
  fit,
  imageDataset,
  loadModel,
  losses,
  manualSeed,
  nn,
  optim,
  saveModel,
  type LabelledImages,
  type Tensor,
} from "myelin";

class DigitNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 8, 3);
  conv2 = new nn.Conv2d(8, 16, 3);
  fc = new nn.Linear(400, 32);
  head: nn.Linear = new nn.Linear(32, 10);

  forward(images: Tensor): Tensor {
    const pixels: Tensor = images.float().div(255).unsqueeze(1);
    const edges: Tensor = this.conv1.forward(pixels).relu().maxPool2d(2);
    const shapes: Tensor = this.conv2.forward(edges).relu().maxPool2d(2);
    return this.head.forward(this.fc.forward(shapes.flatten(1)).relu());
  }
}

/** Images of digits, labelled 0 where they are even and 1 where they are odd. */
function evenOrOdd(count: number, seed: number): LabelledImages {
  const digits = drawnDigits({ count, seed });
  return { ...digits, labels: digits.labels.map((digit) => digit % 2) };
}

export interface TransferOptions {
  /** Images of digits. */
  readonly many?: number;
  /** Images of even and odd ones. */
  readonly few?: number;
  readonly epochs?: number;
  readonly print?: (line: string) => void;
}

/** @returns the accuracy of the network that was transferred, and of one that saw nothing but the few. */
export async function main({ many = 3000, few = 20, epochs = 32, print = console.log }: TransferOptions = {}): Promise<{
  transferred: number;
  fromScratch: number;
}> {
  manualSeed(1);
  const test = imageDataset(evenOrOdd(1000, 3)).batch(250);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const folder = await mkdtemp(join(tmpdir(), "myelin-transfer-"));
  const path = join(folder, "digits.safetensors");
  try {
    const reader = new DigitNet();
    const history = await fit(
      reader,
      imageDataset(drawnDigits({ count: many, seed: 1 }))
        .shuffle()
        .batch(64),
      {
        optimizer: new optim.AdamW(reader.parameters(), { lr: 2e-3 }),
        loss: losses.crossEntropy,
        metrics: { accuracy },
        epochs: 4,
        display: false,
      },
    );
    print(`digits from ${many} images: ${percent(history.accuracy.at(-1)!)} while training`);
    await saveModel(reader, path);

    const train = imageDataset(evenOrOdd(few, 2)).shuffle().batch(10);
    /** Trains on the few. Where there are layers, the last is trained first. */
    const learn = async (model: DigitNet, optimizer: optim.AdamW, layers: nn.Module[]): Promise<number> => {
      const unfreezing = () => callbacks.gradualUnfreezing({ layers, every: Math.ceil(epochs / 4) });
      await fit(model, train, {
        optimizer,
        loss: losses.crossEntropy,
        epochs,
        callbacks: layers.length > 0 ? [unfreezing()] : [],
        display: false,
      });
      return (await evaluate(model, test, { loss: losses.crossEntropy, metrics: { accuracy } })).accuracy;
    };

    const model = new DigitNet();
    await loadModel(model, path);
    model.head = new nn.Linear(model.head.inFeatures, 2);
    const layers = [model.conv1, model.conv2, model.fc, model.head];
    const groups = optim.groupsByDepth(layers, { lr: 3e-3, decay: 0.5, reverse: true });
    const transferred = await learn(model, new optim.AdamW(groups), layers);

    const alone = new DigitNet();
    alone.head = new nn.Linear(alone.head.inFeatures, 2);
    const fromScratch = await learn(alone, new optim.AdamW(alone.parameters(), { lr: 2e-3 }), []);
    print(`even or odd from ${few}: ${percent(transferred)} after transfer, ${percent(fromScratch)} from scratch`);
    return { transferred, fromScratch };
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) await main();
