"""Records files that NumPy wrote and what is in them: python tools/goldens/numpy_files.py"""
import base64
import io
import json
import pathlib
import pickle

import numpy as np
from numpy.lib import format as npy


def text(b):
    return base64.b64encode(b).decode()


def saved(array, version=None):
    out = io.BytesIO()
    npy.write_array(out, array, version=version, allow_pickle=False)
    return text(out.getvalue())


def case(name, array, version=None):
    return {"name": name, "file": saved(array, version), "shape": list(array.shape), "values": array.astype(float).ravel().tolist()}


def main():
    a = np.arange(-3, 3).reshape(2, 3)
    cases = [
        case(t, (a % 2 == 0) if t == "bool" else (np.abs(a) if t.startswith("uint") else a / 2 if t.startswith("float") else a).astype(t))
        for t in "bool uint8 int8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split()
    ]
    cases += [
        case("big-endian float32", (a / 2).astype(">f4")),
        case("big-endian int64", a.astype(">i8")),
        case("fortran", np.asfortranarray(np.arange(24, dtype="<f8").reshape(2, 3, 4))),
        case("scalar", np.float32(2.5)),
        case("empty", np.zeros((0, 5), "<f4")),
        case("one axis", np.arange(5, dtype="<f4")),
        case("version 2", np.arange(3, dtype="<f4"), (2, 0)),
        case("version 3", np.arange(3, dtype="<f4"), (3, 0)),
    ]
    plain, packed = io.BytesIO(), io.BytesIO()
    arrays = {"W1": np.eye(2, dtype="<f4"), "b1": np.arange(3, dtype="<i4")}
    np.savez(plain, **arrays)
    np.savez_compressed(packed, **arrays)
    value = {
        "none": None, "yes": True, "int": -5, "long": 2**40, "huge": 2**70, "float": 0.25, "text": "ü\n", "bytes": b"\x00\xff",
        "list": [1, [2, "x"]], "tuple": (1, 2), "set": {7}, "array": np.arange(6, dtype="<f4").reshape(2, 3),
        "longs": np.array([1, 2**40]), "number": np.float64(1.5), "again": None,
    }
    value["again"] = value["list"]
    result = {
        "cases": cases,
        "npz": text(plain.getvalue()),
        "npzPacked": text(packed.getvalue()),
        "pickles": [text(pickle.dumps(value, protocol=p)) for p in range(5)],
        "complex": saved(np.zeros(2, "<c8")),
        "texts": saved(np.array(["a", "b"])),
        "records": saved(np.zeros(2, [("x", "<f4"), ("y", "<i4")])),
    }
    out = pathlib.Path(__file__).parent / "results" / "numpy_files.json"
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()
