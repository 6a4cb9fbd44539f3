"""Records what PyTorch makes of the samples of every op, forward and backward.

    python tools/goldens/record.py

needs `torch` and `numpy`, and Node with the packages of this repository. The samples come from src/graph/ops, the values
go to tools/goldens/results/ops, one file per op and one sample a line; src/device/reference/ops.test.ts compares.

Floats are computed in float64 and rounded to the sample's dtype at the end, integers in int64 and wrapped at the end:
what is recorded is the meaning of an operation, without the rounding of one implementation.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch

from operations import OPERATIONS, UNRECORDED

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).resolve().parent / "results" / "ops"
FLOATS = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32, "f64": torch.float64}
WIDTH = {"i32": 32, "u32": 32, "u8": 8}


def exported() -> list:
    """The samples, as the test suite sees them."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "samples.json")
        command = ["npx", "vitest", "run", "tools/goldens/export.test.ts"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "MYELIN_SAMPLES": path}, check=True, stdout=subprocess.DEVNULL)
        return json.loads(Path(path).read_text())


def tensor(values: list, shape: list, dtype: str) -> torch.Tensor:
    """Floats as float64, integers as int64, bools as bool."""
    kind = torch.float64 if dtype in FLOATS else {"bool": torch.bool}.get(dtype, torch.int64)
    numbers = [float(x) for x in values] if kind == torch.float64 else [int(x) for x in values]
    return torch.tensor(numbers, dtype=kind).reshape(shape)


def stored(value: torch.Tensor, dtype: str) -> list:
    """The elements as the dtype holds them, as short as they read back exactly."""
    flat = value.detach().reshape(-1)
    if dtype in WIDTH:
        wrapped = flat.to(torch.int64) & (2 ** WIDTH[dtype] - 1)
        if dtype == "i32":
            wrapped = torch.where(wrapped >= 2**31, wrapped - 2**32, wrapped)
        return wrapped.tolist()
    if dtype == "bool":
        return flat.to(torch.int64).tolist()
    numbers = flat.to(FLOATS[dtype])
    # numpy has no bfloat16, whose numbers are float32 too.
    return [spelled(x) for x in (numbers.float() if dtype == "bf16" else numbers).numpy()]


def spelled(x: numpy.floating):
    """A number, or its name where JSON has none."""
    if numpy.isnan(x):
        return "NaN"
    if numpy.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    if x == 0 and numpy.signbit(x):
        return "-0"
    # numpy prints the shortest digits that give the number back in its own precision.
    value = float(str(x))
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def record(sample: dict) -> dict:
    operation = OPERATIONS[sample["name"]]
    inputs = [tensor(x["values"], x["shape"], x["dtype"]) for x in sample["inputs"]]
    floats = [i for i, x in enumerate(inputs) if x.dtype == torch.float64]
    for i in floats:
        inputs[i].requires_grad_(sample["cotangent"] is not None)
    output = operation(sample, *inputs)
    if list(output.shape) != sample["shape"]:
        raise SystemExit(f"{sample['title']}: PyTorch gives shape {list(output.shape)}")
    gradients = [None] * len(inputs)
    if sample["cotangent"] is not None and output.requires_grad:
        cotangent = tensor(sample["cotangent"], sample["shape"], sample["dtype"])
        given = torch.autograd.grad(output, [inputs[i] for i in floats], cotangent, allow_unused=True)
        for i, grad in zip(floats, given):
            grad = torch.zeros_like(inputs[i]) if grad is None else grad
            gradients[i] = stored(grad, sample["inputs"][i]["dtype"])
    return {
        "title": sample["title"],
        "checksum": sample["checksum"],
        "output": stored(output, sample["dtype"]),
        "gradients": gradients,
    }


def main() -> None:
    samples = exported()
    unknown = {s["name"] for s in samples} - set(OPERATIONS) - set(UNRECORDED)
    if unknown:
        sys.exit(f"operations.py knows nothing of {', '.join(sorted(unknown))}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines: dict = {}
    for sample in samples:
        if sample["name"] in UNRECORDED or (sample["name"], sample["about"]) in UNRECORDED:
            continue
        lines.setdefault(sample["name"], []).append(json.dumps(record(sample), ensure_ascii=False, separators=(",", ":")))
    for old in RESULTS.glob("*.jsonl"):
        old.unlink()
    for name, entries in lines.items():
        (RESULTS / f"{name}.jsonl").write_text("\n".join(entries) + "\n")
    print(f"recorded {sum(map(len, lines.values()))} of {len(samples)} samples with PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
