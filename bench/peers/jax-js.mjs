// The workloads in jax-js, as its README writes programs: pure functions under `jit`, `.ref` wherever a value is used again.
// There is no optax that npm installs, so Adam is written out, inside the jitted step.
import { blockUntilReady, jit, lax, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";

/** @typedef {import("@jax-js/jax").Array} Array */
/** @typedef {{ [name: string]: Array }} Parameters */

let seed = 0;
/** @param {number[]} shape */
const values = (...shape) => random.normal(random.key(seed++), shape);
/** Weights drawn as dense layers draw them. @param {number} inputs @param {number[]} shape */
const weights = (inputs, ...shape) => values(...shape).mul(1 / Math.sqrt(inputs));
/** @param {number} count @param {number[]} shape */
const labels = (count, ...shape) => random.randint(random.key(seed++), { minval: 0, maxval: count, shape });

/**
 * Runs a jitted function of captured arrays and waits for its result, which stays where it is.
 * @param {(...args: Array[]) => Array} f
 * @param {Array[]} inputs
 */
function forward(f, ...inputs) {
  const compiled = jit(f);
  return async () => {
    const result = compiled(...inputs.map((x) => x.ref));
    await result.blockUntilReady();
    result.dispose();
  };
}

/** @param {number} n */
const matmul = (n) => forward((a, b) => np.matmul(a, b), values(n, n), values(n, n));

/**
 * @param {Array} logits
 * @param {Array} target
 */
function crossEntropy(logits, target) {
  const classes = logits.shape[logits.ndim - 1] ?? 1;
  const rows = logits.size / classes;
  return nn
    .logSoftmax(logits, -1)
    .mul(nn.oneHot(target, classes))
    .sum()
    .mul(-1 / rows);
}

/**
 * A training step: gradients of the loss, then Adam (AdamW with a decay), all in one jitted function.
 * @param {(parameters: Parameters, x: Array) => Array} model Takes both over, gives logits.
 * @param {Parameters} initial
 * @param {Array} x
 * @param {Array} target
 * @param {{ rate: number, decay: number }} options
 */
function training(model, initial, x, target, { rate, decay } = { rate: 1e-3, decay: 0 }) {
  const names = Object.keys(initial);
  const gradient = valueAndGrad(
    (/** @type {Parameters} */ p, /** @type {Array} */ input, /** @type {Array} */ wanted) =>
      crossEntropy(model(p, input), wanted),
  );
  const step = jit(
    (
      /** @type {Parameters} */ p,
      /** @type {Parameters} */ first,
      /** @type {Parameters} */ second,
      /** @type {Array} */ count,
      /** @type {Array} */ input,
      /** @type {Array} */ wanted,
    ) => {
      const [loss, gradients] = gradient(tree.ref(p), input, wanted);
      const now = count.add(1);
      const correction1 = np
        .exp(now.ref.mul(Math.log(0.9)))
        .mul(-1)
        .add(1);
      const correction2 = np
        .exp(now.ref.mul(Math.log(0.999)))
        .mul(-1)
        .add(1);
      /** @type {Parameters} */ const nextP = {};
      /** @type {Parameters} */ const nextFirst = {};
      /** @type {Parameters} */ const nextSecond = {};
      for (const name of names) {
        const g = /** @type {Array} */ (/** @type {Parameters} */ (gradients)[name]);
        const m = /** @type {Array} */ (first[name]).mul(0.9).add(g.ref.mul(0.1));
        const v = /** @type {Array} */ (second[name]).mul(0.999).add(np.square(g).mul(0.001));
        const change = m.ref
          .div(correction1.ref)
          .div(np.sqrt(v.ref.div(correction2.ref)).add(1e-8))
          .mul(rate);
        nextP[name] = /** @type {Array} */ (p[name]).mul(1 - rate * decay).sub(change);
        nextFirst[name] = m;
        nextSecond[name] = v;
      }
      correction1.dispose();
      correction2.dispose();
      return { p: nextP, first: nextFirst, second: nextSecond, count: now, loss };
    },
  );
  const zeros = () =>
    Object.fromEntries(names.map((name) => [name, np.zeros(/** @type {Array} */ (initial[name]).shape)]));
  let state = { p: initial, first: zeros(), second: zeros(), count: np.array(0, { dtype: np.float32 }) };
  return async () => {
    const { loss, ...next } = step(state.p, state.first, state.second, state.count, x.ref, target.ref);
    state = next;
    await blockUntilReady(state);
    await loss.data();
  };
}

/** @param {number[]} sizes @returns {Parameters} */
function denseParameters(...sizes) {
  /** @type {Parameters} */
  const p = {};
  sizes.slice(1).forEach((size, i) => {
    const inputs = sizes[i] ?? 1;
    p[`weight${i}`] = weights(inputs, inputs, size);
    p[`bias${i}`] = np.zeros([size]);
  });
  return p;
}

/**
 * A dense layer with its parameters taken out of `p`.
 * @param {Parameters} p
 * @param {string} name
 * @param {Array} x
 */
const dense = (p, name, x) => np.matmul(x, get(p, `weight${name}`)).add(get(p, `bias${name}`));

/** @param {Parameters} p @param {string} name */
function get(p, name) {
  const value = p[name];
  if (!value) throw new Error(`no parameter ${name}`);
  return value;
}

/** @param {number} layers @returns {(p: Parameters, x: Array) => Array} */
const perceptron = (layers) => (p, x) => {
  for (let i = 0; i < layers; i++) x = i < layers - 1 ? nn.relu(dense(p, `${i}`, x)) : dense(p, `${i}`, x);
  return x;
};

/** @param {number} batch @param {number[]} sizes */
const mlp = (batch, ...sizes) => {
  const classes = sizes[sizes.length - 1] ?? 1;
  return training(
    perceptron(sizes.length - 1),
    denseParameters(...sizes),
    values(batch, sizes[0] ?? 1),
    labels(classes, batch),
  );
};

function inference() {
  const p = denseParameters(784, 512, 256, 10);
  const x = values(1, 784);
  const f = jit(perceptron(3));
  return async () => {
    await f(tree.ref(p), x.ref).data();
  };
}

/** @param {Array} x @param {Array} weight @param {Array} bias */
const convolution = (x, weight, bias) => nn.relu(lax.conv(x, weight, [1, 1], "SAME").add(bias.reshape([1, -1, 1, 1])));
/** @param {Array} x */
const pool = (x) => lax.reduceWindow(x, np.max, [1, 1, 2, 2], [1, 1, 2, 2]);

/** @param {number} batch */
function cnn(batch) {
  const head = denseParameters(64 * 49, 128, 10);
  const p = {
    kernel1: weights(9, 32, 1, 3, 3),
    offset1: np.zeros([32]),
    kernel2: weights(9 * 32, 64, 32, 3, 3),
    offset2: np.zeros([64]),
    ...head,
  };
  return training(
    (q, x) => {
      x = pool(convolution(x, get(q, "kernel1"), get(q, "offset1")));
      x = pool(convolution(x, get(q, "kernel2"), get(q, "offset2")));
      return perceptron(2)(q, x.reshape([batch, 64 * 49]));
    },
    p,
    values(batch, 1, 28, 28),
    labels(10, batch),
  );
}

const WIDTH = 256,
  HEADS = 4,
  DEPTH = 4,
  VOCABULARY = 512;

/** @param {number} batch @param {number} length */
function gpt(batch, length) {
  /** @type {Parameters} */
  const p = {
    tokens: values(VOCABULARY, WIDTH),
    positions: values(length, WIDTH),
    head: weights(WIDTH, WIDTH, VOCABULARY),
    gain: np.ones([WIDTH]),
    offset: np.zeros([WIDTH]),
  };
  const layer = (/** @type {string} */ name, /** @type {number} */ inputs, /** @type {number} */ outputs) => {
    p[`weight${name}`] = weights(inputs, inputs, outputs);
    p[`bias${name}`] = np.zeros([outputs]);
  };
  for (let i = 0; i < DEPTH; i++) {
    for (const norm of ["first", "second"]) {
      p[`gain${norm}${i}`] = np.ones([WIDTH]);
      p[`offset${norm}${i}`] = np.zeros([WIDTH]);
    }
    for (const part of ["query", "key", "value", "out"]) layer(`${part}${i}`, WIDTH, WIDTH);
    layer(`up${i}`, WIDTH, 4 * WIDTH);
    layer(`down${i}`, 4 * WIDTH, WIDTH);
  }
  const normalize = (/** @type {Parameters} */ q, /** @type {string} */ name, /** @type {Array} */ x) =>
    nn
      .standardize(x, -1)
      .mul(get(q, `gain${name}`))
      .add(get(q, `offset${name}`));
  const heads = (/** @type {Array} */ x) => x.reshape([batch, length, HEADS, WIDTH / HEADS]).transpose([0, 2, 1, 3]);
  // Written out: `nn.dotProductAttention` uses `einsum`, which needs an engine newer than Node 20's.
  const past = np.tri(length, length, 0, { dtype: np.bool });
  return training(
    (q, ids) => {
      let x = np.take(get(q, "tokens"), ids, 0).add(get(q, "positions"));
      for (let i = 0; i < DEPTH; i++) {
        const seen = normalize(q, `first${i}`, x.ref);
        const scores = np.matmul(
          heads(dense(q, `query${i}`, seen.ref)),
          heads(dense(q, `key${i}`, seen.ref)).transpose([0, 1, 3, 2]),
        );
        const weight = nn.softmax(np.where(past.ref, scores.mul(1 / Math.sqrt(WIDTH / HEADS)), -1e9), -1);
        const mixed = np.matmul(weight, heads(dense(q, `value${i}`, seen))).transpose([0, 2, 1, 3]);
        x = x.add(dense(q, `out${i}`, mixed.reshape([batch, length, WIDTH])));
        const wide = nn.gelu(dense(q, `up${i}`, normalize(q, `second${i}`, x.ref)), { approximate: false });
        x = x.add(dense(q, `down${i}`, wide));
      }
      return np.matmul(normalize(q, "", x), get(q, "head"));
    },
    p,
    labels(VOCABULARY, batch, length),
    labels(VOCABULARY, batch, length),
    { rate: 3e-4, decay: 0.01 },
  );
}

// jax-js has no scan: the loop over time is unrolled where the step is traced. One product for the inputs of all steps
// would be several times slower here: the gradient of each step's slice of it would be an array as large as the whole.
/** @param {number} batch @param {number} length */
function lstm(batch, length) {
  const hidden = 128,
    features = 32;
  const p = {
    input: weights(hidden, features, 4 * hidden),
    recurrent: weights(hidden, hidden, 4 * hidden),
    bias: np.zeros([4 * hidden]),
    ...denseParameters(hidden, 10),
  };
  return training(
    (q, x) => {
      const input = get(q, "input"),
        recurrent = get(q, "recurrent"),
        bias = get(q, "bias");
      let state = np.zeros([batch, hidden]),
        cell = np.zeros([batch, hidden]);
      for (let t = 0; t < length; t++) {
        const projected = np.matmul(x.ref.slice([], t), input.ref).add(bias.ref);
        const gates = projected.add(np.matmul(state, recurrent.ref));
        const [i, f, g, o] = /** @type {[Array, Array, Array, Array]} */ (np.split(gates, 4, -1));
        cell = nn
          .sigmoid(f)
          .mul(cell)
          .add(nn.sigmoid(i).mul(np.tanh(g)));
        state = nn.sigmoid(o).mul(np.tanh(cell.ref));
      }
      for (const used of [x, input, recurrent, bias, cell]) used.dispose();
      return dense(q, "0", state);
    },
    p,
    values(batch, length, features),
    labels(10, batch),
  );
}

// What it shows on its own pages, with its sizes.

/** @param {number} batch */
function digits(batch) {
  const p = {
    kernel1: weights(25, 24, 1, 5, 5),
    offset1: np.zeros([24, 1, 1]),
    kernel2: weights(9 * 24, 32, 24, 3, 3),
    offset2: np.zeros([32, 1, 1]),
    ...denseParameters(800, 128, 10),
  };
  const halved = (/** @type {Array} */ x) => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);
  const layer = (/** @type {Parameters} */ q, /** @type {number} */ i, /** @type {Array} */ x) =>
    nn.relu(halved(lax.convGeneralDilated(x, get(q, `kernel${i}`), [1, 1], "VALID").add(get(q, `offset${i}`))));
  return training(
    (q, x) => perceptron(2)(q, layer(q, 2, layer(q, 1, x)).reshape([batch, 800])),
    p,
    values(batch, 1, 28, 28),
    labels(10, batch),
    { rate: 5e-3, decay: 0 },
  );
}

function mandelbrot() {
  const [width, height, steps] = [420, 300, 80];
  const span = (2.6 * height) / width;
  const [real, imaginary] = /** @type {[Array, Array]} */ (
    np.meshgrid([np.linspace(-2, 0.6, width), np.linspace(-span / 2, span / 2, height)])
  );
  const step = jit((/** @type {Array} */ x, /** @type {Array} */ y, /** @type {Array} */ count) => {
    const xx = x.ref.mul(x.ref),
      yy = y.ref.mul(y.ref);
    count = count.add(xx.ref.add(yy.ref).less(4).astype(np.float32));
    return [xx.sub(yy).add(real.ref), x.mul(y).mul(2).add(imaginary.ref), count];
  });
  return async () => {
    /** @type {Array[]} */
    let state = [0, 1, 2].map(() => np.zeros([height, width]));
    for (let i = 0; i < steps; i++) state = step(.../** @type {[Array, Array, Array]} */ (state));
    await blockUntilReady(state);
    for (const x of state) x.dispose();
  };
}

/** @param {number} channels @param {number} side @param {number} filters */
const conv2d = (channels, side, filters) =>
  forward(
    (x, filter) => lax.convGeneralDilated(x, filter, [1, 1], "SAME"),
    values(1, channels, side, side),
    values(filters, channels, 3, 3),
  );

/** @type {import("./measure.mjs").Workloads} */
export const workloads = {
  matmul64: () => matmul(64),
  matmul128: () => matmul(128),
  matmul256: () => matmul(256),
  matmul512: () => matmul(512),
  matmul1024: () => matmul(1024),
  "matmul1024-ta": () => forward((a, b) => np.matmul(a.transpose(), b), values(1024, 1024), values(1024, 1024)),
  "matmul1024-tb": () => forward((a, b) => np.matmul(a, b.transpose()), values(1024, 1024), values(1024, 1024)),
  elementwise10m: () => forward((x) => nn.relu(x.ref.mul(2).add(1)).mul(nn.sigmoid(x)), values(10_000_000)),
  elementwise1m: () => forward((x) => nn.relu(x.ref.mul(2).add(1)).mul(nn.sigmoid(x)), values(1_000_000)),
  softmax: () => forward((x) => nn.softmax(x, -1), values(4096, 1000)),
  mlp64: () => mlp(64, 784, 512, 256, 10),
  mlp32: () => mlp(32, 784, 128, 10),
  cnn32: () => cnn(32),
  gpt: () => gpt(8, 128),
  lstm: () => lstm(32, 64),
  "mlp-b1": inference,
  "mnist-mlp": () => mlp(1000, 784, 256, 128, 10),
  "mnist-cnn": () => digits(250),
  mandelbrot,
  conv2d: () => conv2d(32, 256, 64),
  matvec: () => forward((a, x) => np.dot(a, x), values(4096, 4096), values(4096)),
};
