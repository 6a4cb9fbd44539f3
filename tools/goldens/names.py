"""Records what PyTorch and jax.numpy call their functions, for docs/functions.md and the test that keeps it whole.

    python tools/goldens/names.py

needs `torch` and `jax`. Names that end in an underscore work in place, which tensors that never change cannot.
"""

import json
from pathlib import Path

import jax.numpy
import torch

RESULT = Path(__file__).resolve().parent / "results" / "names.json"


def names(module) -> list:
    return sorted(
        n
        for n in dir(module)
        if not n.startswith("_") and not n.endswith("_") and n[0].islower() and callable(getattr(module, n, None))
    )


def main() -> None:
    tensor = sorted(n for n in dir(torch.Tensor) if not n.startswith("_") and not n.endswith("_"))
    lists = {
        "torch.Tensor": tensor,
        "torch": names(torch),
        "torch.linalg": names(torch.linalg),
        "torch.fft": names(torch.fft),
        "jax.numpy": names(jax.numpy),
    }
    RESULT.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in lists.items()) + "\n}\n")
    print({k: len(v) for k, v in lists.items()})


if __name__ == "__main__":
    main()
