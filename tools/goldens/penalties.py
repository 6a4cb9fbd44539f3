"""Records what Keras's regularizers and constraints make of small fixed numbers.

    KERAS_BACKEND=torch python tools/goldens/penalties.py

needs `torch` and `keras`. Numbers are those of `spread` in nn.py, with seed 1 and times three, in float64 where Keras does not cast. The options stand
beside the results, so that src/nn/penalties.test.ts reads both.
"""

import json
from pathlib import Path

import keras
import torch

from nn import numbers, tensor

RESULT = Path(__file__).resolve().parent / "results" / "penalties.json"


def regularizer(name: str, shape: list, **options) -> dict:
    x = (tensor(shape, 1) * 3).requires_grad_()
    value = getattr(keras.regularizers, name)(**options)(x)
    value.backward()
    return {"name": name, "shape": shape, "options": options, "value": numbers(value), "gradient": numbers(x.grad)}


def constraint(name: str, shape: list, **options) -> dict:
    value = getattr(keras.constraints, name)(**options)(tensor(shape, 1) * 3)
    return {"name": name, "shape": shape, "options": options, "value": numbers(value)}


keras.config.set_floatx("float64")

REGULARIZERS = [
    regularizer("L1", [3, 4]),
    regularizer("L1", [2, 3, 2], l1=0.3),
    regularizer("L2", [3, 4]),
    regularizer("L2", [5], l2=1e-4),
    regularizer("L1L2", [3, 4], l1=0.1, l2=0.2),
    regularizer("OrthogonalRegularizer", [3, 5]),
    regularizer("OrthogonalRegularizer", [5, 3], factor=0.5, mode="columns"),
]


def main() -> None:
    constraints = [
        constraint("MaxNorm", [4, 3], axis=1),
        constraint("MaxNorm", [4, 3], max_value=0.7, axis=0),
        constraint("MaxNorm", [2, 3, 2, 2], max_value=3, axis=[1, 2, 3]),
        constraint("NonNeg", [4, 3]),
        constraint("UnitNorm", [4, 3], axis=1),
        constraint("UnitNorm", [2, 3, 2], axis=[0, 1]),
        constraint("MinMaxNorm", [4, 3], axis=1),
        constraint("MinMaxNorm", [4, 3], min_value=2, max_value=3, rate=0.4, axis=0),
    ]
    groups = {"regularizers": REGULARIZERS, "constraints": constraints}
    lines = [
        f'"{group}": [\n' + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]"
        for group, cases in groups.items()
    ]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
