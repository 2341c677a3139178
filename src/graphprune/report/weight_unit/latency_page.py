"""The page of inference time: every form over density, break-even, and the verdict on unit-3."""

import pandas as pd

from graphprune.claims.weight_unit_time import DENSE
from graphprune.report import cells
from graphprune.report.output import Page
from graphprune.report.verdicts import add_verdicts
from graphprune.report.weight_unit.labels import FORMS, LABELS

_MILLI = 1000


def latency_page(
    summary: pd.DataFrame, even: pd.DataFrame, verdict: pd.DataFrame, threads: int
) -> Page:
    """summary, even, verdict: of `claims.weight_unit_time`; threads: of torch, while timing."""
    page = Page("Inference time of pruned networks")
    page.text(
        f"Time of a forward pass in fp32 on the CPU, torch's threads: {threads}; median and "
        f"quartiles over the repeats, of which there are {int(summary['n'].min())} a cell; the "
        "forms of a network take turns in each repeat, and ratios "
        "are medians of those within a repeat. Dense is the faster of F.linear and a "
        "product from the left at that batch size. COO and CSR are torch's sparse tensors, gather "
        "sums the inputs that an output reads one by one, and the smaller network of unit "
        "pruning has the pruned rows and the next layer's columns removed. The last layer is dense "
        "in all. Theirs are the times of one machine."
    )
    page.heading("Break-even")
    page.text(
        "The density of the pruned layers below which a form is faster than dense, linear "
        "between two measured densities; and the least time over the dense one at any density."
    )
    page.table(_even(even))
    for (arm, batch), rows in summary.groupby(["arm", "batch"], sort=False):
        page.heading(f"{LABELS[arm]}, batch {batch}: milliseconds")
        page.table(_times(rows))
    add_verdicts(page, "unit-3", verdict)
    return page


def _even(even: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for (arm, batch), rows in even.groupby(["arm", "batch"], sort=False):
        line = {"pruned": LABELS[arm], "batch": batch}
        for _, row in rows.iterrows():
            at = "never" if pd.isna(row["density"]) else f"below {row['density']:.3g}"
            line[FORMS[row["form"]]] = f"{at}; least {row['best']:.3g}×"
        lines.append(line)
    return pd.DataFrame(lines).fillna(cells.NONE)


def _times(rows: pd.DataFrame) -> pd.DataFrame:
    """k down, forms across."""
    lines = []
    for (k, density), level in rows.groupby(["k", "density"]):
        line = {"k": f"{k:g}", "density": f"{density:.3f}"}
        for _, row in level.iterrows():
            times = [f"{_MILLI * row[name]:.3g}" for name in ("median", "low", "high")]
            ratio = "" if row["form"] in DENSE else f"; {row['ratio']:.2f}×"
            line[FORMS[row["form"]]] = f"{times[0]} [{times[1]}, {times[2]}]{ratio}"
        lines.append(line)
    return pd.DataFrame(lines)
