// Every line below a directive must fail; tsc is the test.
import { losses, nn, zeros, type Tensor } from "../index.ts";

// @ts-expect-error Linear(784, 128): the last dimension must be 784, got [32, 700]
new nn.Linear(784, 128).forward(zeros([32, 700]));
class Net extends nn.Module {
  fc1 = new nn.Linear(784, 128);
  fc2 = new nn.Linear(64, 10);
  forward(x: Tensor): Tensor {
    // @ts-expect-error layers that do not chain, with an input that says nothing
    return this.fc2.forward(this.fc1.forward(x).relu());
  }
}
// @ts-expect-error LayerNorm(64): the last dimension must be 64, got [2, 32]
new nn.LayerNorm(64).forward(zeros([2, 32]));
// @ts-expect-error channels
new nn.Conv2d(3, 16, 3).forward(zeros([8, 1, 28, 28]));
// @ts-expect-error rank
new nn.Conv2d(3, 16, 3).forward(zeros([8, 28, 28]));
// @ts-expect-error sequential: layer 2: Linear(64, 10): the last dimension must be 64, got […, 128]
nn.sequential(new nn.Linear(784, 128), nn.relu, new nn.Linear(64, 10));
// @ts-expect-error sequential with the wrong input
nn.sequential(new nn.Linear(784, 128), nn.relu).forward(zeros([32, 700]));
// @ts-expect-error labels
losses.crossEntropy(zeros([32, 10]), zeros([32, 10]));
// @ts-expect-error labels
losses.crossEntropy(zeros([32, 10]), zeros([31]));
// @ts-expect-error mse: [32] and [32, 1] differ
losses.mse(zeros([32]), zeros([32, 1]));
// @ts-expect-error no such reduction
losses.mse(zeros([32]), zeros([32]), { reduction: "average" });
void Net;
