"""The pipelines of bench/data.ts in PyTorch's DataLoader, without workers, and in tf.data.

    python bench/peers/data_peer.py

A line for each: milliseconds of the fastest of five epochs after two, by the clock, and of processors' time.
"""

import os
import resource
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy
import torch

COUNT, PIXELS = 60_000, 784
images = (numpy.arange(COUNT * PIXELS, dtype=numpy.int64) * 7919 % 256).astype(numpy.uint8).reshape(COUNT, 28, 28)
scaled = images.astype(numpy.float32) / 255
labels = (numpy.arange(COUNT) % 10).astype(numpy.uint8)


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(name: str, batches, epochs: int = 7) -> None:
    wall, cpu = [], []
    for epoch in range(epochs):
        start, before = time.perf_counter(), used()
        for _ in batches:
            pass
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (used() - before))
    best = min(wall[2:])
    print(f"{name}: milliseconds={best:.3g}  cpu={min(cpu[2:]):.3g}  examplesPerSecond={1000 * COUNT / best:.3g}", flush=True)


class Scaled(torch.utils.data.Dataset):
    def __len__(self):
        return COUNT

    def __getitem__(self, i):
        return torch.from_numpy(images[i]).float().div(255), labels[i]


class Numbers(torch.utils.data.IterableDataset):
    def __iter__(self):
        return (x + 1 for x in range(COUNT) if (x + 1) % 2 == 0)


def loader(dataset, **options):
    return torch.utils.data.DataLoader(dataset, batch_size=64, num_workers=0, **options)


torch.set_num_threads(1)
Rows = torch.utils.data.TensorDataset
report("torch u8 rows, shuffle, batch 64", loader(Rows(torch.from_numpy(images), torch.from_numpy(labels)), shuffle=True))
report("torch f32 rows, shuffle, batch 64", loader(Rows(torch.from_numpy(scaled), torch.from_numpy(labels)), shuffle=True))
report("torch u8 rows, shuffle, map to f32, batch 64", loader(Scaled(), shuffle=True))
report("torch numbers, one by one", loader(Numbers()))

import tensorflow as tf

AUTOTUNE = tf.data.AUTOTUNE


def scale(x, y):
    return tf.cast(x, tf.float32) / 255.0, y


rows = tf.data.Dataset.from_tensor_slices((images, labels))
report("tf.data u8 rows, shuffle, batch 64", rows.shuffle(COUNT).batch(64))
report("tf.data f32 rows, shuffle, batch 64", tf.data.Dataset.from_tensor_slices((scaled, labels)).shuffle(COUNT).batch(64))
report("tf.data u8 rows, shuffle, map to f32, batch 64, prefetch", rows.shuffle(COUNT).map(scale).batch(64).prefetch(AUTOTUNE))
report("tf.data u8 rows, shuffle, batch 64, map to f32, prefetch", rows.shuffle(COUNT).batch(64).map(scale).prefetch(AUTOTUNE))
report("tf.data numbers, one by one", tf.data.Dataset.range(COUNT).map(lambda x: x + 1).filter(lambda x: x % 2 == 0).shuffle(1000).batch(64))
