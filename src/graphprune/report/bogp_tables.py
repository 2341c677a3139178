"""BoGP's Table 1, the table of its searches, and the claims: from run records to numbers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from graphprune.claims.bogp import bogp_2, bogp_3
from graphprune.claims.records import claim
from graphprune.claims.statistics import paired_difference
from graphprune.report.arms import PAPER_BASE, Row, printed, rows_of
from graphprune.report.output import Page

POINTS = 100


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


def table1_page(table: pd.DataFrame, note: str) -> Page:
    """Table 1 for readers."""
    levels = sorted(table.loc[table["arm"] != "dense", "sparsity"].unique())
    known = rows_of(table)
    page = Page("BoGP, Table 1: test accuracy of masks and baselines")
    page.text(note)
    for block, title in (
        ("equal", "Equal weights: every arm prunes only what BoGP masks, to BoGP's count"),
        ("printed", "Printed scope: Glob and Unif prune all weight matrices to the same sparsity"),
    ):
        shown = {block, "-"}
        rows = [r for r in known if r.block in shown or (block == "printed" and r.arm == "bogp")]
        page.heading(title)
        page.text("Test accuracy in %, mean ± sd over retrainings (n).")
        page.table(_wide(table, rows, levels, _accuracy))
        page.text("Drop from the dense network in points, paired by seed, with its 95 % interval.")
        page.table(_wide(table, [r for r in rows if r.arm != "dense"], levels, _drop))
        page.text("Cost of one use: trainings / seconds, the search included.")
        page.table(_wide(table, rows, levels, _cost))
    compared = [r for r in known if r.paper]
    page.heading("The paper's numbers beside ours")
    page.text(
        "Drop from base in points, ours (this data set and recipe) / printed (MNIST). The paper "
        "prints one number per cell, no spread, and a base accuracy of "
        f"{PAPER_BASE * POINTS:.1f} %."
    )
    page.table(_wide(table, compared, levels, _beside))
    return page


def setup_note(records: pd.DataFrame) -> str:
    """What was run, in a sentence or two: data set, network, recipe, protocol, seeds."""
    first = records.iloc[0]
    dense = records[records["arm"] == "dense"]
    seeds = sorted(set(dense["seed"]))
    protocol = (
        "Choices were made on a validation split of the training set; the test set was read once "
        "per run, after the last epoch."
        if first["protocol"] == "held_out"
        else "Protocol as printed: the test set was also the validation set."
    )
    devices = " and ".join(sorted(set(records["device"])))
    return (
        f"Data set {first['dataset']}, network {first['model']} "
        f"({int(first['parameters']):,} parameters, {int(first['macs']):,} multiply-adds), "
        f"recipe {first['recipe']}, {int(dense['epochs'].max())} epochs a training, on {devices}. "
        f"{protocol} Every cell is on the fresh seeds {', '.join(map(str, seeds))}; arms share "
        "initial weights and data order per seed."
    )


def _wide(
    table: pd.DataFrame,
    rows: Iterable[Row],
    levels: Sequence[float],
    cell: Callable[[pd.Series], str],
) -> pd.DataFrame:
    """Arms down, sparsities across; an arm that was not run is left out."""
    lines = []
    for row in rows:
        cells = table[(table["arm"] == row.arm) & (table["block"] == row.block)]
        if not len(cells):
            continue
        by_level = {float(c["sparsity"]): c for _, c in cells.iterrows()}
        if row.arm == "dense":
            line = {f"s = {level:g}": cell(by_level[0.0]) for level in levels}
        else:
            line = {f"s = {v:g}": cell(by_level[v]) if v in by_level else "" for v in levels}
        lines.append({"arm": row.label, **line})
    return pd.DataFrame(lines)


def _accuracy(cell: pd.Series) -> str:
    n = f"{cell['searches']}×{cell['seeds']}" if cell["searches"] else f"{cell['n']}"
    failed = f", {cell['failed']} failed" if cell["failed"] else ""
    return f"{_points(cell['accuracy'])} ± {_points(cell['sd'])} ({n}{failed})"


def _drop(cell: pd.Series) -> str:
    return _with_interval(cell["drop"], cell["drop_low"], cell["drop_high"])


def _cost(cell: pd.Series) -> str:
    return f"{cell['trainings']:.1f} / {cell['seconds']:.2f}"


def _beside(cell: pd.Series) -> str:
    paper = cell["paper_accuracy"]
    theirs = "none" if pd.isna(paper) else f"{POINTS * (PAPER_BASE - paper):+.1f}"
    return f"{_points(cell['drop'], '+')} / {theirs}"


def _points(fraction: float, sign: str = "") -> str:
    """In points or per cent; a dash where there is no number (all runs failed, n = 1)."""
    return "–" if pd.isna(fraction) else f"{POINTS * fraction:{sign}.2f}"


def _with_interval(estimate: float, low: float, high: float) -> str:
    return f"{_points(estimate, '+')} [{_points(low, '+')}, {_points(high, '+')}]"


def search_page(table: pd.DataFrame) -> Page:
    """The table of searches for readers."""
    shown = pd.DataFrame(
        {
            "search": table["strategy"] + table["sparsity"].map(", s = {:g}".format),
            "searches": table["searches"],
            "steps": table["steps"],
            "distinct masks": table["distinct_masks"].map("{:.1f}".format),
            "best on val": _percent(table, "best_val"),
            "retrained, val": _percent(table, "retrained_val"),
            "lost on retraining [95 %]": [
                _with_interval(*row)
                for row in table[["curse", "curse_low", "curse_high"]].to_numpy(dtype=float)
            ],
            "retrained, test": _percent(table, "test"),
            "trainings": table["trainings"].map("{:.1f}".format),
            "seconds": table["seconds"].map("{:.1f}".format),
        }
    )
    page = Page("BoGP: what the searches found")
    page.text(
        "Accuracies in %, mean ± sd over searches (each the mean over fresh seeds). Every search "
        "has its own seed; Bayesian and random search of one seed share their starting points and "
        "budget. 'Lost on retraining' is the winner's score in the search minus its mean score on "
        "fresh seeds: the best of many noisy scores is too good to be true."
    )
    page.table(shown)
    return page


def _percent(table: pd.DataFrame, name: str) -> list[str]:
    return [
        f"{_points(m)} ± {_points(s)} ({n})"
        for m, s, n in zip(table[name], table[f"{name}_sd"], table["searches"], strict=True)
    ]


def claims_page(table: pd.DataFrame) -> Page:
    """The verdicts for readers."""
    page = Page("BoGP: the paper's claims, judged")
    page.text(
        "Effects in points of test accuracy. A verdict needs at least five units; 'undecided' "
        "names the number that would be expected to decide. A small network on a small data set "
        "judges these claims for that setting only."
    )
    for name, rows in table.groupby("claim", sort=True):
        record = claim(str(name))
        page.heading(f"{name}: {record.statement} ({record.source})")
        page.text(f"Supported when: {record.supported_when}.")
        page.table(
            pd.DataFrame(
                {
                    "cell": rows["criterion"] + ": " + rows["cell"],
                    "effect": [_effect(row) for _, row in rows.iterrows()],
                    "n": rows["n"].map(str) + " (" + rows["unit"] + ")",
                    "verdict": rows["verdict"],
                    "failed runs": rows["failed"],
                    "why (fractions, not points)": rows["reason"],
                }
            )
        )
    return page


def _effect(row: pd.Series) -> str:
    if pd.isna(row["effect"]):
        return ""
    interval = _with_interval(row["effect"], row["low"], row["high"])
    return f"{interval} ({100 * row['level']:.3g} %)"
