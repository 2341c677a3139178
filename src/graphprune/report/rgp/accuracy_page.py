"""RGP beside its controls, for readers: the page of Tables 1 to 3 with the verdicts."""

from collections.abc import Callable, Mapping

import pandas as pd

from graphprune.report import cells
from graphprune.report.output import Page
from graphprune.report.rgp.accuracy import LABELS
from graphprune.report.rgp.printed import others, printed
from graphprune.report.verdicts import add_verdicts, in_points

POINTS = cells.POINTS
_ABOUT = "In points, with the interval at the level that Holm's procedure asks for."


def accuracy_page(
    table: pd.DataFrame, verdicts: Mapping[str, pd.DataFrame], note: str, scope: str, init: str
) -> Page:
    """table: of `accuracy.accuracy_table`; verdicts: claim id -> of `claims.rgp_pairs`."""
    page = Page("RGP: regular graphs of small ASPL as masks, beside their controls")
    page.text(note)
    page.text(
        f"Scope '{scope}': "
        + ("all layers but the first and the last are" if scope == "inner" else "see the config;")
        + " masked by one graph, unless an arm says otherwise. Initial weights are scaled for the "
        + ("fan-in that the mask leaves." if init == "sparse" else "dense fan-in, as RGP did.")
        + " Test accuracy at the last epoch, mean ± sd (n seeds); the paper prints the best epoch "
        "of the best graph, both chosen on the test set. Intervals are 95 % t intervals of "
        "differences paired by seed."
    )
    for network, rows in table.groupby("network", sort=False):
        page.heading(f"{network}: accuracy")
        page.table(_wide(rows, _accuracy))
        page.text("Drop from the dense network in points; below zero the arm is better.")
        page.table(_wide(rows[rows["arm"] != "dense"], _drop))
        page.text("RGP minus the arm in points: above zero RGP is better.")
        page.table(_wide(rows[~rows["arm"].isin(["dense", "rgp"])], _minus))
        page.text(
            "True sizes: compression (dense parameters / kept) and theoretical speed-up (dense "
            "MACs / kept), everything that is not masked included; and the cost of one use, in "
            "trainings. Magnitude pruning trains again after every prune: where one training is "
            "short, the longer training alone may explain its lead."
        )
        page.table(_wide(rows, _size))
        page.text(
            "The graphs: ASPL; clustering coefficient; spectral gap, each ± sd over the trainings, "
            "and their number n. The sd is 0 where all seeds have one graph."
        )
        page.table(_wide(rows[rows["clustering"].notna()], _graph))
    _add_counts(page, table)
    for identifier, rows in verdicts.items():
        add_verdicts(page, identifier, rows, _ABOUT, in_points)
    _add_printed(page, table)
    return page


def _wide(rows: pd.DataFrame, cell: Callable[[pd.Series], str]) -> pd.DataFrame:
    """Arms down, degrees across; the dense network, which has none, in every column."""
    levels = rows.loc[rows["degree"] > 0, ["nodes", "degree"]].drop_duplicates()
    titles = {(n, k): f"{n}_{k}" for n, k in levels.itertuples(index=False)} or {(0, 0): "dense"}
    lines = []
    for arm in [arm for arm in LABELS if arm in set(rows["arm"])]:
        mine = rows[rows["arm"] == arm]
        line = {"arm": LABELS[arm]}
        for (_, degree), title in titles.items():
            here = mine[mine["degree"].isin([0, degree])]
            line[title] = cell(here.iloc[0]) if len(here) else ""
        lines.append(line)
    return pd.DataFrame(lines)


def _accuracy(row: pd.Series) -> str:
    failed = f", {row['failed']} failed" if row["failed"] else ""
    return cells.accuracy(row["accuracy"], row["sd"], f"{row['n']}{failed}")


def _drop(row: pd.Series) -> str:
    return _difference(row, "drop")


def _minus(row: pd.Series) -> str:
    return _difference(row, "rgp_minus")


def _difference(row: pd.Series, name: str) -> str:
    value = cells.points(row[name], "+")
    return f"{value} {cells.interval(row[f'{name}_low'], row[f'{name}_high'])} ({row[f'{name}_n']})"


def _size(row: pd.Series) -> str:
    return f"{row['compression']:.2f}× / {row['speedup']:.2f}×; {row['trainings']:g}"


def _graph(row: pd.Series) -> str:
    """ "2.345 ± .003; 0.100 ± .000; 0.512 ± .001 (5)"; an infinite ASPL has no spread."""
    parts = []
    for name in ("aspl", "clustering", "spectral_gap"):
        sd = row[f"{name}_sd"]
        text = "∞" if row[name] == float("inf") else f"{row[name]:.3f}"
        parts.append(f"{text} ± {cells.NONE if pd.isna(sd) else cells.spread(f'{sd:.3f}')}")
    return f"{'; '.join(parts)} ({row['n']})"


def _add_counts(page: Page, table: pd.DataFrame) -> None:
    rows = table[table["arm"] == "rgp"]
    # The paper's counter scales convolutions alone: of an MLP there is nothing to compare.
    rows = rows[rows["paper_flops"] < rows["paper_flops_dense"]]
    if rows.empty:
        return
    page.heading("Sizes as counted in the paper")
    page.text(
        "The paper counts every parameter as pruned to k/n, the first and last layer too although "
        "they are trained dense, leaves batch normalisation out, and computes the reduction from "
        "values rounded to 0.01 million. True counts stand beside."
    )
    page.table(
        pd.DataFrame(
            {
                "network": rows["network"],
                "graph": [f"{n}_{k}" for n, k in zip(rows["nodes"], rows["degree"], strict=True)],
                "parameters kept": [f"{v:,.0f}" for v in rows["parameters_kept"]],
                "true reduction %": [f"{POINTS * (1 - 1 / v):.2f}" for v in rows["compression"]],
                "paper's count": [f"{v:,.0f}" for v in rows["paper_parameters"]],
                "paper's reduction %": [
                    _reduction(row["paper_parameters_dense"], row["paper_parameters"])
                    for _, row in rows.iterrows()
                ],
                "MACs kept": [f"{v:,.0f}" for v in rows["macs_kept"]],
                "true MACs − %": [f"{POINTS * (1 - 1 / v):.2f}" for v in rows["speedup"]],
                "paper's FLOPs − %": [
                    f"{POINTS * (1 - row['paper_flops'] / row['paper_flops_dense']):.2f}"
                    for _, row in rows.iterrows()
                ],
            }
        )
    )


def _reduction(dense: float, pruned: float) -> str:
    """As printed: from millions rounded to 2 decimals; a dash where that rounds to nothing."""
    millions = round(dense / 1e6, 2)
    return f"{POINTS * (1 - round(pruned / 1e6, 2) / millions):.2f}" if millions else cells.NONE


def _add_printed(page: Page, table: pd.DataFrame) -> None:
    page.heading("Printed in the paper's Tables 1 to 3 (quoted, not measured here)")
    page.text(
        "Accuracy in % as printed, one number without spread, beside ours where the same network "
        "at full width was trained on the same data set. In Table 2 the paper calls RGP2's graph "
        "64_20; its accuracy and reductions are those of 64_6 in Table 1, with the two columns of "
        "reductions exchanged."
    )
    ours = {
        (row["dataset"], row["model"], row["nodes"], row["degree"]): _accuracy(row)
        for _, row in table[table["printed"].notna()].iterrows()
    }
    lines = [
        {
            "data set": row.dataset,
            "model": row.model,
            "graph": f"{row.nodes}_{row.degree}" if row.degree else "dense",
            "printed %": f"{row.accuracy:.2f}",
            "ours": ours.get(row[:4], "not run"),
        }
        for row in printed()
    ]
    page.table(pd.DataFrame(lines))
    page.text("Other methods, as the paper quotes them (other schedules and baselines):")
    page.table(others())
