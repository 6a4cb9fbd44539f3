"""Records where optimizers go in twenty steps: PyTorch's, or the paper's formula in NumPy where PyTorch has none.

    python tools/goldens/optimizers.py

needs `torch` and `numpy`. Everything is computed in float64, on the numbers that `spread` in nn.py makes: two parameters with
the seeds 1 and 2, gradients with the seeds 301 + 10·step + position. The learning rate halves after the third step. The
options stand beside the results, so that src/optim/goldens.test.ts reads both.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nn import numbers, tensor

RESULT = Path(__file__).resolve().parent / "results" / "optimizers.json"
STEPS = 20
SHAPES = [[2, 3], [4]]
MATRICES = [[2, 3], [4, 2]]


def averaged(mean, beta, value):
    return beta * mean + (1 - beta) * value


def ratio(above, below):
    return above / below if above > 0 and below > 0 else 1.0


class Formula:
    """An optimizer of arrays: `update(p, g, state, t)` gives the next parameter."""

    def __init__(self, parameters, **options):
        self.parameters = parameters
        self.param_groups = [options]
        self.states = [{} for _ in parameters]
        self.t = 0

    def step(self):
        self.t += 1
        for p, state in zip(self.parameters, self.states):
            with torch.no_grad():
                next_value = self.update(p.detach().numpy().copy(), p.grad.numpy(), state, self.t, **self.param_groups[0])
                p.copy_(torch.from_numpy(np.asarray(next_value)))


class Lion(Formula):
    """Chen et al. 2023, algorithm 2."""

    def update(self, p, g, state, t, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        m = state.get("m", np.zeros_like(p))
        state["m"] = averaged(m, betas[1], g)
        return p - lr * (np.sign(averaged(m, betas[0], g)) + weight_decay * p)


class AdaBelief(Formula):
    """Zhuang et al. 2020, algorithm 2, with decoupled decay."""

    def update(self, p, g, state, t, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, weight_decay=0.0):
        m = state["m"] = averaged(state.get("m", np.zeros_like(p)), betas[0], g)
        s = state["s"] = averaged(state.get("s", np.zeros_like(p)), betas[1], (g - m) ** 2) + eps
        p = p * (1 - lr * weight_decay)
        return p - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(s / (1 - betas[1] ** t)) + eps)


class LAMB(Formula):
    """You et al. 2020, algorithm 2, with the identity for the scaling function."""

    def update(self, p, g, state, t, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        m = state["m"] = averaged(state.get("m", np.zeros_like(p)), betas[0], g)
        v = state["v"] = averaged(state.get("v", np.zeros_like(p)), betas[1], g * g)
        r = (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps) + weight_decay * p
        return p - lr * ratio(np.linalg.norm(p), np.linalg.norm(r)) * r


class LARS(Formula):
    """You, Gitman and Ginsburg 2017, algorithm 1."""

    def update(self, p, g, state, t, lr=1e-3, momentum=0.9, trust_coefficient=1e-3, weight_decay=0.0, eps=0.0):
        size = np.linalg.norm(p)
        local = ratio(trust_coefficient * size, np.linalg.norm(g) + weight_decay * size + eps)
        v = state["v"] = momentum * state.get("v", np.zeros_like(p)) + lr * local * (g + weight_decay * p)
        return p - v


class Muon(Formula):
    """torch.optim.Muon's formula; PyTorch itself iterates in bfloat16."""

    def update(self, p, g, state, t, lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445, -4.775, 2.0315),
               eps=1e-7, ns_steps=5, adjust_lr_fn=None):  # fmt: skip
        buffer = state["b"] = averaged(state.get("b", np.zeros_like(p)), momentum, g)
        x = averaged(buffer, momentum, g) if nesterov else buffer
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / max(np.linalg.norm(x), eps)
        a, b, c = ns_coefficients
        for _ in range(ns_steps):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        x = x.T if tall else x
        scale = {None: max(1, p.shape[0] / p.shape[1]) ** 0.5, "match_rms_adamw": 0.2 * max(p.shape) ** 0.5}[adjust_lr_fn]
        return p * (1 - lr * weight_decay) - lr * scale * x


class RAdamPaper(Formula):
    """Liu et al. 2020, algorithm 2: rectified from rho > 4 on; `bias_correction` as in many notes."""

    def update(self, p, g, state, t, lr=1e-3, betas=(0.9, 0.999), threshold=4, bias_correction=True):
        m = state["m"] = averaged(state.get("m", np.zeros_like(p)), betas[0], g)
        v = state["v"] = averaged(state.get("v", np.zeros_like(p)), betas[1], g * g)
        limit = 2 / (1 - betas[1]) - 1
        rho = limit - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        if bias_correction:
            m, v = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        if rho <= threshold:
            return p - lr * m
        r = ((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)) ** 0.5
        # PyTorch adds its small number before the correction.
        eps = 1e-8 * ((1 - betas[1] ** t) ** -0.5 if bias_correction else 1)
        return p - lr * r * m / (np.sqrt(v) + eps)


class Lookahead:
    """Zhang et al. 2019, algorithm 1."""

    def __init__(self, inner, k=5, alpha=0.5):
        self.inner, self.k, self.alpha, self.t = inner, k, alpha, 0
        self.param_groups = inner.param_groups
        self.parameters = [p for group in inner.param_groups for p in group["params"]]
        self.slow = [p.detach().clone() for p in self.parameters]

    def step(self):
        self.inner.step()
        self.t += 1
        if self.t % self.k == 0:
            with torch.no_grad():
                for p, slow in zip(self.parameters, self.slow):
                    p.copy_(slow.add_(p - slow, alpha=self.alpha))


def run(make, shapes) -> list:
    parameters = [nn.Parameter(tensor(shape, 1 + i)) for i, shape in enumerate(shapes)]
    optimizer = make(parameters)
    result = []
    for step in range(STEPS):
        for i, p in enumerate(parameters):
            p.grad = tensor(list(p.shape), 301 + 10 * step + i)
        optimizer.step()
        result.append([numbers(p) for p in parameters])
        if step == 2:
            for group in optimizer.param_groups:
                group["lr"] /= 2
    return result


def case(name: str, shapes=SHAPES, formula=None, lookahead=None, **options) -> dict:
    make = formula or getattr(torch.optim, name)

    def built(parameters):
        # The learning rate is halved from outside, so it must be there.
        inner = make(parameters, **options)
        return Lookahead(inner, **lookahead) if lookahead else inner

    recorded = {"optimizer": name, "options": options, "shapes": shapes, "from": "formula" if formula else "torch"}
    if lookahead:
        recorded["lookahead"] = lookahead
    return {**recorded, "steps": run(built, shapes)}


CASES = {
    "SGD": lambda: case("SGD", lr=0.1),
    "SGD decay maximized": lambda: case("SGD", lr=0.1, weight_decay=0.1, maximize=True),
    "SGD momentum": lambda: case("SGD", lr=0.1, momentum=0.9),
    "SGD dampened": lambda: case("SGD", lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1),
    "SGD nesterov": lambda: case("SGD", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adagrad": lambda: case("Adagrad"),
    "Adagrad options": lambda: case(
        "Adagrad", lr=0.1, lr_decay=0.05, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-3
    ),
    "Adadelta": lambda: case("Adadelta"),
    "Adadelta options": lambda: case("Adadelta", lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.1),
    "RMSprop": lambda: case("RMSprop"),
    "RMSprop momentum": lambda: case("RMSprop", lr=0.02, alpha=0.9, momentum=0.8, weight_decay=0.1),
    "RMSprop centered": lambda: case("RMSprop", centered=True, eps=1e-3, momentum=0.5),
    "Adam": lambda: case("Adam"),
    "Adam options": lambda: case("Adam", lr=0.1, betas=[0.8, 0.95], eps=1e-3, weight_decay=0.1, maximize=True),
    "Adam amsgrad": lambda: case("Adam", lr=0.01, betas=[0.9, 0.9], amsgrad=True),
    "AdamW": lambda: case("AdamW"),
    "AdamW decay": lambda: case("AdamW", lr=0.1, weight_decay=0.5),
    "AdamW amsgrad": lambda: case("AdamW", lr=0.05, betas=[0.9, 0.8], amsgrad=True),
    "Adamax": lambda: case("Adamax"),
    "Adamax options": lambda: case("Adamax", lr=0.05, betas=[0.8, 0.9], eps=1e-3, weight_decay=0.1),
    "NAdam": lambda: case("NAdam"),
    "NAdam options": lambda: case("NAdam", lr=0.05, betas=[0.8, 0.95], weight_decay=0.1, momentum_decay=0.1),
    "NAdam decoupled": lambda: case("NAdam", lr=0.05, weight_decay=0.1, decoupled_weight_decay=True),
    "RAdam": lambda: case("RAdam", lr=0.1, weight_decay=0.1),
    "RAdam decoupled": lambda: case("RAdam", lr=0.1, betas=[0.9, 0.9], weight_decay=0.1, decoupled_weight_decay=True),
    "RAdam of the paper": lambda: case("RAdam", formula=RAdamPaper, lr=0.1, threshold=4),
    "RAdam without bias correction": lambda: case(
        "RAdam", formula=RAdamPaper, lr=0.1, threshold=4, bias_correction=False
    ),
    "Rprop": lambda: case("Rprop"),
    "Rprop options": lambda: case("Rprop", lr=0.1, etas=[0.3, 1.5], step_sizes=[0.05, 0.2], maximize=True),
    "ASGD": lambda: case("ASGD"),
    "ASGD averaging": lambda: case("ASGD", lr=0.1, lambd=0.1, alpha=0.5, t0=4, weight_decay=0.1),
    "Adafactor": lambda: case("Adafactor"),
    "Adafactor options": lambda: case(
        "Adafactor", MATRICES, lr=0.5, beta2_decay=-0.5, eps=[1e-3, 0.01], d=1.2, weight_decay=0.1
    ),
    "Adafactor of three axes": lambda: case("Adafactor", [[2, 3, 2], []], lr=0.2),
    "Muon": lambda: case("Muon", MATRICES, formula=Muon, lr=1e-3),
    "Muon options": lambda: case(
        "Muon", MATRICES, formula=Muon, lr=0.1, weight_decay=0.0, momentum=0.8, nesterov=False, adjust_lr_fn="match_rms_adamw"
    ),
    "Lion": lambda: case("Lion", formula=Lion, lr=1e-4),
    "Lion decay": lambda: case("Lion", formula=Lion, lr=0.01, betas=[0.8, 0.95], weight_decay=0.1),
    "AdaBelief": lambda: case("AdaBelief", formula=AdaBelief, lr=1e-3),
    "AdaBelief options": lambda: case(
        "AdaBelief", formula=AdaBelief, lr=0.05, betas=[0.8, 0.9], eps=1e-8, weight_decay=0.1
    ),
    "LAMB": lambda: case("LAMB", formula=LAMB, lr=1e-3),
    "LAMB decay": lambda: case("LAMB", formula=LAMB, lr=0.1, betas=[0.8, 0.9], weight_decay=0.1),
    "LARS": lambda: case("LARS", formula=LARS, lr=1e-3),
    "LARS decay": lambda: case("LARS", formula=LARS, lr=1.0, trust_coefficient=0.02, weight_decay=0.1, eps=1e-3),
    "Lookahead SGD": lambda: case("SGD", lr=0.1, momentum=0.9, lookahead={"k": 5, "alpha": 0.5}),
    "Lookahead Adam": lambda: case("Adam", lr=0.05, lookahead={"k": 3, "alpha": 0.8}),
}


def main() -> None:
    lines = [f"{json.dumps(name)}: {json.dumps(make(), separators=(',', ':'))}" for name, make in CASES.items()]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
