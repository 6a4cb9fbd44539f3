"""What bench/data-files.ts reads, with tf.data: called by it with the folder, the name of a reading, and how many epochs.

A line of JSON for each way: milliseconds of the fastest epoch, by the clock and of processors' time.
"""

import json
import os
import resource
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf  # noqa: E402

folder, reading, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(name, dataset):
    wall, cpu = [], []
    for _ in range(epochs):
        start, before = time.perf_counter(), used()
        for _ in dataset:
            pass
        wall.append(time.perf_counter() - start)
        cpu.append(used() - before)
    print(json.dumps({"peer": name, "wall": 1000 * min(wall), "cpu": 1000 * min(cpu)}), flush=True)


Fixed = tf.io.FixedLenFeature
small = {"x": Fixed([20], tf.float32), "label": Fixed([], tf.int64), "id": Fixed([], tf.string)}
large = {"image": Fixed([], tf.string), "label": Fixed([], tf.int64)}
defaults = [0.0] * 10 + [0]


def features(*columns):
    return tf.stack(columns[:-1], axis=-1), columns[-1]


if reading == "csv":
    path = f"{folder}/numbers.csv"
    report("TextLineDataset, batch, decode_csv", tf.data.TextLineDataset(path).skip(1).batch(1024).map(lambda lines: features(*tf.io.decode_csv(lines, defaults))))
    report("CsvDataset, batch", tf.data.experimental.CsvDataset(path, defaults, header=True).batch(1024).map(features))
elif reading.startswith("tfrecord framing"):
    path = f"{folder}/{reading.split()[-1]}.tfrecord"
    report("TFRecordDataset, batch", tf.data.TFRecordDataset(path).batch(1024))
elif reading.startswith("tf.Example"):
    name = reading.split()[-1]
    spec, size = (small, 1024) if name == "small" else (large, 32)
    dataset = tf.data.TFRecordDataset(f"{folder}/{name}.tfrecord").batch(size)
    report("TFRecordDataset, batch, parse_example", dataset.map(lambda records: tf.io.parse_example(records, spec)))
