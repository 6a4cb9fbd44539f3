"""Records what PyTorch makes of convolution, pooling, normalization, padding and resizing layers.

    python tools/goldens/layers.py

needs `torch`. Inputs, weights and cotangents are those of `nn.py`: functions of a count and a seed.
"""

from pathlib import Path

import torch
from torch import nn as layers
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from nn import numbers, prepared, record, tensor, write

RESULT = Path(__file__).resolve().parent / "results" / "layers.json"


class Function(layers.Module):
    """A function as a layer without parameters."""

    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, *inputs):
        return self.call(*inputs)


class Unpooled(layers.Module):
    """Values where they came from: pooled, spread out again."""

    def __init__(self, pool, unpool, keep_size=False):
        super().__init__()
        self.pool, self.unpool, self.keep_size = pool, unpool, keep_size

    def forward(self, x):
        values, indices = self.pool(x)
        return self.unpool(values, indices, output_size=x.shape[2:] if self.keep_size else None)


def indices(pool, shape: list) -> dict:
    """A pooling layer with positions: they have no gradient."""
    x = tensor(shape, 101).requires_grad_()
    values, at = pool(x)
    (values * tensor(list(values.shape), 201)).sum().backward()
    return {
        "outputs": [numbers(values), numbers(at.double())],
        "inputGradients": [numbers(x.grad)],
        "parameterGradients": {},
        "buffers": {},
    }


def looked_up(layer, *ids, **named) -> dict:
    """A layer that takes integers."""
    return record(layer, [], lambda f: f(*[torch.tensor(i) for i in ids], **named))


def tracked(layer, shape: list, **named) -> dict:
    """PyTorch leaves the counter of instance norms at 0: here it counts."""
    result = record(layer, [shape], **named)
    result["buffers"]["num_batches_tracked"] = [named.get("steps", 1)]
    return result


def after_padding(pad, layer, shape: list) -> dict:
    """A layer whose padding PyTorch does beforehand."""
    result = record(layers.Sequential(pad, layer), [shape])
    gradients = result["parameterGradients"]
    return {**result, "parameterGradients": {name.removeprefix("1."): g for name, g in gradients.items()}}


def resized(shape: list, **named) -> dict:
    return record(Function(lambda x: functional.interpolate(x, **named)), [shape])


SPATIAL = {
    "conv1d": lambda: record(layers.Conv1d(2, 3, 3), [[2, 2, 7]]),
    "conv1d strided dilated": lambda: record(
        layers.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), [[2, 4, 9]]
    ),
    "conv1d reflect": lambda: record(layers.Conv1d(2, 3, 3, padding=2, padding_mode="reflect"), [[2, 2, 5]]),
    "conv1d causal": lambda: after_padding(layers.ZeroPad1d((4, 0)), layers.Conv1d(2, 2, 3, dilation=2), [2, 2, 6]),
    "conv2d replicate": lambda: record(
        layers.Conv2d(2, 3, 3, padding=(1, 2), padding_mode="replicate"), [[1, 2, 4, 5]]
    ),
    "conv2d circular same": lambda: record(
        layers.Conv2d(2, 2, (2, 3), padding="same", padding_mode="circular", dilation=(1, 2)), [[1, 2, 4, 5]]
    ),
    "conv2d per side": lambda: after_padding(layers.ZeroPad2d((0, 2, 1, 0)), layers.Conv2d(1, 2, 3), [2, 1, 4, 4]),
    "conv3d": lambda: record(layers.Conv3d(2, 3, 2), [[1, 2, 3, 4, 3]]),
    "conv3d strided depthwise": lambda: record(
        layers.Conv3d(2, 4, (2, 3, 3), stride=(1, 2, 1), padding=(0, 1, 1), groups=2, bias=False), [[2, 2, 3, 4, 3]]
    ),
    "convTranspose1d": lambda: record(layers.ConvTranspose1d(2, 3, 3), [[2, 2, 4]]),
    "convTranspose1d output padding": lambda: record(
        layers.ConvTranspose1d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2), [[2, 2, 4]]
    ),
    "convTranspose2d": lambda: record(layers.ConvTranspose2d(2, 3, 4, stride=2, padding=1), [[2, 2, 3, 4]]),
    "convTranspose2d grouped": lambda: record(
        layers.ConvTranspose2d(4, 2, (3, 2), stride=(2, 1), output_padding=(1, 0), groups=2, bias=False), [[1, 4, 3, 3]]
    ),
    "convTranspose2d of a size": lambda: record(
        layers.ConvTranspose2d(2, 2, 3, stride=2, padding=1), [[1, 2, 3, 4]], lambda f, x: f(x, output_size=[6, 7])
    ),
    "convTranspose3d": lambda: record(layers.ConvTranspose3d(2, 2, 2, stride=2), [[1, 2, 2, 2, 3]]),
    "convTranspose3d dilated": lambda: record(
        layers.ConvTranspose3d(1, 2, (2, 1, 2), padding=(1, 0, 1), dilation=2), [[1, 1, 3, 3, 4]]
    ),
    "maxPool1d": lambda: record(layers.MaxPool1d(2), [[2, 3, 7]]),
    "maxPool1d ceil dilated": lambda: record(
        layers.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True), [[2, 2, 9]]
    ),
    "maxPool1d indices": lambda: indices(layers.MaxPool1d(2, return_indices=True), [2, 3, 7]),
    "maxPool2d ceil": lambda: record(layers.MaxPool2d(2, stride=2, ceil_mode=True), [[2, 2, 5, 6]]),
    "maxPool2d ceil padded": lambda: record(layers.MaxPool2d(3, stride=3, padding=1, ceil_mode=True), [[1, 2, 6, 7]]),
    "maxPool2d indices": lambda: indices(
        layers.MaxPool2d((2, 3), stride=(2, 1), padding=(1, 1), dilation=(2, 1), return_indices=True), [2, 2, 5, 4]
    ),
    "maxPool3d": lambda: record(layers.MaxPool3d(2, stride=1), [[1, 2, 3, 3, 4]]),
    "maxPool3d indices": lambda: indices(layers.MaxPool3d((2, 1, 2), padding=(1, 0, 0), return_indices=True), [1, 2, 4, 3, 5]),
    "avgPool1d": lambda: record(layers.AvgPool1d(3), [[2, 3, 7]]),
    "avgPool1d ceil": lambda: record(layers.AvgPool1d(3, stride=2, padding=1, ceil_mode=True), [[2, 2, 8]]),
    "avgPool2d ceil without padding counted": lambda: record(
        layers.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), [[1, 2, 6, 8]]
    ),
    "avgPool2d divisor": lambda: record(layers.AvgPool2d((2, 3), stride=1, divisor_override=5), [[1, 2, 4, 5]]),
    "avgPool3d": lambda: record(layers.AvgPool3d(2), [[1, 2, 4, 5, 4]]),
    "avgPool3d padded": lambda: record(
        layers.AvgPool3d((2, 3, 2), stride=1, padding=(1, 1, 0), count_include_pad=False), [[1, 1, 2, 3, 3]]
    ),
    "lpPool1d": lambda: record(layers.LPPool1d(2, 3, stride=2), [[2, 2, 8]]),
    "lpPool1d of sums": lambda: record(layers.LPPool1d(1, 2), [[2, 2, 6]]),
    "lpPool2d": lambda: record(layers.LPPool2d(2, 2), [[1, 2, 4, 5]]),
    "lpPool2d ceil": lambda: record(layers.LPPool2d(4, (2, 3), stride=2, ceil_mode=True), [[1, 2, 5, 6]]),
    "lpPool3d": lambda: record(layers.LPPool3d(2, 2), [[1, 1, 4, 3, 2]]),
    "adaptiveAvgPool1d": lambda: record(layers.AdaptiveAvgPool1d(3), [[2, 2, 7]]),
    "adaptiveAvgPool1d even": lambda: record(layers.AdaptiveAvgPool1d(4), [[2, 2, 8]]),
    "adaptiveAvgPool2d": lambda: record(layers.AdaptiveAvgPool2d((3, None)), [[1, 2, 5, 4]]),
    "adaptiveAvgPool2d larger": lambda: record(layers.AdaptiveAvgPool2d(7), [[1, 2, 5, 3]]),
    "adaptiveAvgPool3d": lambda: record(layers.AdaptiveAvgPool3d((2, 3, 1)), [[1, 2, 3, 4, 5]]),
    "adaptiveMaxPool1d": lambda: record(layers.AdaptiveMaxPool1d(3), [[2, 2, 7]]),
    "adaptiveMaxPool1d indices": lambda: indices(layers.AdaptiveMaxPool1d(5, return_indices=True), [2, 2, 7]),
    "adaptiveMaxPool2d": lambda: record(layers.AdaptiveMaxPool2d((2, 3)), [[1, 2, 4, 6]]),
    "adaptiveMaxPool2d indices": lambda: indices(layers.AdaptiveMaxPool2d((3, 2), return_indices=True), [1, 2, 7, 5]),
    "adaptiveMaxPool3d": lambda: record(layers.AdaptiveMaxPool3d((2, None, 2)), [[1, 1, 3, 2, 5]]),
    "maxUnpool1d": lambda: record(Unpooled(layers.MaxPool1d(2, return_indices=True), layers.MaxUnpool1d(2)), [[2, 2, 6]]),
    "maxUnpool2d of a size": lambda: record(
        Unpooled(layers.MaxPool2d(2, return_indices=True), layers.MaxUnpool2d(2), True), [[1, 2, 5, 7]]
    ),
    "maxUnpool3d": lambda: record(
        Unpooled(layers.MaxPool3d((1, 2, 2), return_indices=True), layers.MaxUnpool3d((1, 2, 2))), [[1, 2, 2, 4, 4]]
    ),
    "zeroPad1d": lambda: record(layers.ZeroPad1d((1, 2)), [[2, 2, 3]]),
    "zeroPad2d": lambda: record(layers.ZeroPad2d((1, -1, 2, 0)), [[1, 2, 3, 4]]),
    "zeroPad3d": lambda: record(layers.ZeroPad3d(1), [[1, 1, 2, 2, 3]]),
    "constantPad1d": lambda: record(layers.ConstantPad1d(2, 1.5), [[2, 2, 3]]),
    "constantPad2d": lambda: record(layers.ConstantPad2d((0, 1, 2, 3), -2.5), [[1, 2, 3, 3]]),
    "constantPad3d": lambda: record(layers.ConstantPad3d((1, 0, 0, 1, 2, 0), 0.5), [[1, 1, 2, 2, 2]]),
    "reflectionPad1d": lambda: record(layers.ReflectionPad1d((3, 1)), [[2, 2, 4]]),
    "reflectionPad2d": lambda: record(layers.ReflectionPad2d((1, 2, 2, 0)), [[1, 2, 3, 4]]),
    "reflectionPad3d": lambda: record(layers.ReflectionPad3d(1), [[1, 1, 2, 3, 2]]),
    "replicationPad1d": lambda: record(layers.ReplicationPad1d((5, 1)), [[2, 2, 3]]),
    "replicationPad2d": lambda: record(layers.ReplicationPad2d((1, 0, 4, 2)), [[1, 2, 2, 3]]),
    "replicationPad3d": lambda: record(layers.ReplicationPad3d((1, 2, 0, 1, 1, 0)), [[1, 1, 2, 2, 2]]),
    "circularPad1d": lambda: record(layers.CircularPad1d((3, 1)), [[2, 2, 3]]),
    "circularPad2d": lambda: record(layers.CircularPad2d((1, 2, 2, 0)), [[1, 2, 3, 3]]),
    "circularPad3d": lambda: record(layers.CircularPad3d(1), [[1, 1, 2, 2, 3]]),
    "nearest": lambda: resized([1, 2, 3, 4], scale_factor=2),
    "nearest smaller": lambda: resized([1, 2, 7], size=3),
    "nearest exact": lambda: resized([1, 2, 5], size=3, mode="nearest-exact"),
    "nearest of a volume": lambda: resized([1, 1, 2, 2, 3], size=(3, 2, 5)),
    "linear": lambda: resized([2, 2, 4], size=7, mode="linear"),
    "linear aligned": lambda: resized([2, 2, 5], size=3, mode="linear", align_corners=True),
    "bilinear resize": lambda: resized([1, 2, 3, 4], scale_factor=2, mode="bilinear"),
    "bilinear odd scale": lambda: resized([1, 2, 5, 6], scale_factor=(1.7, 0.6), mode="bilinear"),
    "bilinear aligned": lambda: resized([1, 2, 3, 4], size=(5, 2), mode="bilinear", align_corners=True),
    "bilinear antialiased": lambda: resized([1, 1, 9, 8], size=(4, 3), mode="bilinear", antialias=True),
    "trilinear": lambda: resized([1, 1, 2, 3, 2], size=(3, 5, 4), mode="trilinear"),
    "trilinear aligned": lambda: resized([1, 2, 2, 3, 3], size=(1, 4, 5), mode="trilinear", align_corners=True),
    "bicubic": lambda: resized([1, 2, 4, 5], size=(7, 3), mode="bicubic"),
    "bicubic aligned": lambda: resized([1, 1, 3, 4], scale_factor=2, mode="bicubic", align_corners=True),
    "bicubic antialiased": lambda: resized([1, 1, 9, 8], size=(4, 10), mode="bicubic", antialias=True),
    "area": lambda: resized([1, 2, 5, 7], size=(3, 3), mode="area"),
    "pixelShuffle": lambda: record(layers.PixelShuffle(2), [[2, 8, 2, 3]]),
    "pixelShuffle by three": lambda: record(layers.PixelShuffle(3), [[1, 9, 2, 1]]),
    "pixelUnshuffle": lambda: record(layers.PixelUnshuffle(2), [[2, 2, 4, 6]]),
    "pixelUnshuffle by three": lambda: record(layers.PixelUnshuffle(3), [[1, 1, 3, 6]]),
    "channelShuffle": lambda: record(layers.ChannelShuffle(3), [[2, 6, 2, 2]]),
    "unfold": lambda: record(layers.Unfold((2, 3)), [[2, 2, 3, 4]]),
    "unfold strided": lambda: record(layers.Unfold(2, dilation=2, padding=1, stride=(2, 1)), [[1, 2, 4, 3]]),
    "fold": lambda: record(layers.Fold((3, 4), (2, 3)), [[2, 12, 4]]),
    "fold strided": lambda: record(layers.Fold((4, 3), 2, dilation=2, padding=1, stride=(2, 1)), [[1, 8, 6]]),
    "flatten middle": lambda: record(layers.Flatten(1, 2), [[2, 3, 4, 2]]),
    "unflatten": lambda: record(layers.Unflatten(1, (2, 3)), [[2, 6, 2]]),
}

FEATURES = {
    "bilinear": lambda: record(layers.Bilinear(3, 4, 2), [[5, 3], [5, 4]]),
    "bilinear without bias": lambda: record(layers.Bilinear(2, 2, 3, bias=False), [[2, 3, 2], [2, 3, 2]]),
    "batchNorm3d": lambda: record(layers.BatchNorm3d(2), [[2, 2, 2, 1, 3]], steps=2),
    "batchNorm3d eval": lambda: record(layers.BatchNorm3d(2), [[2, 2, 2, 1, 3]], training=False),
    "instanceNorm1d": lambda: record(layers.InstanceNorm1d(3), [[2, 3, 4]]),
    "instanceNorm1d affine": lambda: record(layers.InstanceNorm1d(3, affine=True, eps=1e-3), [[2, 3, 4]]),
    "instanceNorm2d": lambda: record(layers.InstanceNorm2d(2, affine=True), [[2, 2, 3, 2]]),
    "instanceNorm2d tracking": lambda: tracked(
        layers.InstanceNorm2d(2, track_running_stats=True, momentum=0.3), [3, 2, 3, 2], steps=3
    ),
    "instanceNorm2d tracked eval": lambda: record(
        layers.InstanceNorm2d(2, affine=True, track_running_stats=True), [[3, 2, 3, 2]], training=False
    ),
    "instanceNorm3d": lambda: record(layers.InstanceNorm3d(2), [[2, 2, 2, 2, 3]]),
    "groupNorm": lambda: record(layers.GroupNorm(2, 4), [[2, 4, 3, 2]]),
    "groupNorm of one": lambda: record(layers.GroupNorm(1, 3, eps=1e-2, affine=False), [[2, 3, 4]]),
    "groupNorm of features": lambda: record(layers.GroupNorm(3, 6), [[4, 6]]),
    "rmsNorm two axes": lambda: record(layers.RMSNorm([3, 4], eps=1e-3), [[2, 3, 4]]),
    "layerNorm without bias": lambda: record(layers.LayerNorm(5, bias=False), [[2, 3, 5]]),
    "localResponseNorm": lambda: record(layers.LocalResponseNorm(2), [[2, 5, 3]]),
    "localResponseNorm strong": lambda: record(layers.LocalResponseNorm(3, alpha=0.5, beta=0.4, k=2.0), [[1, 4, 2, 3]]),
    "weightNorm linear": lambda: record(weight_norm(layers.Linear(4, 3)), [[2, 4]]),
    "weightNorm conv": lambda: record(weight_norm(layers.Conv1d(2, 3, 3, bias=False), dim=1), [[2, 2, 5]]),
    "weightNorm whole": lambda: record(weight_norm(layers.Linear(4, 3), dim=None), [[2, 4]]),
    "embeddingBag mean": lambda: looked_up(layers.EmbeddingBag(5, 3), [[0, 2, 1], [4, 2, 2]]),
    "embeddingBag sum offsets": lambda: looked_up(
        layers.EmbeddingBag(5, 3, mode="sum"), [0, 2, 1, 4, 2, 2], [0, 2, 2, 5]
    ),
    "embeddingBag mean padding": lambda: looked_up(
        layers.EmbeddingBag(5, 3, padding_idx=2), [0, 2, 1, 4, 2, 2], [0, 2, 5]
    ),
    "embeddingBag max": lambda: looked_up(layers.EmbeddingBag(5, 3, mode="max"), [[0, 3], [4, 1]]),
    "embeddingBag max offsets": lambda: looked_up(layers.EmbeddingBag(5, 3, mode="max"), [0, 3, 1, 4, 2], [0, 2, 3]),
    "embeddingBag weighted": lambda: record(
        layers.EmbeddingBag(5, 3, mode="sum"),
        [[2, 3]],
        lambda f, w: f(torch.tensor([[0, 2, 1], [4, 2, 2]]), per_sample_weights=w),
    ),
}


def renormalized() -> list:
    """Rows after two look-ups that shorten the long ones."""
    table = prepared(layers.Embedding(4, 3, max_norm=0.8, norm_type=1.5))
    table(torch.tensor([0, 2]))
    table(torch.tensor([2, 3]))
    return numbers(table.weight)


def main() -> None:
    results = {
        "torch": torch.__version__.split("+")[0],
        "spatial": {name: make() for name, make in SPATIAL.items()},
        "features": {name: make() for name, make in FEATURES.items()},
        "renormalized": renormalized(),
    }
    write(RESULT, results)


if __name__ == "__main__":
    main()
