"""A training that is killed, wherever it stands, goes on to the same bits."""

import multiprocessing
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from killed_cases import (
    CASES,
    MOMENTS,
    train_and_wait,
    train_and_wait_half_way_through_a_file,
    train_on,
)
from run_cases import same_record, setup, task

from graphprune.runs.execute import Trained, execute, train_task
from graphprune.training import checkpoint, loop

PATIENCE = 60.0  # seconds until a child process must have come to its moment


@pytest.fixture(scope="module")
def processes():
    """Processes that start in no time: one that has imported everything is forked for each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["graphprune.runs.execute", "torch._dynamo"])
    return context


def kill(processes, target: Callable[..., None], case: str, path: Path, sign: Path) -> None:
    """Run `target` in a process of its own and SIGKILL it as soon as `sign` exists."""
    process = processes.Process(target=target, args=(case, path, path.with_suffix(".marker")))
    process.start()
    deadline = time.monotonic() + PATIENCE
    while not sign.exists():
        assert process.is_alive(), "the training ended before it could be killed"
        assert time.monotonic() < deadline, "the training never came to the moment of its end"
        time.sleep(0.002)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def same(first: Trained, second: Trained) -> bool:
    """Whether two trainings agree to the last bit in all but the time they took."""
    weights = zip(
        first.model.state_dict().values(), second.model.state_dict().values(), strict=True
    )
    return (
        all(torch.equal(a, b) for a, b in weights)
        and first.masks == second.masks
        and first.losses == second.losses
        and (first.epochs, first.trainings) == (second.epochs, second.trainings)
    )


def assert_resumes(case: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the checkpoint at `path` to the very result of an undisturbed run, in fewer epochs."""
    undisturbed = train_task(*CASES[case]())
    copy = path.with_name("copy.checkpoint")
    shutil.copy(path, copy)
    saves = []
    save = checkpoint.save

    def noted(path: Path, content: dict) -> None:
        saves.append(content["state"]["epoch"])
        save(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", noted)
        resumed = train_task(*CASES[case](), path)
    assert len(saves) < undisturbed.epochs
    assert same(resumed, undisturbed)
    torch.manual_seed(7)
    assert same_record(execute(*CASES[case](), copy), execute(*CASES[case]()))


@pytest.mark.parametrize("case", CASES)
def test_after_kill_9(case, processes, tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    kill(processes, train_and_wait, case, path, tmp_path / "run.marker")
    content = checkpoint.load(path)
    assert content is not None
    assert (content["round"], content["state"]["epoch"]) == MOMENTS[case]
    assert_resumes(case, path, monkeypatch)


def test_after_kill_9_as_soon_as_there_is_a_checkpoint(processes, tmp_path, monkeypatch):
    """At any moment: in a step, in a save, between epochs."""
    path = tmp_path / "run.checkpoint"
    kill(processes, train_on, "rounds", path, path)
    assert_resumes("rounds", path, monkeypatch)


def test_after_kill_9_in_the_middle_of_writing_a_checkpoint(processes, tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    target = train_and_wait_half_way_through_a_file
    kill(processes, target, "dropout", path, tmp_path / "run.marker")
    content = checkpoint.load(path)
    assert content is not None
    assert content["state"]["epoch"] == 3  # the last whole one
    assert_resumes("dropout", path, monkeypatch)


@pytest.fixture
def control_c():
    """Ctrl-C interrupts, even where the tests run in the background and were told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("case", CASES)
def test_after_control_c_in_the_middle_of_an_epoch(case, tmp_path, monkeypatch, control_c):
    path = tmp_path / "run.checkpoint"
    step, steps = loop.step, 0
    chosen, chosen_setup = CASES[case]()
    an_epoch = len(chosen_setup.training_batches())

    def interrupted(*arguments):
        nonlocal steps
        steps += 1
        if steps == int(3.5 * an_epoch):
            signal.raise_signal(signal.SIGINT)
        return step(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_task(chosen, chosen_setup, path)
    content = checkpoint.load(path)
    assert content is not None
    assert content["state"]["epoch"] == 3
    assert_resumes(case, path, monkeypatch)


def test_a_damaged_checkpoint_is_not_used(tmp_path, capsys):
    path = tmp_path / "run.checkpoint"
    undisturbed = train_task(*CASES["rounds"](), path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    again = train_task(*CASES["rounds"](), path)
    assert "damaged" in capsys.readouterr().out
    assert same(again, undisturbed)


def test_the_time_spent_before_the_kill_counts(tmp_path):
    path = tmp_path / "run.checkpoint"
    train_task(task("glob_1"), setup(), path)
    content = checkpoint.load(path)
    assert content is not None
    checkpoint.save(path, {**content, "seconds": 1000.0})
    assert 1000 <= train_task(task("glob_1"), setup(), path).seconds < 1100


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "save", None)  # calling it would fail
    assert not train_task(task("glob_5"), setup()).failure
