"""PyTorch's side of bench/layers.ts: `python layers_peer.py THREADS` reads layers as JSON, one a line, and times a round of each."""
import json
import sys
from time import perf_counter

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]))
FORMATS = {"torch": torch.contiguous_format, "torch-channels-last": torch.channels_last}


def step_of(kind, sizes, options, input, gradients, memory_format):
    layer = getattr(nn, kind)(*sizes, **options).to(memory_format=memory_format)
    x = torch.randn(input).to(memory_format=memory_format).requires_grad_()
    share = torch.randn_like(layer(x))
    wanted = [x, *layer.parameters()]
    if not gradients:
        return torch.no_grad()(lambda: layer(x))
    return lambda: torch.autograd.grad(layer(x), wanted, share)


def least(step, seconds, fewest):
    """The least milliseconds of a step, repeated for so long and so often."""
    times = []
    begin = now = perf_counter()
    while len(times) < fewest or now - begin < seconds:
        step()
        end = perf_counter()
        times.append(end - now)
        now = end
    return 1e3 * min(times)


def main():
    known, steps = None, {}
    for line in sys.stdin:
        layer = json.loads(line)
        limits = layer.pop("seconds"), layer.pop("fewest")
        if layer != known:
            known = layer
            formats = {name: f for name, f in FORMATS.items() if name == "torch" or len(layer["input"]) == 4}
            steps = {name: step_of(**layer, memory_format=f) for name, f in formats.items()}
            for step in steps.values():
                least(step, *limits)
        print(json.dumps({name: least(step, *limits) for name, step in steps.items()}), flush=True)


main()
