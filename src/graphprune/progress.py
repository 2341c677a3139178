"""Progress of long work: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 10.0


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield `items` and show how many of `total` are done."""
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=what)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - last >= SECONDS_BETWEEN_LINES:
            print(f"{what}: {done} of {total} after {now - start:.0f} s", flush=True)
            last = now
        yield item
    print(f"{what}: {total} of {total} after {time.monotonic() - start:.0f} s", flush=True)
