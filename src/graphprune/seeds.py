"""Random streams from one seed: data order, initial weights, masks and search never share one."""

import zlib

import numpy as np


def derive(seed: int, stream: str) -> int:
    """A 63-bit integer seed for `stream` (``"init"``, ``"data"``, ``"mask"``, ``"search"`` …).

    Streams of one seed, and one stream of different seeds, are independent
    (numpy's SeedSequence); the value is the same on every machine.
    """
    words = np.random.SeedSequence([seed, zlib.crc32(stream.encode())]).generate_state(2)
    return int(words[0]) << 31 | int(words[1]) >> 1


def generator(seed: int, stream: str) -> np.random.Generator:
    """A numpy generator for `stream` of `seed`."""
    return np.random.default_rng(derive(seed, stream))
