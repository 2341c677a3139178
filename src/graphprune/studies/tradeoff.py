"""BoGP's Algorithm 4: a search that weighs accuracy against sparsity, and what it trains."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from graphprune.graphs.correlation import correlations, kept_properties
from graphprune.masks.database import MaskDatabase, mask_name
from graphprune.runs.execute import Task
from graphprune.runs.record import RunRecord
from graphprune.search.database import search_database
from graphprune.search.loop import Scorer, winner

ARM = "tradeoff"


def kept_of_pool(database: MaskDatabase, candidates: Sequence[str], threshold: float) -> list[str]:
    """The properties to search a pool by: `graphs.correlation.kept_properties` over all its masks.

    A candidate that is infinite for some mask of the pool (the ASPL of a disconnected graph)
    is left out before, for all masks. Were the masks left out instead, the pool would lose
    its sparsest ones, which a large alpha asks for: a search never fetches a mask without a
    finite vector. UserError if no property is left that varies.
    """
    properties = database.table[list(candidates)]
    finite = np.isfinite(properties.to_numpy(dtype=np.float64)).all(axis=0)
    return kept_properties(correlations(properties.loc[:, finite]), threshold)


def tradeoff_log(
    database: MaskDatabase,
    kept: Sequence[str],
    accuracy: Scorer,
    alpha: float,
    seed: int,
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """The log of one Bayesian search for the largest accuracy + alpha · s (Algorithm 4, line 7).

    accuracy: database row -> (val accuracy, NaN if the training failed, seconds). s is the
    fetched mask's share of zeros. options: the config's ``bogp.search`` block. Columns of
    `search_database`, in which score is that sum, and accuracy, mask_sparsity, alpha.
    """
    sparsity = database.table["sparsity"].to_numpy(dtype=np.float64)
    accuracies: dict[int, float] = {}

    def score(row: int) -> tuple[float, float]:
        accuracies[row], seconds = accuracy(row)
        return accuracies[row] + alpha * float(sparsity[row]), seconds

    log = search_database(database, kept, score, "bayesian", seed, options)
    return log.assign(
        accuracy=log["mask"].map(accuracies), mask_sparsity=sparsity[log["mask"]], alpha=alpha
    )


def tradeoff_tasks(
    database: MaskDatabase, log: pd.DataFrame, scope: str, seeds: Sequence[int]
) -> Iterator[Task]:
    """The winner of every (alpha, search seed) of a pool's logs on every fresh seed.

    log: all searches of that pool, with the columns pool, alpha and search_seed. Block is the
    pool, level is alpha, and the sparsity asked for is the mask's own. UserError if every
    training of a search failed.
    """
    for (pool, alpha, search_seed), rows in log.groupby(["pool", "alpha", "search_seed"]):
        row = winner(rows)
        for seed in seeds:
            yield Task(
                arm=ARM,
                method="block_mask",
                sparsity=float(database.table["sparsity"].iloc[row]),
                scope=scope,
                seed=seed,
                level=float(alpha),
                block=str(pool),
                graph=mask_name(row),
                psi=database.mask(row),
                search_seed=int(search_seed),
            )


def tradeoff_records(
    tasks: Iterable[Task], run: Callable[[list[Task]], list[RunRecord]]
) -> list[RunRecord]:
    """The records of `tasks`, in order, each distinct (pool, mask, seed) trained once.

    Several alphas and search seeds often choose the same mask. `run` trains the first task of
    each, as `runs.tuning.run_all` does; the others get that record with their own alpha
    (level) and search seed. trainings and seconds are those of the one training in every copy.
    """
    tasks = list(tasks)
    first: dict[tuple[str, str, int], Task] = {}
    for task in tasks:
        first.setdefault(_what_is_trained(task), task)
    trained = dict(zip(first, run(list(first.values())), strict=True))
    return [
        replace(trained[_what_is_trained(task)], level=task.level, search_seed=task.search_seed)
        for task in tasks
    ]


def _what_is_trained(task: Task) -> tuple[str, str, int]:
    return task.block, task.graph, task.seed
