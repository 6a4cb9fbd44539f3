"""Records what tf.data makes of pipelines without chance, and PyTorch of its distributed sampler.

    python tools/goldens/pipelines.py

needs `tensorflow` and `torch`. src/data/pipelines.test.ts builds the same pipelines by their names.
"""

import json
import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
import torch
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, SequentialSampler

RESULT = Path(__file__).resolve().parent / "results" / "pipelines.json"
D = tf.data.Dataset


def plain(value):
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    return value.numpy().tolist()


def elements(dataset) -> list:
    return [plain(e) for e in dataset]


def windows(n, size, shift, stride, drop) -> list:
    return [elements(w) for w in D.range(n).window(size, shift, stride, drop)]


def interleaved(counts, cycle, block) -> list:
    """Input i gives counts[i] elements, all of them i."""
    table = tf.constant(counts, tf.int64)
    return elements(D.range(len(counts)).interleave(lambda i: D.from_tensors(i).repeat(table[i]), cycle, block))


def ragged():
    return D.range(1, 8).map(lambda x: tf.fill([x % 4 + 1], x))


WINDOWS = [[n, size, shift, stride, drop] for n in (0, 1, 7, 10) for size in (1, 3) for shift in (1, 2, 4) for stride in (1, 2, 3) for drop in (False, True)]
INTERLEAVED = [[counts, cycle, block] for counts in ([6, 6, 6, 6, 6], [1, 0, 5, 2, 3], [0, 0], [3]) for cycle in (1, 2, 3, 7) for block in (1, 2, 4)]

results = {
    "windows": [{"options": o, "elements": windows(*o)} for o in WINDOWS],
    "interleaved": [{"options": o, "elements": interleaved(*o)} for o in INTERLEAVED],
    "padded": elements(ragged().padded_batch(3)),
    "padded to 6 with -1": elements(ragged().padded_batch(3, padded_shapes=[6], padding_values=tf.constant(-1, tf.int64), drop_remainder=True)),
    "buckets": elements(ragged().bucket_by_sequence_length(lambda x: tf.shape(x)[0], bucket_boundaries=[2, 4], bucket_batch_sizes=[2, 2, 3])),
    "shards": [elements(D.range(10).shard(3, i)) for i in range(3)],
    "flat map": elements(D.range(4).flat_map(lambda x: D.range(x))),
    "zip": elements(D.zip(D.range(3), D.range(10, 20))),
    "enumerate": elements(D.range(5, 8).enumerate()),
    "skip, take, repeat, batch": elements(D.range(10).skip(2).take(5).repeat(2).batch(3)),
    "unbatch": elements(D.from_tensor_slices([[1, 2], [3, 4]]).unbatch()),
    "distributed": [
        {"length": n, "replicas": r, "drop": d, "indices": [list(DistributedSampler(range(n), r, i, shuffle=False, drop_last=d)) for i in range(r)]}
        for n in (1, 2, 7, 10) for r in (1, 2, 3, 4) for d in (False, True) if not (d and n < r)
    ],
    "batch sampler": [{"length": n, "size": s, "drop": d, "batches": list(BatchSampler(SequentialSampler(range(n)), s, d))} for n in (0, 5, 6) for s in (2, 3) for d in (False, True)],
    "loader lengths": [{"length": n, "size": s, "drop": d, "batches": len(DataLoader(range(n), batch_size=s, drop_last=d))} for n in (0, 5, 6, 64) for s in (1, 5, 64) for d in (False, True)],
}
RESULT.write_text(json.dumps(results, separators=(",", ":")) + "\n")
