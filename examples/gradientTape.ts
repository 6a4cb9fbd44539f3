/**
 * Two loops of TensorFlow's GradientTape, line by line. What a tape records is the graph that tensors are anyway; `tape.gradient` is
 * `valueAndGrad` or `backward`, and `@tf.function` is `jit`.
 */
import {
  accuracy,
  jit,
  losses,
  metrics,
  noGrad,
  optim,
  stack,
  tensor,
  type Dataset,
  type nn,
  type Tensor,
} from "myelin";

type Batches = Dataset<[Tensor, Tensor]>;
type Classifier = nn.Module & { forward(x: Tensor): Tensor };

/** The plain loop: gradients of the loss of each batch, applied by the optimizer. */
export async function trainPlainly(
  model: Classifier,
  trainDataset: Batches,
  optimizer: optim.Optimizer,
  epochs: number,
  print: (line: string) => void,
  onStep?: (loss: number) => void,
): Promise<void> {
  const variables = model.parameters();
  for (let epoch = 0; epoch < epochs; epoch++) {
    let last = NaN;
    for await (const [x, y] of trainDataset) {
      const logits = model.train().forward(x);
      const loss = losses.crossEntropy(logits, y);
      model.zeroGrad();
      loss.backward();
      const gradients = variables.map((variable) => variable.grad!);
      optimizer.applyGradients(gradients.map((gradient, i) => [gradient, variables[i]!] as const));
      last = await loss.item();
      onStep?.(last);
    }
    print(`Epoch ${epoch + 1}, Loss: ${last.toFixed(4)}`);
  }
}

/** The compiled step with clipped gradients, and metrics that are updated, read and reset. */
export async function trainWithMetrics(
  model: Classifier,
  trainDataset: Batches,
  valDataset: Batches,
  optimizer: optim.Optimizer,
  { epochs, clip }: { readonly epochs: number; readonly clip: number },
  print: (line: string) => void,
  onStep?: (loss: number) => void,
): Promise<void> {
  const [trainLoss, trainAccuracy, valLoss, valAccuracy] = [mean(), mean(), mean(), mean()];
  const trainStep = jit((x: Tensor, y: Tensor) => {
    const logits = model.forward(x);
    const loss = losses.crossEntropy(logits, y);
    optimizer.zeroGrad();
    loss.backward();
    optim.clipGradNorms(model.parameters(), clip);
    optimizer.step();
    return { loss, right: accuracy(logits, y) };
  });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const metric of [trainLoss, trainAccuracy, valLoss, valAccuracy]) metric.reset();
    model.train();
    for await (const [x, y] of trainDataset) {
      const { loss, right } = trainStep(x, y);
      onStep?.(await loss.item());
      await trainLoss.update(loss, 1);
      await trainAccuracy.update(right, x.shape[0]!);
    }
    model.eval();
    for await (const [x, y] of valDataset) {
      const logits = noGrad(() => model.forward(x));
      await valLoss.update(losses.crossEntropy(logits, y), 1);
      await valAccuracy.update(accuracy(logits, y), x.shape[0]!);
    }
    print(
      `Epoch ${String(epoch).padStart(2, "0")}: ` +
        `Train Loss=${trainLoss.compute().toFixed(4)}, ` +
        `Train Acc=${trainAccuracy.compute().toFixed(4)}, ` +
        `Val Loss=${valLoss.compute().toFixed(4)}, ` +
        `Val Acc=${valAccuracy.compute().toFixed(4)}`,
    );
  }
}

/** A metric that is the mean of what it is given, each value as often as it counts. */
function mean(): metrics.Metric<Tensor, number> {
  return new metrics.Metric(
    "mean",
    (value, count) => stack([value.mul(count), tensor(count)]),
    ([sum, count]) => sum! / count!,
  );
}
