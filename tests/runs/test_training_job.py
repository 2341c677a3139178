"""A workflow script's setup and ledger: made for the job, gone with its success."""

from pathlib import Path

import numpy as np
import pytest
import torch
from run_cases import SIDE

from graphprune.data.raw import RawDataset
from graphprune.data.split import save_split, stratified_split
from graphprune.data.stored import write_dataset
from graphprune.files import write_json
from graphprune.pipeline.checkpoints import remove_checkpoints
from graphprune.pipeline.training_job import shared_scores, training_job
from graphprune.runs.setup import Setup


class Named(dict):
    """Named values, as Snakemake hands them to a script."""

    def __getattr__(self, name: str) -> object:
        return self[name]


class Job:
    """The object that Snakemake puts into a running script, as far as it is used."""

    rule = "some_rule"

    def __init__(self, root: Path, recipe: bool) -> None:
        images = np.zeros((30, 1, SIDE, SIDE), dtype=np.uint8)
        labels = np.arange(30) % 3
        raw = RawDataset(images, labels, images[:6], labels[:6], ("a", "b", "c"))
        write_dataset("blank", raw, root / "data")
        save_split(root / "split.npz", labels, *stratified_split(labels, 0.2, 0))
        write_json(root / "recipe.json", {"learning_rate": 0.25, "epochs": 1})
        self.input = Named(data=[str(root / "data/meta.json")], split=str(root / "split.npz"))
        if recipe:
            self.input["recipe"] = str(root / "recipe.json")
        recipe_params = {
            "optimiser": "adam",
            "learning_rate": [0.5, 0.6],
            "epochs": 1,
            "batch_size": None,
        }
        setup = {
            "experiment": "tests",
            "study": "bogp",
            "dataset": "blank",
            "protocol": "held_out",
            "model": {"name": "mlp", "hidden": [4]},
            "init": "dense",
            "recipe_name": "tiny",
            "recipe": recipe_params,
            "threads": torch.get_num_threads(),
            "deterministic": False,
        }
        self.params = Named(setup=setup, code={"script.py": "abc"})
        self.config = {"compute": {"device": "cpu", "checkpoint_seconds": 30}}
        self.output = [str(root / "out.parquet")]


def interrupted(job: Job) -> None:
    """Finish one piece of the job, then Ctrl-C."""
    with training_job(job, test=False) as (_, ledger):
        ledger.add("a", {"score": 1})
        raise KeyboardInterrupt


def test_the_rate_is_the_chosen_one_where_there_is_one(tmp_path):
    with training_job(Job(tmp_path, recipe=True), test=False) as (setup, _):
        assert setup.recipe.learning_rate == 0.25
    with training_job(Job(tmp_path, recipe=False), test=False) as (setup, _):
        assert setup.recipe.learning_rate == 0.5


@pytest.mark.parametrize("test", [True, False])
def test_only_who_asks_gets_the_test_set(tmp_path, test):
    with training_job(Job(tmp_path, recipe=False), test=test) as (setup, _):
        assert ("test" in setup.splits) == test


def test_what_is_finished_outlives_failure_and_success_and_goes_with_the_run(tmp_path):
    job = Job(tmp_path, recipe=False)
    with pytest.raises(KeyboardInterrupt):
        interrupted(job)
    before = set(tmp_path.iterdir())
    for _ in range(2):
        with training_job(job, test=False) as (_, ledger):
            assert ledger.rows == {"a": {"score": 1}}
    remove_checkpoints([str(tmp_path / "never_run.parquet"), *job.output])
    assert before - set(tmp_path.iterdir()) == {ledger.folder}


def test_a_forced_job_starts_anew(tmp_path, monkeypatch):
    job = Job(tmp_path, recipe=False)
    with pytest.raises(KeyboardInterrupt):
        interrupted(job)
    monkeypatch.setenv("GRAPHPRUNE_FORCED", "some_rule")
    with training_job(job, test=False) as (_, ledger):
        assert ledger.rows == {}


def test_the_network_is_warmed_up_once_before_the_work(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(Setup, "warm_up", lambda self: calls.append("warm"))
    with training_job(Job(tmp_path, recipe=False), test=False):
        calls.append("work")
    assert calls == ["warm", "work"]


def searching(root: Path, **changes: object) -> Job:
    """A job that searches; changes are to its params, those of `setup` by their own names."""
    root.mkdir(exist_ok=True)
    job = Job(root, recipe=True)
    job.params |= {"scope": "first", "scores": str(root / "scores"), "score_code": {"a.py": "1"}}
    for key, value in changes.items():
        (job.params if key in job.params else job.params["setup"])[key] = value
    return job


def folder_of_scores(job: Job) -> str:
    with training_job(job, test=False) as (setup, _):
        return shared_scores(job, setup).folder.name


def test_jobs_that_train_alike_share_their_scores_whatever_they_are_called(tmp_path):
    usual = folder_of_scores(searching(tmp_path))
    recipe = {"optimiser": "adam", "learning_rate": [0.1, 0.25], "epochs": 1, "batch_size": None}
    other = {"experiment": "another", "recipe_name": "other", "recipe": recipe}
    assert folder_of_scores(searching(tmp_path, **other)) == usual


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "all_but_last"},
        {"score_code": {"a.py": "2"}},
        {"protocol": "paper"},
        {"init": "sparse"},
        {"precision": "bf16"},
        {"model": {"name": "mlp", "hidden": [5]}},
    ],
    ids=str,
)
def test_what_changes_a_score_has_scores_of_its_own(tmp_path, change):
    usual = folder_of_scores(searching(tmp_path))
    assert folder_of_scores(searching(tmp_path, **change)) != usual


def test_other_data_or_another_rate_have_scores_of_their_own(tmp_path):
    usual = folder_of_scores(searching(tmp_path))
    job = searching(tmp_path)
    write_json(tmp_path / "recipe.json", {"learning_rate": 0.5, "epochs": 1})
    assert folder_of_scores(job) != usual
    job = searching(tmp_path)
    labels = np.arange(30) % 3
    save_split(tmp_path / "split.npz", labels, *stratified_split(labels, 0.2, 1))
    assert folder_of_scores(job) != usual
