"""Edge pruning: from run records to numbers, one row a network, arm, norm and schedule."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from graphprune.claims.statistics import Effect, differences, mean_interval

DENSE = "dense"
LABELS = {
    DENSE: "dense",
    "edges": "edges",
    "edges_per_layer": "edges, one graph a layer",
    "at_init": "edges, once before training",
    "edges_random": "random edges, same schedule",
    "random_at_init": "random edges, once before training",
    "weights": "weights by magnitude, same schedule",
    "rgp": "RGP graph from the start",
    "random_regular": "random regular graph from the start",
}
KEYS = ["network", "block", "arm", "norm", "p", "k"]
MEANS = (
    "sparsity",
    "parameters_removed",
    "flops_removed",
    "edges",
    "density",
    "clustering",
    "last_pruned",
)


def with_dense(dense: Mapping[str, pd.DataFrame], runs: pd.DataFrame) -> pd.DataFrame:
    """All trainings, those of the dense network (by name of the network) first."""
    first = [
        rows.assign(network=name, arm=DENSE, block=DENSE, norm="-", p=0.0, k=0)
        for name, rows in dense.items()
    ]
    table = pd.concat([*first, runs], ignore_index=True)
    left = table["last_pruned"].where(table["last_pruned"] >= 0)
    return table.assign(
        last_pruned=left,
        parameters_removed=1 - table["parameters_kept"] / table["parameters"],
        flops_removed=1 - table["macs_kept"] / table["macs"],
    )


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a network, block, arm, norm, p and k, of the trainings that did not fail.

    accuracy, sd (test) and val_accuracy: fractions, over n seeds; failed: how many are left out.
    sparsity (of the weights in scope), parameters_removed, flops_removed: shares of the network;
    edges, density, clustering: of the surviving graph; last_pruned: the step of the last pruning;
    all means. aspl: mean over the `connected`
    graphs. fell_apart: on how many seeds the graph became disconnected, and first_step, last_step
    when; emptied: on how many seeds a layer lost its last weight. drop: dense minus this arm,
    paired by seed, with _low and _high of the 95 % t interval and _n.
    """
    rows = []
    for key, mine in runs.groupby(KEYS, sort=False):
        found = dict(zip(KEYS, key, strict=True))
        of_dense = runs[(runs["network"] == found["network"]) & (runs["arm"] == DENSE)]
        rows.append(found | _row(mine) | named("drop", paired(of_dense, mine)))
    return pd.DataFrame(rows)


def _row(mine: pd.DataFrame) -> dict[str, Any]:
    whole = mine[mine["failure"] == ""]
    apart = whole.loc[whole["disconnected_at"] >= 0, "disconnected_at"]
    connected = whole[whole["disconnected_at"] < 0]
    return {
        "accuracy": whole["test_accuracy"].mean(),
        "sd": whole["test_accuracy"].std(ddof=1),
        "val_accuracy": whole["val_accuracy"].mean(),
        "n": len(whole),
        "failed": len(mine) - len(whole),
        **{name: whole[name].mean() for name in MEANS},
        "sparsity_sd": whole["sparsity"].std(ddof=1),
        "aspl": connected["aspl"].mean(),
        "connected": len(connected),
        "fell_apart": len(apart),
        "first_step": apart.min(),
        "last_step": apart.max(),
        "emptied": int((whole["emptied_at"] >= 0).sum()),
    }


def paired(a: pd.DataFrame, b: pd.DataFrame) -> Effect:
    """Test accuracy of a − b over the seeds that both were trained on; failed trainings are out."""
    sides = [side.set_index("seed") for side in (a, b)]
    values = [side["test_accuracy"].mask(side["failure"] != "") for side in sides]
    common = values[0].index.intersection(values[1].index)
    return mean_interval(differences(*(v.loc[common].rename_axis("seed") for v in values)))


def named(name: str, effect: Effect) -> dict[str, Any]:
    """The effect as columns name, name_low, name_high and name_n."""
    return {
        name: effect.estimate,
        f"{name}_low": effect.low,
        f"{name}_high": effect.high,
        f"{name}_n": effect.n,
    }


def pareto(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of one network that no other row beats in both sparsity and accuracy.

    By rising sparsity; a row is beaten by one that is no worse in both and better in one.
    """
    known = table[table["n"] > 0]
    kept = [
        not (
            (known["sparsity"] >= row["sparsity"])
            & (known["accuracy"] >= row["accuracy"])
            & ((known["sparsity"] > row["sparsity"]) | (known["accuracy"] > row["accuracy"]))
        ).any()
        for _, row in known.iterrows()
    ]
    return known[pd.Series(kept, index=known.index, dtype=bool)].sort_values(
        "sparsity", kind="stable"
    )


def found_table(found: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One row a search's winner (or the grid's optimum), trained on fresh seeds.

    network, arm, search_seed, p, k; accuracy, sparsity and objective (accuracy + alpha · sparsity,
    on test): means over n fresh seeds, failed ones left out; accuracy_sd, objective_sd: ddof 1.
    """
    rows = []
    keys = ["network", "arm", "search_seed", "p", "k"]
    for key, mine in found.groupby(keys, sort=False):
        whole = mine[mine["failure"] == ""]
        value = whole["test_accuracy"] + alpha * whole["sparsity"]
        rows.append(
            dict(zip(keys, key, strict=True))
            | {
                "accuracy": whole["test_accuracy"].mean(),
                "accuracy_sd": whole["test_accuracy"].std(),
                "sparsity": whole["sparsity"].mean(),
                "objective": value.mean(),
                "objective_sd": value.std(),
                "n": len(whole),
                "failed": len(mine) - len(whole),
            }
        )
    return pd.DataFrame(rows)


def search_difference(found: pd.DataFrame) -> Effect:
    """Bayesian minus random search of one network: objective on fresh seeds, unit = search seed."""
    by = {arm: rows.set_index("search_seed")["objective"] for arm, rows in found.groupby("arm")}
    sides = [by[arm].rename_axis("search seed") for arm in ("bayesian", "random")]
    return mean_interval(differences(*sides))


def networks(table: pd.DataFrame) -> Sequence[str]:
    """In the order of the table."""
    return list(dict.fromkeys(table["network"]))
