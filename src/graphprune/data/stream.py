"""A split whose images stay on disk and are read batch by batch, ahead of who trains on them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from graphprune.data.augment import Moves, crop_flip, moved
from graphprune.data.resize import resized

READERS = 4  # threads, which wait for the disk more than they compute
AHEAD = 6  # batches that are read or being read while one is in use

Part = TypeVar("Part")
Read = TypeVar("Read")


@dataclass(frozen=True, eq=False)
class StreamedSplit:
    """The rows `indices` (N,) of `stored` (M, C, H, W), uint8 and memory-mapped.

    labels: int64 (N,) on the device that batches are for. With `image_size` images are resized
    to that square as they are read.
    """

    stored: np.ndarray
    indices: np.ndarray
    labels: torch.Tensor
    image_size: int | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image as it is given."""
        channels, height, width = self.stored.shape[1:]
        size = self.image_size
        return (channels, height, width) if size is None else (channels, size, size)

    @property
    def image_bytes(self) -> int:
        """What all images would take in memory."""
        return len(self) * int(np.prod(self.image_shape))

    def batches(
        self, order: torch.Tensor | None, batch_size: int, count: int, moves: Moves | None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """What `DeviceSplit.batches` gives, to the last bit."""
        device = self.labels.device
        places = torch.arange(len(self)) if order is None else order
        parts = places.split(batch_size)[:count]
        for part, pixels in zip(parts, ahead(parts, self._batch), strict=True):
            chosen, images = moved(part, device), pixels.to(device, non_blocking=True)
            if moves is not None:
                images = crop_flip(images, moves[chosen])
            yield images, self.labels[chosen]

    def read(self, places: np.ndarray) -> torch.Tensor:
        """The images at `places` of this split, uint8, in the CPU's memory."""
        rows = self.indices[places]
        images = np.empty((len(rows), *self.stored.shape[1:]), dtype=self.stored.dtype)
        for place in np.argsort(rows):  # in the order in which they lie on disk
            images[place] = self.stored[rows[place]]
        pixels = torch.from_numpy(images)
        return pixels if self.image_size is None else resized(pixels, self.image_size)

    def _batch(self, places: torch.Tensor) -> torch.Tensor:
        pixels = self.read(places.numpy())
        # Pinned memory is what a GPU copies from while the host goes on.
        return pixels.pin_memory() if self.labels.device.type == "cuda" else pixels


def ahead(
    parts: Iterable[Part],
    read: Callable[[Part], Read],
    readers: int = READERS,
    waiting: int = AHEAD,
) -> Iterator[Read]:
    """``read(part)`` of each part, in order, read by threads that are up to `waiting` parts ahead.

    What `read` raises is raised here, at the part's turn. Ends its threads when it is exhausted,
    closed or no longer referred to.
    """
    begun: deque[Future[Read]] = deque()
    with ThreadPoolExecutor(readers, thread_name_prefix="reader") as pool:
        try:
            for part in parts:
                begun.append(pool.submit(read, part))
                if len(begun) > waiting:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
