"""The table of claims is complete, consistent, and refuses a faulty row."""

import re
from typing import Any

import pytest
import yaml

from graphprune.claims.records import claim, claims, parse
from graphprune.errors import UserError

CRITERION: dict[str, Any] = {
    "name": "gain",
    "direction": "above",
    "threshold": 0,
    "level": 0.95,
    "no_effect": None,
}
ROW: dict[str, Any] = {
    "id": "x-1",
    "source": "ours",
    "statement": "s",
    "statistic": "s",
    "supported_when": "interval above 0",
    "criteria": [CRITERION],
    "primary_cell": "all",
    "family": None,
    "unit": "seed",
    "measured_in": "points",
    "min_n": 5,
}


def text(*rows):
    return yaml.safe_dump(list(rows))


def with_criterion(**changes):
    return text({**ROW, "criteria": [{**CRITERION, **changes}]})


def test_every_claim_has_a_record():
    counts = {"bogp": 5, "rgp": 9, "unit": 4, "nc": 3, "edge": 2}
    ids = [f"{name}-{i}" for name, count in counts.items() for i in range(1, count + 1)]
    assert [record.id for record in claims()] == ids


def test_no_verdict_under_five_units_anywhere_and_fifty_masks_for_bogp_1():
    for record in claims():
        assert record.min_n == (50 if record.id == "bogp-1" else 5)
        assert {criterion.min_n for criterion in record.criteria} == {record.min_n}
    assert claim("bogp-1").unit == "mask"


def test_effects_are_points_only_where_accuracies_are_compared():
    in_points = {record.id for record in claims() if record.measured_in == "points"}
    assert {"bogp-2", "bogp-3"} == {name for name in in_points if name.startswith("bogp")}
    for record in claims():  # a threshold in points is a small fraction, never a correlation
        if record.id in in_points:
            assert all(abs(criterion.threshold) < 0.05 for criterion in record.criteria)


def test_equivalence_is_judged_by_a_90_percent_interval():
    """Two one-sided tests at 5 % are a 90 % interval; everything else is judged at 95 %."""
    for record in claims():
        for criterion in record.criteria:
            assert criterion.level == (0.9 if criterion.direction == "within" else 0.95)


def test_thresholds_agree_with_the_words():
    def numbers(identifier):
        return [criterion.threshold for criterion in claim(identifier).criteria]

    assert numbers("bogp-1") == [0.1, 0.1]
    assert claim("bogp-3").criterion("on par").threshold == 0.005
    assert claim("bogp-3").criterion("best").no_effect == (-0.005, 0.005)
    assert numbers("rgp-3") == [0.9, -0.9]
    assert numbers("rgp-5") == pytest.approx([0.0169 + 0.005, 0.0168 + 0.005])
    assert numbers("unit-2") == [0.05]


def test_a_prefix_selects_a_study():
    assert [record.id for record in claims("nc")] == ["nc-1", "nc-2", "nc-3"]
    with pytest.raises(UserError, match="begins with 'zzz'"):
        claims("zzz")


def test_a_mistyped_name_gets_a_suggestion():
    with pytest.raises(UserError, match="did you mean 'bogp-2'"):
        claim("bogp2")
    with pytest.raises(UserError, match="did you mean 'on par'"):
        claim("bogp-3").criterion("onpar")


def test_a_good_row_passes():
    (record,) = parse(text(ROW))
    assert record.criteria[0].name == "gain"


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("{}", "expected a list of claims"),
        (text(3), "row 1: expected keys and values, found 3"),
        (text({k: v for k, v in ROW.items() if k != "unit"}), "missing keys ['unit']"),
        (text({**ROW, "note": "n"}), "unknown keys ['note']"),
        (text(ROW, ROW), "more than once: x-1"),
        (text({**ROW, "statement": " "}), "(x-1): 'statement' is ' '; expected a text"),
        (text({**ROW, "measured_in": "per cent"}), "'measured_in' is 'per cent'; expected one of"),
        (text({**ROW, "min_n": 1}), "'min_n' is 1; expected a whole number"),
        (text({**ROW, "family": 3}), "'family' is 3"),
        (text({**ROW, "criteria": []}), "'criteria' is []"),
        (with_criterion(direction="up"), "'direction' is 'up'; expected one of"),
        (with_criterion(threshold="0"), "'threshold' is '0'; expected a number"),
        (with_criterion(direction="within"), "'threshold' is 0; expected a margin above 0"),
        (with_criterion(level=95), "'level' is 95; expected a number between 0 and 1"),
        (with_criterion(no_effect=[1, 0]), "'no_effect' is [1, 0]"),
        (with_criterion(no_effect=0.1), "'no_effect' is 0.1"),
    ],
)
def test_a_faulty_row_is_named(table, complaint):
    with pytest.raises(UserError, match=re.escape(complaint)):
        parse(table)
