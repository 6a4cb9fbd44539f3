import { accuracy, drawnDigits, evaluate, imageDataset, jit, losses, nn, optim, type Tensor } from "myelin";

class Net extends nn.Module {
  fc1 = new nn.Linear(784, 128);
  fc2 = new nn.Linear(128, 10);
  forward(images: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(images.flatten(1).float().div(255)).relu());
  }
}
const model = new Net();
const opt = new optim.AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.01 });

const step = jit((x: Tensor, y: Tensor) => {
  const loss = losses.crossEntropy(model.forward(x), y);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  return loss;
});

const digits = imageDataset(drawnDigits({ count: 12_000 }));
const [train, test] = [digits.skip(2_000).shuffle().batch(64), digits.take(2_000).batch(500)];
for (let epoch = 1; epoch <= 5; epoch++) {
  let loss = 0;
  for await (const [x, y] of train) loss = await step(x, y).item();
  const { accuracy: right } = await evaluate(model, test, { loss: losses.crossEntropy, metrics: { accuracy } });
  console.log(`epoch ${epoch}  loss ${loss.toFixed(3)}  test accuracy ${(100 * right).toFixed(1)} %`);
}
