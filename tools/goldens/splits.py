"""Records how scikit-learn splits.

    python tools/goldens/splits.py

needs `scikit-learn`. A case is a splitter with its options, the number of examples, labels where it needs them, and the test positions
(for series those of training, too) of each split.
"""

import json
from pathlib import Path

from sklearn import model_selection as m

RESULT = Path(__file__).resolve().parent / "results" / "splits.json"
LABELS = [(at * at * 3 + at // 4) % 3 for at in range(23)]
GROUPS = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4]


def case(name: str, options: dict, count: int, splitter, labels=None, groups=None) -> dict:
    splits = list(splitter.split(list(range(count)), labels, groups))
    return {"name": name, "options": options, "count": count, "labels": labels or groups,
            "splits": [[[int(x) for x in train], [int(x) for x in test]] for train, test in splits]}


def main() -> None:
    cases = [
        case("kFold", {}, 13, m.KFold()),
        case("kFold", {"folds": 4}, 10, m.KFold(4)),
        case("stratifiedKFold", {"folds": 3}, 23, m.StratifiedKFold(3), LABELS),
        case("stratifiedKFold", {"folds": 5}, 23, m.StratifiedKFold(5), LABELS),
        case("groupKFold", {"folds": 3}, 20, m.GroupKFold(3), None, GROUPS),
        case("timeSeriesSplit", {}, 13, m.TimeSeriesSplit()),
        case("timeSeriesSplit", {"splits": 3, "testSize": 2, "gap": 1}, 13, m.TimeSeriesSplit(3, test_size=2, gap=1)),
        case("timeSeriesSplit", {"splits": 3, "maxTrainSize": 4}, 20, m.TimeSeriesSplit(3, max_train_size=4)),
    ]
    RESULT.write_text("[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases) + "\n]\n")


if __name__ == "__main__":
    main()
