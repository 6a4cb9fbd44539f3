"""Records what PyTorch makes of functions of tensors: linear algebra, Fourier transforms, statistics, indexing.

    python tools/goldens/functions.py

needs `torch`. Everything is computed in float64. Inputs and cotangents are not recorded: `spread` makes them here and in
src/nn/golden.testing.ts; inputs take the seeds 101, 102, …, cotangents 201, 202, …. Factors whose signs are arbitrary are
multiplied together again, by the function that stands here and in the test.
"""

import json
import math
from pathlib import Path

import torch
from torch import linalg

from nn import numbers, tensor

RESULT = Path(__file__).resolve().parent / "results" / "functions.json"


def case(function, *shapes, gradient=True) -> dict:
    inputs = [tensor(shape, 101 + i).requires_grad_(gradient) for i, shape in enumerate(shapes)]
    outputs = function(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    result = {"shapes": [list(shape) for shape in shapes], "outputs": [[list(o.shape), numbers(o.double())] for o in outputs]}
    if gradient:
        total = sum((o * tensor(list(o.shape), 201 + i)).sum() for i, o in enumerate(outputs) if o.is_floating_point())
        found = torch.autograd.grad(total, inputs, allow_unused=True)
        result["gradients"] = [numbers(torch.zeros_like(x) if g is None else g) for g, x in zip(found, inputs)]
    return result


def positive(x: torch.Tensor) -> torch.Tensor:
    """A symmetric positive definite matrix."""
    return x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype)


def safe(x: torch.Tensor) -> torch.Tensor:
    """A matrix whose diagonal outweighs the rest."""
    return x + 3 * torch.eye(x.shape[-1], dtype=x.dtype)


def exponential_of_symmetric(x):
    w, v = linalg.eigh(x + x.mT)
    return (v * w.exp().unsqueeze(-2)) @ v.mT


def exponential_of_values(x):
    u, s, vh = linalg.svd(x, full_matrices=False)
    return (u * s.exp().unsqueeze(-2)) @ vh


LINALG = {
    "cholesky": lambda: case(lambda x: linalg.cholesky(positive(x)), [2, 3, 3]),
    "cholesky upper": lambda: case(lambda x: linalg.cholesky(positive(x), upper=True), [4, 4]),
    "choleskySolve": lambda: case(lambda x, b: torch.cholesky_solve(b, linalg.cholesky(positive(x))), [3, 3], [3, 2]),
    "solveTriangular": lambda: case(lambda a, b: linalg.solve_triangular(safe(a), b, upper=True), [2, 3, 3], [2, 3, 2]),
    "solveTriangular lower right unit": lambda: case(
        lambda a, b: linalg.solve_triangular(a, b, upper=False, left=False, unitriangular=True), [3, 3], [2, 3]
    ),
    "solve": lambda: case(lambda a, b: linalg.solve(safe(a), b), [2, 3, 3], [2, 3, 2]),
    "solve vector": lambda: case(lambda a, b: linalg.solve(safe(a), b), [4, 4], [4]),
    "solve broadcast": lambda: case(lambda a, b: linalg.solve(safe(a), b), [3, 3], [2, 3, 2]),
    "solve large": lambda: case(lambda a, b: linalg.solve(safe(a), b), [40, 40], [40, 1], gradient=False),
    "inverse": lambda: case(lambda x: linalg.inv(safe(x)), [2, 3, 3]),
    "det": lambda: case(linalg.det, [2, 4, 4]),
    "slogdet": lambda: case(lambda x: tuple(linalg.slogdet(safe(x))), [2, 4, 4]),
    "lu": lambda: case(lambda x: tuple(linalg.lu(x)), [2, 5, 3], gradient=False),
    "lu wide": lambda: case(lambda x: tuple(linalg.lu(x)), [3, 5], gradient=False),
    "qr": lambda: case(lambda x: tuple(linalg.qr(x)), [2, 5, 3]),
    "qr wide": lambda: case(lambda x: tuple(linalg.qr(x)), [3, 5]),
    "qr complete": lambda: case(lambda x: tuple(linalg.qr(x, mode="complete")), [5, 3], gradient=False),
    "qr large": lambda: case(lambda x: linalg.qr(safe(x)).R.diagonal(), [40, 40], gradient=False),
    "eigh": lambda: case(exponential_of_symmetric, [2, 4, 4]),
    "eigvalsh": lambda: case(lambda x: linalg.eigvalsh(x + x.mT), [2, 5, 5]),
    "svd": lambda: case(exponential_of_values, [2, 3, 3]),
    "svd tall": lambda: case(exponential_of_values, [5, 3]),
    "svd wide": lambda: case(exponential_of_values, [2, 3, 5]),
    "svdvals": lambda: case(linalg.svdvals, [2, 5, 3]),
    "pinv": lambda: case(linalg.pinv, [2, 4, 3]),
    "pinv wide": lambda: case(linalg.pinv, [3, 4]),
    "lstsq": lambda: case(lambda a, b: linalg.lstsq(a, b).solution, [5, 3], [5, 2]),
    "lstsq residuals": lambda: case(lambda a, b: linalg.lstsq(a, b, driver="gels").residuals, [5, 3], [5, 2], gradient=False),
    "matrixRank": lambda: case(lambda x: linalg.matrix_rank(torch.cat([x, x], -1)), [2, 4, 2], gradient=False),
    "matrixPower": lambda: case(lambda x: linalg.matrix_power(x, 5), [3, 3]),
    "matrixPower inverse": lambda: case(lambda x: linalg.matrix_power(x, -2), [3, 3]),
    "matrixExp": lambda: case(torch.matrix_exp, [2, 3, 3]),
    "matrixExp large norm": lambda: case(lambda x: torch.matrix_exp(6 * x), [3, 3]),
    "vectorNorm": lambda: case(linalg.vector_norm, [2, 5]),
    "vectorNorm 3": lambda: case(lambda x: linalg.vector_norm(x, 3, -1), [2, 5]),
    "vectorNorm -1": lambda: case(lambda x: linalg.vector_norm(x, -1, -1), [2, 5]),
    "vectorNorm -inf": lambda: case(lambda x: linalg.vector_norm(x, -torch.inf, -1), [2, 5]),
    "vectorNorm 0": lambda: case(lambda x: linalg.vector_norm(x, 0, -1), [2, 5], gradient=False),
    **{
        f"matrixNorm {order}": (lambda order: lambda: case(lambda x: linalg.matrix_norm(x, order), [2, 4, 3]))(order)
        for order in ("fro", "nuc", 1, -1, 2, -2, torch.inf, -torch.inf)
    },
    "matrixNorm axes": lambda: case(lambda x: linalg.matrix_norm(x, 1, (2, 0), keepdim=True), [2, 4, 3]),
    "cond": lambda: case(linalg.cond, [2, 4, 3]),
    "cond 1": lambda: case(lambda x: linalg.matrix_norm(x, 1) * linalg.matrix_norm(linalg.inv(x), 1), [3, 3]),
    "multiDot": lambda: case(lambda a, b, c, d: linalg.multi_dot([a, b, c, d]), [4], [4, 2], [2, 5], [5, 3]),
    "vecdot": lambda: case(lambda a, b: linalg.vecdot(a, b, dim=0), [3, 4], [3, 4]),
    "cross": lambda: case(linalg.cross, [4, 3], [1, 3]),
    "vander": lambda: case(lambda x: linalg.vander(x, N=4), [2, 3]),
}


GROUPS = {"linalg": LINALG}


def main() -> None:
    lines = [f'"torch": {json.dumps(torch.__version__.split("+")[0])}']
    for group, cases in GROUPS.items():
        entries = [f"{json.dumps(k)}: {json.dumps(make(), separators=(',', ':'))}" for k, make in cases.items()]
        lines.append(f'"{group}": {{\n' + ",\n".join(entries) + "\n}")
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
