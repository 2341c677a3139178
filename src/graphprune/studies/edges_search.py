"""The search for a schedule: K and P of most val accuracy + alpha · sparsity."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from graphprune.registry import resolve
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import recorded, run_all
from graphprune.search.fetch import Fetcher
from graphprune.search.loop import search, starting_points, winner
from graphprune.search.names import STRATEGIES
from graphprune.studies.edges import Job, without_test
from graphprune.studies.edges_arms import EDGES, GRID, SEARCH

POINTS = 60  # of the lattice along each side, at most
OF_GRID = "grid"


def lattice(space: Mapping[str, Any]) -> pd.DataFrame:
    """The schedules to choose from: columns k and p, evenly spaced on a logarithmic scale."""
    k, p = space["k"], space["p"]
    intervals = np.unique(np.rint(np.geomspace(k["low"], k["high"], POINTS)).astype(int))
    shares = np.unique(np.round(np.geomspace(p["low"], p["high"], POINTS), 4))
    pairs = [(int(interval), float(share)) for interval in intervals for share in shares]
    return pd.DataFrame(pairs, columns=["k", "p"])


def objective(accuracy: float, sparsity: float, alpha: float) -> float:
    """What is searched for: accuracy + alpha · sparsity, of the weights in scope."""
    return accuracy + alpha * sparsity


@dataclass(frozen=True)
class ScheduleScorer:
    """Scores a row of the lattice on one training seed; the test set is out of sight."""

    schedules: pd.DataFrame
    job: Job
    seed: int
    ledger: Ledger

    def __call__(self, row: int) -> tuple[float, float]:
        """(objective on val, seconds of the training); NaN if the training failed."""
        schedule = self.schedules.iloc[row]
        arm = self.job.arm(
            EDGES, SEARCH, self.seed, float(schedule["p"]), int(schedule["k"]), self.job.norm
        )
        record = recorded(f"scored/{arm.key}", arm.task, self.job.setup, self.ledger)
        if record.failure:
            return math.nan, record.seconds
        alpha = self.job.block["search"]["alpha"]
        return objective(record.val_accuracy, record.sparsity, alpha), record.seconds


def searches(job: Job, ledger: Ledger) -> pd.DataFrame:
    """The logs (`search.loop.search`) of every strategy and seed, with k, p of what was trained.

    All strategies of a seed share their starts and the training seed, so equal schedules have
    equal scores.
    """
    options, schedules = job.block["search"], lattice(job.block["search"])
    coordinates = pd.DataFrame({f"log_{c}": np.log(schedules[c]) for c in ("k", "p")})
    fetcher = Fetcher(coordinates, "minmax", "l2")
    blind, logs = without_test(job), []
    for seed in options["seeds"]:
        scorer = ScheduleScorer(schedules, blind, seed, ledger)
        starts = starting_points(fetcher.box, options["starts"], seed)
        for name in STRATEGIES:
            strategy = resolve(STRATEGIES, name, "search strategy")(
                fetcher.box, starts, seed, options["kappa"]
            )
            steps = options["starts"] + options["steps"]
            log = search(strategy, fetcher, scorer, steps, tell="fetched")
            chosen = schedules.iloc[log["mask"]].reset_index(drop=True)
            logs.append(pd.concat([log, chosen], axis=1).assign(strategy=name, search_seed=seed))
    return pd.concat(logs, ignore_index=True)


def grid_optimum(runs: pd.DataFrame, alpha: float) -> tuple[float, int]:
    """(p, k) of the grid's cell with the best mean objective on val; failed cells are out."""
    cells = runs[(runs["block"] == GRID) & (runs["failure"] == "")]
    value = objective(cells["val_accuracy"], cells["sparsity"], alpha)
    means = cells.assign(value=value).groupby(["p", "k"])["value"].mean()
    p, k = means.idxmax()
    return float(p), int(k)


def found(job: Job, log: pd.DataFrame, runs: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """The winners of all searches and the grid's optimum, trained on fresh seeds.

    One row a record with p and k; arm is the strategy or "grid" (search_seed -1).
    """
    options = job.block["search"]
    chosen: list[tuple[str, int, float, int]] = []
    for (name, seed), rows in log.groupby(["strategy", "search_seed"], sort=False):
        row = rows[rows["mask"] == winner(rows)].iloc[0]
        chosen.append((str(name), int(seed), float(row["p"]), int(row["k"])))
    chosen.append((OF_GRID, -1, *grid_optimum(runs, options["alpha"])))
    records, schedules = [], []
    for name, search_seed, p, k in chosen:
        tasks = [
            job.arm(EDGES, SEARCH, seed, p, k, job.norm, search_seed=search_seed, graph=name).task
            for seed in options["final_seeds"]
        ]
        records += run_all(tasks, job.setup, ledger, f"{name} {search_seed}, again")
        schedules += [(p, k)] * len(tasks)
    table = to_frame(records)
    table = table.assign(arm=table["graph"], graph="")
    return pd.concat([table, pd.DataFrame(schedules, columns=["p", "k"])], axis=1)
