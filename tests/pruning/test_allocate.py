import hypothesis.strategies as st
import pytest
from hypothesis import given

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.pruning.allocate import ALLOCATIONS, TOLD, Ask, allocate

TOTALS = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 10**6), min_size=1)
FRACTIONS = st.floats(0, 1)


@given(TOTALS, FRACTIONS)
def test_global_gives_one_count_to_all_pools(totals, sparsity):
    ((pools, keep),) = allocate("global", Ask(totals, sparsity)).items()
    assert list(pools) == list(totals)
    assert keep == kept_count(sum(totals.values()), sparsity)


@given(TOTALS, FRACTIONS)
def test_uniform_counts_every_pool_alike(totals, sparsity):
    shares = allocate("uniform", Ask(totals, sparsity))
    assert shares == {(pool,): kept_count(total, sparsity) for pool, total in totals.items()}


@given(TOTALS, FRACTIONS, st.data())
def test_matched_copies_the_reference_whatever_is_asked(totals, sparsity, data):
    counts = {pool: data.draw(st.integers(0, total)) for pool, total in totals.items()}
    shares = allocate("matched", Ask(totals, sparsity, reference=counts))
    assert shares == {(pool,): count for pool, count in counts.items()}


@given(TOTALS, FRACTIONS, FRACTIONS)
@pytest.mark.parametrize("name", ["global", "uniform"])
def test_more_sparsity_never_keeps_more(name, totals, one, two):
    sparse, dense = (
        sum(allocate(name, Ask(totals, s)).values()) for s in (max(one, two), min(one, two))
    )
    assert sparse <= dense


def test_a_hand_count():
    totals = {"a": 10, "b": 5}
    assert allocate("global", Ask(totals, 0.5)) == {("a", "b"): 7}  # 7.5 removed, halves up
    assert allocate("uniform", Ask(totals, 0.5)) == {("a",): 5, ("b",): 2}
    densities = {"b": 0.2, "a": 0.3}
    assert allocate("explicit", Ask(totals, 0.9, densities=densities)) == {("a",): 3, ("b",): 1}


def test_told_allocations_are_those_that_ignore_the_sparsity():
    ignoring = [
        name
        for name in ALLOCATIONS
        if allocate(name, Ask({"a": 10}, 0.1, {"a": 4}, {"a": 0.4}))
        == allocate(name, Ask({"a": 10}, 0.8, {"a": 4}, {"a": 0.4}))
    ]
    assert sorted(ignoring) == sorted(TOLD)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("matched", {}, "context.reference"),
        ("explicit", {}, "context.densities"),
        ("explicit", {"densities": {"layer1": 0.5}}, "says nothing about 'layer2'"),
        ("explicit", {"densities": {"layer1": 0.5, "layer2": 1.5}}, r"'layer2'.*\[0, 1\].*1\.5"),
        (
            "explicit",
            {"densities": {"layer1": 0.5, "layer2": 0.5, "head": 0.5}},
            "'head', which is not pruned",
        ),
        ("globl", {}, "did you mean 'global'"),
    ],
)
def test_what_is_missing_or_wrong_is_named(name, given, message):
    with pytest.raises(UserError, match=message):
        allocate(name, Ask({"layer1": 4, "layer2": 4}, 0.5, **given))
