"""What the workflow scripts that train have in common: a setup, and a ledger to resume from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphprune.files import read_json
from graphprune.pipeline.job import checkpoint_folder, forced, identity
from graphprune.runs.ledger import Ledger
from graphprune.runs.setup import Setup, load_setup


@contextmanager
def training_job(snakemake: Any, test: bool) -> Iterator[tuple[Setup, Ledger]]:
    """The setup of a rule's ``setup`` params, and what the job has finished so far.

    The learning rate is the one in the input ``recipe``, where there is one. Without `test`
    the setup has no test set. The ledger is removed once the block has succeeded.
    """
    params = snakemake.params.setup
    recipe = snakemake.input.get("recipe")
    setup = load_setup(
        params,
        snakemake.config["compute"],
        Path(snakemake.input.data[0]).parent,
        Path(snakemake.input.split),
        read_json(recipe)["learning_rate"] if recipe else params["recipe"]["learning_rate"][0],
        test,
    )
    # A training begun on one device must not go on on another.
    owner = {**identity(snakemake), "device": str(setup.device)}
    ledger = Ledger(checkpoint_folder(snakemake), owner, forced(snakemake))
    setup.warm_up()
    yield setup, ledger
    ledger.discard()
