"""Bounds enclose the curvature, and the re-optimised transport is the optimal one."""

import numpy as np
import ot
import pytest
from curvature_cases import NETS, net
from hypothesis import given, settings
from hypothesis import strategies as st

from graphprune.pruning import curvature_direct
from graphprune.pruning.curvature import Settings, neural_curvature
from graphprune.pruning.curvature_bounds import transport_bounds
from graphprune.pruning.curvature_simplex import optimal_tree, relay_transports
from graphprune.pruning.curvature_tree import plan_tree, tree_solution


@st.composite
def problems(draw):
    """A direct problem with two targets and three sources; masses equal and costs tied at times."""
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns = (
        np.full(k, 1 / k) if draw(st.booleans()) else rng.dirichlet(np.ones(k)) for k in (n, m)
    )
    cost, near, far = (rng.random(shape) + 0.1 for shape in ((n, m), (2, n), (3, m)))
    if draw(st.booleans()):
        cost, near, far = (np.round(values * 4) / 4 for values in (cost, near, far))
    lengths = rng.uniform(0.05, 2.5, (2, 3))
    return rows, columns, cost, near, far, lengths


def direct(rows, columns, cost):
    plan, log = ot.emd(rows, columns, cost, log=True)
    tree = plan_tree(plan, cost, log["u"], log["v"])
    flow, _, _, _ = tree_solution(tree, cost, rows, columns)
    tree = optimal_tree(cost, tree, flow, 10_000)
    return (tree, *tree_solution(tree, cost, rows, columns))


def by_pot(rows, columns, cost, near, far, length):
    relayed = np.minimum(cost, near[:, None] + far - length)
    least = relayed.min()
    return ot.emd2(rows, columns, relayed - least) + least


@settings(max_examples=150, deadline=None)
@given(problems())
def test_the_relay_transport_is_optimal(problem):
    rows, columns, cost, near, far, lengths = problem
    tree, flow, *_ = direct(rows, columns, cost)
    edges = np.argwhere(lengths > 0)
    none = np.full(len(edges), -np.inf)
    found = relay_transports(cost, near, far, edges, lengths.ravel(), none, tree, flow, 10_000)
    assert flow.min() >= 0
    for (v, u), moved, length in zip(edges, found, lengths.ravel(), strict=True):
        assert moved == pytest.approx(
            by_pot(rows, columns, cost, near[v], far[u], length), abs=1e-10
        )


@settings(max_examples=100, deadline=None)
@given(problems(), st.lists(st.booleans(), min_size=1))
def test_a_transport_that_is_cheap_enough_is_not_sought_further(problem, cheap):
    rows, columns, cost, near, far, lengths = problem
    tree, flow, *_ = direct(rows, columns, cost)
    edges = np.argwhere(lengths > 0)
    arguments = cost, near, far, edges, lengths.ravel()
    never = np.full(len(edges), -np.inf)
    exact = relay_transports(*arguments, never, tree, flow, 10_000)
    cheap = np.resize(cheap, len(edges))
    found = relay_transports(*arguments, exact + np.where(cheap, 1, -1) * 1e-9, tree, flow, 10_000)
    assert (found[cheap] == -np.inf).all()
    assert found[~cheap] == pytest.approx(exact[~cheap], abs=1e-10)


@settings(max_examples=150, deadline=None)
@given(problems())
def test_bounds_enclose_the_value(problem):
    rows, columns, cost, near, far, lengths = problem
    *_, f, g = direct(rows, columns, cost)
    f = np.minimum(f, (cost - g).min(1))
    dual = rows @ f + columns @ g
    assert dual == pytest.approx(ot.emd2(rows, columns, cost), abs=1e-12)
    every = np.ones(lengths.shape, bool)
    low, high = transport_bounds(
        dual,
        dual,
        f,
        g,
        rows,
        columns,
        near,
        far,
        near @ rows,
        far @ columns,
        1 / lengths,
        every,
        np.full(lengths.shape, np.inf),
        2,
    )
    for (v, u), length in np.ndenumerate(lengths):
        value = 1 - by_pot(rows, columns, cost, near[v], far[u], length) / length
        assert low[v, u] - 1e-9 <= value <= high[v, u] + 1e-9


@pytest.mark.parametrize("idleness", [0.0, 0.2, 0.9])
@pytest.mark.parametrize("name", NETS)
def test_the_cheap_variant_encloses_the_exact_one_and_says_how_far_off_it_is(name, idleness):
    model, examples = net(name, seed=20)
    exact = neural_curvature(model, examples, Settings(idleness=idleness))
    cheap = neural_curvature(model, examples, Settings("bounds", idleness=idleness))
    lower, upper = cheap.interval()
    for tensor, values in exact.scores().items():
        assert (lower[tensor] <= values.numpy() + 1e-9).all()
        assert (values.numpy() <= upper[tensor] + 1e-9).all()
        gap, known = cheap.error()[tensor]
        assert gap == (upper[tensor] - lower[tensor]).max()
        assert known == (upper[tensor] == lower[tensor]).mean()
    assert cheap.solved == 0
    assert all(np.array_equal(cheap.scores()[tensor], lower[tensor]) for tensor in lower)


def test_without_a_tree_the_edges_are_solved_one_by_one(monkeypatch):
    """What happens when rounding makes no tree of a plan, or the pivots do not end."""
    model, examples = net("unpadded", seed=21)
    expected = neural_curvature(model, examples).scores()
    monkeypatch.setattr(curvature_direct, "_GAP", -1.0)
    found = neural_curvature(model, examples).scores()
    monkeypatch.undo()
    monkeypatch.setattr(curvature_direct, "_PIVOTS", 0)
    again = neural_curvature(model, examples).scores()
    for tensor, values in expected.items():
        np.testing.assert_allclose(found[tensor], values, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(again[tensor], values, rtol=1e-9, atol=1e-9)
