"""Records what PyTorch, or Keras where it alone has the function, makes of losses, with the gradients of all inputs.

    python tools/goldens/losses.py

needs `torch` and `keras`. Everything is computed in float64, on the inputs of nn.py's `loss`; targets are written here and in
src/nn/losses/recorded.test.ts.
"""

import json
import math
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch
from torch.nn import functional

from nn import loss, tensor

keras.config.set_floatx("float64")
keras.config.set_epsilon(1e-12)

RESULT = Path(__file__).resolve().parent / "results" / "losses.json"

PAIR = [[2, 3], [2, 3]]
SIGNS = torch.tensor([[1.0, -1, 1], [-1, -1, 1]], dtype=torch.float64)
ROW_SIGNS = torch.tensor([1.0, -1, 1, -1], dtype=torch.float64)
YES = torch.tensor([[1.0, 0, 1], [0, 0, 1]], dtype=torch.float64)
SOFT = torch.tensor([[1.0, 0, 0.75], [0.25, 0, 1]], dtype=torch.float64)
COUNTS = torch.tensor([[0.0, 1, 2], [5, 3, 0]], dtype=torch.float64)
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 0.25], dtype=torch.float64)
LABELS = torch.tensor([1, 0, 3, 1])
SETS = torch.tensor([[3, 0, -1, 1], [1, -1, 2, 0], [-1, 0, 0, 0], [0, 1, 2, 3]])
MASK = torch.tensor([[[1.0, 0, 1], [0, 1, 1]], [[0, 0, 1], [0, 0, 0]]], dtype=torch.float64)
HOT = torch.nn.functional.one_hot(LABELS, 4).double()
ROWS = [[4, 4], [4, 4]]

CTC_TARGETS = torch.tensor([[1, 2, 2], [3, 0, 0], [1, 1, 1]])
CTC_INPUTS = torch.tensor([6, 4, 5])
CTC_COUNTS = torch.tensor([3, 1, 3])


def ctc(counts=CTC_COUNTS, inputs=CTC_INPUTS, targets=CTC_TARGETS, **named):
    return lambda x: functional.ctc_loss(torch.log_softmax(x, -1), targets, inputs, counts, **named)


def shares(x):
    return torch.softmax(x, -1)


def focal(x, gamma, weight=None):
    p = shares(x).gather(1, LABELS[:, None])[:, 0]
    each = -((1 - p) ** gamma) * torch.log(p)
    return (each if weight is None else each * weight[LABELS]).mean()


def binary_focal(x, t, alpha, gamma):
    """torchvision.ops.sigmoid_focal_loss, averaged."""
    p = torch.sigmoid(x)
    entropy = functional.binary_cross_entropy_with_logits(x, t, reduction="none")
    p_t = p * t + (1 - p) * (1 - t)
    each = entropy * (1 - p_t) ** gamma
    return (each if alpha is None else (alpha * t + (1 - alpha) * (1 - t)) * each).mean()


def nt_xent(a, b, temperature):
    """As SimCLR's pseudocode says it, row by row."""
    z = functional.normalize(torch.cat([a, b]), dim=1)
    similar = z @ z.T / temperature
    n = len(a)
    total = 0
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        others = torch.cat([similar[i, :i], similar[i, i + 1 :]])
        total = total - (similar[i, j] - torch.logsumexp(others, 0))
    return total / (2 * n)


def info_nce(q, k, temperature):
    logits = functional.normalize(q, dim=1) @ functional.normalize(k, dim=1).T / temperature
    return functional.cross_entropy(logits, torch.arange(len(q)))


def js(a, b):
    p, q = shares(a), shares(b)
    m = (p + q) / 2
    return ((p * (p / m).log()).sum(-1) / 2 + (q * (q / m).log()).sum(-1) / 2).mean()


def gaussian_kl(m, v):
    normal = torch.distributions.Normal
    return torch.distributions.kl_divergence(normal(m, (v / 2).exp()), normal(0, 1)).sum(-1).mean()


def categorical_hinge(x):
    return (((1 - HOT) * x).max(-1).values - (HOT * x).sum(-1) + 1).clamp(min=0).mean()


def cosine_distance(a, b):
    return 1 - functional.cosine_similarity(a, b)


def distilled(s, t, temperature):
    student, teacher = torch.log_softmax(s / temperature, -1), torch.log_softmax(t.detach() / temperature, -1)
    return functional.kl_div(student, teacher, log_target=True, reduction="batchmean") * temperature**2 + 0 * t.sum()


k = keras.losses
LOSSES = {
    "mse weighted": lambda: loss(lambda a, b: functional.mse_loss(a, b, weight=SOFT + 0.5), PAIR),
    "l1 weighted sum": lambda: loss(lambda a, b: functional.l1_loss(a, b, weight=SOFT + 0.5, reduction="sum"), PAIR),
    "smoothL1": lambda: loss(functional.smooth_l1_loss, PAIR),
    "smoothL1 2": lambda: loss(lambda a, b: functional.smooth_l1_loss(a, b, beta=2), PAIR),
    "smoothL1 0": lambda: loss(lambda a, b: functional.smooth_l1_loss(a, b, beta=0), PAIR),
    "logCosh": lambda: loss(lambda a, b: (a - b + functional.softplus(2 * (b - a)) - math.log(2)).mean(), PAIR),
    "quantile": lambda: loss(lambda a, b: torch.maximum(0.9 * (b - a), -0.1 * (b - a)).mean(), PAIR),
    "mape": lambda: loss(lambda a, b: (100 * ((a - b) / b).abs()).mean(), PAIR),
    "msle": lambda: loss(lambda a, b: ((1 + a.exp()).log() - (1 + b.exp()).log()).square().mean(), PAIR),
    "poissonNll": lambda: loss(lambda x: functional.poisson_nll_loss(x, COUNTS), [[2, 3]]),
    "poissonNll full": lambda: loss(lambda x: functional.poisson_nll_loss(x, COUNTS, full=True), [[2, 3]]),
    "poissonNll rates": lambda: loss(
        lambda x: functional.poisson_nll_loss(x.exp(), COUNTS, log_input=False, reduction="sum"), [[2, 3]]
    ),
    "gaussianNll": lambda: loss(lambda a, b, v: functional.gaussian_nll_loss(a, b, v.exp()), [*PAIR, [2, 3]]),
    "gaussianNll shared": lambda: loss(
        lambda a, b, v: functional.gaussian_nll_loss(a, b, v.exp(), full=True, reduction="none"), [*PAIR, [2, 1]]
    ),
    "gaussianNll clamped": lambda: loss(
        lambda a, b, v: functional.gaussian_nll_loss(a, b, v.exp(), eps=1.0), [*PAIR, [2]]
    ),
    "klDivergence": lambda: loss(lambda x, t: functional.kl_div(torch.log_softmax(x, -1), shares(t)), PAIR),
    "klDivergence batchMean": lambda: loss(
        lambda x, t: functional.kl_div(torch.log_softmax(x, -1), shares(t), reduction="batchmean"), PAIR
    ),
    "klDivergence logTarget": lambda: loss(
        lambda x, t: functional.kl_div(
            torch.log_softmax(x, -1), torch.log_softmax(t, -1), log_target=True, reduction="none"
        ),
        PAIR,
    ),
    "jsDivergence": lambda: loss(js, PAIR),
    "gaussianKl": lambda: loss(gaussian_kl, PAIR),
    "hinge": lambda: loss(lambda x: (1 - SIGNS * x).clamp(min=0).mean(), [[2, 3]]),
    "squaredHinge": lambda: loss(lambda x: (1 - SIGNS * x).clamp(min=0).square().mean(), [[2, 3]]),
    "softMargin": lambda: loss(lambda x: functional.soft_margin_loss(x, SIGNS), [[2, 3]]),
    "hingeEmbedding": lambda: loss(lambda x: functional.hinge_embedding_loss(x, SIGNS, margin=0.7), [[2, 3]]),
    "categoricalHinge": lambda: loss(lambda x: categorical_hinge(x), [[4, 4]]),
    "multiMargin": lambda: loss(lambda x: functional.multi_margin_loss(x, LABELS), [[4, 4]]),
    "multiMargin squared weighted": lambda: loss(
        lambda x: functional.multi_margin_loss(x, LABELS, p=2, margin=0.5, weight=WEIGHT), [[4, 4]]
    ),
    "multilabelMargin": lambda: loss(lambda x: functional.multilabel_margin_loss(x, SETS), [[4, 4]]),
    "multilabelSoftMargin": lambda: loss(lambda x: functional.multilabel_soft_margin_loss(x, HOT), [[4, 4]]),
    "multilabelSoftMargin weighted": lambda: loss(
        lambda x: functional.multilabel_soft_margin_loss(x, HOT, weight=WEIGHT, reduction="none"), [[4, 4]]
    ),
    "cosineSimilarity": lambda: loss(functional.cosine_similarity, ROWS),
    "cosineEmbedding": lambda: loss(lambda a, b: functional.cosine_embedding_loss(a, b, ROW_SIGNS, margin=0.1), ROWS),
    "marginRanking": lambda: loss(lambda a, b: functional.margin_ranking_loss(a, b, SIGNS, margin=0.5), PAIR),
    "triplet": lambda: loss(functional.triplet_margin_loss, [*ROWS, [4, 4]]),
    "triplet swapped 1": lambda: loss(
        lambda a, p, n: functional.triplet_margin_loss(a, p, n, margin=2, p=1, swap=True, reduction="sum"), [*ROWS, [4, 4]]
    ),
    "triplet distance": lambda: loss(
        lambda a, p, n: functional.triplet_margin_with_distance_loss(a, p, n, distance_function=cosine_distance),
        [*ROWS, [4, 4]],
    ),
    "contrastive": lambda: loss(
        lambda a, b: torch.where(
            ROW_SIGNS > 0, ((a - b) ** 2).sum(1), (5 - (a - b).norm(dim=1)).clamp(min=0) ** 2
        ).mean(),
        ROWS,
    ),
    "infoNce": lambda: loss(lambda q, x: info_nce(q, x, 0.1), ROWS),
    "ntXent": lambda: loss(lambda a, b: nt_xent(a, b, 0.5), ROWS),
    "focal": lambda: loss(lambda x: focal(x, 2), [[4, 4]]),
    "focal weighted": lambda: loss(lambda x: focal(x, 1.5, WEIGHT), [[4, 4]]),
    "binaryFocal": lambda: loss(lambda x: binary_focal(x, YES, 0.25, 2), [[2, 3]]),
    "binaryFocal soft": lambda: loss(lambda x: binary_focal(x, SOFT, None, 1.5), [[2, 3]]),
    "categoricalCrossEntropy": lambda: loss(
        lambda x: k.categorical_crossentropy(HOT, x.sigmoid(), label_smoothing=0.1).mean(), [[4, 4]]
    ),
    "sparseCategoricalCrossEntropy": lambda: loss(
        lambda x: k.sparse_categorical_crossentropy(LABELS, shares(x)).mean(), [[4, 4]]
    ),
    "dice": lambda: loss(lambda x: k.dice(MASK, x.sigmoid(), axis=(1, 2)).mean(), [[2, 2, 3]]),
    # Keras takes the mask for the prediction, so that its alpha is the weight of what was missed.
    "tversky": lambda: loss(
        lambda x: torch.stack([k.tversky(m, p, alpha=0.7, beta=0.3) for m, p in zip(MASK, x.sigmoid())]), [[2, 2, 3]]
    ),
    "iou": lambda: loss(
        lambda x: torch.stack(
            [1 - ((m * p).sum() + 1) / ((m + p - m * p).sum() + 1) for m, p in zip(MASK, x.sigmoid())]
        ).mean(),
        [[2, 2, 3]],
    ),
    "distillation": lambda: loss(lambda s, t: distilled(s, t, 3), ROWS),
    "ctc": lambda: loss(ctc(), [[6, 3, 4]]),
    "ctc none": lambda: loss(ctc(reduction="none"), [[6, 3, 4]]),
    "ctc sum, blank last": lambda: loss(
        ctc(reduction="sum", blank=3, targets=torch.tensor([[1, 2, 2], [0, 0, 0], [1, 1, 1]])), [[6, 3, 4]]
    ),
    "ctc impossible": lambda: loss(ctc(inputs=torch.tensor([6, 4, 4]), zero_infinity=True), [[6, 3, 4]]),
    "ctc without labels": lambda: loss(ctc(counts=torch.tensor([3, 0, 2]), reduction="none"), [[6, 3, 4]]),
}


# Keras' own names, on probabilities. It computes some of them in float32.
NAMES = """binary_crossentropy categorical_crossentropy categorical_hinge cosine_similarity hinge huber kl_divergence log_cosh
mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error poisson
sparse_categorical_crossentropy squared_hinge"""


def named(name: str) -> float:
    keras.config.set_epsilon(1e-7)
    target = LABELS if name.startswith("sparse") else HOT
    return float(f"{float(k.get(name)(target, shares(tensor([4, 4], 101))).mean()):.7g}")


def main() -> None:
    body = ",\n".join(f"{json.dumps(n)}: {json.dumps(f(), separators=(',', ':'))}" for n, f in LOSSES.items())
    versions = f'"torch": "{torch.__version__.split("+")[0]}",\n"keras": "{keras.__version__}"'
    names = json.dumps({name: named(name) for name in NAMES.split()}, separators=(",", ":"))
    RESULT.write_text(f'{{\n{versions},\n"names": {names},\n"losses": {{\n{body}\n}}\n}}\n')
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
