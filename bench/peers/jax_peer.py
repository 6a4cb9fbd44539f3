"""The workloads in JAX: pure functions of trees of arrays, Optax, a whole step under one `jit` that donates what it replaces."""
import os
from functools import partial
from math import sqrt

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax, nn

random = np.random.default_rng(0)


def values(*shape):
    return jnp.asarray(random.standard_normal(shape, dtype=np.float32))


def labels(count, *shape):
    return jnp.asarray(random.integers(0, count, shape, dtype=np.int32))


def weights(inputs, *shape):
    """Drawn as PyTorch's layers draw them."""
    return jnp.asarray(random.uniform(-1, 1, shape).astype(np.float32) / sqrt(inputs))


def dense_layer(inputs, outputs):
    return {"weight": weights(inputs, inputs, outputs), "bias": weights(inputs, outputs)}


def dense(p, x):
    return x @ p["weight"] + p["bias"]


def perceptron_layers(*sizes):
    return [dense_layer(*pair) for pair in zip(sizes, sizes[1:])]


def perceptron(layers, x):
    for layer in layers[:-1]:
        x = nn.relu(dense(layer, x))
    return dense(layers[-1], x)


def convolution_layer(inputs, outputs):
    return {"weight": weights(9 * inputs, 3, 3, inputs, outputs), "bias": weights(9 * inputs, outputs)}


def convolution(p, x):
    """A 3×3 convolution with ReLU and pooling, channels last, as Flax has them."""
    x = lax.conv_general_dilated(x, p["weight"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return lax.reduce_window(nn.relu(x + p["bias"]), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def convolutional(p, x):
    x = convolution(p["conv2"], convolution(p["conv1"], x))
    return perceptron(p["head"], x.reshape(len(x), -1))


def recurrent(p, x):
    """An LSTM read at its last step; the products with all inputs are one, before the loop."""
    projected = x @ p["input"] + p["inputBias"] + p["hiddenBias"]

    def step(carry, gates):
        hidden, cell = carry
        i, f, g, o = jnp.split(gates + hidden @ p["hidden"], 4, axis=-1)
        cell = nn.sigmoid(f) * cell + nn.sigmoid(i) * jnp.tanh(g)
        return (nn.sigmoid(o) * jnp.tanh(cell), cell), None

    zeros = jnp.zeros((len(x), p["hidden"].shape[0]))
    (hidden, _), _ = lax.scan(step, (zeros, zeros), projected.swapaxes(0, 1))
    return dense(p["head"], hidden)


def norm_layer(width):
    return {"gain": jnp.ones(width), "bias": jnp.zeros(width)}


def norm(p, x):
    return nn.standardize(x, axis=-1, epsilon=1e-5) * p["gain"] + p["bias"]


def block_layers(width):
    return {
        "norm1": norm_layer(width),
        "projections": dense_layer(width, 3 * width),
        "out": dense_layer(width, width),
        "norm2": norm_layer(width),
        "up": dense_layer(width, 4 * width),
        "down": dense_layer(4 * width, width),
    }


def block(p, x, heads):
    batch, length, width = x.shape
    projected = dense(p["projections"], norm(p["norm1"], x)).reshape(batch, length, 3, heads, width // heads)
    query, key, value = (projected[:, :, part] for part in range(3))
    mixed = nn.dot_product_attention(query, key, value, is_causal=True)
    x = x + dense(p["out"], mixed.reshape(batch, length, width))
    return x + dense(p["down"], nn.gelu(dense(p["up"], norm(p["norm2"], x)), approximate=False))


def gpt_layers(vocabulary, length, width, depth):
    return {
        "tokens": values(vocabulary, width),
        "positions": values(length, width),
        "blocks": [block_layers(width) for _ in range(depth)],
        "norm": norm_layer(width),
        "head": weights(width, width, vocabulary),
    }


def gpt_model(p, ids, heads):
    x = p["tokens"][ids] + p["positions"]
    for layers in p["blocks"]:
        x = block(layers, x, heads)
    return norm(p["norm"], x) @ p["head"]


def forward(f, shape, *inputs):
    """Donates the last result's memory to the next one, as Myelin's own writes into a tensor that is there already."""
    run = jax.jit(lambda out, *inputs: f(*inputs), donate_argnums=0, keep_unused=True)
    out = jnp.zeros(shape)

    def step():
        nonlocal out
        out = run(out, *inputs).block_until_ready()

    return step


def matmul(n, transpose_left=False, transpose_right=False):
    def product(a, b):
        return (a.T if transpose_left else a) @ (b.T if transpose_right else b)

    return forward(product, (n, n), values(n, n), values(n, n))


def elementwise(n):
    return forward(lambda x: nn.relu(x * 2 + 1) * nn.sigmoid(x), (n,), values(n))


def softmax(rows, columns):
    return forward(nn.softmax, (rows, columns), values(rows, columns))


def training(model, parameters, x, target, optimizer=optax.adam(1e-3)):
    def loss_of(parameters, x, target):
        return optax.softmax_cross_entropy_with_integer_labels(model(parameters, x), target).mean()

    @partial(jax.jit, donate_argnums=(0, 1))
    def run(parameters, state, x, target):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, target)
        updates, state = optimizer.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state, loss

    state = optimizer.init(parameters)

    def step():
        nonlocal parameters, state
        parameters, state, loss = run(parameters, state, x, target)
        return loss.item()

    return step


def mlp(batch, *sizes):
    return training(perceptron, perceptron_layers(*sizes), values(batch, sizes[0]), labels(sizes[-1], batch))


def cnn(batch):
    layers = {
        "conv1": convolution_layer(1, 32),
        "conv2": convolution_layer(32, 64),
        "head": perceptron_layers(64 * 49, 128, 10),
    }
    return training(convolutional, layers, values(batch, 28, 28, 1), labels(10, batch))


def lstm(batch, length):
    features, hidden = 32, 128
    layers = {
        "input": weights(hidden, features, 4 * hidden),
        "hidden": weights(hidden, hidden, 4 * hidden),
        "inputBias": weights(hidden, 4 * hidden),
        "hiddenBias": weights(hidden, 4 * hidden),
        "head": dense_layer(hidden, 10),
    }
    return training(recurrent, layers, values(batch, length, features), labels(10, batch))


def gpt(batch, length):
    return training(
        partial(gpt_model, heads=4),
        gpt_layers(512, length, 256, 4),
        labels(512, batch, length),
        labels(512, batch, length),
        optax.adamw(3e-4, weight_decay=0.01),
    )


def inference():
    run, layers, x = jax.jit(perceptron), perceptron_layers(784, 512, 256, 10), values(1, 784)
    return lambda: np.asarray(run(layers, x))


def workloads(threads):
    # Read when the first array is made: the size of XLA's pool, for which it has no flag.
    os.environ["NPROC"] = str(threads)
    return {
        "matmul128": lambda: matmul(128),
        "matmul512": lambda: matmul(512),
        "matmul1024": lambda: matmul(1024),
        "matmul1024-ta": lambda: matmul(1024, transpose_left=True),
        "matmul1024-tb": lambda: matmul(1024, transpose_right=True),
        "elementwise10m": lambda: elementwise(10_000_000),
        "softmax": lambda: softmax(4096, 1000),
        "mlp64": lambda: mlp(64, 784, 512, 256, 10),
        "mlp32": lambda: mlp(32, 784, 128, 10),
        "cnn32": lambda: cnn(32),
        "gpt": lambda: gpt(8, 128),
        "lstm": lambda: lstm(32, 64),
        "mlp-b1": inference,
    }
