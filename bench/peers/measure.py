"""Timing of Python peers: as of Myelin's own workloads (bench/measure.ts)."""
from math import ceil
from statistics import median
from time import perf_counter

SAMPLES = 15
WARM_UP_SECONDS = 1.5
WARM_UP_RUNS = 10
BATCH_SECONDS = 0.002


def measure(step):
    """Runs a step until it has settled (1.5 s, at least 10 runs), then takes 15 samples of at least 2 ms each."""
    first = seconds(step, 1)
    begin = perf_counter()
    runs = 0
    while perf_counter() - begin < WARM_UP_SECONDS or runs < WARM_UP_RUNS:
        step()
        runs += 1
    each = (perf_counter() - begin) / runs
    batch = max(1, ceil(BATCH_SECONDS / each))
    samples = [seconds(step, batch) for _ in range(SAMPLES)]
    return {"medianMs": milliseconds(median(samples)), "bestMs": milliseconds(min(samples)), "firstMs": milliseconds(first)}


def seconds(step, times):
    """What one of so many steps takes."""
    begin = perf_counter()
    for _ in range(times):
        step()
    return (perf_counter() - begin) / times


def milliseconds(time):
    return float(f"{time * 1e3:.4g}")
