"""The page of weight and unit pruning: training, accuracy over k, its shape, verdicts."""

from collections.abc import Mapping

import pandas as pd

from graphprune.claims.sigmoid import CURVES, LEAST_POINTS
from graphprune.claims.weight_unit import LOSSES
from graphprune.report import cells
from graphprune.report.output import Page
from graphprune.report.verdicts import add_verdicts
from graphprune.report.weight_unit.labels import BLOCKS, LABELS
from graphprune.report.weight_unit.tables import losses_table


def weight_unit_page(
    curves: pd.DataFrame,
    records: pd.DataFrame,
    table: pd.DataFrame,
    aics: pd.DataFrame,
    verdicts: Mapping[str, pd.DataFrame],
    of_data: str = "",
) -> Page:
    """For readers. curves, records: of the study; table: of `tables.accuracy_table`.

    aics: of `claims.sigmoid.aic_table`; verdicts: claim id -> rows of its judge; of_data: the note
    of the stored data set.
    """
    page = Page("Weight and unit pruning of a trained network")
    page.text(_note(curves, records, of_data))
    _add_training(page, curves)
    for block in [block for block in BLOCKS if block in set(table["block"])]:
        _add_accuracy(page, block, table[table["block"] == block])
    _add_losses(page, records)
    _add_shape(page, aics)
    for identifier, rows in verdicts.items():
        add_verdicts(page, identifier, rows)
    return page


def _note(curves: pd.DataFrame, records: pd.DataFrame, of_data: str) -> str:
    first = records.iloc[0]
    protocol = {
        "held_out": "the kept epoch was chosen on a validation split, and the test set was read "
        "once a seed, method and k",
        "paper": "the paper's protocol: the validation set, on which the kept epoch is chosen, is "
        "the test set",
    }
    texts = [f"Data set {first['dataset']}"] + ([of_data] if of_data else [])
    texts += [
        f"recipe {first['recipe']}",
        f"seeds {', '.join(str(seed) for seed in sorted(set(records['seed'])))}",
        f"precision {', '.join(sorted(set(records['precision'])))}",
        f"device {', '.join(sorted(set(records['device'])))}",
        protocol[str(first["protocol"])],
    ]
    return (
        f"{'; '.join(texts)}. Every layer but the last loses the same share k of its weights (the "
        "smallest in magnitude) or units (the rows of least l2 norm), each layer for itself; the "
        "random arms lose as many. Of N, k·N rounded to the nearest number go, where the "
        "published code takes int(k·N): at most one more. k of units is k of the weights in scope "
        "as well. Numbers are mean ± sd over seeds (n); failed runs are named and left out."
    )


def _add_training(page: Page, curves: pd.DataFrame) -> None:
    page.heading("Training (Figure 1)")
    page.text(
        "The weights of the epoch with the least validation loss are kept. The paper prints epoch "
        "6 with a loss of 0.0682, of one training on MNIST, its test set taken as validation set "
        "(quoted)."
    )
    kept = curves[curves["kept"]]
    failed = curves[curves["failure"] != ""].drop_duplicates("seed")
    lines = [
        {
            "seed": row["seed"],
            "epoch kept": row["epoch"],
            "training loss": f"{row['train_loss']:.4f}",
            "validation loss": f"{row['val_loss']:.4f}",
            "training accuracy %": cells.points(row["train_accuracy"]),
            "validation accuracy %": cells.points(row["val_accuracy"]),
            "failure": "",
        }
        for _, row in kept.iterrows()
    ]
    lines += [{"seed": r["seed"], "failure": r["failure"]} for _, r in failed.iterrows()]
    page.table(pd.DataFrame(lines))


def _add_accuracy(page: Page, block: str, rows: pd.DataFrame) -> None:
    page.heading(f"Accuracy and loss over k, {BLOCKS[block]}")
    if block == "retrained":
        page.text(
            "The same networks, trained on after pruning with the recipe they were trained with. "
            "k = 0 is the dense network with as many epochs more: what longer training does "
            "by itself. Epochs in all, a mean: "
            f"{rows['epochs'].mean():.1f}."
        )
    page.text("Test accuracy in %.")
    page.table(_wide(rows, "accuracy"))
    page.text("Test loss (cross-entropy, nats).")
    page.table(_wide(rows, "loss"))


def _wide(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """k down, arms across."""
    lines = []
    for k, level in rows.groupby("k"):
        line = {"k": f"{k:g}"}
        for _, row in level.iterrows():
            failed = f", {row['failed']} failed" if row["failed"] else ""
            n = f"{row['n']}{failed}"
            if measure == "accuracy":
                text = cells.accuracy(row["accuracy"], row["accuracy_sd"], n)
            else:
                text = _three(row["loss"], row["loss_sd"], n)
            line[LABELS[row["arm"]]] = text
        lines.append(line)
    return pd.DataFrame(lines)


def _add_losses(page: Page, records: pd.DataFrame) -> None:
    page.heading("k at which accuracy is lost")
    page.text(
        "The least k, linear between the k that were run, at which the network has lost so much "
        "test accuracy against itself at k = 0."
    )
    table = losses_table(records)
    lines = []
    for (block, arm), mine in table.groupby(["block", "arm"], sort=False):
        by, line = mine.set_index("loss"), {"arm": f"{LABELS[arm]}, {BLOCKS[block]}"}
        for loss in LOSSES:
            row = by.loc[loss]
            never = f", {row['never']} never" if row["never"] else ""
            line[loss] = _three(row["k"], row["sd"], f"{row['n']}{never}")
        lines.append(line)
    page.table(pd.DataFrame(lines))


def _three(mean: float, sd: float, n: str) -> str:
    """ "0.312 ± .133 (5)"; dashes where there is no number."""
    value, deviation = (cells.NONE if pd.isna(v) else f"{v:.3f}" for v in (mean, sd))
    return f"{value} ± {cells.spread(deviation)} ({n})"


def _add_shape(page: Page, aics: pd.DataFrame) -> None:
    page.heading("The shape of the curve")
    page.text(
        "Curves fitted by least squares to each seed's accuracies over k, and their AIC less that "
        "of the logistic curve (above 0 the logistic one is better; differences above 10 count as "
        "decisive). The piecewise-linear curve has as many parameters as the logistic one, so it "
        f"is what tells a smooth S from a mere bend. With fewer than {LEAST_POINTS} values of k no "
        "curve is fitted. Mean ± sd over seeds (n)."
    )
    lines = []
    for (block, arm), found in aics.dropna().groupby(["block", "arm"], sort=False):
        line = {"arm": f"{LABELS[arm]}, {BLOCKS[block]}"}
        for name in CURVES[:2]:
            values = found[f"over_{name}"]
            text = cells.counted(values.mean(), values.std(ddof=1), len(values))
            line[f"{name} − logistic"] = text
        lines.append(line)
    page.table(pd.DataFrame(lines))
