"""Axes of figures."""

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

_DECADES = range(-9, 7)
_MOST = 8


def logarithmic(axes: Axes, name: str = "y") -> None:
    """Make the axis `name` logarithmic, with plain numbers, of which a few are enough.

    To be called when everything is drawn: limits that lie above 0 stay.
    """
    scale = axes.set_xscale if name == "x" else axes.set_yscale
    limits = axes.get_xlim() if name == "x" else axes.get_ylim()
    scale("log")
    axis = axes.xaxis if name == "x" else axes.yaxis
    low, high = limits if limits[0] > 0 else axis.get_view_interval()
    for steps in ((1, 2, 5), (1,)):
        ticks = [step * 10.0**decade for decade in _DECADES for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= _MOST:
            break
    axis.set_ticks(ticks)
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
