"""Records what torch.optim.swa_utils makes of a small model whose weights move along a fixed path.

    python tools/goldens/averaging.py

needs `torch`. Numbers are those of `spread` in nn.py; src/optim/weightAverage.test.ts and src/train/batchNorm.test.ts read them.
"""

import json
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from nn import numbers, tensor

RESULT = Path(__file__).resolve().parent / "results" / "averaging.json"
STEPS = 5


def moved(model: torch.nn.Module, step: int) -> None:
    """Weights as they are at a step."""
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            parameter.copy_(tensor(list(parameter.shape), 10 * step + i))


def averages(**options) -> list:
    model = torch.nn.Linear(3, 2).double()
    average = AveragedModel(model, **options)
    steps = []
    for step in range(STEPS):
        moved(model, step)
        average.update_parameters(model)
        steps.append({name: numbers(value) for name, value in average.state_dict().items()})
    return steps


def statistics() -> dict:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).double()
    moved(model, 1)
    batches = [tensor([rows, 3], seed).double() for rows, seed in [(4, 1), (4, 2), (3, 3)]]
    model.eval()
    model(batches[0])
    update_bn(batches, model)
    return {
        "mean": numbers(model[1].running_mean),
        "variance": numbers(model[1].running_var),
        "batches": int(model[1].num_batches_tracked),
        "output": numbers(model(batches[0])),
    }


def main() -> None:
    result = {
        "ema": averages(multi_avg_fn=get_ema_multi_avg_fn(0.9)),
        "swa": averages(),
        "statistics": statistics(),
    }
    lines = [f'"{name}": {json.dumps(value, separators=(",", ":"))}' for name, value in result.items()]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
