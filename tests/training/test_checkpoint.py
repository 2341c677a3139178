"""Checkpoints: whole or absent, never damaged, never pickled objects."""

import hashlib
import io
import os
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import batches, half, network, sgd, start

from graphprune.training import checkpoint
from graphprune.training.loop import train

CONTENT: dict[str, Any] = {
    "state": {"weight": torch.arange(12.0).reshape(3, 4), "mask": torch.tensor([True, False])},
    "round": 2,
    "losses": [0.1, 1 / 3],
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "run.checkpoint"
    checkpoint.save(path, CONTENT)
    return path


def test_what_was_saved_is_loaded(saved):
    loaded = checkpoint.load(saved)
    assert loaded is not None
    assert torch.equal(loaded["state"]["weight"], CONTENT["state"]["weight"])
    assert torch.equal(loaded["state"]["mask"], CONTENT["state"]["mask"])
    assert (loaded["round"], loaded["losses"]) == (2, [0.1, 1 / 3])


def test_nothing_there_is_nothing_said(tmp_path, capsys):
    assert checkpoint.load(tmp_path / "run.checkpoint") is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 500, -1])
def test_a_file_cut_short_counts_as_absent_and_is_named(saved, capsys, length):
    saved.write_bytes(saved.read_bytes()[:length])
    assert checkpoint.load(saved) is None
    message = capsys.readouterr().out
    assert str(saved) in message
    assert "damaged" in message


@pytest.mark.parametrize("place", [0, 31, 32, 0.3, 0.6, -1])
def test_one_altered_byte_counts_as_absent(saved, capsys, place):
    raw = bytearray(saved.read_bytes())
    raw[place if isinstance(place, int) else int(place * len(raw))] ^= 1
    saved.write_bytes(raw)
    assert checkpoint.load(saved) is None
    assert "damaged" in capsys.readouterr().out


def test_bytes_behind_the_end_count_as_damage(saved, capsys):
    saved.write_bytes(saved.read_bytes() + b"\0")
    assert checkpoint.load(saved) is None


class Payload:
    """Makes a folder when unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_a_pickled_object_is_refused_even_with_a_right_digest(tmp_path):
    buffer = io.BytesIO()
    torch.save({"state": Payload(tmp_path / "harm")}, buffer)
    path = tmp_path / "run.checkpoint"
    path.write_bytes(hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())
    with pytest.raises(pickle.UnpicklingError, match=r"[Ww]eights.only"):
        checkpoint.load(path)
    assert not (tmp_path / "harm").exists()


def test_a_save_that_fails_half_way_leaves_the_last_one(saved, monkeypatch):
    write = Path.write_bytes

    def half_way(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half_way)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(saved, {"round": 3})
    monkeypatch.undo()
    loaded = checkpoint.load(saved)
    assert loaded is not None
    assert loaded["round"] == 2
    assert list(saved.parent.iterdir()) == [saved]


def test_it_saves_after_every_epoch_when_no_time_has_to_pass(tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    epochs = []
    save = checkpoint.save

    def noted(path: Path, content: dict[str, Any]) -> None:
        epochs.append(content["state"]["epoch"])
        save(path, content)

    monkeypatch.setattr(checkpoint, "save", noted)
    recipe = sgd(epochs=4)
    callback = checkpoint.Checkpoint(path, 0, {"round": 1}, time.perf_counter() - 100)
    train(start(recipe), batches(), recipe, [callback])
    assert epochs == [1, 2, 3, 4]
    loaded = checkpoint.load(path)
    assert loaded is not None
    assert loaded["round"] == 1
    assert loaded["seconds"] >= 100


def test_it_saves_only_as_often_as_asked(tmp_path, monkeypatch):
    """A clock that moves on by a second an epoch; saved at most every three."""
    now = [0.0]
    monkeypatch.setattr(checkpoint.time, "perf_counter", lambda: now[0])
    epochs = []
    monkeypatch.setattr(checkpoint, "save", lambda p, c: epochs.append(c["state"]["epoch"]))
    callback = checkpoint.Checkpoint(tmp_path / "run.checkpoint", 3, {}, 0.0)
    state = start(sgd())
    for state.epoch in range(1, 9):
        now[0] += 1
        callback.after_epoch(state)
    assert epochs == [3, 6]


def test_a_failed_training_is_not_saved(tmp_path):
    path = tmp_path / "run.checkpoint"
    state = start(sgd())
    state.failure = "the loss is nan in epoch 1"
    checkpoint.Checkpoint(path, 0, {}, 0.0).after_epoch(state)
    assert not path.exists()


def test_a_state_survives_the_file(tmp_path):
    recipe = sgd(batch_size=7)
    model = network(dropout=0.2)
    state = start(recipe, model, half(model))
    train(state, batches(7), recipe)
    checkpoint.save(tmp_path / "run.checkpoint", {"state": state.to_dict()})
    loaded = checkpoint.load(tmp_path / "run.checkpoint")
    assert loaded is not None
    other = start(recipe, network(seed=9, dropout=0.2), seed=8)
    torch.manual_seed(123)
    other.load_dict(loaded["state"])
    assert torch.equal(
        torch.rand(3, generator=other.generator), torch.rand(3, generator=state.generator)
    )
    assert (other.epoch, other.iteration, other.losses) == (3, 15, state.losses)
    assert other.masks == state.masks
    buffers = [s.state[0] for s in (other.optimiser, state.optimiser)]
    assert torch.equal(buffers[0]["momentum_buffer"], buffers[1]["momentum_buffer"])
