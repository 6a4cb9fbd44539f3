"""Records what Keras makes of scripts from the notes behind the catalogue, and of each of its optimizers, for 50 steps.

    python tools/goldens/keras_scripts.py

needs `keras` and `jax`. Data and initial weights are made by `spread` of `nn.py`, here and in src/layers/scripts.test.ts: examples have
the seed 101, weights 1, 2, … in Keras's order, scaled by 0.3. Nothing is shuffled, and there is no dropout.
"""

import os

# With TensorFlow below it Keras squares the gradients of an embedding before it adds up those of a row.
os.environ["KERAS_BACKEND"] = "jax"

import contextlib
import math
from pathlib import Path

import jax
import keras
import numpy
from nn import spread, write

RESULT = Path(__file__).resolve().parent / "results" / "keras_scripts.json"


def array(shape: list, seed: int, scale: float = 1) -> numpy.ndarray:
    return (numpy.array(spread(math.prod(shape), seed)) * scale).reshape(shape).astype("float32")


def begin(model: keras.Model) -> keras.Model:
    model.set_weights([array(list(w.shape), seed, 0.3) for seed, w in enumerate(model.get_weights(), 1)])
    return model


def rounded(history: dict) -> dict:
    return {name: [float(f"{v:.9g}") for v in values] for name, values in history.items()}


def classes(n: int, count: int) -> numpy.ndarray:
    return numpy.arange(n) * 7 % count


@contextlib.contextmanager
def doubles():
    """Numbers of f64."""
    for wide, dtype in [(True, "float64"), (False, "float32")]:
        jax.config.update("jax_enable_x64", wide)
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        if wide:
            yield


def multiclass() -> dict:
    """003, "TensorFlow/Keras Implementation"."""
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    begin(model)
    history = model.fit(array([64, 784], 101), classes(64, 10), epochs=50, batch_size=64, shuffle=False, verbose=0)
    return rounded(history.history)


@doubles()
def minibatches() -> dict:
    """
    The same with batches of 32, the last smaller, and validation on the last fifth: 51 steps, and what each of them reports. In f64, because
    in step 34 a unit lies so close to 0 that rounding decides: from there on Keras in f32 is up to 3e-4 from itself in f64, validation 3e-3.
    """
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    begin(model)
    steps = []
    history = model.fit(
        array([100, 784], 101),
        classes(100, 10),
        epochs=17,
        batch_size=32,
        validation_split=0.2,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(logs["loss"]))],
    )
    return rounded(history.history | {"steps": steps})


def functional() -> dict:
    """003, the same model by the functional API."""
    inputs = keras.Input(shape=(784,))
    x = keras.layers.Dense(128, activation="relu")(inputs)
    outputs = keras.layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    begin(model)
    return rounded(model.fit(array([64, 784], 101), classes(64, 10), epochs=50, batch_size=64, shuffle=False, verbose=0).history)


def binary() -> dict:
    """000, "Framework Example: Keras"."""
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dense(3, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    begin(model)
    x = array([80, 5], 101)
    y = (x[:, 0] > x[:, 1]).astype("float32")
    return rounded(model.fit(x, y, epochs=10, batch_size=16, shuffle=False, verbose=0).history)


def digits() -> dict:
    """002, "Example: Handwritten Digit Classification"."""
    model = keras.Sequential(
        [
            keras.Input((400,)),
            keras.layers.Dense(25, activation="sigmoid"),
            keras.layers.Dense(15, activation="sigmoid"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss=keras.losses.BinaryCrossentropy(), optimizer=keras.optimizers.Adam(learning_rate=0.001))
    begin(model)
    return rounded(model.fit(array([40, 400], 101), classes(40, 2), epochs=50, batch_size=40, shuffle=False, verbose=0).history)


def logits() -> dict:
    """001, "TensorFlow/Keras Implementation": raw logits, and L2 penalties."""
    model = keras.Sequential(
        [
            keras.Input((20,)),
            keras.layers.Dense(128, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(5),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.001, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    begin(model)
    return rounded(
        model.fit(
            array([48, 20], 101),
            classes(48, 5),
            epochs=50,
            batch_size=48,
            shuffle=False,
            verbose=0,
            class_weight={0: 1.0, 1: 2.0, 3: 0.5},
        ).history
    )


def images() -> dict:
    """A convolutional network with batch norm, by SGD with momentum, and sample weights."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss="categorical_crossentropy", metrics=["accuracy"]
    )
    weights = [array(list(w.shape), seed, 0.3) for seed, w in enumerate(model.get_weights(), 1)]
    weights[5] = weights[5] + 1
    model.set_weights(weights)
    y = keras.utils.to_categorical(classes(30, 3), 3)
    history = model.fit(
        array([30, 8, 8, 1], 101),
        y,
        epochs=50,
        batch_size=30,
        shuffle=False,
        verbose=0,
        sample_weight=numpy.abs(array([30], 102)),
        validation_data=(array([6, 8, 8, 1], 103), y[:6]),
    )
    return rounded(history.history)


def sequences() -> dict:
    """An embedding with a mask, an LSTM, and a rate that falls."""
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Embedding(7, 4, mask_zero=True),
            keras.layers.LSTM(5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=10, decay_rate=0.9)
    model.compile(optimizer=keras.optimizers.RMSprop(rate), loss="binary_crossentropy")
    begin(model)
    x = numpy.arange(24 * 6).reshape(24, 6) * 5 % 7
    return rounded(model.fit(x, classes(24, 2), epochs=50, batch_size=24, shuffle=False, verbose=0).history)


def weighted() -> dict:
    """Metrics with and without the weights of examples, in batches, and with weights in the validation."""
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3, activation="softmax")])
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        weighted_metrics=["accuracy", "sparse_categorical_crossentropy"],
    )
    begin(model)
    history = model.fit(
        array([48, 20], 101),
        classes(48, 3),
        epochs=17,
        batch_size=16,
        shuffle=False,
        verbose=0,
        sample_weight=numpy.abs(array([48], 102)),
        validation_data=(array([20, 20], 103), classes(20, 3), numpy.abs(array([20], 104))),
    )
    return rounded(history.history)


def optimizer(name: str) -> dict:
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(2)])
    model.compile(optimizer=name, loss="mse")
    begin(model)
    return rounded(model.fit(array([32, 6], 101), array([32, 2], 102), epochs=50, batch_size=32, shuffle=False, verbose=0).history)


SCRIPTS = [multiclass, minibatches, functional, binary, digits, logits, images, sequences, weighted]
OPTIMIZERS = ["sgd", "rmsprop", "adam", "adamw", "adadelta", "adagrad", "adamax", "nadam", "lion"]

if __name__ == "__main__":
    write(
        RESULT,
        {
            "keras": keras.__version__,
            "scripts": {script.__name__: script() for script in SCRIPTS},
            "optimizers": {name: optimizer(name) for name in OPTIMIZERS},
        },
    )
