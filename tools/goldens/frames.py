"""Records what pandas makes of a small table: python tools/goldens/frames.py"""
import io
import json
import pathlib

import pandas as pd

CSV = """date,shop,sales,price
2024-01-03,a,5,1.5
2024-01-01,b,7,
2024-01-02,a,NaN,2.5
2024-01-05,b,1,3.5
2024-01-04,a,4,1.0
2024-01-06,c,9,2.0
"""


def plain(values):
    return [None if pd.isna(v) else v for v in values]


def main():
    df = pd.read_csv(io.StringIO(CSV), parse_dates=["date"]).sort_values("date").reset_index(drop=True)
    s = df["price"].fillna(2.25)
    result = {"csv": CSV, "sorted": df["shop"].tolist(), "shift": plain(s.shift(2)), "lead": plain(s.shift(-1)), "diff": plain(s.diff())}
    for name in ("mean", "std", "min", "max", "sum", "median"):
        result[f"rolling_{name}"] = plain(getattr(s.rolling(3), name)())
        result[f"missing_{name}"] = plain(getattr(df["sales"].rolling(2), name)())
    grouped = df.groupby("shop")["sales"]
    result["groups"] = {name: plain(getattr(grouped, name)()) for name in ("mean", "std", "min", "max", "sum", "median", "count")}
    cities = pd.DataFrame({"shop": ["b", "a", "b"], "city": ["Bonn", "Aix", "Bern"], "price": [1.0, 2.0, 3.0]})
    for how in ("inner", "left"):
        joined = df.merge(cities, on="shop", how=how, suffixes=("", "_right"))
        result[f"join_{how}"] = {c: plain(joined[c]) for c in ("shop", "sales", "city", "price_right")}
    result["dropped"] = df.dropna()["shop"].tolist()
    out = pathlib.Path(__file__).parent / "results" / "frames.json"
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()
