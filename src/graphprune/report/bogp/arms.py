"""How the arms of BoGP's comparison are called and ordered, and what the paper printed for them."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Row:
    """One row of Table 1: an arm in a block, and its name for readers."""

    block: str
    arm: str
    label: str
    paper: str = ""


ROWS = (
    Row("-", "dense", "Dense (base)"),
    Row("equal", "bogp", "BoGP: the searches' winners", "BoGP"),
    Row("equal", "random_search", "Random search's winners"),
    Row("equal", "fresh_mask", "Fresh mask, not searched"),
    Row("equal", "rows_permuted", "BoGP, rows permuted"),
    Row("equal", "nodes_relabelled", "BoGP, nodes relabelled"),
    Row("equal", "random_unstructured", "Random weights, same count"),
    Row("equal", "glob_1", "Magnitude, 1 round"),
    Row("equal", "glob_5", "Magnitude, 5 rounds"),
    Row("equal", "glob_5_rewind", "Magnitude, 5 rounds, rewind"),
    # Where several matrices are in scope; with one they are the three above.
    Row("equal", "unif_1", "Magnitude per matrix, 1 round"),
    Row("equal", "unif_5", "Magnitude per matrix, 5 rounds"),
    Row("equal", "unif_5_rewind", "Magnitude per matrix, 5 rounds, rewind"),
    Row("printed", "glob_1", "Glob 1", "Glob1"),
    Row("printed", "glob_5", "Glob 5", "Glob5"),
    Row("printed", "glob_5_rewind", "Glob 5 rewind"),
    Row("printed", "unif_1", "Unif 1", "Unif1"),
    Row("printed", "unif_5", "Unif 5", "Unif5"),
    Row("printed", "unif_5_rewind", "Unif 5 rewind"),
    Row("found", "bogp", "BoGP, as found"),
    Row("found", "random_search", "Random search, as found"),
    Row("found", "glob_1_best", "Glob 1, best on val"),
)
FOUND = "found"


def rows_of(found: pd.DataFrame) -> tuple[Row, ...]:
    """ROWS, and a row for each other (block, arm) among those columns: nothing run is left out."""
    known = {(row.block, row.arm) for row in ROWS}
    pairs = dict.fromkeys(zip(found["block"], found["arm"], strict=True))
    return ROWS + tuple(Row(block, arm, arm) for block, arm in pairs if (block, arm) not in known)


# BoGP, Table 1 (accuracy on the MNIST "validation", that is test, set).
PAPER_SPARSITIES = (0.15, 0.30, 0.45, 0.60, 0.75, 0.90)
PAPER_BASE = 0.970
PAPER = {
    "BoGP": (0.972, 0.972, 0.970, 0.968, 0.966, 0.951),
    "Glob1": (0.971, 0.970, 0.970, 0.967, 0.965, 0.945),
    "Glob5": (0.972, 0.972, 0.971, 0.970, 0.966, 0.962),
    "Unif1": (0.970, 0.970, 0.969, 0.966, 0.963, 0.810),
    "Unif5": (0.972, 0.972, 0.971, 0.970, 0.965, 0.950),
}

# What a complete Table 1 has besides the dense network, as (block, arm).
PAPER_ARMS = tuple((row.block, row.arm) for row in ROWS if row.paper)


def printed(paper: str, sparsity: float) -> float | None:
    """The accuracy that the paper prints, or None where it prints none."""
    if not paper or sparsity not in PAPER_SPARSITIES:
        return None
    return PAPER[paper][PAPER_SPARSITIES.index(sparsity)]
