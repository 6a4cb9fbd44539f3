"""Records distribution functions, means and variances by SciPy, to hold random numbers against.

    python tools/goldens/distributions.py

needs `scipy`. Of each distribution: where its distribution function is 0.5 %, 1.5 %, … 99.5 % (continuous ones), or the function
itself at the whole numbers that matter (the others); its mean and its variance, null where it has none.
"""

import json
import math
from pathlib import Path

import numpy
from scipy import stats

RESULT = Path(__file__).resolve().parent / "results" / "distributions.json"

CONTINUOUS = {
    "uniform": stats.uniform(-1, 3),
    "normal": stats.norm(2, 0.5),
    "logNormal": stats.lognorm(0.5, scale=math.exp(0.25)),
    "truncatedNormal": stats.truncnorm(-2, 2),
    "truncatedNormal aside": stats.truncnorm((0 - 1) / 2, (3 - 1) / 2, 1, 2),
    "exponential": stats.expon(scale=1 / 2.5),
    "laplace": stats.laplace(1, 2),
    "gumbel": stats.gumbel_r(-1, 0.5),
    "cauchy": stats.cauchy(1, 2),
    "gamma": stats.gamma(2.5, scale=1 / 3),
    "gamma 0.3": stats.gamma(0.3),
    "gamma 50": stats.gamma(50),
    "chiSquared": stats.chi2(3),
    "studentT": stats.t(5),
    "beta": stats.beta(0.5, 2),
    "dirichlet": stats.beta(2, 1.5),
    "multivariateNormal": stats.norm(-1, math.sqrt(2)),
}

DISCRETE = {
    "poisson 0.5": stats.poisson(0.5),
    "poisson 9": stats.poisson(9),
    "poisson 10.5": stats.poisson(10.5),
    "poisson 1000": stats.poisson(1000),
    "binomial few": stats.binom(20, 0.3),
    "binomial many": stats.binom(100, 0.4),
    "binomial often": stats.binom(1000, 0.9),
    "binomial rare": stats.binom(100000, 0.00005),
    "geometric": stats.geom(0.25, -1),
    "categorical": stats.rv_discrete(values=([0, 1, 2], [0.7, 0.1, 0.2])),
}


def digits(x: float):
    return float(f"{x:.8g}") if math.isfinite(x) else None


def main() -> None:
    lines = []
    for name, d in CONTINUOUS.items():
        places = [digits(x) for x in d.ppf((numpy.arange(100) + 0.5) / 100)]
        lines.append((name, {"mean": digits(d.mean()), "variance": digits(d.var()), "quantiles": places}))
    for name, d in DISCRETE.items():
        low, high = int(d.ppf(0.001)), int(d.ppf(0.999))
        step = max(1, (high - low) // 40)
        at = list(range(low, high + 1, step))
        lines.append(
            (name, {"mean": digits(d.mean()), "variance": digits(d.var()), "at": at, "below": [digits(d.cdf(k)) for k in at]})
        )
    body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in lines)
    RESULT.write_text("{\n" + body + "\n}\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
