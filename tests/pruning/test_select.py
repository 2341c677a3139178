import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphprune.errors import UserError
from graphprune.pruning.select import select

# Few distinct values, so that most examples tie; both zeros and infinities among them.
VALUES = st.sampled_from([-torch.inf, -1.5, -0.0, 0.0, 0.25, 2.0, torch.inf])


@st.composite
def requests(draw: st.DrawFn) -> tuple[list[float], list[bool], int]:
    alive = draw(st.lists(st.booleans(), min_size=1, max_size=12))
    scores = draw(st.lists(VALUES, min_size=len(alive), max_size=len(alive)))
    return scores, alive, draw(st.integers(0, sum(alive)))


def brute_force(scores: list[float], alive: list[bool], keep: int) -> list[bool]:
    """Take the best `keep` times; of equal ones the first."""
    left = [i for i, a in enumerate(alive) if a]
    kept = [False] * len(scores)
    for _ in range(keep):
        best = max(left, key=lambda i: (scores[i], -i))
        left.remove(best)
        kept[best] = True
    return kept


@given(requests(), st.sampled_from([torch.float32, torch.float64]))
def test_select_is_taking_the_best_one_by_one(request, dtype):
    scores, alive, keep = request
    kept = select(torch.tensor(scores, dtype=dtype), torch.tensor(alive), keep)
    assert kept.tolist() == brute_force(scores, alive, keep)


@given(st.integers(1, 2000), st.data())
def test_all_equal_scores_keep_the_lowest_indices(total, data):
    keep = data.draw(st.integers(0, total))
    kept = select(torch.zeros(total), torch.ones(total, dtype=torch.bool), keep)
    assert kept.tolist() == [True] * keep + [False] * (total - keep)


def test_asking_20_of_100_removed_removes_20_not_21():
    scores = torch.rand(100, generator=torch.Generator().manual_seed(0))
    kept = select(scores, torch.ones(100, dtype=torch.bool), 80)
    assert int((~kept).sum()) == 20
    assert scores[kept].min() > scores[~kept].max()


def test_scores_of_the_dead_have_no_say():
    scores = torch.tensor([torch.nan, 9.0, 1.0, 2.0])
    alive = torch.tensor([False, False, True, True])
    assert select(scores, alive, 1).tolist() == [False, False, False, True]


def test_more_than_survive_cannot_be_kept():
    alive = torch.tensor([True, False, True])
    with pytest.raises(UserError, match=r"cannot keep 3 of layer x: 2 of 3 survive"):
        select(torch.zeros(3), alive, 3, where="layer x")


def test_a_nan_among_the_living_is_an_error():
    with pytest.raises(UserError, match="layer x"):
        select(torch.tensor([torch.nan, 1.0]), torch.tensor([True, True]), 1, where="layer x")


def test_inputs_are_left_as_they_were():
    scores, alive = torch.tensor([1.0, 2.0]), torch.tensor([True, True])
    select(scores, alive, 1)
    assert scores.tolist() == [1.0, 2.0]
    assert alive.tolist() == [True, True]
