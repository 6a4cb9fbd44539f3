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
    "jax": ("jax_peer", ["jax", "optax"], {}),
    "onnxruntime": ("onnx_peer", ["onnxruntime", "onnx"], {}),
}


def installed(packages):
    try:
        return {"version": [metadata.version(package) for package in packages][0]}
    except metadata.PackageNotFoundError as missing:
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
        print(json.dumps({peer: installed(packages) for peer, (_, packages, _) in PEERS.items()}))
