"""RGP's Figure 6: how close searches come to the lower bound of ASPL, degree by degree."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from graphprune.claims.rgp_4 import CATALOGUE, CLOSE, PRIMARY, with_gaps
from graphprune.graphs.bounds import aspl_lower_bound, moore_sizes
from graphprune.report import cells
from graphprune.report.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION

LABELS = {
    PRIMARY: "Algorithm 1",
    "released_code": "released code",
    "annealing": "annealing",
    "random_regular": "random regular",
    CATALOGUE: "best known here",
}
RANDOM = "random_regular"

# Okabe and Ito's, told apart by colour-blind readers; colour, marker, line.
_STYLES = {
    PRIMARY: (BLUE, "o", "-"),
    "released_code": (PURPLE, "s", "--"),
    "annealing": (GREEN, "^", "-"),
    RANDOM: (ORANGE, "v", "--"),
    CATALOGUE: ("black", "_", ""),
}
_BOUND = VERMILION
_AVERAGED = ("aspl", "gap", "seconds", "steps")
_COLUMNS = ["n_nodes", "k", "method", "bound"]
_COLUMNS += [column for name in _AVERAGED for column in (name, f"{name}_sd")]
_COLUMNS += ["n", "failed", "met", "found"]
_SMALLEST = 0.1  # per cent: below this the axis of gaps is linear, so that it has a 0
_SHIFT = 0.1  # in degrees, so that bars do not hide each other


def full_layers(n: int, k: int) -> int:
    """θ of RGP Eq. 9, a whole number: how many rings of Moore's tree n nodes fill completely."""
    sizes = moore_sizes(n, k)
    last = len(sizes) - 1
    return last if sizes[-1] - sizes[-2] == k * (k - 1) ** (last - 1) else last - 1


def bound_table(searches: pd.DataFrame) -> pd.DataFrame:
    """One row per degree and method: how close its searches come to the bound.

    aspl, gap (ASPL / bound − 1), seconds, steps: means over the n searches that did not fail,
    each with an _sd (ddof 1); `failed` did. met: how many meet the bound exactly; such graphs are
    optimal. found: how a catalogue's graph was found. Methods in the order of LABELS, then others.
    """
    table = with_gaps(searches)
    rows = []
    for (n, k), at in table.groupby(["n", "k"], sort=True):
        for method in methods(at):
            runs = at[at["method"] == method]
            whole = runs[runs["aspl"].notna()]
            row = {"n_nodes": n, "k": k, "method": method, "bound": runs["bound"].iloc[0]}
            for name in _AVERAGED:
                row |= {name: whole[name].mean(), f"{name}_sd": _sd(whole[name])}
            row |= {"n": len(whole), "failed": len(runs) - len(whole)}
            row |= {"met": int(whole["met"].sum()), "found": runs["found"].fillna("").iloc[0]}
            rows.append(row)
    return pd.DataFrame(rows, columns=_COLUMNS)


def methods(table: pd.DataFrame) -> list[str]:
    """Those of a table, in the order in which they are shown."""
    found = list(dict.fromkeys(table["method"]))
    return [name for name in LABELS if name in found] + [x for x in found if x not in LABELS]


def _sd(values: pd.Series) -> float:
    """0 where all are equal: rounding in the mean would leave a width of about 1e-17."""
    return 0.0 if len(values) > 1 and values.nunique() == 1 else values.std(ddof=1)


def figure6(searches: pd.DataFrame) -> Figure:
    """ASPL against degree beside the lower bound (top), and the gap to it in per cent (bottom).

    Means over searches ± sd. The axis of gaps is logarithmic above .1 %, linear below.
    """
    table = bound_table(searches)
    figure = Figure(figsize=(8.6, 7.4), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.25))
    bounds = table.drop_duplicates("k")
    top.plot(bounds["k"], bounds["bound"], color=_BOUND, linewidth=2, label="lower bound")
    shown = methods(table)
    for number, method in enumerate(shown):
        rows = table[(table["method"] == method) & (table["n"] > 0)]
        shift = 0 if method == CATALOGUE else _SHIFT * (number - (len(shown) - 1) / 2)
        # Not here: on the steep part a point moved aside would seem to lie below the bound.
        _draw(top, rows, "aspl", 1, 0)
        _draw(bottom, rows, "gap", cells.POINTS, shift)
    _mark_layers(top, bottom, bounds)
    top.set_ylabel("ASPL (steps), ± sd over searches")
    top.legend(fontsize=8, frameon=False)
    close = cells.POINTS * CLOSE
    bottom.axhline(close, color="#777", linewidth=0.9, linestyle=":", label=f"close: {close:g} %")
    bottom.legend(handles=bottom.lines[-1:], fontsize=8, frameon=False, loc="upper right")
    bottom.set_yscale("symlog", linthresh=_SMALLEST, linscale=0.6)
    bottom.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bottom.set_ylim(bottom=-0.02)
    bottom.set_ylabel("gap to the bound (%), ± sd over searches")
    bottom.set_xlabel("degree k")
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, name: str, factor: float, shift: float) -> None:
    if rows.empty:
        return
    method = str(rows["method"].iloc[0])
    colour, marker, line = _STYLES.get(method, (GREY, "x", ":"))
    axes.errorbar(
        rows["k"] + shift,
        factor * rows[name],
        yerr=factor * rows[f"{name}_sd"].fillna(0),
        marker=marker,
        linestyle=line,
        color=colour,
        markersize=9 if method == CATALOGUE else 3.5,
        markeredgewidth=1.6 if method == CATALOGUE else 0.8,
        linewidth=1,
        elinewidth=0.8,
        label=LABELS.get(method, method),
        zorder=3 if method == CATALOGUE else 2,
    )


def _mark_layers(top: Axes, bottom: Axes, bounds: pd.DataFrame) -> None:
    """A line where θ changes, and its values on top."""
    layers = [full_layers(int(n), int(k)) for n, k in bounds[["n_nodes", "k"]].to_numpy()]
    across = top.get_xaxis_transform()
    top.text(0, 1.02, "θ:", ha="left", fontsize=8, transform=top.transAxes)
    before: float | None = None
    for theta in dict.fromkeys(layers):
        degrees = [k for k, other in zip(bounds["k"], layers, strict=True) if other == theta]
        middle = (degrees[0] + degrees[-1]) / 2
        top.text(middle, 1.02, str(theta), ha="center", fontsize=8, transform=across)
        if before is not None:
            for axes in (top, bottom):
                axes.axvline((before + degrees[0]) / 2, color="#bbb", linewidth=0.8, zorder=0)
        before = degrees[-1]


def traces_figure(traces: pd.DataFrame) -> Figure:
    """ASPL above the lower bound against steps, one panel a degree; every search is a line.

    Both axes are logarithmic but for their beginning, so that they have a 0: the start of a
    search, and the bound met.
    """
    degrees = sorted(set(traces["k"]))
    columns = min(3, max(1, len(degrees)))
    rows = max(1, -(-len(degrees) // columns))
    figure = Figure(figsize=(3.6 * columns, 2.9 * rows + 0.5), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes in panels[len(degrees) :]:
        axes.set_axis_off()
    for axes, k in zip(panels, degrees, strict=False):
        searches = traces[traces["k"] == k]
        n = int(searches["n"].iloc[0])
        bound = float(aspl_lower_bound(n, int(k)))
        least = _least_step(n)
        for (method, _), line in searches.groupby(["method", "seed"], sort=True):
            line = line.sort_values("step")
            colour = _STYLES.get(str(method), (GREY, "", ""))[0]
            above = line["aspl"] - bound
            above = above.mask(above < least / 2, 0.0)  # met, but for a rounding error
            front = 3 if method == PRIMARY else 2
            axes.step(
                line["step"],
                above,
                where="post",
                color=colour,
                linewidth=0.8,
                alpha=0.7,
                zorder=front,
            )
        axes.set_xscale("symlog", linthresh=1, linscale=0.5)
        axes.set_yscale("symlog", linthresh=2 * least, linscale=0.4)
        axes.yaxis.set_major_locator(FixedLocator(_powers(2 * least)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_ylim(bottom=-least / 2)
        axes.set_title(f"k = {k}, bound {bound:.3f}", fontsize=10)
    handles = [
        Line2D([], [], color=_STYLES.get(name, (GREY,))[0], label=LABELS.get(name, name))
        for name in methods(traces)
    ]
    figure.legend(handles=handles, loc="outside upper center", fontsize=8, frameon=False, ncols=5)
    figure.supxlabel("steps of the search", fontsize=10)
    figure.supylabel("ASPL − lower bound (steps)", fontsize=10)
    return figure


def _least_step(n: int) -> float:
    """By how much two ASPL of graphs on n nodes differ at least."""
    return 2 / (n * (n - 1))


def _powers(least: float) -> list[float]:
    """0 and the powers of ten from `least` on, for an axis that is linear below it."""
    return [0.0, *(power for power in 10.0 ** np.arange(-12, 3) if power >= least)]
