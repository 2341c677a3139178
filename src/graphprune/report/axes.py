"""Axes of figures."""

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

_DECADES = range(-9, 7)
_MOST = 8


def logarithmic(axes: Axes, name: str = "y") -> None:
    """Make the axis `name` logarithmic, with plain numbers, of which a few are enough.

    To be called when everything is drawn.
    """
    (axes.set_xscale if name == "x" else axes.set_yscale)("log")
    low, high = axes.get_xlim() if name == "x" else axes.get_ylim()
    axis = axes.xaxis if name == "x" else axes.yaxis
    for steps in ((1, 2, 5), (1,)):
        ticks = [step * 10.0**decade for decade in _DECADES for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= _MOST:
            break
    axis.set_ticks(ticks)
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
