"""`python transforms_peer.py`: what bench/transforms.ts times, in torchvision on tensors and in Pillow's resize, on one thread."""

import time

import numpy
import torch

# A torchvision without its compiled part lacks two operations that it only names here.
library = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, name):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from PIL import Image  # noqa: E402
from torchvision.transforms import v2  # noqa: E402
from torchvision.transforms.v2 import functional as F  # noqa: E402

torch.set_num_threads(1)


def photo(rows: int, columns: int) -> torch.Tensor:
    at = numpy.arange(rows * columns * 3)
    data = ((at * 31 + at // 997 * 7) % 256).astype(numpy.uint8).reshape(rows, columns, 3)
    return torch.from_numpy(data).permute(2, 0, 1)


normalize = [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
pillow = Image.fromarray(photo(375, 500).permute(1, 2, 0).numpy())
WORKLOADS = {
    "resize 224, flip, normalize": (375, 500, v2.Compose([v2.Resize((224, 224), antialias=True), v2.RandomHorizontalFlip(), *normalize])),
    "resize 224 without antialias, flip, normalize": (375, 500, v2.Compose([v2.Resize((224, 224), antialias=False), v2.RandomHorizontalFlip(), *normalize])),
    "resize 224": (375, 500, v2.Resize((224, 224), antialias=True)),
    "resize 224 by Pillow": (375, 500, lambda _: pillow.resize((224, 224), Image.BILINEAR)),
    "flip, 224": (224, 224, F.horizontal_flip),
    "normalize, 224": (224, 224, v2.Compose(normalize)),
    "random resized crop 224, flip, color jitter, normalize": (375, 500, v2.Compose([
        v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip(), v2.ColorJitter(0.4, 0.4, 0.4), *normalize])),
    "rotation, 224": (224, 224, v2.RandomRotation(30, interpolation=v2.InterpolationMode.BILINEAR)),
    "hue, 224": (224, 224, lambda x: F.adjust_hue(x, 0.1)),
}


def timed(run, image: torch.Tensor) -> float:
    def some(seconds: float) -> float:
        begin, count = time.process_time(), 0
        while time.process_time() - begin < seconds:
            run(image)
            count += 1
        return (time.process_time() - begin) / count

    some(1)
    return sorted(some(0.05) for _ in range(21))[10] * 1000


for name, (rows, columns, run) in WORKLOADS.items():
    # channels_last, as decoders give it, which torchvision's resize is fastest on.
    milliseconds = timed(run, photo(rows, columns))
    print(f"{name:56} {milliseconds:.3f} ms {rows * columns * 3 / 1e6 / (milliseconds / 1000):6.0f} MB/s")
