"""BoGP's Table 2: what Algorithm 4 trades, from run records and search logs to page and figure."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.claims.records import claim
from graphprune.report import cells
from graphprune.report.bogp.tradeoff_printed import PAPER_TABLE2, contradiction, printed_scores
from graphprune.report.colours import BLUE, VERMILION
from graphprune.report.output import Page

POOLS = {
    "wide": "Wide pool: every mask has a sparsity of its own",
    "levels": "Levels pool: the masks of the fixed sparsities together",
}
COLOURS = {"wide": BLUE, "levels": VERMILION}


def table2(records: pd.DataFrame, logs: pd.DataFrame) -> pd.DataFrame:
    """One row per pool (the wide one first) and alpha; accuracies and sparsities as fractions.

    records: the winners' runs on fresh seeds. logs: all searches, with pool, alpha and
    search_seed. sparsity: share of zeros of the chosen masks, over searches. accuracy: on test,
    over the n runs (searches × seeds) that did not fail; `failed` did. trainings, seconds: of
    one search by itself, over searches, so a mask that another alpha has trained counts again.
    These have an _sd (ddof 1). masks: distinct winners at this alpha, pool_masks: at any alpha
    of the pool. failed_searching: trainings within searches that failed. paper_*: as printed,
    NaN at other alphas.
    """
    rows = []
    for pool in _pools(logs["pool"]):
        runs, pool_log = records[records["block"] == pool], logs[logs["pool"] == pool]
        for alpha, log in pool_log.groupby("alpha", sort=True):
            at_alpha = runs[runs["level"] == alpha]
            rows.append({"pool": pool, "alpha": alpha, **_outcome(at_alpha), **_cost(log)})
            rows[-1]["pool_masks"] = runs["graph"].nunique()
            paper = PAPER_TABLE2.get(round(float(alpha), 6), (float("nan"), float("nan")))
            rows[-1] |= dict(zip(("paper_accuracy", "paper_sparsity"), paper, strict=True))
    return pd.DataFrame(rows)


def _pools(names: pd.Series) -> list[str]:
    found = set(names)
    return [pool for pool in POOLS if pool in found] + sorted(found - set(POOLS))


def _outcome(runs: pd.DataFrame) -> dict[str, Any]:
    whole = runs[runs["failure"] == ""]
    chosen = runs.groupby("search_seed")["sparsity_asked"].first()
    return {
        "sparsity": chosen.mean(),
        "sparsity_sd": _sd(chosen),
        "searches": len(chosen),
        "seeds": runs["seed"].nunique(),
        "accuracy": whole["test_accuracy"].mean(),
        "accuracy_sd": _sd(whole["test_accuracy"]),
        "n": len(whole),
        "failed": len(runs) - len(whole),
        "masks": runs["graph"].nunique(),
    }


def _cost(log: pd.DataFrame) -> dict[str, Any]:
    trained = log[~log["repeated"]].groupby("search_seed")
    trainings = trained.size()
    seconds = trained["training_seconds"].sum() + log.groupby("search_seed")["search_seconds"].sum()
    return {
        "trainings": trainings.mean(),
        "trainings_sd": _sd(trainings),
        "seconds": seconds.mean(),
        "seconds_sd": _sd(seconds),
        "failed_searching": int((log["accuracy"].isna() & ~log["repeated"]).sum()),
    }


def _sd(values: pd.Series) -> float:
    """0 where all are equal: rounding in the mean would leave a width of about 1e-17."""
    return 0.0 if len(values) > 1 and values.nunique() == 1 else values.std(ddof=1)


def table2_page(table: pd.DataFrame, verdicts: pd.DataFrame, note: str, setting: str = "") -> Page:
    """Table 2 and the verdict on bogp-5 (of `claims.bogp_5.bogp_5`) for readers."""
    page = Page(cells.titled("BoGP, Table 2: accuracy traded for sparsity", setting))
    page.text(
        "Algorithm 4 searches masks of several sparsities at once for the largest accuracy + α·s, "
        "s being the share of zeros of the mask. Every search's winner is retrained on fresh seeds."
    )
    page.text(note)
    page.text(
        "Mean ± sd, in brackets n. Chosen sparsity: over searches. Test accuracy in %: over "
        "retrainings (searches × seeds). Trainings and seconds: of one search by itself, over "
        "searches; failed: trainings within searches. Masks chosen: how many different masks won "
        "at that α. Printed: the paper's one number per cell, on MNIST, without spread."
    )
    for pool in _pools(table["pool"]):
        rows = table[table["pool"] == pool]
        page.heading(POOLS.get(pool, pool))
        page.table(_shown(rows))
        page.text(
            f"Over all α, {int(rows['searches'].sum())} searches chose "
            f"{int(rows['pool_masks'].iloc[0])} different masks."
        )
    _add_verdicts(page, verdicts)
    _add_contradiction(page)
    return page


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for _, row in rows.iterrows():
        retrainings = f"{row['searches']}×{row['seeds']}"
        if row["failed"]:
            retrainings += f", {row['failed']} failed"
        n = row["searches"]
        lines.append(
            {
                "α": f"{row['alpha']:g}",
                "chosen sparsity": _share(row["sparsity"], row["sparsity_sd"], n),
                "printed s": _number(row["paper_sparsity"], ".2f"),
                "test accuracy (%)": cells.accuracy(
                    row["accuracy"], row["accuracy_sd"], retrainings
                ),
                "printed (%)": _number(cells.POINTS * row["paper_accuracy"], ".0f"),
                "trainings": cells.counted(row["trainings"], row["trainings_sd"], n),
                "seconds": cells.timed(row["seconds"], row["seconds_sd"], n),
                "failed": row["failed_searching"],
                "masks chosen": f"{row['masks']} of {n}",
            }
        )
    return pd.DataFrame(lines)


def _add_verdicts(page: Page, verdicts: pd.DataFrame) -> None:
    record = claim("bogp-5")
    page.heading(f"bogp-5: {record.statement} ({record.source})")
    page.text(
        f"Supported when: {record.supported_when}. Effects are rank correlations with α over all "
        "winners, with intervals by resampling search seeds. The wide pool decides: the printed "
        "sparsities (.73 … .98) are none of the paper's six levels. The levels pool stands beside."
    )
    page.table(
        pd.DataFrame(
            {
                "α with": verdicts["criterion"] + ", " + verdicts["cell"],
                "rank correlation": [_effect(row) for _, row in verdicts.iterrows()],
                "n": verdicts["n"].map(str) + " (" + verdicts["unit"] + ")",
                "verdict": verdicts["verdict"],
                "failed runs": verdicts["failed"],
                "why": verdicts["reason"],
            }
        )
    )


def _add_contradiction(page: Page) -> None:
    printed = printed_scores()
    page.heading("The two printed tables contradict each other")
    page.text(contradiction())
    page.table(
        pd.DataFrame(
            {
                "α": printed["alpha"].map("{:g}".format),
                "Table 2: accuracy at s": _pair(printed, "accuracy", "sparsity", 2),
                "accuracy + α·s": printed["score"].map("{:.3f}".format),
                "best level of Table 1": _pair(printed, "best_accuracy", "best_sparsity", 3),
                "accuracy + α·s there": printed["best_score"].map("{:.3f}".format),
            }
        )
    )


def _pair(table: pd.DataFrame, accuracy: str, sparsity: str, digits: int) -> Sequence[str]:
    pairs = zip(table[accuracy], table[sparsity], strict=True)
    return [f"{a:.{digits}f} at {s:.2f}" for a, s in pairs]


def _effect(row: pd.Series) -> str:
    """With its interval; nothing for a row that sums up others."""
    if pd.isna(row["effect"]):
        return ""
    effect, low, high = (_number(row[name], "+z.2f") for name in ("effect", "low", "high"))
    return f"{effect} [{low}, {high}] ({cells.POINTS * row['level']:.3g} %)"


def _share(mean: float, sd: float, n: int) -> str:
    """ "0.798 ± .079 (5)"."""
    return f"{_number(mean, '.3f')} ± {cells.spread(_number(sd, '.3f'))} ({n})"


def _number(value: float, shape: str) -> str:
    """A dash where there is no number (all runs failed, one run, nothing printed)."""
    return cells.NONE if pd.isna(value) else format(value, shape)


def tradeoff_figure(table: pd.DataFrame) -> Figure:
    """Chosen sparsity and test accuracy (%) against alpha, each pool with ± sd, and as printed."""
    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    pools = _pools(table["pool"])
    for number, pool in enumerate(pools):
        rows = table[table["pool"] == pool]
        shift = 0.008 * (number - (len(pools) - 1) / 2)  # so that bars do not hide each other
        _line(left, rows, "sparsity", 1, shift)
        _line(right, rows, "accuracy", cells.POINTS, shift)
    printed = {"color": "black", "linestyle": "", "marker": "x", "label": "printed (MNIST)"}
    left.plot(list(PAPER_TABLE2), [s for _, s in PAPER_TABLE2.values()], **printed)
    right.plot(list(PAPER_TABLE2), [cells.POINTS * a for a, _ in PAPER_TABLE2.values()], **printed)
    left.set_ylabel("chosen sparsity, ± sd over searches")
    right.set_ylabel("test accuracy (%), ± sd over retrainings")
    left.legend(fontsize=8, frameon=False, loc="lower right")
    figure.supxlabel("weight α of sparsity", fontsize=10)
    return figure


def _line(axes: Axes, rows: pd.DataFrame, name: str, factor: float, shift: float) -> None:
    pool = str(rows["pool"].iloc[0])
    axes.errorbar(
        rows["alpha"] + shift,
        factor * rows[name],
        yerr=factor * rows[f"{name}_sd"].fillna(0),
        fmt="o-",
        markersize=4,
        linewidth=1.2,
        capsize=2,
        color=COLOURS.get(pool),
        label=f"{pool} pool",
    )
