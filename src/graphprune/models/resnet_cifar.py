"""Residual nets for small images: 3×3 stem of stride 1, no max pooling, basic blocks.

ResNet18 and ResNet34 are the ImageNet nets behind this stem; ResNet56 and its shallower kin are the
CIFAR nets of He et al. 2016 with parameter-free shortcuts (their option A).
"""

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.models.options import image_shape, multiplier, scaled, whole_number


class PaddedShortcut(nn.Module):
    """Option A: every `stride`-th position, missing channels filled with zeros on both sides."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.before = (out_channels - in_channels) // 2
        self.after = out_channels - in_channels - self.before

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.before, self.after))


def _projection(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Option B: a strided 1×1 convolution with its own BatchNorm; named `shortcut.0`."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


class BasicBlock(nn.Module):
    """relu(shortcut(x) + norm2(conv2(relu(norm1(conv1(x))))))."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, option: Literal["A", "B"]
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            shortcut = PaddedShortcut if option == "A" else _projection
            self.shortcut = shortcut(in_channels, out_channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out = self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))
        return self.relu2(out + self.shortcut(x))


class ResNet(nn.Module):
    """Stem, stages of blocks (each stage but the first halves height and width), pool, head.

    Names: `conv1`, `stages.<stage>.<block>.conv1`, `….shortcut.0`, `head`.
    """

    def __init__(
        self,
        in_channels: int,
        widths: Sequence[int],
        blocks: Sequence[int],
        option: Literal["A", "B"],
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(widths[0])
        self.relu1 = nn.ReLU()
        self.stages = nn.Sequential()
        before = widths[0]
        for s, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            stage = [BasicBlock(before, width, 1 if s == 0 else 2, option)]
            stage += [BasicBlock(width, width, 1, option) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(*stage))
            before = width
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = head
        self._flat_head = isinstance(head, nn.Linear)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> logits (batch, classes)."""
        x = self.pool(self.stages(self.relu1(self.norm1(self.conv1(x)))))
        # A Linear head reads vectors, a 1×1 convolution maps.
        if self._flat_head:
            return self.head(x.flatten(1))
        return self.head(x).flatten(1)


def resnet18(input_shape: Sequence[int], classes: int, width: float = 1.0) -> ResNet:
    """ResNet18 behind the CIFAR stem, projection shortcuts, 1×1-convolution head (RGP's)."""
    return _wide("resnet18", (2, 2, 2, 2), input_shape, classes, width)


def resnet34(input_shape: Sequence[int], classes: int, width: float = 1.0) -> ResNet:
    """ResNet34, built as `resnet18` is: with the CIFAR stem, not ImageNet's 7×7 one."""
    return _wide("resnet34", (3, 4, 6, 3), input_shape, classes, width)


def resnet56(input_shape: Sequence[int], classes: int, width: float = 1.0) -> ResNet:
    """ResNet56: 3 stages of 9 blocks, widths 16, 32, 64, option-A shortcuts, Linear head."""
    return _thin("resnet56", 56, input_shape, classes, width)


def cifar_resnet(
    input_shape: Sequence[int], classes: int, depth: int = 20, width: float = 1.0
) -> ResNet:
    """`resnet56` with another number of layers: `depth` = 6·b + 2 has b blocks a stage."""
    return _thin("cifar_resnet", depth, input_shape, classes, width)


def _thin(name: str, depth: int, input_shape: Sequence[int], classes: int, width: float) -> ResNet:
    channels, _, _ = image_shape(input_shape, name)
    blocks, rest = divmod(whole_number("depth", depth, name) - 2, 6)
    if rest or blocks < 1:
        raise UserError(f"{name}: depth is {depth}; expected 6·b + 2, as 8, 20, 32, 44 and 56 are")
    width = multiplier("width", width, name)
    sizes = [scaled(size, width) for size in (16, 32, 64)]
    return ResNet(channels, sizes, [blocks] * 3, "A", nn.Linear(sizes[-1], classes))


def _wide(
    name: str, blocks: Sequence[int], input_shape: Sequence[int], classes: int, width: float
) -> ResNet:
    channels, _, _ = image_shape(input_shape, name)
    width = multiplier("width", width, name)
    sizes = [scaled(size, width) for size in (64, 128, 256, 512)]
    return ResNet(channels, sizes, blocks, "B", nn.Conv2d(sizes[-1], classes, 1))
