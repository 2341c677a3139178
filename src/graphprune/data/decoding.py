"""Image files as one uint8 array that is decoded a slice at a time, never as a whole."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from graphprune.errors import UserError

GREY_MODES = ("1", "L", "LA")


@dataclass(frozen=True)
class ImageFiles:
    """Images (N, 1 or 3, height, width) read from `paths` when a slice is asked for.

    With `shorter_side` an image is resized (bilinear, antialiased, proportions kept) until
    its shorter side has that many pixels and then cropped at its centre; with None every
    file must have height × width pixels already.
    """

    paths: tuple[str, ...]
    grey: bool
    height: int
    width: int
    shorter_side: int | None

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.paths), 1 if self.grey else 3, self.height, self.width

    def __getitem__(self, part: slice, /) -> np.ndarray:
        # Pillow decodes and resizes without holding the interpreter's lock.
        with ThreadPoolExecutor() as pool:
            return np.stack(list(pool.map(self._decode, self.paths[part])))

    def _decode(self, path: str) -> np.ndarray:
        image = _read(path, "L" if self.grey else "RGB")
        if self.shorter_side is not None:
            image = _resized(image, self.shorter_side)
            left = round((image.width - self.width) / 2)
            top = round((image.height - self.height) / 2)
            image = image.crop((left, top, left + self.width, top + self.height))
        return np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)


def header(path: str) -> tuple[bool, tuple[int, int]]:
    """(is it grey?, (height, width)) of an image file, without decoding its pixels."""
    try:
        with Image.open(path) as image:
            return image.mode in GREY_MODES, (image.height, image.width)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error


def _resized(image: Image.Image, shorter_side: int) -> Image.Image:
    shorter = min(image.size)
    width, height = (int(shorter_side * side / shorter) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)


def _read(path: str, mode: str) -> Image.Image:
    try:
        with Image.open(path) as image:
            found = image.mode
            pixels = image.convert(mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error
    if found.startswith(("I", "F")):
        raise UserError(
            f"{path} has more than 8 bits a pixel (Pillow's mode {found}), which would be cut off. "
            "Convert it to 8 bits."
        )
    return pixels


def _unreadable(path: str, error: Exception) -> UserError:
    return UserError(f"{path} cannot be read as an image ({error}). Mend or remove it.")
