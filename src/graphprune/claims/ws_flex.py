"""Every graph with its cost and its accuracy, and what the accuracies of graphs follow."""

import numpy as np
import pandas as pd

from graphprune.claims.association import (
    cross_validated_r2,
    partial_spearman,
    spearman_interval,
)
from graphprune.errors import UserError

COMPLETE = "complete"
QUANTITIES = ("clustering", "aspl", "density", "width")
# What is held fixed when a graph's accuracy is set against each of its quantities.
GIVEN: dict[str, tuple[tuple[str, ...], ...]] = {
    "clustering": ((), ("density",), ("density", "aspl")),
    "aspl": ((), ("density",), ("density", "clustering")),
    "density": ((), ("clustering", "aspl")),
    "width": ((), ("clustering", "aspl")),
}
MODELS: tuple[tuple[str, ...], ...] = (
    ("density",),
    ("clustering",),
    ("aspl",),
    ("clustering", "aspl"),
    ("density", "clustering", "aspl"),
)
BANDS = 3  # of density, with equally many graphs
_OUTCOMES = ["graph", "seed", "width", "macs_kept", "sparsity", "test_accuracy", "failure"]


def graphs_table(graphs: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """One row a graph, as in `graphs`, with its width, its MACs and its outcome.

    macs: multiply-adds an example; macs_excess: their share above the complete graph's.
    density_in_scope: kept share of the masked weights. accuracy and sd (ddof 1): test accuracy
    over the n runs that did not fail, as fractions; failed: the others. UserError if the
    records are of other graphs.
    """
    lacking = [column for column in _OUTCOMES if column not in records]
    if lacking or set(graphs["graph"]) != set(records["graph"]):
        raise UserError(
            "the records and the graphs of ws_flex do not belong together"
            + (f" (no columns {lacking})" if lacking else "")
            + "; run the trainings again"
        )
    failed = records["failure"] != ""
    runs = records.assign(test_accuracy=records["test_accuracy"].mask(failed), failed=failed)
    found = runs.groupby("graph").agg(
        width=("width", "first"),
        macs=("macs_kept", "first"),
        sparsity=("sparsity", "first"),
        accuracy=("test_accuracy", "mean"),
        sd=("test_accuracy", "std"),
        n=("test_accuracy", "count"),
        failed=("failed", "sum"),
    )
    found["density_in_scope"] = 1 - found.pop("sparsity")
    found["accuracy"] = found["accuracy"].round(12)  # equal means must be equal
    table = graphs.join(found, on="graph")
    dense = table.loc[table["kind"] == COMPLETE, "macs"].iloc[0]
    return table.assign(macs_excess=table["macs"] / dense - 1)


def swept(table: pd.DataFrame) -> pd.DataFrame:
    """The graphs of the sweep of which some run did not fail; not the complete graph."""
    return table[(table["kind"] != COMPLETE) & table["accuracy"].notna()]


def associations(table: pd.DataFrame, level: float = 0.95, draws: int = 2000) -> pd.DataFrame:
    """Spearman's rho of the graphs' mean accuracies with each quantity, plain and partial.

    One row for every entry of GIVEN: quantity, given (names joined by ", "), estimate, low and
    high (bootstrap over graphs), n. Among the graphs of the sweep alone: the complete graph is
    at the end of every axis.
    """
    known = swept(table)
    rows = []
    for quantity, sets in GIVEN.items():
        for given in sets:
            effect = spearman_interval(
                known, "graph", quantity, "accuracy", list(given), level, draws
            )
            rows.append((quantity, ", ".join(given), *_ends(effect)))
    return pd.DataFrame(rows, columns=["quantity", "given", "estimate", "low", "high", "n"])


def among_themselves(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rho of the quantities with each other, over the graphs of the sweep."""
    known = swept(table)
    values = [[partial_spearman(known[a], known[b]) for b in QUANTITIES] for a in QUANTITIES]
    return pd.DataFrame(values, index=QUANTITIES, columns=QUANTITIES)


def in_bands(table: pd.DataFrame, level: float = 0.95, draws: int = 2000) -> pd.DataFrame:
    """Rho of mean accuracy with L and with C among graphs of similar density.

    Columns: quantity, band (from 0, the sparsest), least and most (density), estimate, low,
    high, n. The graphs are dealt to BANDS bands by density.
    """
    known = swept(table).sort_values("density", kind="stable")
    rows = []
    for quantity in ("aspl", "clustering"):
        for band, places in enumerate(np.array_split(np.arange(len(known)), BANDS)):
            part = known.iloc[places]
            effect = spearman_interval(part, "graph", quantity, "accuracy", None, level, draws)
            ends = part["density"].min(), part["density"].max()
            rows.append((quantity, band, *ends, *_ends(effect)))
    columns = ["quantity", "band", "least", "most", "estimate", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def explained(table: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Variance of the graphs' mean accuracies that each of MODELS predicts out of fold.

    A model is linear in its quantities and their squares. Columns: quantities, estimate, low,
    high, n.
    """
    known = swept(table).reset_index(drop=True)
    rows = []
    for names in MODELS:
        columns = {name: _standardised(known[name]) for name in names}
        squares = {f"{name}²": values**2 for name, values in columns.items()}
        effect = cross_validated_r2(
            pd.DataFrame({**columns, **squares}), known["accuracy"], draws=draws
        )
        rows.append((", ".join(names), *_ends(effect)))
    return pd.DataFrame(rows, columns=["quantities", "estimate", "low", "high", "n"])


def _standardised(values: pd.Series) -> pd.Series:
    spread = values.std(ddof=0)
    return (values - values.mean()) / (spread if spread > 0 else 1)


def _ends(effect) -> tuple[float, float, float, int]:
    return effect.estimate, effect.low, effect.high, effect.n
