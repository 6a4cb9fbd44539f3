"""Records what PyTorch makes of layers, losses and clipped gradients on small fixed numbers.

    python tools/goldens/nn.py

needs `torch`. Everything is computed in float64. Inputs, weights and cotangents are not recorded: `spread` below makes them
here and in src/nn/golden.testing.ts, from a count and a seed. Parameters take the seeds 1, 2, … in the order of their names,
inputs 101, 102, …, cotangents 201.
"""

import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

RESULT = Path(__file__).resolve().parent / "results" / "nn.json"


def spread(count: int, seed: int) -> list:
    """Numbers in (-1, 1), no two alike."""
    return [math.fmod(i * 0.6180339887498949 + seed * 0.7548776662466927, 1) * 2 - 1 for i in range(count)]


def tensor(shape: list, seed: int) -> torch.Tensor:
    return torch.tensor(spread(math.prod(shape), seed), dtype=torch.float64).reshape(shape)


def numbers(x: torch.Tensor) -> list:
    """Ten digits: what a comparison to 1e-8 needs."""
    return [float(f"{v:.10g}") for v in x.detach().reshape(-1).tolist()]


def write(path: Path, results: dict) -> None:
    """A JSON object, with a line for each entry of its groups."""
    lines = []
    for name, value in results.items():
        if isinstance(value, dict):
            body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in value.items())
            lines.append(f'"{name}": {{\n{body}\n}}')
        else:
            lines.append(f'"{name}": {json.dumps(value, separators=(",", ":"))}')
    path.parent.mkdir(exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path}: {path.stat().st_size} bytes")


def prepared(layer: nn.Module) -> nn.Module:
    layer = layer.double()
    with torch.no_grad():
        for seed, (_, p) in enumerate(sorted(layer.named_parameters()), 1):
            p.copy_(tensor(list(p.shape), seed))
    return layer


def record(layer: nn.Module, shapes: list, call=None, steps: int = 1, training: bool = True) -> dict:
    """Output, gradients of inputs and parameters, and buffers, after `steps` calls on the same inputs."""
    layer = prepared(layer).train(training)
    inputs = [tensor(shape, 101 + i).requires_grad_() for i, shape in enumerate(shapes)]
    for _ in range(steps):
        outputs = (call or (lambda f, *x: f(*x)))(layer, *inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    sum((o * tensor(list(o.shape), 201 + i)).sum() for i, o in enumerate(outputs)).backward()
    return {
        "outputs": [numbers(o) for o in outputs],
        "inputGradients": [numbers(x.grad) for x in inputs],
        "parameterGradients": {name: numbers(p.grad) for name, p in sorted(layer.named_parameters())},
        "buffers": {name: numbers(b.double()) for name, b in layer.named_buffers()},
    }


class Ids(nn.Module):
    """An embedding of fixed indices, so that it has no floating-point input."""

    def __init__(self, ids, *given, **named):
        super().__init__()
        self.table = nn.Embedding(*given, **named)
        self.ids = ids

    def forward(self):
        return self.table(torch.tensor(self.ids))


def embedding() -> dict:
    result = record(Ids([[0, 2, 1], [4, 2, 2]], 5, 3, padding_idx=2), [])
    result["parameterGradients"] = {"weight": result["parameterGradients"]["table.weight"]}
    return result


def attended(layer, q, k, v, **named):
    return layer(q, k, v, need_weights=False, **named)[0]


CAUSAL = torch.triu(torch.ones(4, 4, dtype=torch.bool), 1)
HIDDEN = torch.tensor([[False, False, True], [True, False, False]])

LAYERS = {
    "linear": lambda: record(nn.Linear(5, 3), [[2, 4, 5]]),
    "linear without bias": lambda: record(nn.Linear(5, 3, bias=False), [[4, 5]]),
    "conv2d": lambda: record(nn.Conv2d(2, 3, 3), [[2, 2, 5, 6]]),
    "conv2d strided": lambda: record(nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)), [[2, 2, 5, 6]]),
    "conv2d same dilated": lambda: record(nn.Conv2d(2, 3, 3, padding="same", dilation=2), [[1, 2, 5, 6]]),
    "conv2d grouped": lambda: record(nn.Conv2d(4, 6, 3, groups=2, padding=1, bias=False), [[2, 4, 4, 4]]),
    "conv2d depthwise": lambda: record(nn.Conv2d(3, 3, 3, groups=3, stride=2), [[2, 3, 7, 7]]),
    "maxPool2d": lambda: record(nn.MaxPool2d(2), [[2, 3, 5, 4]]),
    "maxPool2d overlapping": lambda: record(nn.MaxPool2d(3, stride=2, padding=1), [[2, 2, 6, 7]]),
    "avgPool2d": lambda: record(nn.AvgPool2d(2), [[2, 3, 4, 4]]),
    "avgPool2d padded": lambda: record(nn.AvgPool2d(3, stride=2, padding=1), [[2, 2, 6, 7]]),
    "batchNorm1d": lambda: record(nn.BatchNorm1d(3), [[6, 3]]),
    "batchNorm1d sequence": lambda: record(nn.BatchNorm1d(3), [[2, 3, 4]], steps=3),
    "batchNorm2d": lambda: record(nn.BatchNorm2d(3), [[2, 3, 2, 4]], steps=3),
    "batchNorm2d mean": lambda: record(nn.BatchNorm2d(3, momentum=None, affine=False), [[2, 3, 2, 4]], steps=3),
    "batchNorm2d eval": lambda: record(nn.BatchNorm2d(3), [[2, 3, 2, 4]], training=False),
    "layerNorm": lambda: record(nn.LayerNorm(6), [[2, 4, 6]]),
    "layerNorm two axes": lambda: record(nn.LayerNorm([4, 6], eps=1e-3), [[2, 4, 6]]),
    "rmsNorm": lambda: record(nn.RMSNorm(6), [[2, 4, 6]]),
    "embedding": embedding,
    "attention": lambda: record(
        nn.MultiheadAttention(6, 2, batch_first=True), [[2, 4, 6]], lambda f, x: attended(f, x, x, x)
    ),
    "attention causal": lambda: record(
        nn.MultiheadAttention(6, 2, batch_first=True),
        [[2, 4, 6]],
        lambda f, x: attended(f, x, x, x, attn_mask=CAUSAL, is_causal=True),
    ),
    "attention across": lambda: record(
        nn.MultiheadAttention(6, 3, batch_first=True, bias=False), [[2, 4, 6], [2, 5, 6]], lambda f, x, y: attended(f, x, y, y)
    ),
    "attention of three": lambda: record(
        nn.MultiheadAttention(6, 2, batch_first=True),
        [[2, 4, 6], [2, 3, 6], [2, 3, 6]],
        lambda f, q, k, v: attended(f, q, k, v, key_padding_mask=HIDDEN),
    ),
    "lstm": lambda: record(nn.LSTM(3, 4), [[5, 2, 3]], lambda f, x: (lambda y, s: (y, *s))(*f(x))),
    "lstm of two layers": lambda: record(
        nn.LSTM(3, 4, num_layers=2, batch_first=True),
        [[2, 5, 3], [2, 2, 4], [2, 2, 4]],
        lambda f, x, h, c: (lambda y, s: (y, *s))(*f(x, (h, c))),
    ),
    "lstm without bias": lambda: record(
        nn.LSTM(3, 4, bias=False), [[5, 2, 3]], lambda f, x: (lambda y, s: (y, *s))(*f(x))
    ),
}


def loss(function, shapes: list) -> dict:
    """The loss of predictions (scaled, so that some are large) and its gradient."""
    inputs = [(tensor(shape, 101 + i) * 3).requires_grad_() for i, shape in enumerate(shapes)]
    value = function(*inputs)
    (value * tensor(list(value.shape), 201)).sum().backward()
    return {"value": numbers(value), "gradients": [numbers(x.grad) for x in inputs]}


LABELS = torch.tensor([1, 0, 3, 1])
IMAGE_LABELS = torch.tensor([[1, 0, 3], [2, 2, 1]])
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 0.25], dtype=torch.float64)
YES = torch.tensor([[1.0, 0, 1], [0, 0.25, 1]], dtype=torch.float64)


def entropy(**named):
    return lambda x: functional.cross_entropy(x, LABELS, **named)


def shares(x):
    return torch.softmax(x, -1)


LOSSES = {
    "crossEntropy": lambda: loss(entropy(), [[4, 4]]),
    "crossEntropy sum": lambda: loss(entropy(reduction="sum"), [[4, 4]]),
    "crossEntropy none": lambda: loss(entropy(reduction="none"), [[4, 4]]),
    "crossEntropy ignoring": lambda: loss(entropy(ignore_index=1), [[4, 4]]),
    "crossEntropy smooth": lambda: loss(entropy(label_smoothing=0.1), [[4, 4]]),
    "crossEntropy weighted": lambda: loss(entropy(weight=WEIGHT), [[4, 4]]),
    "crossEntropy weighted smooth ignoring": lambda: loss(
        entropy(weight=WEIGHT, label_smoothing=0.2, ignore_index=3), [[4, 4]]
    ),
    "crossEntropy of a sequence": lambda: loss(
        lambda x: functional.cross_entropy(x.movedim(-1, 1), IMAGE_LABELS), [[2, 3, 4]]
    ),
    "softCrossEntropy": lambda: loss(lambda x, t: functional.cross_entropy(x, shares(t)), [[3, 4], [3, 4]]),
    "softCrossEntropy weighted smooth": lambda: loss(
        lambda x, t: functional.cross_entropy(x, shares(t), weight=WEIGHT, label_smoothing=0.2), [[3, 4], [3, 4]]
    ),
    "nll": lambda: loss(lambda x: functional.nll_loss(torch.log_softmax(x, -1), LABELS), [[4, 4]]),
    "nll weighted ignoring": lambda: loss(
        lambda x: functional.nll_loss(torch.log_softmax(x, -1), LABELS, weight=WEIGHT, ignore_index=0), [[4, 4]]
    ),
    "binaryCrossEntropyWithLogits": lambda: loss(
        lambda x: functional.binary_cross_entropy_with_logits(x, YES), [[2, 3]]
    ),
    "binaryCrossEntropyWithLogits weighted": lambda: loss(
        lambda x: functional.binary_cross_entropy_with_logits(x, YES, weight=WEIGHT[:3], pos_weight=WEIGHT[1:]), [[2, 3]]
    ),
    "binaryCrossEntropy": lambda: loss(lambda x: functional.binary_cross_entropy(torch.sigmoid(x), YES), [[2, 3]]),
    "mse": lambda: loss(functional.mse_loss, [[2, 3], [2, 3]]),
    "mse none": lambda: loss(lambda a, b: functional.mse_loss(a, b, reduction="none"), [[2, 3], [2, 3]]),
    "l1": lambda: loss(functional.l1_loss, [[2, 3], [2, 3]]),
    "huber": lambda: loss(lambda a, b: functional.huber_loss(a, b, delta=0.7), [[2, 3], [2, 3]]),
}


def clipped(limit: float) -> dict:
    parameters = [nn.Parameter(tensor(shape, 1 + i)) for i, shape in enumerate([[2, 3], [4]])]
    for i, p in enumerate(parameters):
        p.grad = tensor(list(p.shape), 301 + i)
    norm = nn.utils.clip_grad_norm_(parameters, limit)
    return {"norm": numbers(norm), "gradients": [numbers(p.grad) for p in parameters]}


def main() -> None:
    results = {
        "torch": torch.__version__.split("+")[0],
        "layers": {name: make() for name, make in LAYERS.items()},
        "losses": {name: make() for name, make in LOSSES.items()},
        "clipGradNorm": {str(limit): clipped(limit) for limit in (0.5, 100)},
    }
    write(RESULT, results)


if __name__ == "__main__":
    main()
