"""One workload of one Python peer, in a process of its own: `python child.py PEER WORKLOAD THREADS` prints one JSON line.

Without arguments it prints which peers are installed here: each one's version, or what it lacks.
"""
import json
import sys
from importlib import import_module, metadata

from measure import measure

# The module of a peer, the packages it needs (the first is the library itself), and whether it is to compile.
PEERS = {
    "torch": ("torch_peer", ["torch"], {}),
    "torch.compile": ("torch_peer", ["torch"], {"compiled": True}),
    "torch.cuda": ("torch_peer", ["torch"], {"device": "cuda"}),
    "torch.cuda.compile": ("torch_peer", ["torch"], {"device": "cuda", "compiled": True}),
    "jax": ("jax_peer", ["jax", "optax"], {}),
    "onnxruntime": ("onnx_peer", ["onnxruntime", "onnx"], {}),
}


def installed(packages, device="cpu", **_):
    try:
        if device == "cuda" and not import_module(packages[0]).cuda.is_available():
            return {"cannot": "it sees no CUDA"}
        return {"version": [metadata.version(package) for package in packages][0]}
    except (metadata.PackageNotFoundError, ModuleNotFoundError) as missing:
        return {"cannot": f"{missing.name} is not installed"}


def timed(peer, workload, threads):
    module, _, options = PEERS[peer]
    line = {"workload": workload, "device": peer, "threads": threads}
    try:
        make = import_module(module).workloads(threads, **options).get(workload)
        return {**line, **(measure(make()) if make else {"cannot": "it has no such workload"})}
    except Exception as cause:
        # What a peer cannot do is a result too.
        return {**line, "cannot": f"{type(cause).__name__}: {cause}".split("\n")[0]}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(timed(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
    else:
        print(json.dumps({peer: installed(packages, **options) for peer, (_, packages, options) in PEERS.items()}))
