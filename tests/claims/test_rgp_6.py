"""rgp-6 on times whose ratios are known."""

import pandas as pd
import pytest

from graphprune.claims.rgp_6 import NETWORK, rgp_6, speed_ups
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError

TURNS = range(6)


def times(ours=2.0, stock=9.0, layer=NETWORK, turns=TURNS):
    """Contiguous takes 10 ms, channels_last 8 ms; each turn t takes 1 + t/100 as long."""
    taken = {"contiguous": 10.0, "channels_last": 8.0, "stock": stock, "ours": ours}
    return pd.DataFrame(
        [
            {
                "network": "net",
                "degree": 6,
                "batch": 32,
                "layer": layer,
                "form": form,
                "turn": turn,
                "ms": ms * (1 + turn / 100),
            }
            for turn in turns
            for form, ms in taken.items()
        ]
    )


def test_the_ratio_is_to_the_faster_dense_form_turn_by_turn():
    table = speed_ups(times()).set_index("form")
    assert (table["best"] == "channels_last").all()
    assert table["mean"].to_dict() == pytest.approx({"stock": 8 / 9, "ours": 4.0})
    # What slows a whole turn down slows both of its times: the ratios do not spread.
    assert table.loc["ours", "low"] == pytest.approx(4.0)
    assert table.loc["ours", "measured"] == pytest.approx(4.0)
    assert (table["n"] == len(TURNS)).all()


def test_every_form_is_judged_for_itself():
    rows = rgp_6(times())
    assert tuple(rows.columns) == COLUMNS
    verdicts = dict(zip(rows["cell"], rows["verdict"], strict=True))
    assert verdicts == {
        "net, degree 6, batch 32, stock": "not supported",
        "net, degree 6, batch 32, ours": "supported",
    }


def test_layers_are_not_judged():
    assert len(rgp_6(pd.concat([times(), times(layer="features.3", ours=99)]))) == 2


def test_too_few_turns_decide_nothing():
    assert set(rgp_6(times(turns=range(4)))["verdict"]) == {"undecided"}


def test_times_that_cannot_be_compared_are_refused():
    with pytest.raises(UserError, match="more than once"):
        speed_ups(pd.concat([times(), times()]))
    with pytest.raises(UserError, match="lacks the columns"):
        speed_ups(times().drop(columns="turn"))
    found = times()
    with pytest.raises(UserError, match="no dense form"):
        speed_ups(found[found["form"] == "ours"])
