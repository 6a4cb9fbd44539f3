/** What is timed. A training step is the whole step: zero, forward, backward, update. */
import { currentDevice, grad, jit, losses, nn, noGrad, optim, synchronize, tensor, type Tensor } from "myelin";
import type { Step } from "./measure.ts";
import { Convolutional, Gpt, Perceptron, Recurrent } from "./models.ts";

export interface Workload {
  /** Does the work once; results are read back where a user would read them. */
  readonly step: Step;
  /** Floating-point operations of one step, where counting them makes sense. */
  readonly flops?: number;
  /** Bytes that one step must move, where that is its limit. */
  readonly bytes?: number;
  /** The traced function and its arguments, for `explain`. */
  readonly run?: (...args: never[]) => unknown;
  readonly inputs?: readonly Tensor[];
}

/** Concrete values, so that what is timed does not include making them. */
export function values(shape: readonly number[], dtype: "f32" | "f16" = "f32"): Tensor {
  // Sums of uniform numbers are as good as normal ones here.
  const normal = (): number => 2 * (Math.random() + Math.random() + Math.random()) - 3;
  const made = tensor(Float32Array.from({ length: size(shape) }, normal), [...shape]);
  return dtype === "f32" ? made : made.cast(dtype);
}

const size = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** State in the device's memory, as weights are. */
export function weights(shape: readonly number[], dtype: "f32" | "f16" = "f32"): Tensor {
  return nn.buffer(values(shape, dtype));
}

/** Waits for a device that answers later; the others have computed when a call returns. */
export const finished = (): Promise<void> | undefined => (currentDevice() === "webgpu" ? synchronize() : undefined);

/** Runs a program whose result stays on the device. */
export const left = (program: () => unknown) => (): Promise<void> | undefined => {
  program();
  return finished();
};

// Results go into state on the device: bringing them to JavaScript is not part of a product.
export function matmul(
  n: number,
  transposeLeft = false,
  transposeRight = false,
  dtype: "f32" | "f16" = "f32",
): Workload {
  const a = weights([n, n], dtype),
    b = weights([n, n], dtype),
    c = nn.buffer(tensor(new Float32Array(n * n), [n, n]).cast(dtype));
  const product = jit(() => c.assign((transposeLeft ? a.T : a).matmul(transposeRight ? b.T : b)));
  return { step: left(product), run: product, flops: 2 * n ** 3 };
}

export function elementwise(n: number): Workload {
  const x = weights([n]),
    y = nn.buffer(tensor(new Float32Array(n), [n]));
  const f = jit(() => y.assign(x.mul(2).add(1).relu().mul(x.sigmoid())));
  return { step: left(f), run: f, bytes: 8 * n };
}

function softmax(rows: number, columns: number): Workload {
  const x = weights([rows, columns]),
    y = nn.buffer(tensor(new Float32Array(rows * columns), [rows, columns]));
  const f = jit(() => y.assign(x.softmax(-1)));
  return { step: left(f), run: f, bytes: 8 * rows * columns };
}

/** Causal attention of 4 heads with 64 features each, and the gradients of its three operands. */
export function attention(length: number): Workload {
  const shape = [1, 4, length, 64];
  const [q, k, v, share] = [weights(shape), weights(shape), weights(shape), weights(shape)];
  const results = [q, k, v].map(() => nn.buffer(tensor(new Float32Array(size(shape)), shape)));
  const attended = (...[query, key, value]: readonly [Tensor, Tensor, Tensor]): Tensor =>
    nn.scaledDotProductAttention(query, key, value, { isCausal: true }).mul(share).sum();
  const gradients = grad(attended, { argnums: [0, 1, 2] });
  const f = jit(() => gradients(q, k, v).forEach((gradient, i) => results[i]!.assign(gradient)));
  // Two products of the pairs that are seen, and twice as many for gradients.
  return { step: left(f), run: f, flops: 6 * 4 * 64 * length * (length + 1) };
}

/** Reads a result, without waiting where that is possible: a turn of the event loop would count against a short step. */
export const read = (x: Tensor): void | Promise<unknown> =>
  currentDevice() === "webgpu" ? x.data() : void x.dataSync();

/** A whole training step of a classifier on one batch. */
export function training(
  model: { forward(x: Tensor): Tensor },
  x: Tensor,
  labels: Tensor,
  optimizer: optim.Optimizer,
): Workload {
  const step = jit((input: Tensor, target: Tensor) => {
    optimizer.zeroGrad();
    const loss = losses.crossEntropy(model.forward(input), target);
    loss.backward();
    optimizer.step();
    return loss;
  });
  return { step: () => read(step(x, labels)), run: step, inputs: [x, labels] };
}

export function labels(count: number, ...shape: number[]): Tensor {
  return tensor(
    Int32Array.from({ length: size(shape) }, () => Math.floor(count * Math.random())),
    shape,
  );
}

export function perceptron(batch: number, ...sizes: number[]): Workload {
  const model = new Perceptron(...sizes);
  return training(
    model,
    values([batch, sizes[0]!]),
    labels(sizes[sizes.length - 1]!, batch),
    new optim.Adam(model.parameters(), { lr: 1e-3 }),
  );
}

function convolutional(batch: number): Workload {
  const model = new Convolutional();
  return training(
    model,
    values([batch, 1, 28, 28]),
    labels(10, batch),
    new optim.Adam(model.parameters(), { lr: 1e-3 }),
  );
}

export function lstm(batch: number, length: number): Workload {
  const model = new Recurrent(32, 128, 10);
  return training(
    model,
    values([batch, length, 32]),
    labels(10, batch),
    new optim.Adam(model.parameters(), { lr: 1e-3 }),
  );
}

export function gpt(batch: number, length: number): Workload {
  const model = new Gpt(512, length, 256, 4, 4);
  const flat = { forward: (ids: Tensor): Tensor => model.forward(ids).reshape([batch * length, 512]) };
  return training(
    flat,
    labels(512, batch, length),
    labels(512, batch * length),
    new optim.AdamW(model.parameters(), { lr: 3e-4 }),
  );
}

function inference(): Workload {
  const model = new Perceptron(784, 512, 256, 10);
  const x = values([1, 784]);
  const f = jit((input: Tensor) => noGrad(() => model.forward(input)));
  return { step: () => read(f(x)), run: f, inputs: [x] };
}

export const workloads: Readonly<Record<string, () => Workload>> = {
  matmul64: () => matmul(64),
  matmul128: () => matmul(128),
  matmul256: () => matmul(256),
  matmul512: () => matmul(512),
  matmul1024: () => matmul(1024),
  "matmul1024-ta": () => matmul(1024, true),
  "matmul1024-tb": () => matmul(1024, false, true),
  elementwise10m: () => elementwise(10_000_000),
  mlp64: () => perceptron(64, 784, 512, 256, 10),
  mlp32: () => perceptron(32, 784, 128, 10),
  cnn32: () => convolutional(32),
  lstm: () => lstm(32, 64),
  gpt: () => gpt(8, 128),
  "mlp-b1": () => inference(),
  softmax: () => softmax(4096, 1000),
  elementwise1m: () => elementwise(1_000_000),
  attention1024: () => attention(1024),
};

/** For GPUs: minutes on a processor. */
export const large: Readonly<Record<string, () => Workload>> = {
  matmul2048: () => matmul(2048),
  matmul4096: () => matmul(4096),
  "matmul4096-f16": () => matmul(4096, false, false, "f16"),
};
