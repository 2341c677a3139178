"""Stratified splits: what must hold for any labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphprune.data.split import load_split, save_split, stratified_split
from graphprune.errors import UserError
from graphprune.files import write_arrays

COUNTS = st.lists(st.integers(2, 60), min_size=1, max_size=12)
FRACTIONS = st.floats(0.001, 0.999)
SEEDS = st.integers(0, 2**32)


def shuffled_labels(counts, seed=0):
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(labels)


@given(COUNTS, FRACTIONS, SEEDS)
def test_both_sides_together_are_everything_once(counts, fraction, seed):
    labels = shuffled_labels(counts)
    train, val = stratified_split(labels, fraction, seed)
    assert train.dtype == val.dtype == np.int64
    assert (np.diff(train) > 0).all()
    assert (np.diff(val) > 0).all()
    assert np.array_equal(np.union1d(train, val), np.arange(len(labels)))
    assert len(train) + len(val) == len(labels)


@given(COUNTS, FRACTIONS, SEEDS)
def test_class_shares_are_kept_and_every_class_is_on_both_sides(counts, fraction, seed):
    labels = shuffled_labels(counts)
    train, val = stratified_split(labels, fraction, seed)
    in_val = np.bincount(labels[val], minlength=len(counts))
    assert (in_val >= 1).all()
    assert (np.bincount(labels[train], minlength=len(counts)) >= 1).all()
    exact = fraction * np.array(counts)
    assert (np.abs(in_val - exact) < 1 + 1e-9).all()


@given(st.lists(st.integers(20, 200), min_size=1, max_size=12), st.floats(0.1, 0.9), SEEDS)
def test_the_total_is_as_asked_where_no_class_is_tiny(counts, fraction, seed):
    _, val = stratified_split(shuffled_labels(counts), fraction, seed)
    assert len(val) == round(fraction * sum(counts))


def test_counted_by_hand():
    labels = np.array([0] * 10 + [1] * 5 + [2] * 5)
    _, val = stratified_split(labels, 0.25, seed=0)
    # 2.5, 1.25 and 1.25: five in all, the open place goes to the largest remainder.
    assert np.bincount(labels[val]).tolist() == [3, 1, 1]


def test_a_seed_gives_one_split_and_another_seed_another():
    labels = shuffled_labels([50, 50])
    first, again, other = (stratified_split(labels, 0.2, seed)[1] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_sample_can_be_chosen():
    labels = shuffled_labels([6, 4])
    seen = np.concatenate([stratified_split(labels, 0.3, seed)[1] for seed in range(60)])
    assert np.array_equal(np.unique(seen), np.arange(10))


def test_the_global_generator_is_left_alone():
    def state():
        return str(np.random.get_state(legacy=False)["state"]["key"].tolist())  # noqa: NPY002

    before = state()
    stratified_split(shuffled_labels([9, 9]), 0.5, seed=1)
    assert state() == before


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(UserError, match="expected between 0 and 1"):
        stratified_split(np.array([0, 0, 1, 1]), fraction, seed=0)


def test_a_class_of_one_sample_cannot_be_split():
    with pytest.raises(UserError, match="class 7 has 1"):
        stratified_split(np.array([0, 0, 0, 7]), 0.5, seed=0)
    with pytest.raises(UserError, match="found: none"):
        stratified_split(np.array([], dtype=np.int64), 0.5, seed=0)


@pytest.fixture
def stored(tmp_path):
    labels = shuffled_labels([20, 30])
    train, val = stratified_split(labels, 0.2, seed=0)
    save_split(tmp_path / "split.npz", labels, train, val)
    return tmp_path / "split.npz", labels, train, val


def test_a_stored_split_comes_back(stored):
    path, labels, train, val = stored
    found = load_split(path, labels)
    assert np.array_equal(found[0], train)
    assert np.array_equal(found[1], val)


def test_a_split_of_other_labels_is_refused(stored):
    path, labels, _, _ = stored
    for other in (labels[::-1], labels[:-1], np.append(labels, 0)):
        with pytest.raises(UserError, match="made for another data set"):
            load_split(path, other)


def test_a_damaged_split_is_refused(stored):
    path, labels, train, val = stored
    save_split(path, labels, train[1:], val)
    with pytest.raises(UserError, match="every training image exactly once"):
        load_split(path, labels)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match="is damaged"):
        load_split(path, labels)
    write_arrays(path, train=train)
    with pytest.raises(UserError, match="holds no split"):
        load_split(path, labels)
