"""BoGP's settings side by side: one tidy table from the tables of each, and what each has run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

Description = Mapping[str, Any]
"""The study's block of the config as one setting has it (`pipeline.settings.bogp_settings`)."""

PARTS = ("comparison", "ablation", "regret", "tradeoff", "identifiability")
COMPARED = ("dense", "bogp", "random_search", "fresh_mask")
MANY = 2

_IDENTITY = ("setting", "network", "nodes", "scope", "recipe", "part")
_COMMON = ("name", "sparsity", "accuracy", "sd", "n", "seeds", "failed")
_EFFECTS = tuple(
    f"{name}{end}" for name in ("icc", "r2", "r2_permuted") for end in ("", "_low", "_high", "_n")
)
_DROP = ("drop", "drop_sd", "drop_n", "drop_low", "drop_high")
COLUMNS = (*_IDENTITY, *_COMMON, "masks", "sd_seeds", *_EFFECTS, "label", *_DROP)


def settings_table(
    descriptions: Mapping[str, Description],
    identifiability: Mapping[str, pd.DataFrame],
    table1: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """One row per setting and what was measured in it, accuracies as fractions; COLUMNS.

    identifiability, table1: by setting, as `identifiability_table` and `bogp_tables.table1`
    return them; a setting without is one that did not run that part, and has no rows of it.

    Rows of part "identifiability": name is the mask source, accuracy (val) and sd are over the
    n masks of which no run failed, sd_seeds is that between seeds of one mask; icc, r2 and
    r2_permuted come with interval and n. Rows of part "comparison": name is the arm (COMPARED;
    searched arms retrained at equal weights), accuracy (test) and sd are over n retrainings;
    drop from dense with sd, interval and n. NaN where a column is of the other part.
    """
    rows = []
    for setting, description in descriptions.items():
        identity = {
            "setting": setting,
            "network": network(description),
            **{key: description[key] for key in ("nodes", "scope", "recipe")},
        }
        for row in _sources(identifiability.get(setting)):
            rows.append({**identity, "part": "identifiability", **row})
        for row in _arms(table1.get(setting)):
            rows.append({**identity, "part": "comparison", **row})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def network(description: Description) -> str:
    """What the network of a setting is called: "mlp 32–32–32"."""
    model = description["model"]
    widths = "–".join(map(str, model.get("hidden") or ()))
    return f"{model['name']} {widths}".strip()


def _sources(table: pd.DataFrame | None) -> Iterator[dict[str, Any]]:
    for row in [] if table is None else table.to_dict("records"):
        same = ("sparsity", "n", "seeds", "failed", "masks", "sd_seeds", *_EFFECTS)
        yield {
            **{name: row[name] for name in same},
            "name": row["source"],
            "accuracy": row["mean_accuracy"],
            "sd": row["sd_masks"],
        }


def _arms(table: pd.DataFrame | None) -> Iterator[dict[str, Any]]:
    for row in [] if table is None else table.to_dict("records"):
        if row["arm"] in COMPARED and row["block"] in ("-", "equal"):
            same = ("sparsity", "accuracy", "sd", "n", "seeds", "failed", "label", *_DROP)
            yield {**{name: row[name] for name in same}, "name": row["arm"]}


@dataclass(frozen=True)
class Extent:
    """How far a part goes in a setting. seeds: those of its searches, or trainings of a mask."""

    sparsities: tuple[float, ...]
    seeds: int
    rest: str

    def __str__(self) -> str:
        levels = ", ".join(f"{level:g}" for level in self.sparsities)
        if len(self.sparsities) > MANY:
            lowest, highest = min(self.sparsities), max(self.sparsities)
            levels = f"{lowest:g} … {highest:g} ({len(self.sparsities)})"
        return f"s = {levels}; {self.rest}"


def extent(description: Description, part: str) -> Extent | None:
    """What a setting runs of a part; None if it leaves the part out."""
    if part not in description["parts"]:
        return None
    block = description["search" if part == "comparison" else part]
    seeds = len(block["seeds"])
    if part == "comparison":
        rest = f"{seeds} search × {len(description['final_seeds'])} fresh seeds"
    elif part == "ablation":
        rest = f"{seeds} search seeds, {_budget(description, part)} trainings a search"
    elif part == "regret":
        rest = f"all masks × {seeds} seeds"
    elif part == "tradeoff":
        wide = f"s in {block['wide']['low']:g} … {block['wide']['high']:g}"
        searches = f"{len(block['alphas'])} α × {seeds} search seeds"
        rest = f"{wide}; {searches}, {_budget(description, part)} trainings a search"
    else:
        rest = f"sources × masks × seeds: {len(block['sources'])} × {block['masks']} × {seeds}"
    levels = [block["sparsity"]] if "sparsity" in block else description["masks"]["sparsities"]
    return Extent(tuple(levels), seeds, rest)


def _budget(description: Description, part: str) -> int:
    """Trainings that one search of a part asks for."""
    return int(description["search"]["starts"] + description[part]["steps"])
