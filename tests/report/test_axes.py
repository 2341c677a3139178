"""Logarithmic axes: plain numbers, not too many, on limits that stay."""

import pytest
from matplotlib.figure import Figure

from graphprune.report.axes import logarithmic


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([0.3, 7], ["0.5", "1", "2", "5"]),
        ([0.6, 0.7], []),
        ([2e-5, 40], ["0.0001", "0.001", "0.01", "0.1", "1", "10"]),
    ],
)
@pytest.mark.parametrize("name", ["x", "y"])
def test_a_logarithmic_axis_has_few_plain_numbers(values, written, name):
    figure = Figure()
    axes = figure.subplots()
    axes.plot(values, values)
    limits = {"x": axes.set_xlim, "y": axes.set_ylim}[name](*values)
    logarithmic(axes, name)
    axis = {"x": axes.xaxis, "y": axes.yaxis}[name]
    assert [label.get_text() for label in axis.get_ticklabels()] == written
    assert [label.get_text() for label in axis.get_ticklabels(minor=True)] == []
    assert tuple(axis.get_view_interval()) == limits


def test_ticks_do_not_stretch_an_axis_beyond_what_is_drawn():
    axes = Figure().subplots()
    axes.plot([0, 1], [0.36, 7])
    logarithmic(axes)
    low, high = axes.get_ylim()
    assert 0.2 < low < 0.36
    assert 7 < high < 10
