"""Augmentation of a whole epoch at once, on the device that holds the images."""

from dataclasses import dataclass

import torch
from torch.nn.functional import pad


@dataclass(frozen=True)
class Augmentation:
    """Random crop after zero-padding by `padding` pixels, and a random horizontal flip."""

    padding: int = 4
    flip: bool = True


def pad_crop_flip(
    images: torch.Tensor, padding: int, flip: bool, generator: torch.Generator
) -> torch.Tensor:
    """Each image (N, C, H, W) zero-padded, cropped to H × W at a random place, maybe mirrored.

    The crop's corner is uniform over the (2·padding + 1)² places; with `flip` every other
    image (p = ½) is mirrored left to right. Drawn on the CPU `generator`, so one seed gives
    the same images on every device.
    """
    n, channels, height, width = images.shape
    device = images.device
    corners = moved(torch.randint(2 * padding + 1, (2, n), generator=generator), device)
    rows = corners[0, :, None] + torch.arange(height, device=device)
    columns = corners[1, :, None] + torch.arange(width, device=device)
    if flip:
        mirrored = moved(torch.randint(2, (n, 1), generator=generator).bool(), device)
        columns = torch.where(mirrored, columns.flip(1), columns)
    return pad(images, (padding,) * 4)[
        torch.arange(n, device=device)[:, None, None, None],
        torch.arange(channels, device=device)[None, :, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]


def moved(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """`values` of the CPU on `device`, without making the host wait for the device."""
    pinned = values.pin_memory() if device.type == "cuda" else values
    return pinned.to(device, non_blocking=True)
