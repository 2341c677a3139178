import math
from collections.abc import Callable

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from graphprune.errors import UserError
from graphprune.graphs.layout import node_of
from graphprune.masks.mask import Masks
from graphprune.pruning.granularities.edge import ALL_LAYERS, Edge
from graphprune.pruning.granularities.unit import Unit
from graphprune.pruning.granularities.weight import Weight
from graphprune.pruning.granularity import Granularity, Grouping
from graphprune.pruning.names import AGGREGATES

# A group's aggregate over the scores of its surviving weights, by definition.
ORACLES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "max": max,
    "l2": lambda values: math.sqrt(sum(v * v for v in values)),
    "rms": lambda values: math.sqrt(sum(v * v for v in values) / len(values)),
}
SHAPES = st.lists(
    st.tuples(st.integers(3, 6), st.integers(3, 6)).flatmap(
        lambda s: st.sampled_from([s, (*s, 2), (*s, 2, 1)])
    ),
    min_size=1,
    max_size=3,
)
KINDS: dict[str, Granularity] = {
    "weight": Weight(Grouping()),
    "unit": Unit(Grouping()),
    "edge shared": Edge(Grouping(n=3)),
    "edge per layer": Edge(Grouping(n=3, shared=False)),
    "edge with self-loops": Edge(Grouping(n=3, keep_self_loops=False)),
}


def full(shapes) -> Masks:
    return Masks({f"w{i}": torch.ones(s, dtype=torch.bool) for i, s in enumerate(shapes)})


def drawn(shapes, seed: int) -> tuple[dict[str, torch.Tensor], Masks]:
    """Scores of both signs, and masks that keep about two weights in three."""
    generator = torch.Generator().manual_seed(seed)
    scores = {f"w{i}": torch.randn(s, generator=generator) for i, s in enumerate(shapes)}
    alive = {n: torch.rand(s.shape, generator=generator) < 0.67 for n, s in scores.items()}
    return scores, Masks(alive)


def edge_members(scores, alive, n: int, i: int, j: int) -> list[float]:
    """Surviving scores in blocks (i, j) and (j, i) of all layers, found weight by weight."""
    found = []
    for name, values in scores.items():
        rows, columns = node_of(values.shape[0], n), node_of(values.shape[1], n)
        for o, row in enumerate(rows):
            for c, column in enumerate(columns):
                if {int(row), int(column)} == {i, j}:
                    found += values[o, c][alive[name][o, c]].flatten().tolist()
    return found


def test_every_aggregate_but_the_drawn_one_has_an_oracle():
    assert {*ORACLES, "first"} == set(AGGREGATES)


@settings(max_examples=30)
@given(SHAPES, st.integers(0, 10**6), st.sampled_from(sorted(ORACLES)), st.booleans())
def test_an_edge_scores_its_blocks_of_all_layers(shapes, seed, how, keep_self_loops):
    scores, alive = drawn(shapes, seed)
    edge = Edge(Grouping(how, n=3, keep_self_loops=keep_self_loops))
    (found,) = edge.reduce(scores, alive).values()
    (living,) = edge.survivors(alive).values()
    pairs = [(i, j) for i in range(3) for j in range(i + keep_self_loops, 3)]
    assert len(found) == len(living) == len(pairs)
    for score, lives, (i, j) in zip(found.tolist(), living.tolist(), pairs, strict=True):
        members = edge_members(scores, alive, 3, i, j)
        assert lives == bool(members)
        if members:
            assert score == pytest.approx(ORACLES[how](members), rel=1e-6, abs=1e-6)


@settings(max_examples=20)
@given(SHAPES, st.integers(0, 10**6), st.sampled_from(AGGREGATES))
def test_one_graph_a_layer_is_the_shared_graph_of_each_layer_alone(shapes, seed, how):
    scores, alive = drawn(shapes, seed)
    each = Edge(Grouping(how, n=3, shared=False)).reduce(scores, alive)
    for name in scores:
        alone = Edge(Grouping(how, n=3)).reduce({name: scores[name]}, Masks({name: alive[name]}))
        assert torch.equal(each[name], alone[ALL_LAYERS])


@settings(max_examples=30)
@given(SHAPES, st.integers(0, 10**6), st.sampled_from(sorted(ORACLES)))
def test_a_unit_scores_its_row(shapes, seed, how):
    scores, alive = drawn(shapes, seed)
    unit = Unit(Grouping(how))
    found, living = unit.reduce(scores, alive), unit.survivors(alive)
    for name, values in scores.items():
        for row in range(len(values)):
            members = values[row][alive[name][row]].flatten().tolist()
            assert bool(living[name][row]) == bool(members)
            if members:
                expected = ORACLES[how](members)
                assert float(found[name][row]) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@settings(max_examples=30)
@given(SHAPES, st.integers(0, 10**6), st.sampled_from(sorted(KINDS)))
def test_groups_expanded_are_the_groups_that_survive(shapes, seed, kind):
    granularity, like = KINDS[kind], full(shapes)
    generator = torch.Generator().manual_seed(seed)
    kept = {
        pool: torch.rand(groups.shape, generator=generator) < 0.5
        for pool, groups in granularity.survivors(like).items()
    }
    masks = granularity.expand(kept, like)
    assert list(masks) == list(like)
    back = granularity.survivors(masks)
    assert back.keys() == kept.keys()
    assert all(torch.equal(back[pool], kept[pool]) for pool in kept)


def test_weights_are_grouped_without_index_tensors():
    scores, alive = drawn([(3, 4)], 0)
    reduced = Weight(Grouping()).reduce(scores, alive)["w0"]
    assert reduced.data_ptr() == scores["w0"].data_ptr()


def test_an_edge_goes_in_both_directions_of_every_layer_and_self_loops_stay():
    edge = Edge(Grouping(n=2))
    masks = edge.expand({ALL_LAYERS: torch.tensor([False])}, full([(2, 3), (4, 2)]))
    assert masks["w0"].int().tolist() == [[1, 1, 0], [0, 0, 1]]
    assert masks["w1"].int().tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    with_loops = Edge(Grouping(n=2, keep_self_loops=False))
    none_left = with_loops.expand({ALL_LAYERS: torch.zeros(3, dtype=torch.bool)}, full([(2, 3)]))
    assert none_left.density() == 0


def test_blocks_of_unequal_size_are_compared_per_weight():
    """n = 2 on 2 × 3: equal weights give equal means, but the larger self-loop a larger sum."""
    scores = {"w0": torch.ones(2, 3)}
    mean, total = (
        Edge(Grouping(how, n=2, keep_self_loops=False)).reduce(scores, full([(2, 3)]))[ALL_LAYERS]
        for how in ("mean", "sum")
    )
    assert mean.tolist() == [1, 1, 1]  # (0, 0), (0, 1), (1, 1)
    assert total.tolist() == [2, 3, 1]


def test_first_takes_one_draw_of_a_group_however_large_it_is():
    scores = {"w0": torch.arange(12.0).view(4, 3), "w1": -torch.ones(4, 4)}
    like = full([(4, 3), (4, 4)])
    assert Unit(Grouping("first")).reduce(scores, like)["w0"].tolist() == [0, 3, 6, 9]
    # n = 2: block (0, 1) of w0 begins at row 0, column 2.
    assert Edge(Grouping("first", n=2)).reduce(scores, like)[ALL_LAYERS].tolist() == [2]


def test_random_edges_of_unequal_size_are_equally_likely_to_go():
    """30 × 2 on n = 2 without self-loops: three edges, of 15, 30 and 15 weights."""
    edge = Edge(Grouping("first", n=2, keep_self_loops=False))
    generator = torch.Generator().manual_seed(0)
    wins = torch.zeros(3)
    for _ in range(3000):
        scores = {"w0": torch.rand((30, 2), generator=generator, dtype=torch.float64)}
        wins[edge.reduce(scores, full([(30, 2)]))[ALL_LAYERS].argmax()] += 1
    assert torch.allclose(wins, torch.full((3,), 1000.0), atol=4 * math.sqrt(3000 * 2 / 9))


@pytest.mark.parametrize("n", [None, 1])
def test_edges_need_a_graph(n):
    with pytest.raises(UserError, match=f"n >= 2 .* found {n}"):
        Edge(Grouping(n=n)).survivors(full([(4, 4)]))


def test_a_layer_narrower_than_the_graph_is_named():
    with pytest.raises(UserError, match="w1"):
        Edge(Grouping(n=4)).survivors(full([(4, 4), (4, 3)]))
