"""Records what torchvision, PyTorch and TensorFlow make of small images.

    python tools/goldens/transforms.py

needs `torch`, `torchvision` and `tensorflow`. Images are [rows, columns, channels] with bytes from a fixed formula, as `picture` in
src/data/transforms/golden.test.ts makes them; floats are those bytes / 255.
"""

import json
from pathlib import Path

import tensorflow
import torch

# A torchvision without its compiled part lacks two operations that it only names here.
library = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, name):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision.transforms.v2 import InterpolationMode  # noqa: E402
from torchvision.transforms.v2 import functional as F  # noqa: E402

RESULT = Path(__file__).resolve().parent / "results" / "transforms.json"


def picture(rows: int, columns: int, channels: int) -> torch.Tensor:
    at = torch.arange(rows * columns * channels)
    return ((at * at * 7 + at * 31 + (at // 5) * 11) % 256).to(torch.uint8).reshape(rows, columns, channels)


def numbers(image: torch.Tensor) -> list:
    """[channels, rows, columns] as numbers of [rows, columns, channels]."""
    flat = image.permute(1, 2, 0).flatten()
    return [int(x) for x in flat] if image.dtype == torch.uint8 else [float(f"{float(x):.7g}") for x in flat]


def case(transform: str, args: list, size: list, run) -> list:
    """The transform on bytes and on floats."""
    image = picture(*size).permute(2, 0, 1)
    result = []
    for dtype, x in (("u8", image), ("f32", image.float() / 255)):
        made = run(x.contiguous())
        result.append({"transform": transform, "args": args, "size": size, "dtype": dtype,
                       "shape": list(made.permute(1, 2, 0).shape), "values": numbers(made)})
    return result


MODES = {"nearest": InterpolationMode.NEAREST_EXACT, "bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}


def resizes() -> list:
    cases = []
    for size, to in (([7, 9, 3], [4, 5]), ([7, 9, 3], [13, 20]), ([8, 6, 1], [3, 6]), ([8, 6, 3], [8, 2]), ([6, 8, 3], [9, 3])):
        for mode, interpolation in MODES.items():
            for antialias in (True, False):
                if mode == "nearest" and antialias:
                    continue
                options = {"interpolation": mode, "antialias": antialias}
                cases += case("resize", [to, options], size, lambda x: F.resize(x, to, interpolation, antialias=antialias))
    cases += case("resize", [4], [7, 9, 3], lambda x: F.resize(x, [4]))
    cases += case("resize", [5], [11, 6, 3], lambda x: F.resize(x, [5]))
    return cases


def large() -> list:
    """Larger images, of whose results a weighted sum and a few pixels are enough."""
    cases = []
    for size, to in (([120, 161, 3], [56, 64]), ([60, 45, 3], [97, 130]), ([90, 77, 1], [40, 41]), ([64, 50, 4], [30, 9])):
        for mode, antialias in (("bilinear", True), ("bilinear", False), ("bicubic", True), ("bicubic", False)):
            made = F.resize(picture(*size).permute(2, 0, 1).contiguous(), to, MODES[mode], antialias=antialias).permute(1, 2, 0).flatten().long()
            weights = torch.arange(len(made)) % 251 + 1
            cases.append({"args": [to, {"interpolation": mode, "antialias": antialias}], "size": size,
                          "sum": int((made * weights).sum()), "first": [int(x) for x in made[:20]], "last": [int(x) for x in made[-20:]]})
    return cases


def tensorflow_resizes() -> list:
    cases = []
    for size, to in (([7, 9, 3], [4, 5]), ([7, 9, 3], [13, 20]), ([2, 2, 1], [4, 4])):
        image = tensorflow.constant(picture(*size).numpy(), tensorflow.float32) / 255
        for antialias in (False, True):
            made = tensorflow.image.resize(image, to, antialias=antialias).numpy()
            cases.append({"transform": "resize", "args": [to, {"antialias": antialias}], "size": size, "dtype": "f32",
                          "shape": list(made.shape), "values": [float(f"{x:.7g}") for x in made.flatten()]})
    return cases


def geometry() -> list:
    cases = []
    for size in ([7, 9, 3], [6, 4, 1]):
        for motion in ({"angle": 33}, {"angle": -75, "scale": 1.3}, {"translate": [2, -1]}, {"shear": [20, 0]},
                       {"angle": 10, "translate": [1, 1], "scale": 0.7, "shear": [5, -15]}):
            for mode in ("nearest", "bilinear"):
                # No angle of 30: its sine of a half puts pixels between two others, and rounding decides which one is nearest.
                # torchvision multiplies borders that are filled by their share of the image twice; ours are blended once.
                for fill in (0, 0.5) if mode == "nearest" else (0,):
                    options = {"interpolation": mode, "fill": fill}
                    full = {"angle": 0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0], **motion}
                    if fill:
                        made = case("affine", [motion, options], size,
                                    lambda x: F.affine(x, **full, interpolation=MODES["bilinear"] if mode == "bilinear" else InterpolationMode.NEAREST, fill=[fill]))
                        cases += made[1:]
                    else:
                        cases += case("affine", [motion, options], size,
                                      lambda x: F.affine(x, **full, interpolation=MODES["bilinear"] if mode == "bilinear" else InterpolationMode.NEAREST))
        for crop in ([4, 3], [3, 8], [10, 10], [5, 5]):
            cases += case("centerCrop", [crop], size, lambda x: F.center_crop(x, crop))
        cases += case("crop", [1, 2, 3, 2], size, lambda x: F.crop(x, 1, 2, 3, 2))
        border = {"top": 1, "left": 2, "bottom": 3, "right": 0}
        for mode in ("constant", "edge", "reflect"):
            cases += case("pad", [border, {"mode": mode}], size, lambda x: F.pad(x, [2, 1, 0, 3], padding_mode=mode))
        cases += case("flipHorizontal", [], size, F.horizontal_flip)
        cases += case("flipVertical", [], size, F.vertical_flip)
    return cases


def colours() -> list:
    cases = []
    for size in ([5, 6, 3], [4, 4, 1]):
        for factor in (0, 0.4, 1, 1.7):
            cases += case("adjustBrightness", [factor], size, lambda x: F.adjust_brightness(x, factor))
            cases += case("adjustContrast", [factor], size, lambda x: F.adjust_contrast(x, factor))
            cases += case("adjustSaturation", [factor], size, lambda x: F.adjust_saturation(x, factor))
        for turn in (-0.5, -0.2, 0.1, 0.33):
            cases += case("adjustHue", [turn], size, lambda x: F.adjust_hue(x, turn))
        for kernel in ([3], [5, 0.8], [3, 2.0]):
            cases += case("gaussianBlur", kernel, size, lambda x: F.gaussian_blur(x, [kernel[0]] * 2, *[[s, s] for s in kernel[1:]]))
    cases += case("grayscale", [1], [5, 6, 3], lambda x: F.rgb_to_grayscale(x, 1))
    cases += case("grayscale", [3], [5, 6, 3], lambda x: F.rgb_to_grayscale(x, 3))
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    cases += case("normalize", [{"mean": mean, "std": std}], [5, 6, 3],
                  lambda x: F.normalize(x if x.is_floating_point() else x.float() / 255, mean, std))
    return cases


def main() -> None:
    groups = {"torch": resizes() + geometry() + colours(), "tensorflow": tensorflow_resizes(), "large": large()}
    lines = [f'"{name}": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]" for name, cases in groups.items()]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
