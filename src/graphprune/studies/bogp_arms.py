"""The arms of BoGP's comparison: what is trained on fresh seeds, and why."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from torch import nn

from graphprune.masks.blocks import block_masks
from graphprune.masks.controls import nodes_relabelled, rows_permuted
from graphprune.masks.database import MaskDatabase, mask_name
from graphprune.masks.mask import Masks
from graphprune.masks.names import SOURCES
from graphprune.pruning.scope import tensors
from graphprune.registry import resolve
from graphprune.runs.execute import Task
from graphprune.search.loop import winner
from graphprune.seeds import generator

PRINTED, EQUAL = "printed", "equal"


def winners(log: pd.DataFrame) -> dict[tuple[str, int], int]:
    """(strategy, search seed) -> the mask that search chose, from the log of a sparsity."""
    found = {}
    for strategy, rows in log.groupby("strategy", sort=True):
        for seed in sorted(rows["search_seed"].unique()):
            found[str(strategy), int(seed)] = winner(rows[rows["search_seed"] == seed])
    return found


def winner_tasks(
    database: MaskDatabase, log: pd.DataFrame, scope: str, seeds: Sequence[int]
) -> Iterator[Task]:
    """Every search's winner on every fresh seed, and for BoGP's winners the two graph controls.

    rows permuted: another graph, the same network up to the names of hidden units where only
    one matrix is masked. nodes relabelled: the same graph with its nodes dealt to other units.
    """
    sparsity = database.parameters["sparsity"]
    for (strategy, search_seed), row in winners(log).items():
        psi = database.mask(row)
        arm = "bogp" if strategy == "bayesian" else f"{strategy}_search"
        for seed in seeds:
            shared = {"sparsity": sparsity, "level": sparsity, "scope": scope, "seed": seed}
            shared |= {"block": EQUAL, "method": "block_mask", "search_seed": search_seed}
            yield Task(arm=arm, psi=psi, graph=mask_name(row), **shared)
            if arm != "bogp":
                continue
            rng = generator(seed, f"controls/{search_seed}")
            for control, change in (
                ("rows_permuted", rows_permuted),
                ("nodes_relabelled", nodes_relabelled),
            ):
                yield Task(arm=control, psi=change(psi, rng), graph=f"{control} {row}", **shared)


def baseline_tasks(
    database: MaskDatabase,
    log: pd.DataFrame,
    model: nn.Module,
    scope: str,
    baselines: Mapping[str, Sequence[str]],
    seeds: Sequence[int],
) -> Iterator[Task]:
    """What BoGP is compared with, on the same fresh seeds.

    Block "printed": each method prunes all weight matrices to the asked sparsity, as the
    paper's figures suggest (Unif 1 at s = .9 collapses only if both matrices are pruned).
    Block "equal": each method prunes BoGP's scope only, to the very number of weights that
    BoGP's winner keeps; seeds take the winners of the searches in turn.
    """
    parameters = database.parameters
    sparsity, n = parameters["sparsity"], parameters["n"]
    chosen = [row for (strategy, _), row in winners(log).items() if strategy == "bayesian"]
    chosen = chosen or list(winners(log).values())
    names = tensors(model, scope)
    for method in baselines[PRINTED]:
        for seed in seeds:
            yield Task(method, method, sparsity, "all", seed, level=sparsity, block=PRINTED)
    for method in baselines[EQUAL]:
        for place, seed in enumerate(seeds):
            reference = block_masks(model, names, database.mask(chosen[place % len(chosen)]))
            graph = method == "block_mask"
            psi = _fresh(parameters["source"], n, sparsity, seed) if graph else None
            yield Task(
                "fresh_mask" if graph else method,
                method,
                _sparsity(reference),
                scope,
                seed,
                level=sparsity,
                block=EQUAL,
                psi=psi,
                reference=reference,
            )


def _fresh(source: str, n: int, sparsity: float, seed: int) -> np.ndarray:
    return resolve(SOURCES, source, "mask source")(n, sparsity, generator(seed, "fresh mask"))


def _sparsity(masks: Masks) -> float:
    return 1 - sum(masks.kept().values()) / sum(masks.total().values())
