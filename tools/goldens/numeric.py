"""Records what PyTorch makes of functions of tensors: running results, orders, arcs and other functions of one number.

    python tools/goldens/numeric.py

needs `torch`. Everything is computed in float64. One row is one call: the function, its inputs, its further arguments, what
came out, and the gradient of the sum of the first output weighted by 1, 2, 3 … `null` where there is none.
"""

import json
from pathlib import Path

import torch

from operations import Polygamma

RESULT = Path(__file__).resolve().parent / "results" / "numeric.json"
NAN, INF = float("nan"), float("inf")


def exclusive(run, first, x, axis, reverse=False):
    """TensorFlow's running results: of the elements before each one, or after it."""
    x = x.flip(axis) if reverse else x
    size = x.shape[axis]
    moved = torch.cat([torch.full_like(x.narrow(axis, 0, 1), first), x.narrow(axis, 0, size - 1)], axis)
    result = run(moved, axis)
    return result.flip(axis) if reverse else result


def middle(x, axis=None, keep=False):
    return torch.median(x) if axis is None else torch.median(x, axis, keep).values


FUNCTIONS = {
    "cumsum": torch.cumsum,
    "cumsum exclusive": lambda x, axis: exclusive(torch.cumsum, 0, x, axis),
    "cumsum reverse": lambda x, axis: x.flip(axis).cumsum(axis).flip(axis),
    "cumsum exclusive reverse": lambda x, axis: exclusive(torch.cumsum, 0, x, axis, True),
    "cumprod": torch.cumprod,
    "cumprod exclusive": lambda x, axis: exclusive(torch.cumprod, 1, x, axis),
    "cummax": torch.cummax,
    "cummin": torch.cummin,
    "logcumsumexp": torch.logcumsumexp,
    "sort": lambda x, axis, descending: torch.sort(x, dim=axis, descending=descending, stable=True),
    "topk": torch.topk,
    "kthvalue": torch.kthvalue,
    "median": middle,
    "quantile": lambda x, q, axis, keep, how: torch.quantile(x, torch.tensor(q, dtype=x.dtype), axis, keep, interpolation=how),
    **{
        name: getattr(torch, name)
        for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "sinh", "cosh", "tan", "expm1", "log1p", "log2", "log10", "erfinv", "lgamma")
    },
    "digamma": lambda x: Polygamma.apply(0, x),
    "cbrt": lambda x: x.sign() * x.abs() ** (1 / 3),
}

ROWS = [[3.0, -1.0, 2.0, 2.0, 0.5], [1.0, 4.0, -2.0, 0.0, 4.0], [-3.0, 1.0, 1.0, 7.0, -0.25]]
SPOILED = [[1.0, NAN, 3.0, 2.0], [INF, 1.0, -INF, 2.0]]
DISTINCT = [[3.0, -1.0, 2.0, 0.5, 9.0], [1.0, 4.0, -2.0, 0.0, 6.0], [-3.0, 1.5, 1.25, 7.0, -0.25]]
LOGS = [[-INF, -INF, 1.0, 2.0], [-200.0, 3.0, -1.0, 100.0]]
CENTRED = [-0.9, -0.5, -1e-5, 1e-7, 0.25, 0.75]
WIDE = [-30.0, -2.5, -1.0, -1e-6, 1e-3, 0.5, 2.0, 40.0]
ABOVE = [1e-3, 0.25, 1.0, 1.5, 2.75, 12.0, 300.0]

CALLS = [
    *[(name, [x], [axis]) for name in ("cumsum", "cumprod", "cummax", "cummin") for x in (ROWS,) for axis in (0, 1, -1)],
    *[(name, [SPOILED], [1]) for name in ("cumsum", "cummax", "cummin")],
    *[(name, [ROWS], [axis]) for name in ("cumsum exclusive", "cumsum reverse", "cumsum exclusive reverse", "cumprod exclusive") for axis in (0, 1)],
    ("logcumsumexp", [ROWS], [1]),
    ("logcumsumexp", [LOGS], [1]),
    ("logcumsumexp", [LOGS], [0]),
    *[("sort", [x], [axis, descending]) for x in (ROWS, SPOILED) for axis in (0, -1) for descending in (False, True)],
    ("topk", [DISTINCT], [3]),
    ("topk", [ROWS], [2, 0]),
    ("topk", [ROWS], [2, 1, False]),
    ("topk", [SPOILED], [2]),
    ("kthvalue", [ROWS], [2]),
    ("kthvalue", [ROWS], [3, 0, True]),
    ("median", [DISTINCT], []),
    ("median", [ROWS], [1]),
    ("median", [ROWS], [0, True]),
    ("median", [SPOILED], [1]),
    *[("quantile", [ROWS], [q, axis, False, how]) for q in (0.0, 0.3, 0.5, 1.0) for axis in (None, 1) for how in ("linear", "lower", "higher", "midpoint", "nearest")],
    ("quantile", [ROWS], [[0.1, 0.6], 0, True, "linear"]),
    ("quantile", [[[1.0, NAN, 2.0], [4.0, 3.0, 9.0]]], [0.5, 1, False, "linear"]),
    *[(name, [CENTRED], []) for name in ("asin", "acos", "atanh", "erfinv")],
    *[(name, [WIDE], []) for name in ("atan", "asinh", "sinh", "cosh", "tan", "expm1")],
    *[(name, [ABOVE], []) for name in ("log1p", "log2", "log10", "lgamma", "digamma", "cbrt")],
    ("acosh", [[1.001, 1.5, 10.0, 1e6, 1e12]], []),
    ("asinh", [[1e12, -1e15]], []),
    ("lgamma", [[-0.5, -1.75, -3.3]], []),
    ("digamma", [[-0.5, -1.75, -3.3]], []),
    ("atan2", [[1.0, -1.0, 1.0, -1.0, 0.5, 3.0, -2.0], [1.0, 1.0, -1.0, -1.0, 2.0, -0.25, 0.125]], []),
    ("atan2", [[0.0, -0.0, 0.0, -0.0, INF, -INF, INF, 1.0, NAN], [1.0, 1.0, -1.0, -1.0, INF, INF, -INF, INF, 1.0]], []),
    *[(name, [[INF, -INF, NAN, 0.0, 1.0, -1.0, 2.0]], []) for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "erfinv", "lgamma", "cbrt")],
]


def spelled(x: float):
    if x != x:
        return "NaN"
    if x in (INF, -INF):
        return "Infinity" if x > 0 else "-Infinity"
    return float(f"{x:.12g}")


def numbers(x: torch.Tensor) -> dict:
    values = x.detach().double().reshape(-1).tolist()
    return {"shape": list(x.shape), "values": [spelled(v) for v in values]}


def record(name: str, inputs: list, args: list) -> dict:
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    made = FUNCTIONS[name](*leaves, *args)
    outputs = list(made) if isinstance(made, tuple) else [made]
    weights = torch.arange(1, outputs[0].numel() + 1, dtype=torch.float64).reshape(outputs[0].shape)
    finite = all(torch.isfinite(x).all() for x in [*leaves, outputs[0]])
    return {
        "name": name,
        "args": args,
        "inputs": [numbers(x) for x in leaves],
        "outputs": [numbers(x) for x in outputs],
        "gradients": [numbers(g) for g in torch.autograd.grad((outputs[0] * weights).sum(), leaves)] if finite else None,
    }


def main() -> None:
    rows = [json.dumps(record(*call), separators=(",", ":")) for call in CALLS]
    RESULT.write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(f"recorded {len(rows)} calls with PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
