"""Records what scikit-learn's and pandas-like preprocessing makes of small fixed numbers.

    python tools/goldens/preprocessing.py

needs `scikit-learn` and `numpy`. Numbers are those of `table` here, which src/data/preprocessing/preprocessing.test.ts makes too.
"""

import json
from pathlib import Path

import numpy as np
from sklearn import decomposition, impute, preprocessing

RESULT = Path(__file__).resolve().parent / "results" / "preprocessing.json"


def table(rows: int, columns: int) -> np.ndarray:
    at = np.arange(rows * columns)
    return (((at * at * 7 + at * 31) % 101) / 7 - 3).reshape(rows, columns)


def numbers(values: np.ndarray) -> list:
    return [[float(f"{x:.12g}") for x in row] for row in np.atleast_2d(values)]


def case(name: str, options: dict, transformer, rows: int = 9, columns: int = 4) -> dict:
    train, test = table(rows, columns), table(rows + 3, columns)[rows:]
    return {"name": name, "options": options, "rows": rows, "columns": columns,
            "train": numbers(transformer.fit_transform(train)), "test": numbers(transformer.transform(test))}


def main() -> None:
    cases = [
        case("StandardScaler", {}, preprocessing.StandardScaler()),
        case("StandardScaler", {"mean": False}, preprocessing.StandardScaler(with_mean=False)),
        case("MinMaxScaler", {}, preprocessing.MinMaxScaler()),
        case("MinMaxScaler", {"low": -1, "high": 2}, preprocessing.MinMaxScaler((-1, 2))),
        case("RobustScaler", {}, preprocessing.RobustScaler()),
        case("RobustScaler", {"quantiles": [0.1, 0.8]}, preprocessing.RobustScaler(quantile_range=(10, 80))),
        case("PCA", {"components": 2}, decomposition.PCA(2)),
        case("PCA", {}, decomposition.PCA()),
        case("PCA", {"components": 3, "whiten": True}, decomposition.PCA(3, whiten=True)),
        case("PCA", {"components": 3}, decomposition.PCA(3), 5, 7),
        case("PolynomialFeatures", {}, preprocessing.PolynomialFeatures(), 3, 3),
        case("PolynomialFeatures", {"degree": 3, "bias": False}, preprocessing.PolynomialFeatures(3, include_bias=False), 3, 2),
        case("PolynomialFeatures", {"degree": 3, "interactionOnly": True},
             preprocessing.PolynomialFeatures(3, interaction_only=True), 3, 4),
    ]
    holes = table(7, 3)
    holes[1, 0] = holes[3, 0] = holes[0, 2] = np.nan
    holes[[2, 4, 5], 1] = 2.5
    for strategy, own in (("mean", "mean"), ("median", "median"), ("most_frequent", "mostFrequent"), ("constant", "constant")):
        options = {"strategy": own, **({"value": -1} if own == "constant" else {})}
        made = impute.SimpleImputer(strategy=strategy, **({"fill_value": -1} if own == "constant" else {})).fit_transform(holes)
        cases.append({"name": "Imputer", "options": options, "given": [[None if np.isnan(x) else x for x in row] for row in numbers(holes)],
                      "train": numbers(made)})
    pca = decomposition.PCA().fit(table(9, 4))
    variance = {"variance": numbers(pca.explained_variance_)[0], "ratio": numbers(pca.explained_variance_ratio_)[0]}
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
    RESULT.write_text('{"cases":[\n' + lines + '\n],\n"pca":' + json.dumps(variance, separators=(",", ":")) + "}\n")


if __name__ == "__main__":
    main()
