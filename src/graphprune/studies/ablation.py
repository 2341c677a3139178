"""BoGP's ablation: the search with every scaling, similarity and choice of what it is told."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from graphprune.masks.database import MaskDatabase
from graphprune.progress import progress
from graphprune.search.database import search_database
from graphprune.search.fetch import SCALINGS, SIMILARITIES
from graphprune.search.loop import TOLD, Scorer

STRATEGY = "bayesian"

Combination = tuple[str, str, str]


def combinations() -> list[Combination]:
    """All 18 (scaling, measure, tell); the one that the paper prints (§5.2) comes first."""
    return list(product(SCALINGS, SIMILARITIES, TOLD))


def ablation_log(
    database: MaskDatabase,
    kept: Sequence[str],
    scorer_for: Callable[[int], Scorer],
    seeds: Sequence[int],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """The logs of the Bayesian search of every combination and search seed, as one.

    database: masks of one sparsity. kept: the properties to search by. scorer_for: search
    seed -> scorer of database rows. options: the config's ``bogp.search`` block, of which
    scaling, similarity and tell are replaced. Columns of `search_database`, and strategy,
    search_seed, sparsity, scaling, measure (the kind of similarity), tell. All combinations
    of a seed ask for the same starting points. UserError as in `search_database`.
    """
    searches = [(combination, seed) for combination in combinations() for seed in seeds]
    logs = []
    for (scaling, measure, tell), seed in progress(searches, len(searches), "ablation searches"):
        chosen = {**options, "scaling": scaling, "similarity": measure, "tell": tell}
        log = search_database(database, kept, scorer_for(seed), STRATEGY, seed, chosen)
        labels = {"scaling": scaling, "measure": measure, "tell": tell}
        logs.append(log.assign(strategy=STRATEGY, search_seed=seed, **labels))
    table = pd.concat(logs, ignore_index=True)
    return table.assign(sparsity=float(database.parameters["sparsity"]))
