"""graph2nn's sweet spot: the graphs that are not significantly worse than the best one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from graphprune.claims.statistics import holm
from graphprune.claims.ws_flex import COMPLETE, swept

ALPHA = 0.05


@dataclass(frozen=True)
class Rectangle:
    """A part of the plane: clustering from c_low to c_high, path length from l_low to l_high."""

    c_low: float
    c_high: float
    l_low: float
    l_high: float

    def holds(self, table: pd.DataFrame) -> pd.Series:
        """Which rows of a table of graphs lie in it, its border included."""
        return table["clustering"].between(self.c_low, self.c_high) & table["aspl"].between(
            self.l_low, self.l_high
        )

    def __str__(self) -> str:
        return f"C [{self.c_low:.2f}, {self.c_high:.2f}], L [{self.l_low:.2f}, {self.l_high:.2f}]"


# Outputs of graph2nn's notebook for its MLP with 64 nodes on CIFAR-10: runs pooled into 52 coarse
# bins of the plane, and every graph for itself.
QUOTED = Rectangle(0.10, 0.50, 1.82, 2.75)
QUOTED_BY_GRAPH = Rectangle(0.09, 0.72, 1.63, 3.04)


def against_best(table: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Every graph of the sweep against that of the highest mean accuracy.

    Columns: graph, p_value (one-sided: this graph is worse), adjusted (Holm's, over all graphs
    but the best), kept (p_value ≥ ALPHA: it belongs to the sweet spot). Test: Welch's. The best
    itself has NaN and is kept.
    """
    known = swept(table)
    best = known.loc[known["accuracy"].idxmax(), "graph"]
    runs = _runs(records)
    others = [name for name in known["graph"] if name != best]
    p_values = [_worse(runs[name], runs[best]) for name in others]
    tests = pd.DataFrame({"graph": others, "p_value": p_values, "adjusted": holm(p_values)})
    found = known[["graph"]].merge(tests, how="left", on="graph")
    return found.assign(kept=(found["graph"] == best) | (found["p_value"] >= ALPHA))


def against_complete(table: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Every graph of the sweep against the complete graph: the dense network.

    Columns: graph, difference (of mean accuracies), better and worse (Holm's adjusted p-values
    of the one-sided tests, Welch's).
    """
    known, runs = swept(table), _runs(records)
    dense = runs.get(COMPLETE, np.array([]))
    better = [_worse(dense, runs[name]) for name in known["graph"]]
    worse = [_worse(runs[name], dense) for name in known["graph"]]
    mean = dense.mean() if len(dense) else np.nan
    return pd.DataFrame(
        {
            "graph": known["graph"].to_list(),
            "difference": (known["accuracy"] - mean).round(12).to_list(),
            "better": holm(better),
            "worse": holm(worse),
        }
    )


def rectangle(table: pd.DataFrame, kept: pd.Series) -> Rectangle:
    """The smallest that holds the graphs named in `kept`."""
    part = table[table["graph"].isin(kept)]
    ends = (part[name].agg(["min", "max"]) for name in ("clustering", "aspl"))
    return Rectangle(*(float(value) for pair in ends for value in pair))


def _runs(records: pd.DataFrame) -> dict[str, np.ndarray]:
    whole = records[records["failure"] == ""]
    return {str(name): part.to_numpy() for name, part in whole.groupby("graph")["test_accuracy"]}


def _worse(these: np.ndarray, those: np.ndarray) -> float:
    """p-value of "the mean of `these` is not less"; 1 with fewer than two values on a side."""
    if min(len(these), len(those)) < 2:
        return 1.0
    if np.ptp(these) == np.ptp(those) == 0:  # nothing to estimate an error from
        return float(these[0] >= those[0])
    return float(stats.ttest_ind(these, those, equal_var=False, alternative="less").pvalue)
