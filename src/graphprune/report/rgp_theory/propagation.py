"""RGP's Figure 3: ASPL against gradient resistance (GR) and output-neuron usage (AOPU)."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from graphprune.claims.association import partial_spearman, pearson_interval, pearsons
from graphprune.claims.records import claim
from graphprune.claims.rgp_3 import BOTH, CHAIN, MEASURES, band_cell, finite
from graphprune.claims.statistics import Effect
from graphprune.report import cells
from graphprune.report.colours import PALETTE
from graphprune.report.output import Page
from graphprune.report.rgp_theory.example import add_example

AXES = {"gr": "GR (rounds)", "aopu": "AOPU (neurons)"}

# Okabe and Ito's, told apart by colour-blind readers.
_MARKERS = "os^vD*P"


def figure3(spread: pd.DataFrame, n: int, k: int, layers: int) -> Figure:
    """GR (left) and AOPU in neurons (right) against ASPL.

    Top: the chain of graphs as in the paper; the colour is the clustering coefficient. Bottom:
    the bands of nearly equal ASPL, each centred at its own mean; the dashed line has the slope
    of a straight line through the chain. Graphs of infinite GR have no point there.
    """
    chain, bands = spread[spread["set"] == "chain"], _bands(spread)
    height = 2 if bands else 1
    figure = Figure(figsize=(9.5, 3.9 * height), layout="constrained")
    panels = figure.subplots(height, len(MEASURES), squeeze=False)
    shades = _shades(chain["clustering"])
    most = n * (layers - 1)
    limits = {
        "gr": (layers, f"layers: {layers}"),
        "aopu": (most, f"every neuron of {layers - 1} layers: {most}"),
    }
    for axes, (name, measure) in zip(panels[0], MEASURES.items(), strict=True):
        graphs = finite(chain, measure)
        colours = shades.to_rgba(graphs["clustering"])
        axes.scatter(graphs["aspl"], graphs[measure], c=colours, s=14, linewidths=0)
        value, label = limits[name]
        axes.axhline(value, color="#777", linewidth=0.8, linestyle=":", label=label)
        axes.set_xlabel("ASPL (steps)")
        axes.set_ylabel(f"{AXES[name]}, mean over nodes")
        axes.legend(fontsize=8, frameon=False, loc="lower right" if name == "gr" else "lower left")
    figure.colorbar(shades, ax=panels[0], label="clustering coefficient")
    for axes, (name, measure) in zip(panels[-1] if bands else [], MEASURES.items(), strict=False):
        _draw_bands(axes, bands, finite(chain, measure), measure)
        axes.set_xlabel("ASPL − mean of the band (steps)")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_ylabel(f"{AXES[name]} − mean of the band")
    figure.suptitle(f"{k}-regular graphs on {n} nodes, an MLP of {layers} layers", fontsize=11)
    return figure


def _bands(spread: pd.DataFrame) -> dict[float, pd.DataFrame]:
    return dict(list(spread[spread["set"] == "band"].groupby("band", sort=True)))


def _shades(clustering: pd.Series) -> ScalarMappable:
    bounds = (clustering.min(), clustering.max()) if len(clustering) else (0, 1)
    # The end of viridis is a yellow that cannot be seen on white.
    return ScalarMappable(
        Normalize(*bounds), ListedColormap(colormaps["viridis"](np.linspace(0, 0.9, 256)))
    )


def _draw_bands(
    axes: Axes, bands: dict[float, pd.DataFrame], chain: pd.DataFrame, measure: str
) -> None:
    farthest = 0.0
    for number, (low, band) in enumerate(bands.items()):
        graphs = finite(band, measure)
        if graphs.empty:
            continue
        x, y = (graphs[name] - graphs[name].mean() for name in ("aspl", measure))
        r = f"{pearsons(x.to_numpy(), y.to_numpy()):+z.2f}" if len(graphs) > 1 else cells.NONE
        axes.plot(
            x,
            y,
            _MARKERS[number % len(_MARKERS)],
            color=PALETTE[number % len(PALETTE)],
            markersize=4.5,
            alpha=0.75,
            markeredgewidth=0,
            label=f"from {low:.4g}: r = {r} ({len(graphs)})",
        )
        farthest = max(farthest, float(x.abs().max()))
    if len(chain) > 1 and np.ptp(chain["aspl"]) > 0:
        slope = np.polyfit(chain["aspl"], chain[measure], 1)[0]
        ends = np.array([-farthest, farthest])
        axes.plot(ends, slope * ends, "--", color="#555", linewidth=1.2, label="slope of the chain")
    axes.axhline(0, color="#bbb", linewidth=0.6, zorder=0)
    axes.legend(
        title="ASPL",
        title_fontsize=8,
        fontsize=8,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.17),
        ncols=2,
        columnspacing=1,
    )


def propagation_page(
    spread: pd.DataFrame,
    verdicts: pd.DataFrame,
    n: int,
    k: int,
    layers: int,
    draws: int = 2000,
) -> Page:
    """GR and AOPU against ASPL for readers, with the verdict on rgp-3.

    verdicts: of `claims.rgp_3.rgp_3`. draws: bootstrap samples for the correlations with
    clustering.
    """
    page = Page("RGP, Figure 3: ASPL, gradient resistance and AOPU")
    page.text(
        "Gradient resistance (GR) of a node: how many layers back its output neuron's gradient has "
        "gone when it first reaches every neuron of a layer. AOPU, 'average output-neuron "
        "parameters usage', is taken for a number of parameters, but the paper's code counts the "
        "neurons that an output neuron is computed from; both are given here, AOPU in neurons "
        "unless it says otherwise."
    )
    page.text(
        f"Graphs: {k}-regular on {n} nodes, masking every layer of an MLP of {layers} layers with "
        f"{n} neurons each; no self-loops. Values of a graph are means over its nodes. Chain: "
        "graphs graded from the ring lattice to the optimum, like those of the paper's figure. The "
        "other rows are bands of nearly equal ASPL, in which graphs differ in all but ASPL."
    )
    sets = {CHAIN: spread[spread["set"] == "chain"]}
    sets |= {band_cell(low): band for low, band in _bands(spread).items()}
    page.heading("Correlation with ASPL")
    page.text(
        "Pearson's r, in brackets its 95 % bootstrap interval over graphs and n. Where one side "
        "does not vary, r is undefined and given as 0. Graphs of a chain that follow each other "
        "are alike, so the interval of the chain is too narrow rather than too wide."
    )
    page.table(_correlations(sets, verdicts))
    page.text(_least(sets[CHAIN]))
    page.heading("What the graphs are like")
    page.text(
        "Mean ± sd over graphs (n). A bipartite graph has infinite GR and is left out of GR alone. "
        "Last column: Spearman's rank correlation of AOPU in parameters with AOPU in neurons."
    )
    page.table(_described(sets))
    page.heading("Clustering changes along")
    page.text(
        "Pearson's r with the clustering coefficient, interval and n as above. Along the chain the "
        "clustering of the ring lattice is lost together with its ASPL, so whatever follows one "
        "follows the other, and the chain cannot tell them apart. The bands can."
    )
    page.table(_clustering(sets, draws))
    _add_verdict(page, verdicts)
    add_example(page)
    return page


def _correlations(sets: dict[str, pd.DataFrame], verdicts: pd.DataFrame) -> pd.DataFrame:
    found = verdicts.set_index(["cell", "criterion"])
    lines = []
    for cell in sets:
        line = {"graphs": cell}
        for name, title in (("gr", "ASPL with GR"), ("aopu", "ASPL with AOPU")):
            row = found.loc[(cell, name)]
            line[title] = _r(row["effect"], row["low"], row["high"], row["n"])
        lines.append(line | {"GR infinite": str(found.loc[(cell, "gr"), "failed"])})
    return pd.DataFrame(lines)


def _least(chain: pd.DataFrame) -> str:
    """Whether GR is least where ASPL is."""
    known = finite(chain, MEASURES["gr"])
    if known.empty:
        return "No graph of the chain has a finite GR."
    best, least = (known.loc[known[name].idxmin()] for name in ("aspl", MEASURES["gr"]))
    return (
        f"In the chain the graph of least ASPL ({best['aspl']:.3f}) has GR "
        f"{best[MEASURES['gr']]:.2f}; the least GR is {least[MEASURES['gr']]:.2f}, at ASPL "
        f"{least['aspl']:.3f}."
    )


def _described(sets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    lines = []
    for cell, graphs in sets.items():
        usage = graphs[["parameters", "neurons"]].to_numpy(float)
        rank = partial_spearman(*usage.T) if len(graphs) > 1 else float("nan")
        lines.append(
            {
                "graphs": cell,
                "ASPL": f"{graphs['aspl'].min():.3f} … {graphs['aspl'].max():.3f}"
                if len(graphs)
                else cells.NONE,
                "GR": _mean(finite(graphs, "gradient_resistance")["gradient_resistance"], 2),
                "AOPU (neurons)": _mean(graphs["neurons"], 1),
                "AOPU (parameters)": _mean(graphs["parameters"], 1),
                "rank correlation": _number(rank, "+z.3f"),
            }
        )
    return pd.DataFrame(lines)


def _clustering(sets: dict[str, pd.DataFrame], draws: int) -> pd.DataFrame:
    lines = []
    for cell, graphs in sets.items():
        line = {"graphs": cell}
        for title, name in (("ASPL", "aspl"), ("GR", MEASURES["gr"]), ("AOPU", MEASURES["aopu"])):
            known = finite(graphs, name)
            effect: Effect = pearson_interval(known, "graph", "clustering", name, draws=draws)
            line[f"clustering with {title}"] = _r(
                effect.estimate, effect.low, effect.high, effect.n
            )
        lines.append(line)
    return pd.DataFrame(lines)


def _add_verdict(page: Page, verdicts: pd.DataFrame) -> None:
    record = claim("rgp-3")
    page.heading(f"rgp-3: {record.statement} ({record.source})")
    page.text(
        f"Supported when: {record.supported_when}. The chain decides; the bands stand beside it "
        f"and are not judged. No verdict with fewer than {record.min_n} units ({record.unit})."
    )
    judged = verdicts[verdicts["cell"] == CHAIN]
    names = {"gr": "ASPL with GR", "aopu": "ASPL with AOPU", BOTH: BOTH}
    page.table(
        pd.DataFrame(
            {
                "what": judged["criterion"].map(names),
                "n": judged["n"].map(str) + " (" + judged["unit"] + ")",
                "verdict": judged["verdict"],
                "left out": judged["failed"],
                "why": judged["reason"],
            }
        )
    )


def _mean(values: pd.Series, digits: int) -> str:
    """ "5.03 ± .12 (40)"."""
    mean, sd = (_number(v, f".{digits}f") for v in (values.mean(), values.std(ddof=1)))
    return f"{mean} ± {cells.spread(sd)} ({len(values)})"


def _r(estimate: float, low: float, high: float, n: int) -> str:
    """ "+0.998 [+0.997, +0.999] (270)"."""
    r, *ends = (_number(value, "+z.3f") for value in (estimate, low, high))
    return f"{r} [{', '.join(ends)}] ({n})"


def _number(value: float, shape: str) -> str:
    """A dash where there is no number (no graph, one graph)."""
    return cells.NONE if pd.isna(value) else format(value, shape)
