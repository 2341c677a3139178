"""The page on whether the graph is identifiable: its tables for readers, and what they mean."""

from collections.abc import Callable

import pandas as pd

from graphprune.report.labels import SHORT
from graphprune.report.output import Page

POINTS = 100


def identifiability_note(records: pd.DataFrame) -> str:
    """What was run, in a few sentences."""
    first, seeds = records.iloc[0], sorted(set(records["seed"]))
    return (
        f"Data set {first['dataset']}, network {first['model']} with masks on its scope "
        f"'{first['scope']}', recipe {first['recipe']}, sparsity {first['level']:g}. Every mask is "
        f"trained on the same seeds {', '.join(map(str, seeds))}: these decide initial weights and "
        "data order. All accuracies are on validation data; the test set is not read."
    )


def identifiability_page(table: pd.DataFrame, note: str, spread: pd.DataFrame) -> Page:
    """`identifiability_table` and `spread_table` for readers."""
    page = Page("BoGP: is the graph identifiable at all?")
    page.text(note)
    page.heading("Masks against seeds")
    page.text(
        "The intraclass correlation (ICC) is the share of the variance of single trainings that "
        "belongs to the mask: 0 when two trainings of one mask are no more alike than trainings "
        "of different masks, 1 when the seed does not matter. A search that trains each mask once "
        "sees mostly luck where it is low. The F test asks whether masks differ at all; with many "
        "trainings it finds differences too small to be of use."
    )
    page.text(
        "Accuracy in %: mean ± sd of mask means (n masks), and sd between the seeds of one mask, "
        "pooled over masks. ICC with its 95 % interval. Masks of which a run failed are left out."
    )
    page.table(_masks(table))
    page.heading("Do the graph's properties explain which masks are good?")
    page.text(
        "R² is the share of the variance of mask means that a linear fit on the properties "
        "predicts for masks it has not seen (5-fold cross-validation); below 0 the prediction is "
        "worse than the mean of all masks. Brackets: 95 % interval, and in parentheses the number "
        "of masks; a disconnected graph has an infinite ASPL and is left out."
    )
    page.text(
        "'Rows permuted' asks the same with the properties of each mask after its rows are put in "
        "another order. Where only one matrix is masked, that renames hidden units: the network "
        "is the same, its graph another one. So whatever R² is left there cannot come from the "
        "graph, but from what both share, such as the number of weights at each input. Only what "
        "the mask's own properties explain beyond that could be due to its graph; and there, with "
        "one masked matrix, even that must come from something that permuting rows leaves alone, "
        "of which the graph is a better or worse picture."
    )
    page.table(_explained(table))
    page.heading("How far the sources spread")
    page.text(
        "Mean ± sd of each property over all masks of a source's database, in parentheses the "
        "number of masks with a finite value, in brackets the sd relative to that of 'random' "
        "masks. A search finds nothing where the masks are all alike."
    )
    page.table(_spread(spread))
    page.text(
        "Equal mask density is not equal graph density. Two nodes of the graph are joined if "
        "either direction is kept: a directed 'random' mask of s = .9 has graph density .19, the "
        "symmetric families, which keep both directions or none, .10. So in a mixture average "
        "degree tells directed from symmetric sources, and what it explains there may be the "
        "source."
    )
    return page


def _masks(table: pd.DataFrame) -> pd.DataFrame:
    return _lines(
        table,
        {
            "masks × seeds": lambda row: f"{row['masks']} × {row['seeds']}",
            "val accuracy (%)": lambda row: (
                f"{_number(POINTS * row['mean_accuracy'])} ± "
                f"{_number(POINTS * row['sd_masks'])} ({row['n']})"
            ),
            "sd of seeds": lambda row: f"{_number(POINTS * row['sd_seeds'])} ({row['n']})",
            "ICC [95 %]": lambda row: _effect(row, "icc"),
            "p of F test": lambda row: "–" if pd.isna(row["icc_p"]) else f"{row['icc_p']:.2g}",
            "failed runs": lambda row: f"{row['failed']}",
        },
    )


def _explained(table: pd.DataFrame) -> pd.DataFrame:
    return _lines(
        table,
        {
            "R² [95 %]": lambda row: _effect(row, "r2"),
            "R², rows permuted [95 %]": lambda row: _effect(row, "r2_permuted"),
            "left out (own / permuted)": lambda row: (
                f"{row['r2_infinite']} / {row['r2_permuted_infinite']}"
            ),
            "bogp-1": lambda row: row["verdict"],
            "why": lambda row: row["reason"],
        },
    )


def _lines(table: pd.DataFrame, cells: dict[str, Callable[[pd.Series], str]]) -> pd.DataFrame:
    lines = [
        {"mask source": row["source"], **{title: cell(row) for title, cell in cells.items()}}
        for _, row in table.iterrows()
    ]
    return pd.DataFrame(lines)


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Properties down, sources across."""
    lines = []
    for name, rows in table.groupby("property", sort=False):
        cells = {row["source"]: _spread_cell(row) for _, row in rows.iterrows()}
        lines.append({"property": SHORT.get(str(name), str(name)), **cells})
    last = {"property": "disconnected graphs"}
    for source, rows in table.groupby("source", sort=False):
        last[str(source)] = str(rows["disconnected"].iloc[0])
    return pd.DataFrame([*lines, last])


def _spread_cell(row: pd.Series) -> str:
    if not row["n"]:
        return "– (0)"
    sd = "–" if pd.isna(row["sd"]) else f"{row['sd']:.2g}"
    relative = "" if pd.isna(row["relative_sd"]) else f" [{row['relative_sd']:.2g}×]"
    return f"{row['mean']:.4g} ± {sd} ({row['n']}){relative}"


def _effect(row: pd.Series, name: str) -> str:
    if pd.isna(row[name]):
        return f"– ({row[f'{name}_n']})"
    low, high = _number(row[f"{name}_low"]), _number(row[f"{name}_high"])
    return f"{_number(row[name])} [{low}, {high}] ({row[f'{name}_n']})"


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.2f}"
