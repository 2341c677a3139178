"""BoGP's Table 1 and the table of its searches: from run records to numbers."""

from typing import Any

import pandas as pd

from graphprune.claims.statistics import differences, mean_interval
from graphprune.report.bogp.arms import FOUND, PAPER_BASE, Row, printed, rows_of

_NOTHING = pd.Series(dtype=float)


def table1(records: pd.DataFrame, searches: pd.DataFrame) -> pd.DataFrame:
    """One row per arm and sparsity, accuracies as fractions. Failed runs are counted, no more.

    Every mean has its sd (ddof 1). accuracy: over all n runs. drop: the paired difference to
    the dense network over the drop_n fresh seeds (mean over searches first) with its 95 % t
    interval. compression, speedup_macs: exact for each run, so their sd says whether the n runs
    differ. trainings and seconds: what one use of the method costs, its search included, over
    cost_n searches or, where an arm has none of its own, runs.

    bogp_minus, in block "equal": BoGP minus the arm, paired by fresh seed, with interval.
    Block "found" has networks tested as a search chose them: no drop, since dense ran on other
    seeds, but bogp_minus, BoGP minus the arm paired by search seed, with interval; the search
    itself is its cost. budget: trainings a search may ask for, 0 in the other blocks.
    """
    dense = _per_seed(records[records["arm"] == "dense"])
    costs = costs_per_search(searches)
    rows = []
    for row in rows_of(records):
        runs = records[(records["arm"] == row.arm) & (records["block"] == row.block)]
        for level, group in runs.groupby("level", sort=True):
            whole = group[group["failure"] == ""]
            line = _outcome(row, group, whole) | _cost(row, whole, costs)
            if row.block == FOUND:
                bogp = _per_search(_of(records, "bogp", level, found=True))
                line |= _difference("drop", _NOTHING, _NOTHING)
                other = _per_search(group) if len(bogp) else _NOTHING
                line |= _difference("bogp_minus", bogp, other)
                line["budget"] = _budget(searches, level)
            else:
                beside = row.block == "equal" and row.arm != "bogp"
                bogp = _of(records, "bogp", level, found=False) if beside else records[:0]
                other = _per_seed(group) if len(bogp) else _NOTHING
                line |= _difference("drop", dense, _per_seed(group))
                line |= _difference("bogp_minus", _per_seed(bogp), other) | {"budget": 0}
            rows.append(line)
    return pd.DataFrame(rows)


def _outcome(row: Row, runs: pd.DataFrame, whole: pd.DataFrame) -> dict[str, Any]:
    sparsity, speedup = float(runs["level"].iloc[0]), whole["macs"] / whole["macs_kept"]
    return {
        "block": row.block,
        "arm": row.arm,
        "label": row.label,
        "sparsity": sparsity,
        "sparsity_in_scope": whole["sparsity"].mean(),
        "scope": runs["scope"].iloc[0],
        **_mean_and_sd("compression", whole["compression"]),
        **_mean_and_sd("speedup_macs", speedup),
        "accuracy": whole["test_accuracy"].mean(),
        "sd": whole["test_accuracy"].std(ddof=1),
        "n": len(whole),
        "seeds": whole["seed"].nunique(),
        "searches": whole["search_seed"].nunique() if (runs["search_seed"] >= 0).any() else 0,
        "failed": len(runs) - len(whole),
        "paper_accuracy": PAPER_BASE if row.arm == "dense" else printed(row.paper, sparsity),
    }


def _cost(row: Row, whole: pd.DataFrame, costs: pd.DataFrame) -> dict[str, Any]:
    """Trainings and seconds of one use of the arm: of its search and then of a retraining."""
    own = whole[["trainings", "seconds"]].astype(float)
    if len(whole) and (strategy := _strategy(row.arm)):
        own = own.groupby(whole["search_seed"]).mean()
        level = float(whole["level"].iloc[0])
        keys = pd.MultiIndex.from_tuples([(level, strategy, seed) for seed in own.index])
        search = costs.reindex(keys).set_axis(own.index)
        own = search if row.block == FOUND else own + search
    return {
        **_mean_and_sd("trainings", own["trainings"]),
        **_mean_and_sd("seconds", own["seconds"]),
        "cost_n": len(own),
    }


def _strategy(arm: str) -> str:
    """The search whose cost is the arm's, "" for none: a control is what needs no search."""
    return "bayesian" if arm == "bogp" else arm.removesuffix("_search") * arm.endswith("_search")


def _difference(name: str, a: pd.Series, b: pd.Series) -> dict[str, Any]:
    """a − b per unit: mean, sd, n and the 95 % t interval; NaN and n = 0 for two of _NOTHING."""
    pairs = differences(a, b)
    effect = mean_interval(pairs)
    return {
        name: effect.estimate,
        f"{name}_sd": _sd(pairs.dropna()),
        f"{name}_n": effect.n,
        f"{name}_low": effect.low,
        f"{name}_high": effect.high,
    }


def _mean_and_sd(name: str, values: pd.Series) -> dict[str, float]:
    return {name: values.mean(), f"{name}_sd": _sd(values)}


def _sd(values: pd.Series) -> float:
    """ddof 1, and exactly 0 where all values are the same, not what rounding makes of it."""
    same = len(values) > 1 and values.min() == values.max()
    return 0.0 if same else float(values.std(ddof=1))


def _of(records: pd.DataFrame, arm: str, level: Any, found: bool) -> pd.DataFrame:
    """Runs of a searched arm at one sparsity, tested as found or retrained."""
    right = (records["block"] == FOUND) == found
    return records[(records["arm"] == arm) & (records["level"] == level) & right]


def _per_seed(runs: pd.DataFrame) -> pd.Series:
    """Test accuracy per fresh seed, mean over searches; NaN where all runs of a seed failed."""
    return runs.groupby("seed")["test_accuracy"].mean()


def _per_search(runs: pd.DataFrame) -> pd.Series:
    return runs.groupby("search_seed")["test_accuracy"].mean()


def _budget(searches: pd.DataFrame, level: Any) -> int:
    return int(searches.loc[searches["sparsity"] == level, "step"].max()) + 1


def costs_per_search(searches: pd.DataFrame) -> pd.DataFrame:
    """Trainings and seconds of every search, by (sparsity, strategy, search_seed).

    A mask that the search came back to is trained once.
    """
    distinct = searches[~searches["repeated"]]
    keys = ["sparsity", "strategy", "search_seed"]
    training = distinct.groupby(keys)["training_seconds"].sum()
    searching = searches.groupby(keys)["search_seconds"].sum()
    return pd.DataFrame(
        {"trainings": distinct.groupby(keys).size().astype(float), "seconds": training + searching}
    )


def search_table(searches: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """One row per sparsity and strategy: what the searches found and what it was worth.

    Means and sds over searches. best_val: the winners' val accuracy in the search.
    retrained_val, test: the same masks on fresh seeds. curse: best_val minus retrained_val,
    paired by search seed, with its 95 % t interval; above 0, since the best of many noisy scores
    is too good. trainings counts distinct masks.
    """
    rows = []
    every = costs_per_search(searches)
    for (sparsity, strategy), log in searches.groupby(["sparsity", "strategy"], sort=True):
        arm = "bogp" if strategy == "bayesian" else f"{strategy}_search"
        runs = _of(records, arm, sparsity, found=False)
        best = log.groupby("search_seed")["score"].max()
        again = runs.groupby("search_seed")["val_accuracy"].mean()
        costs = every.xs((sparsity, strategy))
        rows.append(
            {
                "sparsity": sparsity,
                "strategy": strategy,
                "searches": len(best),
                "steps": int(log["step"].max()) + 1,
                **_mean_and_sd("best_val", best),
                **_mean_and_sd("retrained_val", again),
                **_difference("curse", best, again),
                **_mean_and_sd("test", _per_search(runs)),
                **_mean_and_sd("trainings", costs["trainings"]),
                **_mean_and_sd("seconds", costs["seconds"]),
                "failed": int(log["score"].isna().sum()),
            }
        )
    return pd.DataFrame(rows)
