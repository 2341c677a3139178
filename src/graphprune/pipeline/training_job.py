"""What the workflow scripts that train have in common: a setup, and what is finished so far."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from graphprune.files import file_digest, read_json
from graphprune.pipeline.checkpoints import checkpoint_folder
from graphprune.pipeline.job import forced, identity
from graphprune.runs.ledger import Ledger
from graphprune.runs.scores import Scores
from graphprune.runs.setup import Setup, load_setup
from graphprune.training.recipe import first_candidate


@contextmanager
def training_job(snakemake: Any, test: bool) -> Iterator[tuple[Setup, Ledger]]:
    """The setup of a rule's ``setup`` params, and what the job has finished so far.

    Learning rate and epochs are those in the input ``recipe``, where there is one. Without `test`
    the setup has no test set. The ledger stays when the job is done: on a cluster, Snakemake does
    a whole group again if one job of it fails. `pipeline.checkpoints` removes it after the run.
    """
    params = snakemake.params.setup
    recipe = snakemake.input.get("recipe")
    chosen = read_json(recipe) if recipe else first_candidate(params["recipe"])
    setup = load_setup(
        params,
        snakemake.config["compute"],
        Path(snakemake.input.data[0]).parent,
        Path(snakemake.input.split),
        chosen,
        test,
    )
    # A training begun on one device must not go on on another.
    owner = {**identity(snakemake), "device": str(setup.device)}
    ledger = Ledger(checkpoint_folder(snakemake.output[0]), owner, forced(snakemake))
    setup.warm_up()
    yield setup, ledger


def shared_scores(snakemake: Any, setup: Setup) -> Scores:
    """The scores of masks that all jobs with this network, recipe, scope and data share.

    Params: ``scores``, the folder; ``score_code``, the hashes of the code that makes a score.
    """
    params = snakemake.params
    labels = {"experiment", "study", "recipe_name", "recipe"}  # names, and what was chosen from
    owner = {
        "code": dict(params.score_code),
        "setup": {key: value for key, value in params.setup.items() if key not in labels},
        "scope": params.scope,
        "recipe": asdict(setup.recipe),
        "device": str(setup.device),
        "torch": str(torch.__version__),
        "data": [file_digest(file) for file in (*snakemake.input.data, snakemake.input.split)],
    }
    return Scores(Path(params.scores), owner, forced(snakemake))
