"""ResNet50 for ImageNet, as torchvision has it, with RGP's 1×1-convolution head."""

from collections.abc import Sequence

from torch import Tensor, nn

from graphprune.models.options import image_shape, multiplier, scaled

_WIDTHS = (64, 128, 256, 512)
_BLOCKS = (3, 4, 6, 3)
_EXPANSION = 4


class Bottleneck(nn.Module):
    """1×1, 3×3 (carries the stride), 1×1 convolutions around a shortcut."""

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        out_channels = width * _EXPANSION
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu1(self.norm1(self.conv1(x)))
        out = self.relu2(self.norm2(self.conv2(out)))
        out = self.norm3(self.conv3(out))
        return self.relu3(out + self.shortcut(x))


class BottleneckResNet(nn.Module):
    """7×7 stem of stride 2, 3×3 max pooling, stages of bottlenecks, pool, head.

    Names: `conv1`, `stages.<stage>.<block>.conv1` … `conv3`, `….shortcut.0`, `head`.
    """

    def __init__(self, in_channels: int, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, widths[0], 7, stride=2, padding=3, bias=False)
        self.norm1 = nn.BatchNorm2d(widths[0])
        self.relu1 = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stages = nn.Sequential()
        before = widths[0]
        for s, (width, count) in enumerate(zip(widths, _BLOCKS, strict=True)):
            stage = [Bottleneck(before, width, 1 if s == 0 else 2)]
            before = width * _EXPANSION
            stage += [Bottleneck(before, width, 1) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(*stage))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Conv2d(before, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> logits (batch, classes)."""
        x = self.maxpool(self.relu1(self.norm1(self.conv1(x))))
        return self.head(self.pool(self.stages(x))).flatten(1)


def resnet50(input_shape: Sequence[int], classes: int, width: float = 1.0) -> BottleneckResNet:
    """ResNet50, meant for 224×224 images; `width` multiplies every channel count."""
    channels, _, _ = image_shape(input_shape, "resnet50")
    width = multiplier("width", width, "resnet50")
    return BottleneckResNet(channels, [scaled(size, width) for size in _WIDTHS], classes)
