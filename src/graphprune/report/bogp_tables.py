"""BoGP's Table 1, the table of its searches, and the claims: from run records to numbers."""

from typing import Any

import pandas as pd

from graphprune.claims.bogp import bogp_2, bogp_3
from graphprune.claims.statistics import paired_difference
from graphprune.report.arms import PAPER_BASE, Row, printed, rows_of


def table1(records: pd.DataFrame, searches: pd.DataFrame) -> pd.DataFrame:
    """One row per arm and sparsity, accuracies as fractions.

    mean and sd (ddof 1) are over all retrainings that did not fail; drop is the paired
    difference to the dense network over fresh seeds (mean over searches first) with its 95 %
    t interval. trainings and seconds are what one use of the method costs, its search
    included.
    """
    dense = _per_seed(records[records["arm"] == "dense"])
    costs = search_costs(searches).to_dict("index")
    rows = []
    for row in rows_of(records):
        runs = records[(records["arm"] == row.arm) & (records["block"] == row.block)]
        for _, group in runs.groupby("level", sort=True):
            rows.append(_cell(row, group, dense, costs))
    return pd.DataFrame(rows)


def _cell(row: Row, runs: pd.DataFrame, dense: pd.Series, costs: dict[Any, Any]) -> dict[str, Any]:
    whole = runs[runs["failure"] == ""]
    sparsity = float(runs["level"].iloc[0])
    drop = paired_difference(dense, _per_seed(runs))
    key = (sparsity, {"bogp": "bayesian", "random_search": "random"}.get(row.arm, ""))
    search = costs.get(key, {"trainings": 0.0, "seconds": 0.0})
    return {
        "block": row.block,
        "arm": row.arm,
        "label": row.label,
        "sparsity": sparsity,
        "sparsity_in_scope": runs["sparsity"].mean(),
        "scope": runs["scope"].iloc[0],
        "compression": runs["compression"].mean(),
        "speedup_macs": (runs["macs"] / runs["macs_kept"]).mean(),
        "accuracy": whole["test_accuracy"].mean(),
        "sd": whole["test_accuracy"].std(ddof=1),
        "n": len(whole),
        "seeds": whole["seed"].nunique(),
        "searches": whole["search_seed"].nunique() if (runs["search_seed"] >= 0).any() else 0,
        "failed": len(runs) - len(whole),
        "drop": drop.estimate,
        "drop_low": drop.low,
        "drop_high": drop.high,
        "trainings": search["trainings"] + runs["trainings"].mean(),
        "seconds": search["seconds"] + runs["seconds"].mean(),
        "paper_accuracy": PAPER_BASE if row.arm == "dense" else printed(row.paper, sparsity),
    }


def _per_seed(runs: pd.DataFrame) -> pd.Series:
    """Test accuracy per fresh seed, mean over searches; NaN where all runs of a seed failed."""
    return runs.groupby("seed")["test_accuracy"].mean()


def search_costs(searches: pd.DataFrame) -> pd.DataFrame:
    """Trainings and seconds of one search, mean over search seeds, by (sparsity, strategy).

    A mask that the search came back to is trained once.
    """
    distinct = searches[~searches["repeated"]]
    keys = ["sparsity", "strategy", "search_seed"]
    per_search = pd.DataFrame(
        {
            "trainings": distinct.groupby(keys).size(),
            "seconds": distinct.groupby(keys)["training_seconds"].sum()
            + searches.groupby(keys)["search_seconds"].sum(),
        }
    )
    return per_search.groupby(level=["sparsity", "strategy"]).mean()


def search_table(searches: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """One row per sparsity and strategy: what the searches found and what it was worth.

    best_val: the winners' val accuracy in the search. retrained_val: the same masks on fresh
    seeds. curse: the former minus the latter, paired by search seed, with its 95 % t interval;
    above 0, since the best of many noisy scores is too good.
    """
    rows = []
    costs: dict[Any, Any] = search_costs(searches).to_dict("index")
    for (sparsity, strategy), log in searches.groupby(["sparsity", "strategy"], sort=True):
        arm = "bogp" if strategy == "bayesian" else f"{strategy}_search"
        runs = records[(records["arm"] == arm) & (records["level"] == sparsity)]
        best = log.groupby("search_seed")["score"].max()
        again = runs.groupby("search_seed")["val_accuracy"].mean()
        curse = paired_difference(best, again)
        rows.append(
            {
                "sparsity": sparsity,
                "strategy": strategy,
                "searches": len(best),
                "steps": int(log["step"].max()) + 1,
                "distinct_masks": log.groupby("search_seed")["mask"].nunique().mean(),
                "best_val": best.mean(),
                "best_val_sd": best.std(ddof=1),
                "retrained_val": again.mean(),
                "retrained_val_sd": again.std(ddof=1),
                "curse": curse.estimate,
                "curse_low": curse.low,
                "curse_high": curse.high,
                "test": runs.groupby("search_seed")["test_accuracy"].mean().mean(),
                "test_sd": runs.groupby("search_seed")["test_accuracy"].mean().std(ddof=1),
                "trainings": costs[sparsity, strategy]["trainings"],
                "seconds": costs[sparsity, strategy]["seconds"],
                "failed": int(log["score"].isna().sum()),
            }
        )
    return pd.DataFrame(rows)


def claims_table(records: pd.DataFrame) -> pd.DataFrame:
    """The verdicts on the claims that these records can judge (bogp-2, bogp-3)."""
    runs = records.assign(failed=records["failure"] != "", sparsity=records["level"])
    judged = [table for table in (bogp_2(runs), bogp_3(runs)) if len(table)]
    return pd.concat(judged, ignore_index=True)
