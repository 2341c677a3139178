"""edge-1 and edge-2 on trainings whose answer is known."""

import math

import numpy as np
import pandas as pd
import pytest
from edges_cases import SEEDS, failed, grid, training

from graphprune.claims.edges import edge_1, edge_2
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError


def verdict(table, criterion, cell="mlp"):
    (row,) = table[(table["criterion"] == criterion) & (table["cell"] == cell)].to_dict("records")
    return row


def test_slopes_are_those_of_the_lines():
    table = edge_1(grid(slope=-0.2, fixed=-0.1))
    assert tuple(table.columns) == COLUMNS
    at_k, at_sparsity = verdict(table, "fixed K"), verdict(table, "fixed sparsity")
    # Seeds have slopes −.2, −.199 … −.196; K moves all of a seed's accuracies alike.
    assert at_k["effect"] == pytest.approx(-0.198)
    assert at_sparsity["effect"] == pytest.approx(-0.098)
    assert at_k["n"] == at_sparsity["n"] == 5
    assert verdict(table, "both")["verdict"] == "supported"
    assert verdict(table, "fixed K", "mlp, K = 20")["verdict"] == "not judged"


@pytest.mark.parametrize(
    ("slope", "fixed", "outcome"),
    [(-0.2, 0.1, "not supported"), (0.2, -0.1, "not supported"), (-0.2, -0.002, "undecided")],
)
def test_both_slopes_have_to_fall(slope, fixed, outcome):
    assert verdict(edge_1(grid(slope, fixed)), "both")["verdict"] == outcome


def test_a_seed_with_a_failed_training_is_left_out_and_counted():
    runs = grid()
    runs = pd.concat([pd.DataFrame([failed(runs.iloc[0].to_dict())]), runs.iloc[1:]])
    row = verdict(edge_1(runs), "fixed K")
    assert (row["n"], row["failed"], row["verdict"]) == (4, 1, "undecided")


def test_without_a_fixed_part_nothing_is_decided():
    runs = grid()
    row = verdict(edge_1(runs[runs["block"] == "grid"]), "both")
    assert row["verdict"] == "undecided"


def test_other_arms_and_blocks_are_not_judged():
    runs = grid()
    others = [training("edges_random", p=0.1, seed=s, accuracy=0.1) for s in SEEDS]
    others += [training(block="compared", p=0.9, seed=s, accuracy=0.1) for s in SEEDS]
    both = pd.concat([runs, pd.DataFrame(others)], ignore_index=True)
    pd.testing.assert_frame_equal(edge_1(both), edge_1(runs))
    pd.testing.assert_frame_equal(edge_2(both, 50), edge_2(runs, 50))


def graphs(follows, n=60):
    """Graphs of random density; accuracy follows density and, with weight, a property's rest."""
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(n):
        density, own = rng.uniform(0.2, 0.9), rng.normal()
        rows.append(
            training(
                density=density,
                clustering=density + 0.1 * own,
                aspl=2 - density + 0.1 * rng.normal(),
                accuracy=0.5 + 0.3 * density + follows * own + 0.01 * rng.normal(),
            )
        )
    return pd.DataFrame(rows)


def test_what_density_explains_is_no_relation():
    table = edge_2(graphs(follows=0.0), draws=300)
    assert verdict(table, "clustering")["verdict"] == "undecided"
    assert verdict(table, "clustering", "mlp, whatever the density")["low"] > 0.5
    assert verdict(table, "aspl", "mlp, whatever the density")["high"] < -0.5


def test_what_goes_beyond_density_is_found():
    table = edge_2(graphs(follows=0.05), draws=300)
    assert verdict(table, "clustering")["verdict"] == "supported"
    assert verdict(table, "both")["verdict"] == "undecided"  # ASPL adds nothing


def test_a_graph_in_pieces_has_no_path_length():
    runs = graphs(follows=0.05)
    runs.loc[:9, "aspl"] = math.inf
    table = edge_2(runs, draws=50)
    assert verdict(table, "aspl")["n"] == 50
    assert verdict(table, "clustering")["n"] == 60


def test_missing_columns_are_named():
    with pytest.raises(UserError, match=r"lack the columns \['density'\]"):
        edge_1(grid().drop(columns="density"))
