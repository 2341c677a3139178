"""Properties of masks as drawn and with their rows permuted."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from graphprune.errors import UserError
from graphprune.graphs.property_names import PROPERTIES
from graphprune.graphs.relational import RelationalGraph
from graphprune.masks.build_database import build
from graphprune.studies.permuted import mask_properties

NAMES = ["average_clustering", "average_degree_centrality"]


@pytest.fixture(scope="module")
def databases():
    return [build(source, 8, 0.5, 20, 0, PROPERTIES) for source in ("random", "undirected")]


def test_every_mask_has_a_row_as_drawn_and_one_permuted(databases):
    table = mask_properties(databases, 6, NAMES)
    assert list(table.columns) == ["source", "sparsity", "mask", "permuted", *NAMES]
    assert len(table) == 2 * 6 * 2
    assert not table.duplicated(["source", "mask", "permuted"]).any()
    assert set(table["source"]) == {"random", "undirected"}
    assert set(table["mask"]) == set(range(6))
    assert set(table["sparsity"]) == {0.5}


def test_as_drawn_they_are_those_of_the_database(databases):
    table = mask_properties(databases, 6, NAMES)
    for database in databases:
        own = table[(table["source"] == database.parameters["source"]) & ~table["permuted"]]
        np.testing.assert_array_equal(own[NAMES], database.table.loc[:5, NAMES])


def test_permuted_they_are_those_of_some_other_order_of_the_rows():
    """Three nodes: all orders of the rows can be tried."""
    (database,) = [build("random", 3, 0.5, 12, 0, PROPERTIES)]
    table = mask_properties([database], 12, ["average_degree_centrality"])
    permuted = table[table["permuted"]]["average_degree_centrality"].to_numpy()
    orders = [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    for psi, found in zip(database.masks(), permuted, strict=True):
        graphs = [RelationalGraph.from_mask(psi[list(order)]).to_networkx() for order in orders]
        possible = [np.mean(list(nx.degree_centrality(graph).values())) for graph in graphs]
        assert np.isclose(found, possible).any()
    assert (permuted != database.table["average_degree_centrality"]).any()


def test_a_mask_is_permuted_the_same_way_whatever_else_is(databases):
    few = mask_properties(databases[:1], 4, NAMES)
    many = mask_properties(databases[::-1], 9, NAMES)
    both = few.merge(many, on=["source", "sparsity", "mask", "permuted"], how="left")
    assert len(both) == 8
    for name in NAMES:
        np.testing.assert_array_equal(both[f"{name}_x"], both[f"{name}_y"])


def test_more_masks_than_a_database_holds(databases):
    with pytest.raises(UserError, match="mask id 20 is not in the database"):
        mask_properties(databases, 21, NAMES)


def test_no_masks_make_an_empty_table(databases):
    table = mask_properties(databases, 0, NAMES)
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 0
