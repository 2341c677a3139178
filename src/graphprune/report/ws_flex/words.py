"""What the numbers of graph2nn's study say, in sentences."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from graphprune.claims.agreement import icc_two_way
from graphprune.claims.best_mask import advantages, cross_fitted, noise_maxima
from graphprune.claims.statistics import mean_interval, paired_difference
from graphprune.claims.sweet_spot import (
    ALPHA,
    QUOTED,
    QUOTED_BY_GRAPH,
    Rectangle,
    against_best,
    against_complete,
    rectangle,
)
from graphprune.claims.ws_flex import COMPLETE, among_themselves, swept
from graphprune.report import cells

NAMES = {"clustering": "C", "aspl": "L", "density": "density", "width": "width"}


def named(names: str | Sequence[str]) -> str:
    """ "density and L" of "density, aspl"."""
    parts = names.split(", ") if isinstance(names, str) else list(names)
    shown = [NAMES[part] for part in parts if part]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 2 else shown)


def run_note(table: pd.DataFrame, records: pd.DataFrame, of_data: str) -> str:
    """What was run."""
    first, dense = records.iloc[0], table[table["kind"] == COMPLETE].iloc[0]
    seeds = ", ".join(str(seed) for seed in sorted(set(records["seed"])))
    protocol = (
        "the test set was read once a run, after the last epoch"
        if first["protocol"] == "held_out"
        else "protocol as published: nothing was held out of training, and the test set was read "
        "after the last epoch (no choice was made on it)"
    )
    texts = [f"Data set {first['dataset']}"] + ([of_data] if of_data else [])
    texts += [
        f"recipe {first['recipe']}, epochs: {int(records['epochs'].max())}",
        f"precision {_listed(records['precision'])}, device {_listed(records['device'])}",
        f"seeds {seeds} for every graph",
        protocol,
    ]
    return (
        f"{len(table) - 1} graphs and the complete one, {len(records)} trainings. "
        f"{'; '.join(texts)}. "
        f"The dense network has inner width {dense['width']} and {dense['macs']:,} MACs an "
        f"example; the others have widths from {table['width'].min()} to {table['width'].max()} "
        f"and at most {cells.points(table['macs_excess'].max())} % more MACs."
    )


def graphs_or_seeds(records: pd.DataFrame) -> str:
    """How much of the spread of single trainings lies between graphs."""
    runs = records[(records["arm"] != COMPLETE) & (records["failure"] == "")]
    icc = icc_two_way(runs, "graph", "seed", "test_accuracy")
    if pd.isna(icc.estimate):
        return "Graphs cannot be told from seeds: too few graphs were trained on every seed."
    differ = icc.p_value < ALPHA
    return (
        f"Graphs against seeds: {icc.estimate:z.2f} [{icc.low:z.2f}, {icc.high:z.2f}] of the "
        f"variance of single trainings lies between graphs (ICC(2,1), n = {icc.n} graphs; F test: "
        f"p = {icc.p_value:.2g}). "
        + (
            "Graphs do differ in accuracy."
            if differ
            else "That is no more than seeds alone may do, so what follows orders noise."
        )
    )


def beside_dense(table: pd.DataFrame, records: pd.DataFrame) -> str:
    """How many graphs beat the complete one."""
    found = against_complete(table, records)
    if found["difference"].isna().all():
        return "No training of the complete graph succeeded, so there is nothing to compare with."
    above = int((found["difference"] > 0).sum())
    better, worse = (int((found[side] < ALPHA).sum()) for side in ("better", "worse"))
    all_graphs = paired_difference(*_seed_means(records))
    return (
        f"Against the dense network: {above} of {len(found)} graphs "
        f"({cells.POINTS * above / len(found):.0f} %) have a higher mean accuracy (graph2nn's own: "
        f"98.8 % of 3942 graphs, quoted). Significantly better are {better}, significantly worse "
        f"{worse} (one-sided Welch tests, Holm over the graphs); all of these share the few runs "
        "of the dense network. The mean of all graphs less the dense network, seed by seed, is "
        f"{cells.points(all_graphs.estimate, '+')} "
        f"{cells.interval(all_graphs.low, all_graphs.high)} points (95 % t interval, "
        f"n = {all_graphs.n} seeds). What all graphs have in common are wider and sparser layers "
        "at equal MACs; such a difference says nothing yet for one graph over another."
    )


def _seed_means(records: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """By seed: the mean test accuracy of the sweep's graphs, and that of the complete graph.

    NaN for a seed on which a training failed: its mean would be over other graphs.
    """
    values = records["test_accuracy"].mask(records["failure"] != "")
    table = values.groupby([records["arm"] == COMPLETE, records["seed"]]).agg(
        lambda part: part.mean(skipna=False)
    )
    return table[False], table[True]


def best_graph(table: pd.DataFrame, records: pd.DataFrame) -> str:
    """The best graph, and how much of that is luck."""
    known = swept(table)
    best = known.loc[known["accuracy"].idxmax()]
    told = (
        f"The best graph has C = {best['clustering']:.2f}, L = {best['aspl']:.2f} and density "
        f"{best['density']:.2f}"
    )
    scores = _scores(records)
    if min(scores.shape) < 2:
        return f"{told}. How much of that is luck cannot be said: too few trainings."
    top = float(advantages(scores).max())
    luck = noise_maxima(scores)
    usual, rare = (cells.points(x, "+") for x in (luck.mean(), np.quantile(luck, 0.95)))
    fitted = mean_interval(cross_fitted(scores).set_index("seed")["left_out"])
    return (
        f"{told}; it lies {cells.points(top, '+')} points above the mean of all graphs. If graphs "
        f"did not differ at all, the best of {len(scores)} would still lie {usual} above it on "
        f"average ({rare} in one of twenty repetitions): the winner's curse. Chosen on all seeds "
        "but one and scored "
        f"on that one, the best graph stands {cells.points(fitted.estimate, '+')} "
        f"{cells.interval(fitted.low, fitted.high)} points from the mean (95 % t interval, "
        f"n = {fitted.n} seeds; the choices share seeds, so the interval is rough)."
    )


def confounded(found: pd.DataFrame, table: pd.DataFrame) -> str:
    """What is left of C and L at fixed density."""
    own = among_themselves(table)
    by = found.set_index(["quantity", "given"])
    sentences = [
        "C and L are not all that varies over the plane: along it density changes as well, and "
        "with density the width that equal MACs ask for. The rank correlation of density is "
        f"{own.loc['density', 'clustering']:+z.2f} with C, {own.loc['density', 'aspl']:+z.2f} with "
        f"L and {own.loc['density', 'width']:+z.2f} with width."
    ]
    sentences += [
        f"Mean accuracy and {named(quantity)}: {_rho(by.loc[(quantity, '')])}; "
        f"at fixed density {_rho(by.loc[(quantity, 'density')])}, which is "
        f"{_told(by.loc[(quantity, 'density')])}."
        for quantity in ("clustering", "aspl")
    ]
    density = by.loc[("density", "clustering, aspl")]
    sentences.append(
        f"Mean accuracy and density: {_rho(by.loc[('density', '')])}; at fixed C and L "
        f"{_rho(density)}, {_told(density)}."
    )
    return " ".join(sentences)


def sweet_spot(table: pd.DataFrame, records: pd.DataFrame) -> str:
    """The bounding rectangle of the graphs that are not worse than the best."""
    known, tests = swept(table), against_best(table, records)
    kept = int(tests["kept"].sum())
    ours = rectangle(table, tests.loc[tests["kept"], "graph"])
    tested = len(tests) - 1
    after = int((tests["adjusted"] < ALPHA).sum())
    return (
        f"As graph2nn defines it: the graphs that are not significantly worse than the best "
        f"(one-sided test, p ≥ {ALPHA:g}), and the rectangle around them. Here {kept} of "
        f"{len(tests)} graphs: {ours}, in which {int(ours.holds(known).sum())} graphs lie. "
        "graph2nn's for its MLP (quoted: 64 nodes, CIFAR-10, runs pooled into 52 bins of the "
        f"plane): {QUOTED}; graph by graph {QUOTED_BY_GRAPH}. {_inside(known, QUOTED)} "
        "Three cautions. A rectangle around all graphs that a test could not reject grows with the "
        f"noise: these are {tested} tests of n = {_range(known['n'])} runs a graph, and fewer runs "
        "reject less. The best graph is the best by luck in part, which "
        f"makes the others look worse than they are: of {tested - kept + 1} that are rejected, "
        f"{after} remain with Holm's correction for {tested} tests. And a position in "
        "the plane is a density as well."
    )


def _inside(known: pd.DataFrame, where: Rectangle) -> str:
    inside = where.holds(known)
    if inside.all() or not inside.any():
        return f"Of the graphs here {int(inside.sum())} of {len(known)} lie in the former."
    here, elsewhere = (
        cells.accuracy(part.mean(), part.std(), len(part))
        for part in (known.loc[side, "accuracy"] for side in (inside, ~inside))
    )
    return (
        f"Of the graphs here {int(inside.sum())} of {len(known)} lie in the former; their mean "
        f"accuracies in % are {here}, those of the others {elsewhere}: mean ± sd (n graphs)."
    )


def _scores(records: pd.DataFrame) -> pd.DataFrame:
    """Test accuracy, one row a graph of the sweep, one column a seed; complete rows only."""
    runs = records[(records["arm"] != COMPLETE) & (records["failure"] == "")]
    return runs.pivot(index="graph", columns="seed", values="test_accuracy").dropna()


def _rho(row: pd.Series) -> str:
    if pd.isna(row["low"]):
        return f"rho = {row['estimate']:+z.2f}"
    return f"rho = {row['estimate']:+z.2f} [{row['low']:+z.2f}, {row['high']:+z.2f}]"


def _told(row: pd.Series) -> str:
    if row["low"] > 0:
        return "above 0"
    return "below 0" if row["high"] < 0 else "not to be told from 0"


def _range(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else f"{low} to {high}"


def _listed(values: pd.Series) -> str:
    return ", ".join(sorted(set(values)))
