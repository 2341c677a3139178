"""The page on the measured speed-up of RGP's networks, in numbers and in words."""

from collections.abc import Iterable

import pandas as pd

from graphprune.claims.records import claim
from graphprune.claims.rgp_6 import CASE, NETWORK
from graphprune.report import cells
from graphprune.report.output import Page
from graphprune.report.rgp_speed.speed import LABELS, fell_back
from graphprune.report.verdicts import add_verdicts

_ABOUT = (
    "The mean over turns of best dense time / time, with its 95 % interval; every network and way "
    "to compute is judged for itself."
)


def speed_page(table: pd.DataFrame, verdicts: pd.DataFrame) -> Page:
    """The speed-ups for readers; table: of `speed.speed_table`, verdicts: of `claims.rgp_6`."""
    page = Page("RGP: theoretical and measured speed-up")
    page.text(
        "Networks for 32×32 images whose layers are masked by the best regular graph known, the "
        "first convolution and the last layer dense, batch norm folded in. Theoretical: dense "
        "MACs / kept MACs. Measured: time of the best dense form / time, medians of CPU time on "
        "one thread, single precision; the best dense form has the mask folded into its weights, "
        "ReLU in place and max pooling as the others, and is the faster of contiguous and "
        "channels_last. In brackets the 95 % t interval of "
        "the ratio over turns, in which all forms are timed one after the other. Stock operators: "
        "every masked layer chooses between torch's grouped convolutions of gathered inputs, "
        "which skip the pruned work, and a dense product. Ours: every layer chooses between the "
        "compiled kernel and a dense product, and a batch is computed in pieces where that is "
        "faster."
    )
    networks = table[table["layer"] == NETWORK]
    page.heading("Whole networks")
    page.table(_networks(networks))
    for line in (*_told(networks), _compared(networks)):
        page.text(line)
    page.heading("Layers")
    page.text(
        "Least, median and greatest speed-up of the masked layers, each timed inside its network: "
        "what it gets lies as the layer before hands it on, and turning it round counts. Those of "
        "stock operators and ours also do the ReLU, and the sum of a residual block, that follow "
        "them; dense ones do not."
    )
    page.table(_layers(table[table["layer"] != NETWORK]))
    page.text(_fallen(table))
    add_verdicts(page, "rgp-6", verdicts, _ABOUT, _effect)
    return page


def _networks(networks: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for case, rows in networks.groupby(CASE, sort=False):
        first = rows.iloc[0]
        line = dict(zip(("network", "degree", "batch"), case, strict=True))
        line |= {"MACs kept": f"{first['macs_kept'] / first['macs_dense']:.1%}"}
        line |= {"theoretical": f"{first['theoretical']:.2f}×"}
        line |= {"best dense": f"{first['dense_ms']:.1f} ms ({first['best']})"}
        for _, row in rows.iterrows():
            line[LABELS.get(row["form"], row["form"])] = _measured(row)
        lines.append(line)
    return pd.DataFrame(lines)


def _measured(row: pd.Series) -> str:
    """ "5.72× [5.31, 6.02] (5)": the ratio of medians, the interval over turns, how many."""
    low, high = (cells.NONE if pd.isna(row[n]) else f"{row[n]:.2f}" for n in ("low", "high"))
    return f"{row['measured']:.2f}× [{low}, {high}] ({row['n']})"


def _told(networks: pd.DataFrame) -> list[str]:
    """A sentence for each sparse form: where its whole networks are faster than dense ones."""
    lines = []
    for form, rows in networks.groupby("form", sort=False):
        faster, slower = rows[rows["low"] > 1], rows[rows["high"] < 1]
        label = str(LABELS.get(str(form), form))
        text = f"{label[0].upper()}{label[1:]}: faster than the best dense form in {len(faster)} "
        text += f"of {len(rows)} networks, slower in {len(slower)}"
        measured = [f"{value:.2f}×" for value in sorted(rows["measured"])]
        shares = [f"{value:.0%}" for value in sorted(rows["share"])]
        text += f". Measured {_range(measured)}, which is {_range(shares)} of the theory."
        lines.append(text)
    return lines


def _range(ascending: list[str]) -> str:
    first, last = ascending[0], ascending[-1]
    return first if first == last else f"{first} to {last}"


def _compared(networks: pd.DataFrame) -> str:
    """What the forms say together about the claim's "easily"."""
    threshold = claim("rgp-6").criteria[0].threshold
    above = {form: (rows["low"] > threshold).all() for form, rows in networks.groupby("form")}
    if not {"stock", "ours"} <= above.keys():
        return "Only one way to skip the pruned work was timed."
    if above["stock"]:
        return f"Stock operators are enough for more than {threshold:g}× in every network."
    if above["ours"]:
        return (
            f"More than {threshold:g}× is reached in every network, but not with stock operators: "
            "it takes a kernel written for it."
        )
    return f"More than {threshold:g}× is not reached in every network, whatever computes it."


def _layers(layers: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for (*case, form), rows in layers.groupby([*CASE, "form"], sort=False):
        line = dict(zip(("network", "degree", "batch"), case, strict=True))
        fallen = len(fell_back(rows))
        line |= {"form": LABELS.get(form, form), "layers": len(rows), "fell back": fallen}
        for name, value in rows["measured"].quantile([0, 0.5, 1]).items():
            title = {0: "least", 0.5: "median", 1: "greatest"}[name]
            line[title] = f"{value:.2f}×"
        line["below 1×"] = _listed(rows.loc[rows["measured"] < 1, "layer"])
        lines.append(line)
    return pd.DataFrame(lines)


def _fallen(table: pd.DataFrame) -> str:
    """Which layers found nothing faster than a dense product."""
    fallen = fell_back(table)
    sentences = []
    for form in dict.fromkeys(table["form"]):
        parts = [
            "{}, degree {}, batch {}: {}".format(*case, _listed(rows["layer"]))
            for case, rows in fallen[fallen["form"] == form].groupby(CASE, sort=False)
        ]
        label = LABELS.get(form, form)
        sentences.append(f"Fell back to a dense product ({label}): {'; '.join(parts) or 'none'}.")
    return " ".join(sentences)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _effect(row: pd.Series) -> str:
    return f"{row['effect']:.2f}× [{row['low']:.2f}, {row['high']:.2f}]"
