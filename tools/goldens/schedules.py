"""Records the learning rates of PyTorch's and Keras's schedules over two hundred steps.

    KERAS_BACKEND=torch python tools/goldens/schedules.py

needs `torch` and `keras`. The options stand beside the rates, so that src/optim/schedules/goldens.test.ts reads both; functions
are named and written in both places.
"""

import json
import warnings
from pathlib import Path

import keras
import torch
from torch.optim import lr_scheduler

RESULT = Path(__file__).resolve().parent / "results" / "schedules.json"
STEPS = 200
BASE = 0.1

FUNCTIONS = {
    "slower": lambda epoch: 0.95**epoch,
    "steps": lambda epoch: 0.99 if epoch % 10 else 0.9,
    "sine": lambda x: 1 / (1 + 0.1 * x),
}


def rounded(values) -> list:
    return [float(f"{v:.12g}") for v in values]


def run(make, groups=None) -> dict:
    """Rates, and momenta where they move, of all groups before each step."""
    p = [torch.nn.Parameter(torch.zeros(1, dtype=torch.float64)) for _ in groups or [0]]
    optimizer = torch.optim.SGD([{"params": [q], **(g or {})} for q, g in zip(p, groups or [{}])], lr=BASE, momentum=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
        rates, momenta = [], []
        for _ in range(STEPS):
            rates.append([g["lr"] for g in optimizer.param_groups])
            momenta.append([g["momentum"] for g in optimizer.param_groups])
            scheduler.step()
    result = {"rates": [rounded(column) for column in zip(*rates)]}
    if any(m != momenta[0] for m in momenta):
        result["momenta"] = [rounded(column) for column in zip(*momenta)]
    return result


def built(name: str, options: dict, optimizer):
    options = dict(options)
    for key in ("lr_lambda", "scale_fn"):
        if key in options:
            options[key] = FUNCTIONS[options[key]]
    return getattr(lr_scheduler, name)(optimizer, **options)


def torch_case(name: str, groups=None, **options) -> dict:
    recorded = {"scheduler": name, "options": options, **({"groups": groups} if groups else {})}
    return {**recorded, **run(lambda optimizer: built(name, options, optimizer), groups)}


def joined(name: str, parts: list, **options) -> dict:
    def make(optimizer):
        schedulers = [built(part["scheduler"], part["options"], optimizer) for part in parts]
        if name == "ChainedScheduler":
            return lr_scheduler.ChainedScheduler(schedulers)
        return getattr(lr_scheduler, name)(optimizer, schedulers=schedulers, **options)

    return {"scheduler": name, "options": options, "parts": parts, **run(make)}


def part(name: str, **options) -> dict:
    return {"scheduler": name, "options": options}


def keras_case(name: str, **options) -> dict:
    given = {} if name == "PiecewiseConstantDecay" else {"initial_learning_rate": BASE}
    schedule = getattr(keras.optimizers.schedules, name)(**given, **options)
    rates = [float(schedule(torch.tensor(step, dtype=torch.float64))) for step in range(STEPS)]
    return {"schedule": name, "options": options, "rates": [rounded(rates)]}


def plateau(metrics: list, groups=None, **options) -> dict:
    p = [torch.nn.Parameter(torch.zeros(1)) for _ in groups or [0]]
    optimizer = torch.optim.SGD([{"params": [q], **(g or {})} for q, g in zip(p, groups or [{}])], lr=BASE)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for metric in metrics:
        scheduler.step(metric)
        rates.append([g["lr"] for g in optimizer.param_groups])
    return {"options": options, "groups": groups or [{}], "metrics": metrics, "rates": [rounded(c) for c in zip(*rates)]}


# Falls, rests, falls a little, and jumps about.
METRICS = [round(5 / (1 + i) + (0.3 if i % 7 == 3 else 0) + (i % 3) * 0.01 if i < 30 else 0.2 - i * 1e-5, 6) for i in range(80)]

CASES = {
    "LambdaLR": lambda: torch_case("LambdaLR", lr_lambda="slower"),
    "MultiplicativeLR": lambda: torch_case("MultiplicativeLR", lr_lambda="steps"),
    "StepLR": lambda: torch_case("StepLR", step_size=30),
    "StepLR options": lambda: torch_case("StepLR", [{}, {"lr": 0.5}], step_size=7, gamma=0.7),
    "MultiStepLR": lambda: torch_case("MultiStepLR", milestones=[30, 80, 80, 150], gamma=0.3),
    "ConstantLR": lambda: torch_case("ConstantLR"),
    "ConstantLR options": lambda: torch_case("ConstantLR", factor=0.5, total_iters=40),
    "LinearLR": lambda: torch_case("LinearLR"),
    "LinearLR options": lambda: torch_case("LinearLR", start_factor=0.9, end_factor=0.1, total_iters=120),
    "ExponentialLR": lambda: torch_case("ExponentialLR", gamma=0.97),
    "PolynomialLR": lambda: torch_case("PolynomialLR"),
    "PolynomialLR options": lambda: torch_case("PolynomialLR", total_iters=150, power=2.5),
    "CosineAnnealingLR": lambda: torch_case("CosineAnnealingLR", T_max=200),
    "CosineAnnealingLR past its end": lambda: torch_case("CosineAnnealingLR", T_max=60, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda: torch_case("CosineAnnealingWarmRestarts", T_0=50),
    "CosineAnnealingWarmRestarts options": lambda: torch_case(
        "CosineAnnealingWarmRestarts", T_0=10, T_mult=2, eta_min=1e-3
    ),
    "CyclicLR": lambda: torch_case("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=20),
    "CyclicLR triangular2": lambda: torch_case(
        "CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=10, step_size_down=30, mode="triangular2", base_momentum=0.7
    ),
    "CyclicLR exp_range": lambda: torch_case(
        "CyclicLR",
        [{}, {"lr": 1}],
        base_lr=[0.01, 0.1],
        max_lr=[0.1, 1],
        step_size_up=25,
        mode="exp_range",
        gamma=0.99,
        cycle_momentum=False,
    ),
    "CyclicLR scaled": lambda: torch_case(
        "CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=8, scale_fn="sine", scale_mode="iterations"
    ),
    "OneCycleLR": lambda: torch_case("OneCycleLR", max_lr=0.1, total_steps=200),
    "OneCycleLR linear": lambda: torch_case(
        "OneCycleLR",
        max_lr=1,
        epochs=20,
        steps_per_epoch=10,
        pct_start=0.4,
        anneal_strategy="linear",
        div_factor=10,
        final_div_factor=100,
        base_momentum=0.8,
        max_momentum=0.9,
    ),
    "OneCycleLR three phases": lambda: torch_case(
        "OneCycleLR", [{}, {"lr": 1}], max_lr=[0.1, 1], total_steps=201, three_phase=True
    ),
    "SequentialLR": lambda: joined(
        "SequentialLR",
        [part("LinearLR", start_factor=0.1, total_iters=20), part("CosineAnnealingLR", T_max=180, eta_min=1e-6)],
        milestones=[20],
    ),
    "SequentialLR of three": lambda: joined(
        "SequentialLR",
        [
            part("ConstantLR", factor=0.1, total_iters=10),
            part("ExponentialLR", gamma=0.98),
            part("StepLR", step_size=15, gamma=0.5),
        ],
        milestones=[12, 100],
    ),
    "ChainedScheduler": lambda: joined(
        "ChainedScheduler",
        [part("ConstantLR", factor=0.1, total_iters=10), part("ExponentialLR", gamma=0.99), part("CosineAnnealingLR", T_max=250)],
    ),
    "ExponentialDecay": lambda: keras_case("ExponentialDecay", decay_steps=50, decay_rate=0.5),
    "ExponentialDecay staircase": lambda: keras_case("ExponentialDecay", decay_steps=50, decay_rate=0.5, staircase=True),
    "PiecewiseConstantDecay": lambda: keras_case(
        "PiecewiseConstantDecay", boundaries=[30, 90], values=[0.1, 0.05, 0.01]
    ),
    "PolynomialDecay": lambda: keras_case("PolynomialDecay", decay_steps=120),
    "PolynomialDecay cycle": lambda: keras_case(
        "PolynomialDecay", decay_steps=40, end_learning_rate=0.01, power=0.5, cycle=True
    ),
    "InverseTimeDecay": lambda: keras_case("InverseTimeDecay", decay_steps=10, decay_rate=0.5),
    "InverseTimeDecay staircase": lambda: keras_case("InverseTimeDecay", decay_steps=10, decay_rate=0.5, staircase=True),
    "CosineDecay": lambda: keras_case("CosineDecay", decay_steps=150, alpha=0.1),
    "CosineDecay warmup": lambda: keras_case("CosineDecay", decay_steps=100, warmup_target=0.5, warmup_steps=40),
    "CosineDecayRestarts": lambda: keras_case("CosineDecayRestarts", first_decay_steps=20),
    "CosineDecayRestarts options": lambda: keras_case(
        "CosineDecayRestarts", first_decay_steps=30, t_mul=1.5, m_mul=0.8, alpha=0.05
    ),
}

PLATEAUS = {
    "defaults": lambda: plateau(METRICS),
    "patient": lambda: plateau(METRICS, patience=3, factor=0.5, cooldown=4),
    "absolute": lambda: plateau(METRICS, patience=2, threshold=0.05, threshold_mode="abs", min_lr=0.004),
    "largest": lambda: plateau([-m for m in METRICS], mode="max", patience=1, threshold=0.01),
    "groups": lambda: plateau(METRICS, [{}, {"lr": 1}], patience=1, min_lr=[0.02, 0.1], factor=0.3),
    "small changes": lambda: plateau(METRICS, patience=0, eps=0.02, factor=0.7),
    "largest by distance": lambda: plateau([-m for m in METRICS], mode="max", threshold_mode="abs", threshold=0.2, patience=4),
}


def main() -> None:
    keras.config.set_floatx("float64")
    groups = {"schedules": CASES, "plateaus": PLATEAUS}
    parts = []
    for group, cases in groups.items():
        body = ",\n".join(f"{json.dumps(k)}: {json.dumps(make(), separators=(',', ':'))}" for k, make in cases.items())
        parts.append(f'"{group}": {{\n{body}\n}}')
    RESULT.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
