"""Records TFRecord files that TensorFlow wrote: python tools/goldens/tfrecords.py"""
import base64
import json
import os
import pathlib
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf  # noqa: E402

F, T = tf.train.Features, tf.train.Feature


def floats(values):
    return T(float_list=tf.train.FloatList(value=values))


def integers(values):
    return T(int64_list=tf.train.Int64List(value=values))


def texts(values):
    return T(bytes_list=tf.train.BytesList(value=values))


def examples():
    return [
        tf.train.Example(features=F(feature={
            "x": floats([0.5 * i, -1.25, 3e30]),
            "label": integers([i - 1]),
            "name": texts([f"Zeile {i} ü".encode()]),
            "tags": texts([b"a", b"", b"\xff\x00"][:i]),
            "pixels": texts([bytes(range(i, i + 6))]),
            "big": integers([2**40 + i]),
            **({"sometimes": floats([i])} if i % 2 else {}),
        }))
        for i in range(4)
    ]


def sequence():
    step = lambda *values: floats(values)
    return tf.train.SequenceExample(
        context=F(feature={"length": integers([2])}),
        feature_lists=tf.train.FeatureLists(feature_list={
            "frames": tf.train.FeatureList(feature=[step(1, 2), step(3)]),
        }),
    )


def write(path, records, compression):
    with tf.io.TFRecordWriter(path, compression) as writer:
        for record in records:
            writer.write(record)


def main():
    serialized = [e.SerializeToString(deterministic=True) for e in examples()]
    result = {"tensorflow": tf.__version__}
    with tempfile.TemporaryDirectory() as folder:
        for name, compression in (("plain", ""), ("gzip", "GZIP"), ("zlib", "ZLIB")):
            path = os.path.join(folder, name)
            write(path, serialized, compression)
            result[name] = base64.b64encode(pathlib.Path(path).read_bytes()).decode()
    result["sequence"] = base64.b64encode(sequence().SerializeToString(deterministic=True)).decode()
    out = pathlib.Path(__file__).parent / "results" / "tfrecords.json"
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()
