// The workloads in TensorFlow.js, whichever its backend: operations under `tidy`, variables, and its own Adam.
import * as tf from "@tensorflow/tfjs-core";
// Brings the gradients: core and its backends register none.
import "@tensorflow/tfjs-layers";

/** @typedef {import("@tensorflow/tfjs-core").Tensor} Tensor */

/** @param {number[]} shape @returns {Tensor} */
const values = (...shape) => tf.randomNormal(shape);
/** @param {number} inputs @param {number[]} shape */
const weights = (inputs, ...shape) => tf.variable(tf.mul(values(...shape), 1 / Math.sqrt(inputs)));
/** @param {number[]} shape */
const zeros = (...shape) => tf.variable(tf.zeros(shape));
/** @param {number} count @param {number[]} shape */
const labels = (count, ...shape) => tf.randomUniformInt(shape, 0, count);

/** Waits for a backend that answers later. @type {(() => Promise<unknown>) | undefined} */
let wait;

/**
 * Runs an operation whose result stays where it is.
 * @param {() => Tensor} f
 */
const forward = (f) => () => {
  tf.tidy(f).dispose();
  return wait?.();
};

/** Reads a result, and forgets it. @param {Tensor} x */
function read(x) {
  if (wait) return x.data().then(() => x.dispose());
  x.dataSync();
  return x.dispose();
}

/** @param {number} n */
function matmul(n, transposeLeft = false, transposeRight = false) {
  const a = values(n, n),
    b = values(n, n);
  return forward(() => tf.matMul(a, b, transposeLeft, transposeRight));
}

/** @param {number} n */
function elementwise(n) {
  const x = values(n);
  return forward(() => tf.mul(tf.relu(tf.add(tf.mul(x, 2), 1)), tf.sigmoid(x)));
}

function softmax() {
  const x = values(4096, 1000);
  return forward(() => tf.softmax(x, -1));
}

/**
 * A whole training step: gradients of the loss, Adam (with a decay: AdamW, which TensorFlow.js lacks), the loss read back.
 * @param {(x: Tensor) => Tensor} model
 * @param {Tensor} x
 * @param {Tensor} target
 * @param {{ rate: number, decay: number }} options
 */
function training(model, x, target, { rate, decay } = { rate: 1e-3, decay: 0 }) {
  const optimizer = tf.train.adam(rate);
  const loss = () => {
    const logits = model(x);
    const classes = logits.shape[logits.rank - 1] ?? 1;
    const wanted = tf.oneHot(/** @type {import("@tensorflow/tfjs-core").Tensor1D} */ (target), classes);
    const picked = tf.mul(tf.logSoftmax(logits), tf.cast(wanted, "float32"));
    return /** @type {import("@tensorflow/tfjs-core").Scalar} */ (tf.mul(tf.sum(picked), -classes / logits.size));
  };
  const step = () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss);
      if (decay) {
        for (const variable of Object.values(tf.engine().registeredVariables))
          if (variable.trainable) variable.assign(tf.mul(variable, 1 - rate * decay));
      }
      optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value;
    });
  return () => read(step());
}

/** @param {number} inputs @param {number} outputs */
function denseLayer(inputs, outputs) {
  const weight = weights(inputs, inputs, outputs),
    bias = zeros(outputs);
  return (/** @type {Tensor} */ x) => tf.add(tf.matMul(x, weight), bias);
}

/** @param {number[]} sizes */
function perceptron(...sizes) {
  const layers = sizes.slice(1).map((size, i) => denseLayer(sizes[i] ?? 1, size));
  return (/** @type {Tensor} */ x) =>
    layers.reduce((y, layer, i) => (i < layers.length - 1 ? tf.relu(layer(y)) : layer(y)), x);
}

/** @param {number} batch @param {number[]} sizes */
function mlp(batch, ...sizes) {
  const classes = sizes[sizes.length - 1] ?? 1;
  return training(perceptron(...sizes), values(batch, sizes[0] ?? 1), labels(classes, batch));
}

function inference() {
  const model = perceptron(784, 512, 256, 10);
  const x = values(1, 784);
  return () => read(tf.tidy(() => model(x)));
}

/** @param {number} batch */
function cnn(batch) {
  const kernel1 = weights(9, 3, 3, 1, 32),
    offset1 = zeros(32),
    kernel2 = weights(9 * 32, 3, 3, 32, 64),
    offset2 = zeros(64);
  const head = perceptron(64 * 49, 128, 10);
  const layer = (/** @type {Tensor} */ x, /** @type {Tensor} */ kernel, /** @type {Tensor} */ offset) => {
    const convolved = tf.conv2d(
      /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (x),
      /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (kernel),
      1,
      "same",
    );
    const active = /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (tf.relu(tf.add(convolved, offset)));
    return tf.maxPool(active, 2, 2, "valid");
  };
  const model = (/** @type {Tensor} */ x) =>
    head(tf.reshape(layer(layer(x, kernel1, offset1), kernel2, offset2), [batch, 64 * 49]));
  return training(model, values(batch, 28, 28, 1), labels(10, batch));
}

/** The digits of jax-js's pages. @param {number} batch */
function digits(batch) {
  const head = perceptron(800, 128, 10);
  const layer = (/** @type {number} */ inputs, /** @type {number} */ size, /** @type {number} */ outputs) => {
    const kernel = weights(inputs * size * size, size, size, inputs, outputs),
      offset = zeros(outputs);
    return (/** @type {Tensor} */ x) => {
      const convolved = tf.conv2d(
        /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (x),
        /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (kernel),
        1,
        "valid",
      );
      const shifted = /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (tf.add(convolved, offset));
      return tf.relu(tf.maxPool(shifted, 2, 2, "valid"));
    };
  };
  const [first, second] = [layer(1, 5, 24), layer(24, 3, 32)];
  const model = (/** @type {Tensor} */ x) => head(tf.reshape(second(first(x)), [batch, 800]));
  return training(model, values(batch, 28, 28, 1), labels(10, batch), { rate: 5e-3, decay: 0 });
}

/** In its own order of axes. @param {number} channels @param {number} side @param {number} filters */
function conv2d(channels, side, filters) {
  const x = /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (values(1, side, side, channels)),
    filter = /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (values(3, 3, channels, filters));
  return forward(() => tf.conv2d(x, filter, 1, "same"));
}

function matvec() {
  const a = values(4096, 4096),
    x = values(4096, 1);
  return forward(() => tf.matMul(a, x));
}

const WIDTH = 256,
  HEADS = 4,
  DEPTH = 4,
  VOCABULARY = 512;

function normalization() {
  const gain = tf.variable(tf.ones([WIDTH])),
    offset = zeros(WIDTH);
  return (/** @type {Tensor} */ x) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain), offset);
  };
}

/** @param {Tensor} x */
const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

/** @param {number} batch @param {number} length */
function gpt(batch, length) {
  // Below the diagonal 0, above it a number that softmax makes 0 of.
  const mask = tf.tidy(() => tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([length, length]), -1, 0)), -1e9));
  const split = (/** @type {Tensor} */ x) =>
    tf.transpose(tf.reshape(x, [batch, length, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  const blocks = Array.from({ length: DEPTH }, () => {
    const norm1 = normalization(),
      norm2 = normalization();
    const query = denseLayer(WIDTH, WIDTH),
      key = denseLayer(WIDTH, WIDTH),
      value = denseLayer(WIDTH, WIDTH);
    const out = denseLayer(WIDTH, WIDTH),
      up = denseLayer(WIDTH, 4 * WIDTH),
      down = denseLayer(4 * WIDTH, WIDTH);
    // Activations are rows here, [batch · length, width]: a product of matrices is much faster than a batched one.
    return (/** @type {Tensor} */ x) => {
      const seen = norm1(x);
      const scores = tf.matMul(split(query(seen)), split(key(seen)), false, true);
      const weight = tf.softmax(tf.add(tf.mul(scores, 1 / Math.sqrt(WIDTH / HEADS)), mask));
      const mixed = tf.reshape(tf.transpose(tf.matMul(weight, split(value(seen))), [0, 2, 1, 3]), [
        batch * length,
        WIDTH,
      ]);
      const y = tf.add(x, out(mixed));
      return tf.add(y, down(gelu(up(norm2(y)))));
    };
  });
  const tokens = tf.variable(values(VOCABULARY, WIDTH)),
    positions = tf.variable(values(length, WIDTH));
  const norm = normalization(),
    head = weights(WIDTH, WIDTH, VOCABULARY);
  const model = (/** @type {Tensor} */ ids) => {
    // A product instead of `gather`, whose gradient this backend lacks.
    const chosen = tf.cast(
      tf.oneHot(/** @type {import("@tensorflow/tfjs-core").Tensor1D} */ (ids), VOCABULARY),
      "float32",
    );
    const embedded = tf.reshape(tf.matMul(chosen, tokens), [batch, length, WIDTH]);
    const first = tf.reshape(tf.add(embedded, positions), [batch * length, WIDTH]);
    return tf.matMul(norm(blocks.reduce((x, block) => block(x), first)), head);
  };
  return training(model, labels(VOCABULARY, batch * length), labels(VOCABULARY, batch * length), {
    rate: 3e-4,
    decay: 0.01,
  });
}

/** @param {number} batch @param {number} length */
function lstm(batch, length) {
  const hidden = 128,
    features = 32;
  const input = weights(hidden, features, 4 * hidden),
    recurrent = weights(hidden, hidden, 4 * hidden),
    bias = zeros(4 * hidden);
  const head = denseLayer(hidden, 10);
  // Time comes first, so that a step's input is one run of memory.
  const model = (/** @type {Tensor} */ x) => {
    const projected = tf.add(tf.matMul(tf.reshape(x, [length * batch, features]), input), bias);
    const steps = tf.unstack(tf.reshape(projected, [length, batch, 4 * hidden]));
    /** @type {Tensor} */ let state = tf.zeros([batch, hidden]);
    /** @type {Tensor} */ let cell = tf.zeros([batch, hidden]);
    for (const step of steps) {
      const gates = tf.add(step, tf.matMul(state, recurrent));
      const [i, f, g, o] = /** @type {[Tensor, Tensor, Tensor, Tensor]} */ (tf.split(gates, 4, -1));
      cell = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(g)));
      state = tf.mul(tf.sigmoid(o), tf.tanh(cell));
    }
    return head(state);
  };
  return training(model, values(length, batch, features), labels(10, batch));
}

/** @type {import("./measure.mjs").Workloads} */
const workloads = {
  matmul64: () => matmul(64),
  matmul128: () => matmul(128),
  matmul256: () => matmul(256),
  matmul512: () => matmul(512),
  matmul1024: () => matmul(1024),
  "matmul1024-ta": () => matmul(1024, true),
  "matmul1024-tb": () => matmul(1024, false, true),
  elementwise1m: () => elementwise(1_000_000),
  elementwise10m: () => elementwise(10_000_000),
  softmax,
  mlp64: () => mlp(64, 784, 512, 256, 10),
  mlp32: () => mlp(32, 784, 128, 10),
  cnn32: () => cnn(32),
  gpt: () => gpt(8, 128),
  lstm: () => lstm(32, 64),
  "mlp-b1": inference,
  "mnist-mlp": () => mlp(1000, 784, 256, 128, 10),
  "mnist-cnn": () => digits(250),
  conv2d: () => conv2d(32, 256, 64),
  matvec,
};

/**
 * The workloads on the backend that is set.
 * @param {() => Promise<unknown>} [waiting] Waits until it has computed what it was given; none where it has when a call returns.
 */
export function workloadsOf(waiting) {
  wait = waiting;
  return workloads;
}
