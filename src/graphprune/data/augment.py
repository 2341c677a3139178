"""Augmentation: drawn for a whole epoch at once, done on the device that holds the images."""

from dataclasses import dataclass

import torch
from torch.nn.functional import pad

PIECE = 8192  # images that are padded at a time, so that memory holds no padded copy of all


@dataclass(frozen=True)
class Augmentation:
    """Random crop after zero-padding by `padding` pixels, and a random horizontal flip."""

    padding: int = 4
    flip: bool = True


@dataclass(frozen=True, eq=False)
class Moves:
    """What augmentation does to each of n images.

    corners: int64 (2, n), row and column of the crop in the image padded by `padding`.
    mirrored: bool (n,), or None where no image is.
    """

    padding: int
    corners: torch.Tensor
    mirrored: torch.Tensor | None

    def __getitem__(self, part: slice | torch.Tensor) -> "Moves":
        """Those of some images."""
        mirrored = None if self.mirrored is None else self.mirrored[part]
        return Moves(self.padding, self.corners[:, part], mirrored)


def draw_moves(
    count: int, augmentation: Augmentation, generator: torch.Generator, device: torch.device
) -> Moves:
    """Moves of `count` images, on `device`.

    The crop's corner is uniform over the (2·padding + 1)² places; with `flip` every other
    image (p = ½) is mirrored left to right. Drawn on the CPU `generator`, so one seed gives
    the same images on every device.
    """
    places = 2 * augmentation.padding + 1
    corners = moved(torch.randint(places, (2, count), generator=generator), device)
    mirrored = None
    if augmentation.flip:
        mirrored = moved(torch.randint(2, (count,), generator=generator).bool(), device)
    return Moves(augmentation.padding, corners, mirrored)


def crop_flip(images: torch.Tensor, moves: Moves) -> torch.Tensor:
    """Each image (N, C, H, W) zero-padded, cropped to H × W and mirrored as `moves` says."""
    out = torch.empty_like(images)
    for start in range(0, len(images), PIECE):
        part = slice(start, start + PIECE)
        out[part] = _crop_flip(images[part], moves[part])
    return out


def _crop_flip(images: torch.Tensor, moves: Moves) -> torch.Tensor:
    n, channels, height, width = images.shape
    device = images.device
    rows = moves.corners[0, :, None] + torch.arange(height, device=device)
    columns = moves.corners[1, :, None] + torch.arange(width, device=device)
    if moves.mirrored is not None:
        columns = torch.where(moves.mirrored[:, None], columns.flip(1), columns)
    return pad(images, (moves.padding,) * 4)[
        torch.arange(n, device=device)[:, None, None, None],
        torch.arange(channels, device=device)[None, :, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]


def moved(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """`values` of the CPU on `device`, without making the host wait for the device."""
    pinned = values.pin_memory() if device.type == "cuda" else values
    return pinned.to(device, non_blocking=True)
