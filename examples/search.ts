/**
 * Searching for hyper-parameters: a Parzen estimator proposes, Hyperband gives up early what goes badly, and a file keeps what was
 * tried: started again after Ctrl-C or a crash, the search goes on.
 *
 *     node build/examples/search.js [trials] [file]
 */
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { accuracy, drawnDigits, fit, imageDataset, losses, manualSeed, nn, optim, tune, type Tensor } from "myelin";

const ACTIVATIONS = { relu: new nn.ReLU(), elu: new nn.ELU(), swish: new nn.SiLU() } as const;

const SPACE = {
  optimizer: tune.choice(["sgd", "adam"]),
  momentum: tune.when("optimizer", "sgd", tune.uniform(0, 0.95)),
  lr: tune.logUniform(1e-4, 1),
  units: tune.int(8, 128, { log: true }),
  activation: tune.choice(["relu", "elu", "swish"]),
  dropout: tune.uniform(0, 0.5),
};

class Net extends nn.Module {
  hidden: nn.Linear;
  activation: nn.Module & { forward(x: Tensor): Tensor };
  dropout: nn.Dropout;
  output: nn.Linear;

  constructor({ units, activation, dropout }: tune.Params<typeof SPACE>) {
    super();
    this.hidden = new nn.Linear(784, units);
    this.activation = ACTIVATIONS[activation];
    this.dropout = new nn.Dropout(dropout);
    this.output = new nn.Linear(units, 10);
  }

  forward(images: Tensor): Tensor {
    const pixels: Tensor = images.flatten(1).float().div(255);
    return this.output.forward(this.dropout.forward(this.activation.forward(this.hidden.forward(pixels))));
  }
}

export interface SearchOptions {
  readonly trials?: number;
  readonly epochs?: number;
  readonly images?: number;
  readonly file?: string | undefined;
  readonly print?: (line: string) => void;
}

/** @returns the best trial's parameters and its accuracy on images that it was not trained on. */
export async function main(options: SearchOptions = {}): Promise<{ params: tune.Values; value: number }> {
  const { trials = 40, epochs = 9, images = 2000, file, print = console.log } = options;
  const digits = imageDataset(drawnDigits({ count: images, seed: 1 }));
  const cut = Math.floor(0.8 * images);
  const study = await tune.study(SPACE, {
    pruner: tune.hyperband({ max: epochs }),
    direction: "maximize",
    seed: 1,
    file,
  });
  try {
    const { params, value } = await study.run(
      async (chosen, trial) => {
        // The same start for all, so that they differ in what is searched only.
        manualSeed(0);
        const model = new Net(chosen);
        const { lr, momentum } = chosen;
        const optimizer =
          chosen.optimizer === "adam"
            ? new optim.Adam(model.parameters(), { lr })
            : new optim.SGD(model.parameters(), { lr, momentum });
        const history = await fit(model, digits.take(cut).shuffle().batch(32), {
          optimizer,
          loss: losses.crossEntropy,
          metrics: { accuracy },
          validation: digits.skip(cut).batch(200),
          epochs,
          callbacks: [tune.pruning(trial, "val_accuracy")],
          display: false,
        });
        return history.val_accuracy!.at(-1)!;
      },
      { trials },
    );
    print(study.table());
    return { params, value };
  } finally {
    study.close();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
  await main({ trials: Number(process.argv[2] ?? 40), file: process.argv[3] });
