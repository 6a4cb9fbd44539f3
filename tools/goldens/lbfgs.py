"""Records where PyTorch's L-BFGS goes on small functions.

    python tools/goldens/lbfgs.py

needs `torch`. Everything is computed in float64. The functions are written here and in src/optim/lbfgs.test.ts.
"""

import json
from pathlib import Path

import torch

RESULT = Path(__file__).resolve().parent / "results" / "lbfgs.json"


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def quadratic(x):
    scale = 10 ** (torch.arange(len(x), dtype=x.dtype) / (len(x) - 1))
    return (scale * (x - 1) ** 2).sum() / 2


def hills(x):
    return (x**2).sum() / 10 + torch.sin(3 * x).sum()


FUNCTIONS = {
    "rosenbrock": (rosenbrock, [-1.2, 1.0]),
    "quadratic": (quadratic, [0.0] * 10),
    "hills": (hills, [2.0, -1.5, 0.3, 4.0]),
}


def case(function: str, steps: int, **options) -> dict:
    evaluate, start = FUNCTIONS[function]
    x = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = torch.optim.LBFGS([x], **options)

    def closure():
        optimizer.zero_grad()
        loss = evaluate(x)
        loss.backward()
        return loss

    points, losses = [], []
    for _ in range(steps):
        losses.append(float(f"{optimizer.step(closure).item():.10g}"))
        points.append([float(f"{v:.10g}") for v in x.tolist()])
    state = optimizer.state[x]
    return {
        "function": function,
        "start": start,
        "options": options,
        "losses": losses,
        "points": points,
        "evaluations": state["func_evals"],
        "iterations": state["n_iter"],
    }


def main() -> None:
    cases = [
        case("quadratic", 3, lr=0.1),
        case("quadratic", 6, max_iter=3, line_search_fn="strong_wolfe"),
        case("quadratic", 8, lr=0.5, max_iter=2, history_size=2),
        case("rosenbrock", 8, max_iter=4, line_search_fn="strong_wolfe"),
        case("rosenbrock", 4, max_iter=20, history_size=3, line_search_fn="strong_wolfe"),
        case("rosenbrock", 5, lr=0.01, max_iter=5),
        case("hills", 6, max_iter=2, line_search_fn="strong_wolfe"),
        case("hills", 3, max_iter=10, max_eval=6, line_search_fn="strong_wolfe"),
        case("hills", 2, tolerance_grad=1e-2, line_search_fn="strong_wolfe"),
    ]
    RESULT.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
