"""The mask that is fetched, against plain formulas of other libraries."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from graphprune.errors import UserError
from graphprune.search.fetch import SCALINGS, SIMILARITIES, Fetcher

# Sixteenths: exact in binary, so that ties are ties, and of the size that properties have.
numbers = st.integers(-160, 160).map(lambda sixteenths: sixteenths / 16)


@st.composite
def databases_and_vectors(draw):
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    vectors = draw(arrays(np.float64, (rows, columns), elements=numbers))
    vectors = vectors * draw(arrays(np.float64, columns, elements=st.sampled_from([0.1, 1, 100])))
    return vectors, draw(arrays(np.float64, columns, elements=numbers))


def frame(vectors) -> pd.DataFrame:
    vectors = np.asarray(vectors, dtype=float)
    return pd.DataFrame(vectors, columns=[f"p{i}" for i in range(vectors.shape[1])])


def brute_force(vectors, asked, scaling: str, similarity: str) -> np.ndarray:
    """Similarity of each row to the asked vector, by scikit-learn and SciPy."""
    asked = asked[None]
    if scaling != "none":
        scaler = (MinMaxScaler() if scaling == "minmax" else StandardScaler()).fit(vectors)
        vectors, asked = scaler.transform(vectors), scaler.transform(asked)
    if similarity == "cosine":
        return cosine_similarity(vectors, asked)[:, 0]
    metric = {"l1": "cityblock", "l2": "euclidean"}[similarity]
    return -cdist(vectors, asked, metric)[:, 0]


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("similarity", SIMILARITIES)
@given(case=databases_and_vectors())
def test_the_most_similar_row_is_fetched(scaling, similarity, case):
    vectors, asked = case
    row, value = Fetcher(frame(vectors), scaling, similarity).fetch(asked)
    expected = brute_force(vectors, asked, scaling, similarity)
    tolerance = 1e-9 * max(1.0, np.abs(expected).max())
    assert value == pytest.approx(expected[row], abs=tolerance)
    assert expected[row] >= expected.max() - tolerance


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("similarity", SIMILARITIES)
@given(case=databases_and_vectors(), copies=st.integers(2, 9))
def test_among_equals_the_first_row_is_taken(scaling, similarity, case, copies):
    vectors, asked = case
    fetcher = Fetcher(frame(np.tile(vectors, (copies, 1))), scaling, similarity)
    assert fetcher.fetch(asked)[0] < len(vectors)


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_equal_rows_are_equals_to_the_last_bit_wherever_they_stand(similarity):
    """A matrix product rounds some rows differently from others, by their place in it."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        row, count = 10 * rng.random(rng.integers(1, 10)), int(rng.integers(2, 300))
        fetcher = Fetcher(frame(np.tile(row, (count, 1))), "none", similarity)
        assert fetcher.fetch(rng.random(len(row)))[0] == 0


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("similarity", ["l1", "l2"])
@given(case=databases_and_vectors(), data=st.data())
def test_a_row_asked_for_is_itself_the_nearest(scaling, similarity, case, data):
    vectors, _ = case
    row = data.draw(st.integers(0, len(vectors) - 1))
    fetched, value = Fetcher(frame(vectors), scaling, similarity).fetch(vectors[row])
    assert value == 0
    assert (vectors[fetched] == vectors[row]).all()


def test_cosine_looks_at_directions_and_distances_at_points():
    rows = frame([[10.0, 10.0], [1.0, 0.0]])
    asked = np.array([1.0, 0.9])
    assert Fetcher(rows, "none", "cosine").fetch(asked)[0] == 0
    assert Fetcher(rows, "none", "l2").fetch(asked)[0] == 1


def test_unscaled_the_property_with_the_largest_numbers_decides():
    """Edge connectivity in tens beside clustering below one, as in the paper."""
    rows = frame([[60.0, 0.9], [64.0, 0.1]])
    asked = np.array([63.0, 0.85])
    assert Fetcher(rows, "none", "l2").fetch(asked)[0] == 1
    assert Fetcher(rows, "minmax", "l1").fetch(np.array([61.0, 0.85]))[0] == 0


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_a_zero_vector_fetches_the_first_or_the_nearest_row(similarity):
    fetcher = Fetcher(frame([[3.0, 4.0], [-1.0, 0.0]]), "none", similarity)
    row, value = fetcher.fetch(np.zeros(2))
    assert (row, value) == ((0, 0.0) if similarity == "cosine" else (1, -1.0))


def test_a_zero_row_has_cosine_zero_and_yields_to_a_positive_one():
    fetcher = Fetcher(frame([[0.0, 0.0], [1.0, 1.0], [-1.0, -1.0]]), "none", "cosine")
    assert fetcher.fetch(np.array([1.0, 0.0])) == (1, pytest.approx(np.sqrt(0.5)))
    row, value = fetcher.fetch(np.array([0.0, -1.0]))
    assert (row, value) == (2, pytest.approx(np.sqrt(0.5)))
    assert Fetcher(frame([[0.0], [-1.0]]), "none", "cosine").fetch(np.array([2.0])) == (0, 0.0)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_a_constant_column_is_no_division_by_zero(scaling, similarity):
    vectors = np.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]])
    asked = np.array([3.9, 7.0])
    row, value = Fetcher(frame(vectors), scaling, similarity).fetch(asked)
    assert np.isfinite(value)
    assert row == brute_force(vectors, asked, scaling, similarity).argmax()


def test_the_box_is_the_range_of_each_property():
    fetcher = Fetcher(frame([[1.0, -7.0], [2.0, 7.0], [-4.0, 0.0]]), "zscore", "cosine")
    assert fetcher.box == [(-4.0, 2.0), (-7.0, 7.0)]
    assert fetcher.names == ("p0", "p1")


def test_wrong_choices_and_databases_are_named():
    with pytest.raises(UserError, match="unknown scaling 'log'; known: none, minmax, zscore"):
        Fetcher(frame([[1.0]]), "log", "cosine")
    with pytest.raises(UserError, match="unknown similarity 'l3'; known: cosine, l1, l2"):
        Fetcher(frame([[1.0]]), "none", "l3")
    for bad in ([[1.0], [np.inf]], [[np.nan]], np.empty((0, 1))):
        with pytest.raises(UserError, match="at least one row and finite properties"):
            Fetcher(frame(bad), "none", "cosine")
