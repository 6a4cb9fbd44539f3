"""What TensorBoard reads in the files of a folder, as JSON on standard output.

    python tools/goldens/event_files.py FOLDER

src/formats/tensorboard/summaryWriter.test.ts runs it where a Python with tensorboard is at hand, and records with MYELIN_RECORD=1.
"""

import hashlib
import json
import math
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.compat.proto.graph_pb2 import GraphDef  # noqa: E402
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData  # noqa: E402
from tensorboard.util.tensor_util import make_ndarray  # noqa: E402


def plain(value):
    return value if math.isfinite(value) else str(value)


def read(folder):
    run = EventAccumulator(folder, size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}).Reload()
    tags = run.Tags()
    result = {"tags": {kind: found for kind, found in sorted(tags.items()) if kind in ("scalars", "histograms", "images", "tensors", "graph")}}
    # Newer TensorBoards turn scalars, histograms, images and text into tensors while they load.
    result["tensors"] = {}
    for tag in sorted(tags["tensors"]):
        plugin = run.SummaryMetadata(tag).plugin_data.plugin_name
        events = []
        for event in run.Tensors(tag):
            array = make_ndarray(event.tensor_proto)
            if plugin == "text":
                content = [text.decode() for text in array.reshape(-1).tolist()]
            elif plugin == "images":
                width, height, *images = array.tolist()
                content = [int(width), int(height), *[hashlib.sha256(image).hexdigest() for image in images]]
            elif plugin == "hparams":
                content = []
            else:
                content = [plain(number) for number in array.astype(float).reshape(-1).tolist()]
            events.append([event.wall_time, event.step, content])
        result["tensors"][tag] = {"plugin": plugin, "events": events}
    result["scalars"] = {tag: [[e.wall_time, e.step, plain(e.value)] for e in run.Scalars(tag)] for tag in sorted(tags["scalars"])}
    result["histograms"] = {
        tag: [[e.step, e.histogram_value.min, e.histogram_value.max, e.histogram_value.num, e.histogram_value.sum, e.histogram_value.sum_squares, list(e.histogram_value.bucket_limit), list(e.histogram_value.bucket)] for e in run.Histograms(tag)]
        for tag in sorted(tags["histograms"])
    }
    result["images"] = {tag: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in run.Images(tag)] for tag in sorted(tags["images"])}
    if tags["graph"]:
        graph = run.Graph() if isinstance(run.Graph(), GraphDef) else GraphDef.FromString(run.Graph())
        result["graph"] = [
            [node.name, node.op, list(node.input), [[d.size for d in s.dim] for s in node.attr["_output_shapes"].list.shape]]
            for node in graph.node
        ]
    return result


def read_hparams(folder):
    """The plugin's own messages, in the order of the file."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found = {}
    for name in sorted(os.listdir(folder)):
        for event in EventFileLoader(os.path.join(folder, name)).Load():
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "hparams":
                    data = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                    found[value.tag] = str(data).split()
    return found


def main(folder):
    digests = [hashlib.sha256(open(os.path.join(folder, name), "rb").read()).hexdigest() for name in sorted(os.listdir(folder)) if "tfevents" in name]
    result = {"sha256": digests, **read(folder), "hparams": read_hparams(folder)}
    print(json.dumps(result, ensure_ascii=False))


main(sys.argv[1])
