"""Weight and unit pruning, from run records to numbers: accuracy, loss, and what an arm loses."""

import pandas as pd

from graphprune.claims.weight_unit import LOSSES, loss_table
from graphprune.report.weight_unit.labels import BLOCKS, LABELS


def accuracy_table(records: pd.DataFrame) -> pd.DataFrame:
    """One row a block, arm and k, over the seeds that did not fail (`failed` did).

    accuracy, loss: means on the test set, with _sd (ddof 1); n: seeds. sparsity: share of the
    weights in scope that is gone. compression, speedup: dense over kept parameters and MACs.
    epochs: mean of the kept epoch, plus those of retraining.
    """
    rows = []
    for block in BLOCKS:
        for arm in LABELS:
            mine = records[(records["block"] == block) & (records["arm"] == arm)]
            for k, level in mine.groupby("level"):
                rows.append({"block": block, "arm": arm, "k": k, **_row(level)})
    return pd.DataFrame(rows)


def _row(level: pd.DataFrame) -> dict[str, float]:
    whole = level[level["failure"] == ""]
    row: dict[str, float] = {"n": len(whole), "failed": len(level) - len(whole)}
    for name in ("accuracy", "loss"):
        row |= {name: whole[f"test_{name}"].mean(), f"{name}_sd": whole[f"test_{name}"].std(ddof=1)}
    for name in ("sparsity", "compression", "epochs"):
        row[name] = whole[name].mean()
    row["speedup"] = (whole["macs"] / whole["macs_kept"]).mean()
    return row


def losses_table(records: pd.DataFrame) -> pd.DataFrame:
    """One row a block, arm and loss: the k at which so much accuracy is gone, mean, sd and n.

    never: seeds that never lose so much, or of which a run failed before.
    """
    found = loss_table(records)
    rows = []
    for (block, arm, loss), mine in found.groupby(["block", "arm", "loss"], sort=False):
        k = mine["k"]
        rows.append(
            {
                "block": block,
                "arm": arm,
                "loss": loss,
                "k": k.mean(),
                "sd": k.std(ddof=1),
                "n": int(k.notna().sum()),
                "never": int(k.isna().sum()),
            }
        )
    order = {name: place for place, name in enumerate(LOSSES)}
    table = pd.DataFrame(rows)
    return table.sort_values("loss", key=lambda c: c.map(order), kind="stable")


def auc_summary(auc: pd.DataFrame) -> pd.DataFrame:
    """One row a layer, arm and k: mean and sd over seeds of auc, null and excess = auc − null.

    half_max: the greatest half width over seeds of the interval over units.
    """
    whole = auc[auc["failure"] == ""]
    half = (whole["high"] - whole["low"]) / 2
    whole = whole.assign(excess=whole["auc"] - whole["null"], half=half)
    values = ["auc", "null", "excess"]
    groups = whole.groupby(["layer", "name", "arm", "k", "units"])
    found = groups[values].agg(["mean", "std", "count"])
    found.columns = [f"{name}_{what}" for name, what in found.columns]
    return found.assign(half_max=groups["half"].max()).reset_index()
