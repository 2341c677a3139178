"""A training that is killed goes on where it was, with the same final numbers."""

import hashlib
import io
import time
from pathlib import Path
from typing import Any

import torch

from graphprune.files import whole
from graphprune.training.loop import Callback, State


def save(path: Path, content: dict[str, Any]) -> None:
    """`content` (tensors and plain values) with a SHA-256 of it in front; whole or not at all."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    body = buffer.getvalue()
    with whole(path) as temporary:
        temporary.write_bytes(hashlib.sha256(body).digest() + body)


def load(path: Path) -> dict[str, Any] | None:
    """What `save` wrote, or None where there is nothing or the file is cut short or altered."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(raw[32:]).digest() != raw[:32]:
        print(f"{path} is damaged and was not used; this training starts anew")
        return None
    return torch.load(io.BytesIO(raw[32:]), weights_only=True, map_location="cpu")


class Checkpoint(Callback):
    """Save the state after an epoch, at most every `seconds`.

    extra: saved with it. start: when the work began (``time.perf_counter``), so that the
    time spent so far is saved too.
    """

    def __init__(self, path: Path, seconds: float, extra: dict[str, Any], start: float):
        self.path, self.seconds, self.extra, self.start = path, seconds, extra, start
        self.last = time.perf_counter()

    def after_epoch(self, state: State) -> None:
        now = time.perf_counter()
        if not state.failure and now - self.last >= self.seconds:
            spent = {"seconds": now - self.start}
            save(self.path, {"state": state.to_dict(), **self.extra, **spent})
            self.last = now
