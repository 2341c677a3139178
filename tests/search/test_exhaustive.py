"""Every mask once, in order, failures included."""

import numpy as np

from graphprune.search.exhaustive import exhaustive


def test_every_row_is_scored_once_and_a_failure_stays_in():
    asked = []

    def score(row):
        asked.append(row)
        return (float("nan") if row == 2 else row / 10), 0.5

    table = exhaustive(score, 4)
    assert asked == [0, 1, 2, 3]
    assert list(table["mask"]) == asked
    np.testing.assert_allclose(table["score"], [0, 0.1, np.nan, 0.3])
    assert set(table["seconds"]) == {0.5}
