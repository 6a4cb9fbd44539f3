/** What is timed. A training step is the whole step: zero, forward, backward, update. */
import { jit, parameter, randn, type Tensor } from "myelin";

export interface Workload {
  /** Does the work once; results are read back where a user would read them. */
  readonly step: () => void;
  /** Floating-point operations of one step, where counting them makes sense. */
  readonly flops?: number;
  /** Bytes that one step must move, where that is its limit. */
  readonly bytes?: number;
}

/** Concrete values, so that what is timed does not include making them. */
function values(...shape: number[]): Tensor {
  const tensor = randn(shape);
  tensor.dataSync();
  return tensor;
}

/** State in the device's memory, as weights are. */
function weights(...shape: number[]): Tensor {
  return parameter(values(...shape).dataSync(), shape);
}

function matmul(n: number, transposeLeft = false, transposeRight = false): Workload {
  const a = weights(n, n), b = weights(n, n), c = weights(n, n);
  void c;
  const product = jit(() => {
    const out = (transposeLeft ? a.T : a).matmul(transposeRight ? b.T : b);
    // Only one element leaves the device: the copy of a result is not part of a product.
    return out.slice([0, 1], [0, 1]);
  });
  return { step: () => void product(), flops: 2 * n ** 3 };
}

function elementwise(n: number): Workload {
  const x = weights(n);
  const f = jit(() => x.mul(2).add(1).relu().mul(x.sigmoid()).sum());
  return { step: () => void f(), bytes: 4 * n };
}

function softmax(rows: number, columns: number): Workload {
  const x = weights(rows, columns);
  const y = parameter(new Float32Array(rows * columns), [rows, columns]);
  void y;
  const f = jit(() => x.softmax(-1).slice([0, 1], [0, 1]));
  return { step: () => void f(), bytes: 8 * rows * columns };
}

export const workloads: Readonly<Record<string, () => Workload>> = {
  matmul128: () => matmul(128),
  matmul512: () => matmul(512),
  matmul1024: () => matmul(1024),
  "matmul1024-ta": () => matmul(1024, true),
  "matmul1024-tb": () => matmul(1024, false, true),
  elementwise10m: () => elementwise(10_000_000),
  softmax: () => softmax(4096, 1000),
};
