"""Progress of long work: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 10.0


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield `items` and show how many of `total` are done.

    Without a terminal: a line at most every SECONDS_BETWEEN_LINES on stdout, and one at the end.
    """
    if sys.stderr.isatty():
        from tqdm import tqdm  # only here: jobs have no terminal, and many are short

        yield from tqdm(items, total=total, desc=what)
        return
    start = last = time.monotonic()
    done = 0
    for item in items:
        now = time.monotonic()
        if done and now - last >= SECONDS_BETWEEN_LINES:
            print(f"{what}: {done} of {total} after {now - start:.0f} s", flush=True)
            last = now
        yield item
        done += 1
    print(f"{what}: {done} of {total} after {time.monotonic() - start:.0f} s", flush=True)
