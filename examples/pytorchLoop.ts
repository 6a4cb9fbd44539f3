/**
 * A training script of PyTorch, line by line: a module, a loop over epochs, validation, a schedule, early stopping, the best model, inference.
 * `fit` does all of it; this is for those who want to write the loop. Wrapped into `jit`, a step is compiled as one program.
 */
import { Dataset, loadModel, losses, nn, noGrad, optim, saveModel, slices, type DType, type Tensor } from "myelin";

/** A batch of inputs and the classes they are of. */
type Loader = Dataset<[Tensor, Tensor]>;

/** Dense layers with batch norm and dropout. */
export class AdvancedNN extends nn.Module {
  network: nn.Sequential;

  constructor(
    inputSize: number,
    hiddenSizes: readonly number[],
    outputSize: number,
    { dropout = 0.3, dtype }: { dropout?: number; dtype?: DType } = {},
  ) {
    super();
    const layers: nn.Layer[] = [];
    let previous = inputSize;
    for (const hidden of hiddenSizes) {
      layers.push(
        new nn.Linear(previous, hidden, { dtype }),
        new nn.BatchNorm1d(hidden, { dtype }),
        new nn.ReLU(),
        new nn.Dropout(dropout),
      );
      previous = hidden;
    }
    layers.push(new nn.Linear(previous, outputSize, { dtype }));
    this.network = new nn.Sequential(layers as readonly nn.Layer[]);
  }

  forward(x: Tensor): Tensor {
    return this.network.forward(x);
  }
}

/** Mean loss and the percentage of right answers. `onStep` is told the loss of every step. */
export async function trainEpoch(
  model: AdvancedNN,
  loader: Loader,
  optimizer: optim.Optimizer,
  onStep?: (loss: number) => void,
): Promise<readonly [loss: number, accuracy: number]> {
  model.train();
  let [totalLoss, correct, total, batches] = [0, 0, 0, 0];
  for await (const [x, y] of loader) {
    const outputs = model.forward(x);
    const loss = losses.crossEntropy(outputs, y);

    optimizer.zeroGrad();
    loss.backward();
    optim.clipGradNorm(model.parameters(), 1.0);
    optimizer.step();

    const value = await loss.item();
    onStep?.(value);
    totalLoss += value;
    const predicted = outputs.argmax(1);
    total += y.shape[0]!;
    correct += await predicted.eq(y).sum().item();
    batches++;
  }
  return [totalLoss / batches, (100 * correct) / total];
}

/** The same without gradients and in evaluation mode. */
export async function validate(model: AdvancedNN, loader: Loader): Promise<readonly [loss: number, accuracy: number]> {
  model.eval();
  let [totalLoss, correct, total, batches] = [0, 0, 0, 0];
  for await (const [x, y] of loader) {
    const outputs = noGrad(() => model.forward(x));
    totalLoss += await losses.crossEntropy(outputs, y).item();
    total += y.shape[0]!;
    correct += await outputs.argmax(1).eq(y).sum().item();
    batches++;
  }
  return [totalLoss / batches, (100 * correct) / total];
}

/** Where the loop tells what it does, and where it keeps the best model. */
export interface LoopOptions {
  readonly epochs?: number;
  readonly patience?: number;
  readonly path?: string;
  readonly print?: (line: string) => void;
  readonly onStep?: (loss: number) => void;
}

/** Trains, and leaves the model as it was in its best epoch. */
export async function trainModel(
  model: AdvancedNN,
  trainLoader: Loader,
  valLoader: Loader,
  { epochs = 50, patience = 10, path = "best_model.safetensors", print = console.log, onStep }: LoopOptions = {},
): Promise<AdvancedNN> {
  const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.01 });
  const scheduler = new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: epochs }));

  let bestAccuracy = 0;
  let patienceCounter = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const [trainLoss, trainAccuracy] = await trainEpoch(model, trainLoader, optimizer, onStep);
    const [valLoss, valAccuracy] = await validate(model, valLoader);
    scheduler.step();

    print(`Epoch ${epoch + 1}/${epochs}:`);
    print(`  Train Loss: ${trainLoss.toFixed(4)}, Train Acc: ${trainAccuracy.toFixed(2)}%`);
    print(`  Val Loss: ${valLoss.toFixed(4)}, Val Acc: ${valAccuracy.toFixed(2)}%`);

    if (valAccuracy > bestAccuracy) {
      bestAccuracy = valAccuracy;
      patienceCounter = 0;
      await saveModel(model, path);
    } else if (++patienceCounter >= patience) {
      print(`Early stopping at epoch ${epoch + 1}`);
      break;
    }
  }
  await loadModel(model, path);
  return model;
}

/** Classes and their probabilities. */
export async function inference(
  model: AdvancedNN,
  input: Tensor,
): Promise<{ readonly predicted: readonly number[]; readonly probabilities: readonly (readonly number[])[] }> {
  model.eval();
  const output = noGrad(() => model.forward(input));
  const probabilities = output.softmax(-1).toArraySync() as number[][];
  return { predicted: [...(await output.argmax(-1).data())], probabilities };
}

/** `Predicted: 7, Confidence: 98.76%` of one example. */
export async function describePrediction(model: AdvancedNN, input: Tensor): Promise<string> {
  const { predicted, probabilities } = await inference(model, input);
  const [label] = predicted as [number];
  return `Predicted: ${label}, Confidence: ${(100 * probabilities[0]![label]!).toFixed(2)}%`;
}

/** Batches of examples in their order. */
export function loaderOf(x: Tensor, y: Tensor, batchSize: number): Loader {
  return Dataset.from(slices([x, y])).batch(batchSize) as Loader;
}
