"""The arms of BoGP's comparison: what is trained on fresh seeds or tested as found, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

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
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup
from graphprune.runs.tuning import recorded, run_all
from graphprune.search.loop import winner
from graphprune.seeds import derive, generator

PRINTED, EQUAL, FOUND = "printed", "equal", "found"


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
        arm = _arm(strategy)
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


def found_records(
    database: MaskDatabase,
    log: pd.DataFrame,
    setup: Setup,
    scope: str,
    budget: int,
    ledger: Ledger,
) -> list[RunRecord]:
    """What the searches' budget bought, tested once: one record per arm and search seed.

    Arms "bogp", "random_search": the very network that the search chose, made again by training
    its mask with the search's own seed (bit for bit where training is deterministic). Arm
    "glob_1_best": the best on val of `budget` (as many as a search asks for) trainings of
    Glob_1 at BoGP's scope and weight count, on seeds derived from the search seed; trainings
    and seconds of its record count all of them. Where all of them failed the record says so.
    Only the chosen networks see the test set.
    """
    records = run_all(list(found_tasks(database, log, scope)), setup, ledger, "chosen networks")
    chosen, model = winners(log), setup.build()
    for search_seed in sorted({seed for _, seed in chosen}):
        strategies = [strategy for strategy, seed in chosen if seed == search_seed]
        matched = "bayesian" if "bayesian" in strategies else strategies[0]
        psi = database.mask(chosen[matched, search_seed])
        reference = block_masks(model, tensors(model, scope), psi)
        first = Task(
            arm="glob_1",
            method="glob_1",
            sparsity=_sparsity(reference),
            scope=scope,
            seed=0,
            level=database.parameters["sparsity"],
            block=FOUND,
            reference=reference,
            search_seed=search_seed,
        )
        seeds = [derive(search_seed, f"glob_1/{number}") for number in range(budget)]
        candidates = [replace(first, seed=seed) for seed in seeds]
        records.append(_best_by_val(candidates, "glob_1_best", setup, ledger))
    return records


def found_tasks(database: MaskDatabase, log: pd.DataFrame, scope: str) -> Iterator[Task]:
    """Every search's chosen mask with the seed on which the search trained it."""
    sparsity = database.parameters["sparsity"]
    for (strategy, search_seed), row in winners(log).items():
        yield Task(
            arm=_arm(strategy),
            method="block_mask",
            sparsity=sparsity,
            scope=scope,
            seed=search_seed,
            level=sparsity,
            block=FOUND,
            graph=mask_name(row),
            psi=database.mask(row),
            search_seed=search_seed,
        )


def _best_by_val(candidates: Sequence[Task], arm: str, setup: Setup, ledger: Ledger) -> RunRecord:
    """The record of the candidate with the best val accuracy, the first among equals, as `arm`.

    It is trained again for it, now with the test set in sight; its cost is that of the choice.
    """
    what = f"{candidates[0].method} beside search {candidates[0].search_seed}"
    seen = run_all(candidates, setup.without_test(), ledger, what)
    trainings = sum(record.trainings for record in seen)
    seconds = sum(record.seconds for record in seen)
    usable = [place for place, record in enumerate(seen) if not record.failure]
    if not usable:
        failure = f"all {len(seen)} trainings failed, the first: {seen[0].failure}"
        record = replace(seen[0], arm=arm, failure=failure)
    else:
        best = max(usable, key=lambda place: seen[place].val_accuracy)
        task = replace(candidates[best], arm=arm)
        key = f"{FOUND}/{arm}/{task.level}/{task.search_seed}"
        record = recorded(key, task, setup, ledger)
    return replace(record, trainings=trainings, seconds=seconds)


def _arm(strategy: str) -> str:
    return "bogp" if strategy == "bayesian" else f"{strategy}_search"


def _fresh(source: str, n: int, sparsity: float, seed: int) -> np.ndarray:
    return resolve(SOURCES, source, "mask source")(n, sparsity, generator(seed, "fresh mask"))


def _sparsity(masks: Masks) -> float:
    return 1 - sum(masks.kept().values()) / sum(masks.total().values())
