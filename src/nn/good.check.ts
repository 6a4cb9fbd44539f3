// Every line below must check, with exactly the result types named: `is<Expected>()(value)`. tsc is the test.
import { losses, nn, optim, tensor, zeros, type Tensor } from "../index.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<S extends readonly number[]>(): <T extends readonly number[]>(
  t: Tensor<T>,
  ...same: Equal<S, T> extends true ? [] : [got: T]
) => void;

const x = zeros([32, 784]);
declare const dyn: Tensor<[number, 784]>;
declare const any: Tensor;

// layers
const fc = new nn.Linear(784, 128);
is<[32, 128]>()(fc.forward(x));
is<[number, 128]>()(fc.forward(dyn));
is<[...number[], 128]>()(fc.forward(any));
is<[128, 784]>()(fc.weight);
is<[32, 784]>()(new nn.LayerNorm(784).forward(x));
is<[32, 784]>()(new nn.RMSNorm(784).forward(x));
is<[5, 7, 64]>()(new nn.Embedding(1000, 64).forward(zeros([5, 7])));
is<[32, 784]>()(new nn.Dropout(0.1).forward(x));
is<[number, 784]>()(new nn.BatchNorm1d(784).forward(dyn));
is<[8, 16, 28, 28]>()(new nn.Conv2d(1, 16, 3, { padding: "same" }).forward(zeros([8, 1, 28, 28])));
is<[8, 16, number, number]>()(new nn.Conv2d(1, 16, 3).forward(zeros([8, 1, 28, 28])));
is<[8, 16, number, number]>()(new nn.MaxPool2d(2).forward(zeros([8, 16, 28, 28])));
is<[8, 3136]>()(new nn.Flatten().forward(zeros([8, 64, 7, 7])));
is<[32, 784]>()(new nn.GELU("tanh").forward(x));
is<[32, 784]>()(nn.relu(x));

// models
class Net extends nn.Module {
  fc1 = new nn.Linear(784, 128);
  fc2 = new nn.Linear(128, 10);
  forward(input: Tensor): Tensor<[...number[], 10]> {
    return this.fc2.forward(this.fc1.forward(input).relu());
  }
}
const net = new Net();
is<[...number[], 10]>()(net.forward(x));
class Typed extends nn.Module {
  fc1 = new nn.Linear(784, 128);
  fc2 = new nn.Linear(128, 10);
  forward<B extends number>(input: Tensor<[B, 784]>): Tensor<[B, 10]> {
    return this.fc2.forward(this.fc1.forward(input).relu());
  }
}
is<[32, 10]>()(new Typed().forward(x));

// chains
const chain = nn.sequential(new nn.Linear(784, 128), nn.relu, new nn.Dropout(0.1), new nn.Linear(128, 10));
is<[32, 10]>()(chain.forward(x));
is<[...number[], 10]>()(chain.forward(any));
is<[32, 3]>()(nn.sequential(chain, new nn.Linear(10, 3)).forward(x));
is<[...number[], 3]>()(nn.sequential(net, new nn.Linear(10, 3)).forward(x));
const convolutional = nn.sequential(
  new nn.Conv2d(1, 32, 3, { padding: "same" }),
  new nn.ReLU(),
  new nn.Flatten(),
  new nn.Linear(25088, 10),
);
is<[8, 10]>()(convolutional.forward(zeros([8, 1, 28, 28])));
const sizes = [784, 256, 64];
const made = nn.sequential(...sizes.slice(1).map((size, i) => new nn.Linear(sizes[i]!, size)));
made.forward(x);
const own = nn.sequential((t: Tensor<[32, 784]>) => t.sum(1), nn.tanh);
is<[32]>()(own.forward(x));
const list: nn.Module[] = [net, fc, chain, convolutional];
for (const module of list) new optim.SGD(module.parameters());
new optim.Adam([{ params: [fc.weight], lr: 1e-3 }, { params: fc.parameters() }]);

// losses
const labels = tensor(new Int32Array(32));
is<[]>()(losses.crossEntropy(chain.forward(x), labels));
is<[32]>()(losses.crossEntropy(chain.forward(x), labels.asShape([32]), { reduction: "none" }));
is<[]>()(losses.mse(x, zeros([32, 784])));
is<[32, 784]>()(losses.mse(x, dyn, { reduction: "none" }));
is<[]>()(losses.softCrossEntropy(x, x));
losses.crossEntropy(net.forward(any), any).backward();
