"""RGP's Figure 5: spanning trees of graphs whose distances are known."""

import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Circle

from graphprune.errors import UserError
from graphprune.graphs.aspl import aspl
from graphprune.graphs.generators import random_regular, ring_lattice, swapped
from graphprune.graphs.relational import RelationalGraph
from graphprune.report.rgp_theory.example import mean_distances
from graphprune.report.rgp_theory.trees import (
    figure5,
    rings_table,
    spanning_tree,
    trees_page,
    typical_root,
)

pytestmark = pytest.mark.filterwarnings("error")

GRAPHS = {
    "greatest ASPL": ring_lattice(32, 4),
    "middle ASPL": swapped(ring_lattice(32, 4), 12, seed=1),
    "smallest ASPL": random_regular(32, 4, seed=0),
}


def trees(graphs=GRAPHS):
    return pd.DataFrame(
        [(name, aspl(graph), graph.to_graph6()) for name, graph in graphs.items()],
        columns=["name", "aspl", "graph6"],
    )


def petersen():
    adjacency = nx.to_numpy_array(nx.petersen_graph()).astype(bool)
    return RelationalGraph(adjacency, np.zeros(10, dtype=bool))


def test_the_root_is_the_one_closest_to_the_aspl():
    graph = GRAPHS["middle ASPL"]
    root = typical_root(graph, aspl(graph))
    distances = np.abs(mean_distances(graph) - aspl(graph))
    assert distances[root] == pytest.approx(distances.min())
    assert (distances[:root] > distances[root] + 1e-9).all()
    assert typical_root(ring_lattice(32, 4), aspl(ring_lattice(32, 4))) == 0


def test_a_spanning_tree_keeps_the_distances():
    graph = GRAPHS["middle ASPL"]
    rings, parents = spanning_tree(graph, 5)
    lengths = nx.single_source_shortest_path_length(graph.to_networkx(), 5)
    for distance, ring in enumerate(rings):
        assert sorted(ring) == sorted(node for node, d in lengths.items() if d == distance)
    assert set(parents) == set(range(32)) - {5}
    for node, parent in parents.items():
        assert graph.adjacency[node, parent]
        assert lengths[node] == lengths[parent] + 1


def test_a_panel_has_a_ring_for_each_distance_with_its_size_and_the_tree_alone():
    figure = figure5(trees())
    assert len(figure.axes) == 3
    for axes, (name, graph) in zip(figure.axes, GRAPHS.items(), strict=True):
        rings, parents = spanning_tree(graph, typical_root(graph, aspl(graph)))
        circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
        assert [circle.get_radius() for circle in circles] == list(range(1, len(rings)))
        sizes = {
            round(text.get_position()[1]): text.get_text()
            for text in axes.texts
            if text.get_position()[0] == 0
        }
        assert sizes == {r: str(len(ring)) for r, ring in enumerate(rings) if r}
        assert len(axes.get_lines()) == len(parents) == 31
        (points,) = axes.collections
        radii = np.hypot(*points.get_offsets().T)
        expected = [r for r, ring in enumerate(rings) for _ in ring]
        np.testing.assert_allclose(radii, expected, atol=1e-9)
        assert axes.get_title().startswith(f"{name}: {aspl(graph):.3f}\n")


def test_nodes_of_a_ring_stand_apart_and_leave_the_numbers_free():
    axes = figure5(trees({"Petersen": petersen()})).axes[0]
    (points,) = axes.collections
    offsets = np.asarray(points.get_offsets())
    apart = [math.dist(a, b) for i, a in enumerate(offsets) for b in offsets[:i]]
    assert min(apart) > 0.5
    labels = [text.get_position() for text in axes.texts]
    assert min(math.dist(a, b) for a in offsets for b in labels) > 0.25


def test_rings_beside_the_moore_bound():
    table = rings_table(trees())
    assert table["distance"].tolist() == list(range(9))
    assert table["greatest ASPL"].tolist() == [1, 4, 4, 4, 4, 4, 4, 4, 3]
    assert table["moore"].tolist() == [1, 4, 12, 15, 0, 0, 0, 0, 0]
    assert (table.drop(columns="distance").sum() == 32).all()


def test_a_moore_graph_fills_its_tree():
    table = rings_table(trees({"Petersen": petersen()}))
    assert table["Petersen"].tolist() == table["moore"].tolist() == [1, 3, 6]


def test_the_page_has_rings_means_and_the_bound():
    text = trees_page(trees()).markdown()
    assert "4-regular graphs on 32 nodes" in text
    assert "closest to the graph's ASPL" in text
    assert "| 2 | 4 |" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| ASPL of the graph")]
    assert f"| {aspl(GRAPHS['middle ASPL']):.4f} |" in row
    assert row.endswith("| 2.3548 |")  # 73 / 31
    (row,) = [line for line in text.splitlines() if line.startswith("| over all roots")]
    means = mean_distances(GRAPHS["middle ASPL"])
    assert f"| {means.min():.4f} … {means.max():.4f} |" in row


def test_no_graphs_and_one_graph():
    none = trees({})
    assert figure5(none)
    assert "No graphs." in trees_page(none).markdown()
    assert trees_page(trees({"one": ring_lattice(8, 2)})).html()


def test_graphs_that_cannot_be_compared_are_refused():
    with pytest.raises(UserError, match="regular and of one size"):
        rings_table(trees({"a": ring_lattice(8, 2), "b": ring_lattice(10, 2)}))
    with pytest.raises(UserError, match="connected"):
        spanning_tree(RelationalGraph(np.zeros((3, 3), dtype=bool), np.zeros(3, dtype=bool)), 1)
