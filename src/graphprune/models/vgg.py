"""VGG16 with batch normalisation and the head that RGP (Chen et al. 2021) trained."""

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

from graphprune.models.options import image_shape, multiplier, probability, scaled

_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_HEAD = 512


class VGG(nn.Module):
    """Stages of (3×3 Conv, BatchNorm, ReLU) that end in 2×2 max pooling, then the head.

    The head has two hidden layers and is made of 1×1 convolutions, as RGP's is; only its last
    layer has a bias. Names: `features.conv<stage>_<index>`, `classifier.fc1` … `fc3`.
    """

    def __init__(
        self, in_channels: int, stages: Sequence[Sequence[int]], head: int, classes: int, p: float
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(_features(in_channels, stages))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            OrderedDict[str, nn.Module](
                dropout1=nn.Dropout(p),
                fc1=nn.Conv2d(stages[-1][-1], head, 1, bias=False),
                relu1=nn.ReLU(),
                dropout2=nn.Dropout(p),
                fc2=nn.Conv2d(head, head, 1, bias=False),
                relu2=nn.ReLU(),
                fc3=nn.Conv2d(head, classes, 1),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> logits (batch, classes)."""
        return self.classifier(self.pool(self.features(x))).flatten(1)


def _features(in_channels: int, stages: Sequence[Sequence[int]]) -> OrderedDict[str, nn.Module]:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for s, stage in enumerate(stages, start=1):
        for i, out_channels in enumerate(stage, start=1):
            layers[f"conv{s}_{i}"] = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
            layers[f"norm{s}_{i}"] = nn.BatchNorm2d(out_channels)
            layers[f"relu{s}_{i}"] = nn.ReLU()
            in_channels = out_channels
        layers[f"pool{s}"] = nn.MaxPool2d(2)
    return layers


def vgg16(
    input_shape: Sequence[int], classes: int, width: float = 1.0, dropout: float = 0.5
) -> VGG:
    """VGG16 (configuration D) for images of at least 32×32.

    `width` multiplies every channel count, `dropout` is the head's probability p.
    """
    side = 2 ** len(_STAGES)
    channels, _, _ = image_shape(input_shape, "vgg16", smallest=(side, side))
    width = multiplier("width", width, "vgg16")
    stages = [[scaled(size, width) for size in stage] for stage in _STAGES]
    p = probability("dropout", dropout, "vgg16")
    return VGG(channels, stages, scaled(_HEAD, width), classes, p)
