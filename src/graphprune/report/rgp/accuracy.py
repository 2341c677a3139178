"""RGP beside its controls: from run records to numbers (Tables 1 and 2, Figures 8 and 9)."""

from typing import Any

import numpy as np
import pandas as pd

from graphprune.claims.statistics import differences, mean_interval
from graphprune.report.rgp.printed import printed_accuracy

LABELS = {
    "dense": "dense",
    "rgp": "RGP: Algorithm 1",
    "best_known": "best graph known",
    "relabelled": "RGP, nodes relabelled",
    "graph_per_layer": "RGP, relabelled in every layer",
    "self_loops": "RGP with self-loops",
    "random_regular": "random regular graph",
    "ring": "ring lattice",
    "random_graph": "random graph",
    "grouped": "grouped convolution",
    "random_unstructured": "random weights",
    "magnitude_retrained": "magnitude, retrained",
    "magnitude_iterative": "magnitude, in steps",
    "narrow_parameters": "narrower, equal parameters",
    "narrow_macs": "narrower, equal MACs",
}
KEYS = ["network", "nodes", "degree", "arm"]


def accuracy_table(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a network, degree and arm (dense: degree 0), accuracies as fractions.

    accuracy, sd, n: over the seeds that did not fail (`failed` did). drop: dense minus the arm,
    rgp_minus: RGP minus the arm, both paired by seed, with _low and _high of the 95 % t interval
    and _n. parameters_kept, macs_kept: means of true counts, of parameters and macs in the network
    that the arm prunes; compression, speedup: dense network's over kept. trainings, seconds: a
    run's cost. aspl, clustering, spectral_gap: means over trainings, each of which may have a graph
    of its own, with _sd; NaN without a graph. printed: what the paper prints for RGP or dense,
    in %, NaN if nothing.
    """
    rows = []
    for network, mine in runs.groupby("network", sort=False):
        dense = mine[mine["arm"] == "dense"]
        rows.append(_row(str(network), 0, 0, dense, dense, dense[:0]))
        pruned = mine[mine["arm"] != "dense"]
        for (nodes, degree), level in pruned.groupby(["nodes", "degree"], sort=True):
            rgp = level[level["arm"] == "rgp"]
            for arm in [arm for arm in LABELS if arm in set(level["arm"])]:
                of_arm = level[level["arm"] == arm]
                rows.append(_row(str(network), int(nodes), int(degree), of_arm, dense, rgp))
    return pd.DataFrame(rows)


def _row(
    network: str, nodes: int, degree: int, arm: pd.DataFrame, dense: pd.DataFrame, rgp: pd.DataFrame
) -> dict[str, Any]:
    whole = arm[arm["failure"] == ""]
    first = arm.iloc[0]
    name = str(first["arm"])
    reference = dense.iloc[0] if len(dense) else first
    row = {
        "network": network,
        "model": first["model"],
        "dataset": first["dataset"],
        "nodes": nodes,
        "degree": degree,
        "arm": name,
        "accuracy": whole["test_accuracy"].mean(),
        "sd": whole["test_accuracy"].std(ddof=1),
        "n": len(whole),
        "failed": len(arm) - len(whole),
    }
    row |= _paired("drop", dense, arm if name != "dense" else arm[:0])
    row |= _paired("rgp_minus", rgp, arm if name not in ("dense", "rgp") else arm[:0])
    for column in ("parameters_kept", "macs_kept", "trainings", "seconds"):
        row[column] = whole[column].mean()
    row["compression"] = reference["parameters"] / row["parameters_kept"]
    row["speedup"] = reference["macs"] / row["macs_kept"]
    for column in ("aspl", "clustering", "spectral_gap"):
        of_graphs = whole[column] if column in whole else pd.Series(dtype=float)
        row |= {column: of_graphs.mean(), f"{column}_sd": of_graphs.std(ddof=1)}
    for column in ("parameters", "flops"):
        counted, of_dense = f"paper_{column}", f"paper_{column}_dense"
        row[counted] = first.get(counted, np.nan) if name == "rgp" else np.nan
        row[of_dense] = first.get(of_dense, np.nan) if name == "rgp" else np.nan
    full = bool(first.get("full_width", True)) and name in ("dense", "rgp")
    row["printed"] = (
        printed_accuracy(str(first["dataset"]), str(first["model"]), nodes, degree)
        if full
        else None
    )
    return row


def _paired(name: str, a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    """a − b per seed: mean, 95 % t interval and n; n = 0 where either side was not run."""
    sides = [side.set_index("seed")["test_accuracy"].rename_axis("seed") for side in (a, b)]
    if sides[0].empty or sides[1].empty:
        sides = [side[:0].astype(float) for side in sides]
    effect = mean_interval(differences(*sides))
    return {
        name: effect.estimate,
        f"{name}_low": effect.low,
        f"{name}_high": effect.high,
        f"{name}_n": effect.n,
    }
