"""Records what PyTorch, or Keras where it alone has the function, makes of activations, with their gradients.

    KERAS_BACKEND=torch python tools/goldens/activations.py

needs `torch` and `keras`. Everything is computed in float64. Inputs are not recorded: `spread` of nn.py makes them, times 4, so
that every piece of the function is met; cotangents have the seed 201.
"""

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch
from torch.nn import functional

from nn import numbers, tensor, write

RESULT = Path(__file__).resolve().parent / "results" / "activations.json"
SHAPE = [4, 6]
SLOPES = torch.tensor([0.1, -0.2, 0.3, 0.4, 0.5, 0.6], dtype=torch.float64)


def sparsemax(x):
    """By sorting, as in the paper: Keras 3.15 gives rows that do not add up to 1 for these numbers, turned."""
    ordered = x.sort(-1, descending=True).values
    counts = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    support = (1 + counts * ordered > ordered.cumsum(-1)).to(x.dtype)
    level = ((ordered * support).sum(-1, keepdim=True) - 1) / support.sum(-1, keepdim=True)
    return (x - level).clamp(min=0)


POINTWISE = {
    "relu": functional.relu,
    "relu6": functional.relu6,
    "leakyRelu": functional.leaky_relu,
    "leakyRelu 0.2": lambda x: functional.leaky_relu(x, 0.2),
    "elu": functional.elu,
    "elu 2": lambda x: functional.elu(x, 2),
    "selu": functional.selu,
    "celu": functional.celu,
    "celu 1.5": lambda x: functional.celu(x, 1.5),
    "rrelu": functional.rrelu,
    "threshold": lambda x: functional.threshold(x, 0.5, -2),
    "sigmoid": torch.sigmoid,
    "logSigmoid": functional.logsigmoid,
    "tanh": torch.tanh,
    "softsign": functional.softsign,
    "softplus": functional.softplus,
    "softplus 2 1": lambda x: functional.softplus(x, 2, 1),
    "squareplus": keras.activations.squareplus,
    "gelu": functional.gelu,
    "gelu tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
    "mish": functional.mish,
    "hardSigmoid": functional.hardsigmoid,
    "hardSwish": functional.hardswish,
    "hardTanh": functional.hardtanh,
    "hardTanh -0.5 2": lambda x: functional.hardtanh(x, -0.5, 2),
    "hardShrink": functional.hardshrink,
    "hardShrink 1.5": lambda x: functional.hardshrink(x, 1.5),
    "softShrink": functional.softshrink,
    "softShrink 1.5": lambda x: functional.softshrink(x, 1.5),
    "tanhShrink": functional.tanhshrink,
    "sparsePlus": keras.activations.sparse_plus,
    "sparseSigmoid": keras.activations.sparse_sigmoid,
    "softmax": lambda x: torch.softmax(x, -1),
    "softmax of rows": lambda x: torch.softmax(x, 0),
    "logSoftmax": lambda x: torch.log_softmax(x, -1),
    "softmin": lambda x: functional.softmin(x, -1),
    "sparsemax": keras.activations.sparsemax,
    "sparsemax of rows": lambda x: sparsemax(x.T).T,
    "glu": functional.glu,
    "glu of rows": lambda x: functional.glu(x, 0),
    "prelu": lambda x: functional.prelu(x, SLOPES[2:3]),
    "prelu of channels": lambda x: functional.prelu(x, SLOPES),
}

NAMES = [
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid",
    "log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax",
    "squareplus swish tanh tanh_shrink",
]


def record(function) -> dict:
    x = (tensor(SHAPE, 101) * 4).requires_grad_()
    value = function(x)
    (value * tensor(list(value.shape), 201)).sum().backward()
    return {"value": numbers(value), "gradient": numbers(x.grad)}


def main() -> None:
    results = {
        "torch": torch.__version__.split("+")[0],
        "keras": keras.__version__,
        "functions": {name: record(f) for name, f in POINTWISE.items()},
        "names": {name: record(keras.activations.get(name)) for name in " ".join(NAMES).split()},
    }
    write(RESULT, results)


if __name__ == "__main__":
    main()
