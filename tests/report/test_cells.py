"""How numbers are written in BoGP's tables."""

import math

import pytest

from graphprune.report import cells


def test_accuracies_are_short_and_complete():
    assert cells.accuracy(0.9567, 0.0021, 25) == "95.67 ± .21 (25)"
    assert cells.accuracy(0.9567, 0.0183, "5×10") == "95.67 ± 1.83 (5×10)"
    assert cells.accuracy(0.0013, 0.0, 10, "+") == "+0.13 ± .00 (10)"
    assert cells.accuracy(math.nan, math.nan, 0) == "– ± – (0)"


def test_intervals_have_both_signs_and_no_negative_zero():
    assert cells.interval(-0.005, 0.0076) == "[-0.50, +0.76]"
    assert cells.interval(-0.00001, math.nan) == "[+0.00, –]"


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (0.02912, 0.00123, "0.0291 ± .0012 (5)"),
        (0.1, 0.05, "0.100 ± .050 (5)"),
        (1.876, 0.26, "1.88 ± .26 (5)"),
        (99.4, 7.0, "99.4 ± 7.0 (5)"),
        (3600.4, 12.3, "3600 ± 12 (5)"),
        (0.0, 0.0, "0.00 ± .00 (5)"),
        (12.0, math.nan, "12.0 ± – (5)"),
        (math.nan, math.nan, "– ± – (5)"),
    ],
)
def test_seconds_have_three_digits_and_their_spread_as_many_places(mean, sd, text):
    assert cells.timed(mean, sd, 5) == text


def test_counts_have_one_place():
    assert cells.counted(13.84, 1.57, 5) == "13.8 ± 1.6 (5)"
    assert cells.counted(1, 0, 10) == "1.0 ± .0 (10)"


def test_a_setting_is_named_in_the_title():
    assert cells.titled("BoGP", "deep") == "BoGP (setting deep)"
    assert cells.titled("BoGP", "") == "BoGP"
