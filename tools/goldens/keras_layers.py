"""Records what Keras makes of its layers on small fixed numbers.

    python tools/goldens/keras_layers.py

needs `keras` and `tensorflow`. Everything is computed in float64. Inputs, weights and cotangents are those of `nn.py`: inputs have the seeds 101,
102, …, weights 1, 2, … in Keras's order, cotangents 201, …; variances are 1.5 more, so that they are positive. A case is a class of Keras and
its arguments, which src/layers/goldens.test.ts reads from the results and gives to the class of the same name.
"""

import os

# With PyTorch below it Keras computes some products in single precision.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import math
import re
from pathlib import Path

import keras
import tensorflow as tf
from keras import layers

from nn import spread, write

RESULT = Path(__file__).resolve().parent / "results" / "keras_layers.json"

keras.config.set_floatx("float64")


def tensor(shape: list, seed: int):
    return tf.constant(spread(math.prod(shape), seed), dtype="float64", shape=shape)


def numbers(x) -> list:
    return [float(f"{v:.10g}") for v in tf.reshape(tf.convert_to_tensor(x), [-1]).numpy().tolist()]


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)


def described(value):
    """Arguments as JavaScript writes them; a layer is a class and its arguments."""
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return {"className": value[0], "config": {camel(k): described(v) for k, v in value[1].items()}}
    if isinstance(value, (list, tuple)):
        return [described(one) for one in value]
    return {"channels_last": "channelsLast", "channels_first": "channelsFirst"}.get(value, value) if isinstance(value, str) else value


def made(name: str, given: dict):
    inner = {k: made(v[0], v[1]) if isinstance(v, tuple) and v and isinstance(v[0], str) else v for k, v in given.items()}
    return getattr(layers, name)(**inner)


def weight(shape, name: str, seed: int):
    shift = 1.5 if "variance" in name else 0
    return [v + shift for v in spread(math.prod(shape), seed)]


def record(name: str, given: dict, shapes: list, training=False, mask=None, integers=None, call=None) -> dict:
    """What a layer gives, the gradients of weights and inputs, and the weights after the call."""
    layer = made(name, given)
    if integers is not None:
        inputs = [tf.constant(integers)]
    else:
        inputs = [tensor(shape, 101 + i) for i, shape in enumerate(shapes)]
    one = inputs[0] if len(inputs) == 1 else inputs
    if name == "MultiHeadAttention":
        run = lambda **more: layer(*inputs, **(call or {}), **more)
    else:
        run = lambda **more: layer(one, **(call or {}), **more)
    run()
    values = []
    for seed, variable in enumerate(layer.weights, 1):
        values.append(variable)
        variable.assign(tf.constant(weight(variable.shape, variable.name, seed), dtype="float64", shape=variable.shape))
    told = {}
    if training:
        told["training"] = True
    if mask is not None:
        told["mask"] = tf.constant(mask)
    with tf.GradientTape(persistent=True) as tape:
        if integers is None:
            tape.watch(inputs)
        outputs = run(**told)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        total = sum(tf.reduce_sum(o * tensor(list(o.shape), 201 + i)) for i, o in enumerate(outputs))

    def gradient(of):
        found = tape.gradient(total, of)
        return None if found is None else numbers(found)

    return {
        "className": name,
        "config": {camel(k): described(v) for k, v in given.items()},
        "shapes": shapes,
        **({"integers": integers} if integers is not None else {}),
        **({"training": True} if training else {}),
        **({"mask": mask} if mask is not None else {}),
        **({"call": {camel(k): v for k, v in call.items()}} if call else {}),
        "weights": [[variable.name, list(variable.shape)] for variable in values],
        "outputs": [[list(o.shape), numbers(o)] for o in outputs],
        "inputGradients": [] if integers is not None else [gradient(x) for x in inputs],
        "weightGradients": [gradient(v.value) for v in values],
        **({"after": [numbers(v.value) for v in values]} if training else {}),
    }


IMAGE = [2, 6, 5, 3]
STEPS = [2, 7, 3]
VOLUME = [1, 4, 5, 4, 2]

CASES = {
    "dense": ("Dense", {"units": 4, "activation": "tanh"}, [[3, 5]]),
    "dense of steps without bias": ("Dense", {"units": 2, "use_bias": False}, [[2, 3, 4]]),
    "conv1d": ("Conv1D", {"filters": 4, "kernel_size": 3}, [STEPS]),
    "conv1d causal dilated": ("Conv1D", {"filters": 2, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}, [STEPS]),
    "conv1d same strided": ("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "same", "strides": 2}, [STEPS]),
    "conv2d": ("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "sigmoid"}, [IMAGE]),
    "conv2d same strided": ("Conv2D", {"filters": 2, "kernel_size": [3, 2], "padding": "same", "strides": 2}, [IMAGE]),
    "conv2d grouped": ("Conv2D", {"filters": 4, "kernel_size": 2, "groups": 2}, [[2, 4, 4, 4]]),
    "conv2d dilated": ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": [2, 1], "use_bias": False}, [IMAGE]),
    "conv3d": ("Conv3D", {"filters": 2, "kernel_size": 2}, [VOLUME]),
    "conv1d transpose": ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, [STEPS]),
    "conv2d transpose": ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, [[1, 3, 4, 2]]),
    "conv2d transpose same": ("Conv2DTranspose", {"filters": 2, "kernel_size": 4, "strides": 2, "padding": "same"}, [[1, 3, 4, 2]]),
    "conv2d transpose same odd": ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, [[1, 3, 4, 2]]),
    "conv2d transpose small window": ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3}, [[1, 3, 4, 2]]),
    "conv3d transpose": ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, [[1, 2, 3, 2, 2]]),
    "depthwise 1d": ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, [STEPS]),
    "depthwise 2d": ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "activation": "relu"}, [IMAGE]),
    "depthwise 2d same strided": ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "strides": 2}, [IMAGE]),
    "separable 1d": ("SeparableConv1D", {"filters": 4, "kernel_size": 3}, [STEPS]),
    "separable 2d": ("SeparableConv2D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, [IMAGE]),
    "max pooling 1d": ("MaxPooling1D", {"pool_size": 2}, [STEPS]),
    "max pooling 2d": ("MaxPooling2D", {"pool_size": 2}, [IMAGE]),
    "max pooling 2d same": ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, [IMAGE]),
    "average pooling 1d": ("AveragePooling1D", {"pool_size": 2, "strides": 1}, [STEPS]),
    "average pooling 2d same": ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, [IMAGE]),
    "global max pooling 1d": ("GlobalMaxPooling1D", {}, [STEPS]),
    "global max pooling 2d": ("GlobalMaxPooling2D", {"keepdims": True}, [IMAGE]),
    "global average pooling 2d": ("GlobalAveragePooling2D", {}, [IMAGE]),
    "global average pooling 3d": ("GlobalAveragePooling3D", {}, [VOLUME]),
    "batch normalization": ("BatchNormalization", {}, [[4, 3]]),
    "batch normalization training": ("BatchNormalization", {}, [IMAGE], {"training": True}),
    "batch normalization training, steps": ("BatchNormalization", {"momentum": 0.9, "scale": False}, [STEPS], {"training": True}),
    "batch normalization axis 1": ("BatchNormalization", {"axis": 1, "center": False, "epsilon": 0.01}, [IMAGE], {"training": True}),
    "layer normalization": ("LayerNormalization", {}, [STEPS]),
    "layer normalization axes": ("LayerNormalization", {"axis": [1, 2]}, [STEPS]),
    "layer normalization without shift": ("LayerNormalization", {"center": False, "epsilon": 0.1}, [STEPS]),
    "group normalization": ("GroupNormalization", {"groups": 2}, [[2, 3, 2, 4]]),
    "instance normalization": ("GroupNormalization", {"groups": -1}, [[2, 3, 2, 4]]),
    "rms normalization": ("RMSNormalization", {}, [STEPS]),
    "unit normalization": ("UnitNormalization", {}, [STEPS]),
    "flatten": ("Flatten", {}, [IMAGE]),
    "reshape": ("Reshape", {"target_shape": [3, -1]}, [[2, 6, 2]]),
    "permute": ("Permute", {"dims": [2, 1]}, [STEPS]),
    "repeat vector": ("RepeatVector", {"n": 3}, [[2, 4]]),
    "zero padding 1d": ("ZeroPadding1D", {"padding": [1, 2]}, [STEPS]),
    "zero padding 2d": ("ZeroPadding2D", {"padding": [[1, 0], [2, 1]]}, [IMAGE]),
    "zero padding 3d": ("ZeroPadding3D", {}, [VOLUME]),
    "cropping 1d": ("Cropping1D", {"cropping": [2, 1]}, [STEPS]),
    "cropping 2d": ("Cropping2D", {"cropping": [[1, 2], [0, 1]]}, [IMAGE]),
    "cropping 3d": ("Cropping3D", {"cropping": [1, 2, 1]}, [[1, 4, 6, 4, 2]]),
    "up sampling 1d": ("UpSampling1D", {"size": 3}, [STEPS]),
    "up sampling 2d": ("UpSampling2D", {"size": [2, 3]}, [IMAGE]),
    "up sampling 2d bilinear": ("UpSampling2D", {"interpolation": "bilinear"}, [IMAGE]),
    "up sampling 3d": ("UpSampling3D", {}, [VOLUME]),
    "embedding": ("Embedding", {"input_dim": 5, "output_dim": 3}, [[2, 3]], {"integers": [[0, 2, 1], [4, 2, 2]]}),
    "simple rnn": ("SimpleRNN", {"units": 4}, [STEPS]),
    "simple rnn relu back": ("SimpleRNN", {"units": 3, "activation": "relu", "go_backwards": True, "return_sequences": True}, [STEPS]),
    "lstm": ("LSTM", {"units": 4}, [STEPS]),
    "lstm states": ("LSTM", {"units": 3, "return_sequences": True, "return_state": True, "recurrent_activation": "hard_sigmoid"}, [STEPS]),
    "lstm masked": (
        "LSTM",
        {"units": 3, "return_sequences": True},
        [[2, 4, 3]],
        {"mask": [[True, True, False, False], [False, True, False, True]]},
    ),
    "gru": ("GRU", {"units": 4}, [STEPS]),
    "gru reset before": ("GRU", {"units": 3, "reset_after": False, "return_sequences": True}, [STEPS]),
    "gru without bias": ("GRU", {"units": 3, "use_bias": False, "return_state": True}, [STEPS]),
    "conv lstm": ("ConvLSTM2D", {"filters": 2, "kernel_size": 3, "padding": "same", "return_sequences": True}, [[1, 3, 4, 4, 2]]),
    "conv lstm valid": ("ConvLSTM2D", {"filters": 2, "kernel_size": 3}, [[1, 3, 5, 4, 1]]),
    "bidirectional lstm": ("Bidirectional", {"layer": ("LSTM", {"units": 2, "return_sequences": True})}, [STEPS]),
    "bidirectional gru sum": ("Bidirectional", {"layer": ("GRU", {"units": 2}), "merge_mode": "sum"}, [STEPS]),
    "time distributed": ("TimeDistributed", {"layer": ("Dense", {"units": 2, "activation": "relu"})}, [STEPS]),
    "multi head attention": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4}, [[2, 4, 6], [2, 5, 6]]),
    "multi head attention sizes": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 4, "value_dim": 2, "output_shape": 5},
        [[2, 4, 6], [2, 5, 4]],
    ),
    "multi head attention causal": ("MultiHeadAttention", {"num_heads": 1, "key_dim": 4}, [[2, 4, 4], [2, 4, 4]], {"call": {"use_causal_mask": True}}),
    "attention": ("Attention", {"use_scale": True}, [[2, 4, 3], [2, 5, 3]]),
    "add": ("Add", {}, [[2, 3], [2, 3], [2, 3]]),
    "subtract": ("Subtract", {}, [[2, 3], [2, 3]]),
    "multiply": ("Multiply", {}, [[2, 3], [2, 3], [2, 3]]),
    "average": ("Average", {}, [[2, 3], [2, 3], [2, 3]]),
    "maximum": ("Maximum", {}, [[2, 3], [2, 3]]),
    "minimum": ("Minimum", {}, [[2, 3], [2, 3]]),
    "concatenate": ("Concatenate", {"axis": 1}, [[2, 3, 2], [2, 4, 2]]),
    "dot": ("Dot", {"axes": [2, 1]}, [[2, 3, 4], [2, 4, 5]]),
    "dot cosine": ("Dot", {"axes": 1, "normalize": True}, [[2, 4], [2, 4]]),
    "relu": ("ReLU", {"max_value": 0.75, "negative_slope": 0.125, "threshold": 0.25}, [[3, 5]]),
    "leaky relu": ("LeakyReLU", {"negative_slope": 0.25}, [[3, 5]]),
    "elu": ("ELU", {}, [[3, 5]]),
    "prelu": ("PReLU", {"shared_axes": [1]}, [STEPS]),
    "softmax": ("Softmax", {"axis": 1}, [STEPS]),
    "activation": ("Activation", {"activation": "gelu"}, [[3, 5]]),
    "rescaling": ("Rescaling", {"scale": 0.5, "offset": 2.0}, [[3, 5]]),
    "normalization": ("Normalization", {"mean": [0.5, 1.0, 1.5], "variance": [1.0, 4.0, 9.0]}, [[3, 3]]),
    "dropout in inference": ("Dropout", {"rate": 0.5}, [[3, 5]]),
    "resizing": ("Resizing", {"height": 3, "width": 8}, [IMAGE]),
}

# TensorFlow resizes in single precision, whatever it is given.
SINGLE = {"up sampling 2d bilinear", "resizing"}

KEPT = {"normalization"}


def main() -> None:
    results = {}
    for title, (name, given, shapes, *more) in CASES.items():
        if title in KEPT:
            layer = made(name, given)
            x = tensor(shapes[0], 101)
            out = layer(x)
            results[title] = {
                "className": name,
                "config": {camel(k): described(v) for k, v in given.items()},
                "shapes": shapes,
                "weights": [],
                "outputs": [[list(out.shape), numbers(out)]],
                "inputGradients": [None],
                "weightGradients": [],
            }
            continue
        results[title] = record(name, given, shapes, **(more[0] if more else {}))
        if title in SINGLE:
            results[title]["single"] = True
    write(RESULT, {"keras": keras.__version__, "cases": results})


if __name__ == "__main__":
    main()
