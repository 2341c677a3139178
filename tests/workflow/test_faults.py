"""Damage and interruption: nothing is lost, nothing false is used."""

import os
import signal
import time

import pandas as pd
import pytest
from conftest import SMOKE

from graphprune.files import read_table
from graphprune.pipeline.lock import remove_stale_lock

pytestmark = pytest.mark.workflow
BASE = "results/smoke/bogp/main/base.parquet"
KEPT = "results/smoke/bogp/main/kept_properties.json"
FAST = "compute: {checkpoint_seconds: 0}\n"


def outcome(project):
    return read_table(project.folder / BASE)[0].drop(columns="seconds")


def kill_in_training(project, arguments, how):
    """Start Snakemake and end it by signal `how` once a training has saved its state."""
    process = project.start("--cores", "2", *arguments)
    folder = project.folder / f"{BASE}.checkpoint"
    deadline = time.monotonic() + 120
    while not list(folder.glob("*.checkpoint")):
        assert process.poll() is None, process.communicate()[0][-4000:]
        assert time.monotonic() < deadline, "no checkpoint within two minutes"
        time.sleep(0.05)
    os.killpg(process.pid, how)
    process.communicate(timeout=60)
    assert not (project.folder / BASE).exists()
    assert list(folder.iterdir()), "the kill took what was saved with it"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_killed_training_goes_on_to_the_same_numbers(fresh, how):
    overlay = fresh.folder / "long.yaml"
    overlay.write_text(
        (fresh.folder / "experiments/smoke.yaml").read_text().replace("epochs: 5", "epochs: 1000")
        + FAST
    )
    arguments = ("--configfile", "long.yaml", "--", BASE)
    kill_in_training(fresh, arguments, how)
    remove_stale_lock(fresh.folder)
    fresh.run(*arguments)
    resumed = outcome(fresh)
    fresh.run("--forcerun", "bogp_base", *arguments)
    pd.testing.assert_frame_equal(resumed, outcome(fresh), check_exact=True)
    assert not (fresh.folder / f"{BASE}.checkpoint").exists()


def test_a_damaged_database_is_refused_by_name_and_rebuilt_once_deleted(fresh):
    database = fresh.folder / "results/shared/masks/random-n8-count30-seed0/s0.75.parquet"
    whole = database.read_bytes()
    database.write_bytes(whole[: len(whole) // 2])
    output = fresh.run(KEPT, *SMOKE, "--forcerun", "bogp_kept", fails=True)
    assert f"{database.name} is damaged" in output
    database.unlink()
    fresh.run(KEPT, *SMOKE)
    assert read_table(database)[0].shape[0] == 30


def test_a_failed_job_shows_its_error_and_keeps_the_rest(fresh):
    image = fresh.folder / "results/shared/data/digits/train_images.npy"
    image.write_bytes(image.read_bytes()[:-100])
    output = fresh.run(*SMOKE, "--forcerun", "bogp_base", fails=True)
    assert "train_images.npy" in output
    assert (fresh.folder / "results/smoke/bogp/main/final/s0.75.parquet").exists()
