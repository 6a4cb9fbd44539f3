/** What jax-js shows on its pages, with its sizes, as a user of this library would write it. */
import { jit, nn, optim, tensor, zerosLike, type Tensor } from "myelin";
import { finished, labels, left, perceptron, training, values, weights, type Workload } from "./workloads.ts";

/** Its "mnist": a network of 5×5 and 3×3 filters. */
class DigitNet extends nn.Module {
  readonly conv1: nn.Conv2d = new nn.Conv2d(1, 24, 5);
  readonly conv2: nn.Conv2d = new nn.Conv2d(24, 32, 3);
  readonly dense: nn.Linear = new nn.Linear(800, 128);
  readonly head: nn.Linear = new nn.Linear(128, 10);

  forward(x: Tensor): Tensor {
    x = this.conv1.forward(x).maxPool2d(2).relu();
    x = this.conv2.forward(x).maxPool2d(2).relu();
    return this.head.forward(this.dense.forward(x.flatten(1)).relu());
  }
}

function digits(batch: number): Workload {
  const model = new DigitNet();
  return training(
    model,
    values([batch, 1, 28, 28]),
    labels(10, batch),
    new optim.Adam(model.parameters(), { lr: 5e-3 }),
  );
}

/** Its "mandelbrot" in the editor: a jitted step over a grid of points, 80 times. What a step changes is state here, as weights are. */
function mandelbrot(): Workload {
  const [width, height, steps] = [420, 300, 80];
  const grid = (valueAt: (column: number, row: number) => number) =>
    nn.buffer(
      tensor(
        Float32Array.from({ length: width * height }, (_, at) => valueAt(at % width, Math.floor(at / width))),
        [height, width],
      ),
    );
  const real = grid((column) => -2 + (2.6 * column) / (width - 1)),
    imaginary = grid((_, row) => (2.6 * height * (row / (height - 1) - 0.5)) / width),
    [x, y, count] = [grid(() => 0), grid(() => 0), grid(() => 0)] as const;
  const start = jit(() => [x, y, count].forEach((state) => state.assign(zerosLike(state))));
  const step = jit(() => {
    const [xx, yy] = [x.square(), y.square()];
    count.assign(count.add(xx.add(yy).lt(4).cast("f32")));
    y.assign(x.mul(y).mul(2).add(imaginary));
    x.assign(xx.sub(yy).add(real));
  });
  return {
    step() {
      start();
      for (let i = 0; i < steps; i++) step();
      return finished();
    },
    run: step,
  };
}

/** Its benchmark of convolutions. */
function conv2d(channels: number, side: number, filters: number): Workload {
  const x = weights([1, channels, side, side]),
    weight = weights([filters, channels, 3, 3]),
    y = nn.buffer(tensor(new Float32Array(filters * side ** 2), [1, filters, side, side]));
  const f = jit(() => y.assign(x.conv2d(weight, { padding: 1 })));
  return { step: left(f), run: f, flops: 2 * 9 * channels * filters * side ** 2 };
}

/** Its benchmark of products of a matrix and a vector. */
function matvec(n: number): Workload {
  const a = weights([n, n]),
    x = weights([n]),
    y = nn.buffer(tensor(new Float32Array(n), [n]));
  const f = jit(() => y.assign(a.matmul(x)));
  return { step: left(f), run: f, flops: 2 * n ** 2, bytes: 4 * n ** 2 };
}

export const examples: Readonly<Record<string, () => Workload>> = {
  "mnist-mlp": () => perceptron(1000, 784, 256, 128, 10),
  "mnist-cnn": () => digits(250),
  mandelbrot,
  conv2d: () => conv2d(32, 256, 64),
  matvec: () => matvec(4096),
};
