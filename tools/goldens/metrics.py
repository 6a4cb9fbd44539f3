"""Records what scikit-learn, and NLTK for BLEU, make of fixed labels, predictions and probabilities.

    python tools/goldens/metrics.py

needs `scikit-learn`, `scipy` and `nltk`. The inputs are recorded too.
"""

import json
import warnings
from pathlib import Path

import nltk
import numpy as np
import sklearn
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu
from scipy.linalg import solve_toeplitz
from sklearn import metrics as m
from sklearn.model_selection import TimeSeriesSplit

RESULT = Path(__file__).resolve().parent / "results" / "metrics.json"
warnings.filterwarnings("ignore")
random = np.random.default_rng(7)

N = 60
labels = random.integers(0, 4, N)
labels[labels == 2] = 3  # class 2 never occurs
predictions = np.where(random.random(N) < 0.6, labels, random.integers(0, 5, N))
binary = random.integers(0, 2, N)
guesses = np.where(random.random(N) < 0.7, binary, 1 - binary)
scores = np.round(np.clip(0.35 * binary + 0.65 * random.random(N), 0.001, 0.999), 2)  # rounded: ties
logits = random.normal(size=(N, 3)) + 1.5 * np.eye(3)[np.arange(N) % 3]
three = np.arange(N) % 3
shares = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 6)
shares[:, 2] = np.round(1 - shares[:, 0] - shares[:, 1], 6)
truth = np.round(random.normal(size=N) * 3 + 5, 3)
truth[3] = -truth[3]
forecast = np.round(truth + random.normal(size=N) + 0.3, 3)

REFERENCES = [
    ["it is a guide to action that ensures that the military will forever heed party commands",
     "it is the guiding principle which guarantees the military forces always being under the command of the party"],
    ["he was interested in world history because he read the book"],
]
CANDIDATES = [
    "it is a guide to action which ensures that the military always obeys the commands of the party",
    "he read the book because he was interested in world history",
]


def values(x) -> list:
    return [float(f"{v:.12g}") if np.isfinite(v) else str(v) for v in np.asarray(x, dtype=float).reshape(-1)]


def number(x) -> float:
    return values(x)[0]


def averages(score, **named) -> dict:
    result = {a: number(score(labels, predictions, average=a, **named)) for a in ("micro", "macro", "weighted")}
    result["binary"] = number(score(binary, guesses, average="binary", **named))
    return result


def topk(k: int) -> float:
    return number(m.top_k_accuracy_score(three, shares, k=k))


def calibration_error(bins: int) -> float:
    """Guo et al. 2017, of labels and shares: bins closed above."""
    confidence, right = shares.max(1), shares.argmax(1) == three
    edges = np.linspace(0, 1, bins + 1)
    total = 0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return number(total)


def curve(x, y, thresholds) -> list:
    return [values(x), values(y), values(thresholds)]


def bleus() -> dict:
    references = [[s.split() for s in group] for group in REFERENCES]
    candidates = [s.split() for s in CANDIDATES]
    short = [["the", "cat", "sat"]], [["the", "cat", "is", "on", "it"]]
    return {
        "corpus": number(corpus_bleu(references, candidates)),
        "two": number(corpus_bleu(references, candidates, weights=(0.5, 0.5))),
        "smoothed": number(
            corpus_bleu([short[1]], short[0], smoothing_function=SmoothingFunction(epsilon=0.1).method1)
        ),
    }


def splits() -> dict:
    """First and last + 1 of train and test, for 23 examples."""
    cases = {"default": {}, "rolling": dict(n_splits=4, test_size=3, gap=2, max_train_size=5)}
    folds = {name: TimeSeriesSplit(**named).split(np.zeros(23)) for name, named in cases.items()}
    return {
        name: [[int(a[0]), int(a[-1]) + 1, int(b[0]), int(b[-1]) + 1] for a, b in split] for name, split in folds.items()
    }


def acf(x, lags: int):
    centred = x - x.mean()
    return np.correlate(centred, centred, "full")[len(x) - 1 :][: lags + 1] / (centred**2).sum()


def pacf(x, lags: int):
    """The last coefficient of the Yule-Walker equations of each order."""
    r = acf(x, lags)
    return [1] + [solve_toeplitz(r[:k], r[1 : k + 1])[-1] for k in range(1, lags + 1)]


def main() -> None:
    results = {
        "sklearn": sklearn.__version__,
        "nltk": nltk.__version__,
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "binary": binary.tolist(),
        "guesses": guesses.tolist(),
        "scores": values(scores),
        "three": three.tolist(),
        "shares": values(shares),
        "truth": values(truth),
        "forecast": values(forecast),
        "references": REFERENCES,
        "candidates": CANDIDATES,
        "accuracy": number(m.accuracy_score(labels, predictions)),
        "confusion": m.confusion_matrix(labels, predictions, labels=range(5)).tolist(),
        "precision": averages(m.precision_score, zero_division=0),
        "precision one": averages(m.precision_score, zero_division=1),
        "recall": averages(m.recall_score, zero_division=0),
        "recall one": averages(m.recall_score, zero_division=1),
        "f1": averages(m.f1_score, zero_division=0),
        "fbeta": averages(m.fbeta_score, beta=2, zero_division=0),
        "jaccard": averages(m.jaccard_score, zero_division=0),
        "balanced": number(m.balanced_accuracy_score(labels, predictions)),
        "kappa": number(m.cohen_kappa_score(labels, predictions)),
        "kappa linear": number(m.cohen_kappa_score(binary, guesses, weights="linear")),
        "kappa quadratic": number(m.cohen_kappa_score(three, shares.argmax(1), weights="quadratic")),
        "matthews": number(m.matthews_corrcoef(labels, predictions)),
        "report": m.classification_report(labels, predictions, zero_division=0),
        "report named": m.classification_report(
            binary, guesses, target_names=["no", "certainly yes, it is"], digits=4
        ),
        "top": {str(k): topk(k) for k in (1, 2, 3)},
        "roc": curve(*m.roc_curve(binary, scores)),
        "pr": curve(*m.precision_recall_curve(binary, scores)),
        "auc": number(m.roc_auc_score(binary, scores)),
        "auc ovr macro": number(m.roc_auc_score(three, shares, multi_class="ovr")),
        "auc ovo macro": number(m.roc_auc_score(three, shares, multi_class="ovo")),
        "auc ovr weighted": number(m.roc_auc_score(three, shares, multi_class="ovr", average="weighted")),
        "auc ovo weighted": number(m.roc_auc_score(three, shares, multi_class="ovo", average="weighted")),
        "average precision": number(m.average_precision_score(binary, scores)),
        "log loss": number(m.log_loss(binary, scores)),
        "log loss of three": number(m.log_loss(three, shares)),
        "brier": number(m.brier_score_loss(binary, scores)),
        "brier of three": number(m.brier_score_loss(three, shares, labels=[0, 1, 2], scale_by_half=False)),
        "calibration": {str(b): calibration_error(b) for b in (5, 10, 15)},
        "mae": number(m.mean_absolute_error(truth, forecast)),
        "mse": number(m.mean_squared_error(truth, forecast)),
        "rmse": number(m.root_mean_squared_error(truth, forecast)),
        "mape": number(100 * m.mean_absolute_percentage_error(truth, forecast)),
        "smape": number(100 * np.mean(2 * abs(truth - forecast) / (abs(truth) + abs(forecast)))),
        "max": number(m.max_error(truth, forecast)),
        "median": number(m.median_absolute_error(truth, forecast)),
        "r2": number(m.r2_score(truth, forecast)),
        "explained": number(m.explained_variance_score(truth, forecast)),
        "bleu": bleus(),
        "splits": splits(),
        "acf": values(acf(truth, 10)),
        "pacf": values(pacf(truth, 10)),
    }
    lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in results.items()]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
