"""Is the graph identifiable at all? The numbers: masks against seeds, and what explains them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from graphprune.claims.bogp_1 import BOTH, agreement, bogp_1, explained
from graphprune.claims.statistics import Effect
from graphprune.errors import UserError
from graphprune.masks.database import MaskDatabase, mask_id

_NO_PROPERTIES = ["source", "sparsity", "permuted"]


def accuracies(records: pd.DataFrame, source: str) -> pd.DataFrame:
    """Val accuracy of one source's masks (rows, by id) on every seed (columns), complete.

    A mask of which a run failed is left out: its mean would be over other seeds than the
    rest. A seed on which every run failed is left out too.
    """
    runs = records[(records["arm"] == source) & (records["failure"] == "")]
    long = runs.assign(mask=runs["graph"].map(mask_id).astype(int))
    return long.pivot(index="mask", columns="seed", values="val_accuracy").dropna()


def seeds_sd(table: pd.DataFrame) -> float:
    """Standard deviation between the seeds of one mask, pooled over masks; NaN for one seed."""
    variances = table.var(axis=1, ddof=1)
    return float(np.sqrt(variances.mean()))


def identifiability_table(records: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """One row per mask source, accuracies (val) as fractions.

    properties: the graph properties of all masks trained, as drawn and with rows permuted, one
    row per source, mask (its id) and permuted; columns source, sparsity (asked), mask, permuted,
    then the properties (`studies.permuted.mask_properties`). UserError if it lacks a mask.

    masks, seeds: as trained. failed: runs. n: masks of which no run failed; everything else
    is about these. sd_masks is that of mask means, sd_seeds that between the seeds of a mask.
    icc with 95 % interval, n and the p-value of its F test; r2 of mask means on the
    properties, r2_permuted on those of the masks with rows permuted, each with interval, n
    and (infinite) the masks left out for a property that is not finite. verdict, reason: of
    bogp-1. NaN where there are fewer than 5 masks.
    """
    rows = [
        _row(records[records["arm"] == source], str(source), masks)
        for source, masks in properties.groupby("source", sort=False)
    ]
    table = pd.DataFrame(rows)
    judged = bogp_1(table)
    both = judged[judged["criterion"] == BOTH]
    return table.assign(verdict=both["verdict"].to_list(), reason=both["reason"].to_list())


def _row(runs: pd.DataFrame, source: str, masks: pd.DataFrame) -> dict[str, Any]:
    complete = accuracies(runs, source)
    means = complete.mean(axis=1)
    own, permuted = (_properties(masks, complete.index, which) for which in (False, True))
    icc = agreement(complete)
    return {
        "source": source,
        "sparsity": masks["sparsity"].iloc[0],
        "masks": runs["graph"].nunique(),
        "seeds": runs["seed"].nunique(),
        "failed": int((runs["failure"] != "").sum()),
        "n": len(complete),
        "mean_accuracy": means.mean(),
        "sd_masks": means.std(ddof=1),
        "sd_seeds": seeds_sd(complete),
        **_columns("icc", icc),
        "icc_p": icc.p_value,
        **_columns("r2", explained(means, own)),
        "r2_infinite": _infinite(own),
        **_columns("r2_permuted", explained(means, permuted)),
        "r2_permuted_infinite": _infinite(permuted),
    }


def _properties(masks: pd.DataFrame, ids: pd.Index, permuted: bool) -> pd.DataFrame:
    """The properties of these masks, by id, in the order of `ids`."""
    table = masks[masks["permuted"] == permuted].set_index("mask")
    lacking = ids.difference(table.index)
    if len(lacking):
        raise UserError(
            f"the table of graph properties lacks mask {lacking[0]} of source "
            f"'{masks['source'].iloc[0]}'; make it again for as many masks as are trained"
        )
    return table.loc[ids].drop(columns=_NO_PROPERTIES)


def _columns(name: str, effect: Effect) -> dict[str, float]:
    bounds = {f"{name}_low": effect.low, f"{name}_high": effect.high}
    return {name: effect.estimate, **bounds, f"{name}_n": effect.n}


def _infinite(properties: pd.DataFrame) -> int:
    return int((~np.isfinite(properties).all(axis=1)).sum())


def spread_table(databases: Sequence[MaskDatabase]) -> pd.DataFrame:
    """One row per source and property, over all masks of its database.

    mean, sd, n: of the finite values; disconnected: graphs without one. relative_sd: sd over
    that of `random` masks, NaN where those do not vary or are not among the databases.
    """
    rows = []
    for database in databases:
        for name, values in database.properties().astype(float).items():
            finite = values[np.isfinite(values)]
            # A spread at the level of rounding is none.
            varies = len(finite) > 1 and np.ptp(finite) > 1e-9 * finite.abs().max()
            rows.append(
                {
                    "source": database.parameters["source"],
                    "property": name,
                    "mean": finite.mean(),
                    "sd": finite.std(ddof=1) if varies or len(finite) < 2 else 0.0,
                    "n": len(finite),
                    "disconnected": int((~database.table["connected"]).sum()),
                }
            )
    table = pd.DataFrame(rows)
    random = table[table["source"] == "random"].set_index("property")["sd"]
    reference = table["property"].map(random[random > 0])
    table.insert(4, "relative_sd", table["sd"] / reference.astype(float))
    return table
