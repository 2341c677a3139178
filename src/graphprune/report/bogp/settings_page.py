"""The page that puts BoGP's settings side by side: node counts, depth, recipes, verdicts."""

from collections.abc import Mapping
from itertools import combinations

import pandas as pd

from graphprune.report import cells
from graphprune.report.bogp.arms import PAPER_SPARSITIES
from graphprune.report.bogp.settings import PARTS, Description, extent, network
from graphprune.report.output import Page

NOT_RUN = "not run"
LEAST_SEEDS = 5

# Which rows of a claim's table decide it, by column; all of them where none is named.
_DECIDING = {
    "bogp-1": {"criterion": ("icc and r2",)},
    "bogp-2": {"criterion": ("gain",)},
    "bogp-3": {"cell": ("all",)},
    "bogp-4": {"cell": ("all three",)},
    "bogp-5": {"criterion": ("both",)},
}


def settings_page(
    descriptions: Mapping[str, Description],
    table: pd.DataFrame,
    claims: Mapping[str, pd.DataFrame],
) -> Page:
    """The settings for readers. What was not run, it says.

    descriptions: by setting, its block of the config. table: of `settings_table`. claims: by
    setting, judged rows with the columns of `claims.verdict`; a setting without has none.
    """
    page = Page("BoGP: nodes, depth and recipes side by side")
    page.text(
        "A setting is a network, a node count, a recipe. Each has its own pages; here they stand "
        "beside each other. Every number is of this data set only."
    )
    page.heading("What was run")
    page.table(_run(descriptions, table))
    page.text(
        f"The full plan has every part in every setting, at the {len(PAPER_SPARSITIES)} "
        f"sparsities of the paper, with at least {LEAST_SEEDS} seeds. What it would have had "
        "beyond what was run:"
    )
    page.table(_beyond(descriptions))
    _nodes(page, table[table["part"] == "identifiability"])
    _recipes(page, descriptions, table[table["part"] == "comparison"])
    page.heading("Verdicts")
    page.text(
        "Of each claim the rows that decide it, with the number of units in parentheses; numbers "
        "and reasons are on the claims page of each setting. bogp-4 is about the graphs on five "
        "nodes: one study with a network of its own, so its verdict is the same everywhere."
    )
    page.table(_verdicts(list(descriptions), claims))
    return page


def _run(descriptions: Mapping[str, Description], table: pd.DataFrame) -> pd.DataFrame:
    measured = set(zip(table["setting"], table["part"], strict=True))
    lines = []
    for name, description in descriptions.items():
        line = {
            "setting": name,
            "network": network(description),
            "nodes": description["nodes"],
            "scope": description["scope"],
            "recipe": description["recipe"],
        }
        for part in PARTS:
            found = extent(description, part)
            shown = part not in ("comparison", "identifiability") or (name, part) in measured
            line[part] = NOT_RUN if found is None else f"{found}{'' if shown else '; no results'}"
        lines.append(line)
    return pd.DataFrame(lines)


def _beyond(descriptions: Mapping[str, Description]) -> pd.DataFrame:
    lines = []
    for name, description in descriptions.items():
        parts = {part: extent(description, part) for part in PARTS}
        run = {part: found for part, found in parts.items() if found}
        at = dict[str, list[str]]()  # sparsities not run -> the parts that lack just these
        for part, found in run.items():
            lacking = ", ".join(f"{s:g}" for s in PAPER_SPARSITIES if s not in found.sparsities)
            at.setdefault(lacking, []).append(part)
        levels = [f"{', '.join(of)} at s = {s}" for s, of in at.items() if s]
        seeds = [f"{part} {e.seeds}" for part, e in run.items() if e.seeds < LEAST_SEEDS]
        lines.append(
            {
                "setting": name,
                "parts": ", ".join(part for part in parts if part not in run) or cells.NONE,
                f"seeds (here fewer than {LEAST_SEEDS})": ", ".join(seeds) or cells.NONE,
                "sparsities": "; ".join(levels) or cells.NONE,
            }
        )
    return pd.DataFrame(lines)


def _nodes(page: Page, table: pd.DataFrame) -> None:
    page.heading("Masks against seeds, by node count and depth")
    if table.empty:
        page.text("No setting has results of part 'identifiability'; nothing to compare.")
        return
    page.text(
        "The same question in each setting: do masks differ by more than seeds do? Val accuracy "
        "in %, mean ± sd of mask means (n masks), beside the sd between the seeds of one mask. "
        "ICC: the share of the variance of single trainings that belongs to the mask, with its "
        "95 % interval; R²: of mask means on the graph's properties, for unseen masks, and the "
        "same with the properties of the mask with rows permuted (number of masks). The fewer "
        "nodes, the larger the blocks of weights that a mask keeps or removes together."
    )
    if table["scope"].nunique() > 1:
        page.text(
            "With scope 'first' only the first matrix is masked, and permuting a mask's rows "
            "leaves the network the same; with consecutive masked matrices it does not."
        )
    # 'random' first: it is what the other sources stand beside.
    other = table.assign(other=table["name"] != "random")
    keys = ["network", "scope", "recipe", "other", "name", "nodes"]
    lines = [
        {
            "setting": row["setting"],
            "network": f"{row['network']}, {row['scope']}, {row['recipe']}",
            "mask source": row["name"],
            "nodes": row["nodes"],
            "s": f"{row['sparsity']:g}",
            "masks × seeds": f"{row['masks']:g} × {row['seeds']:g}",
            "val accuracy (%)": cells.accuracy(row["accuracy"], row["sd"], f"{row['n']:g}"),
            "sd of seeds": f"{cells.spread(cells.points(row['sd_seeds']))} ({row['n']:g})",
            "ICC [95 %]": _effect(row, "icc"),
            "R² [95 %]": _effect(row, "r2"),
            "R², rows permuted": _effect(row, "r2_permuted"),
        }
        for _, row in other.sort_values(keys, kind="stable").iterrows()
    ]
    page.table(pd.DataFrame(lines))


def _recipes(page: Page, descriptions: Mapping[str, Description], table: pd.DataFrame) -> None:
    page.heading("Recipes: the base, and what is lost against it")
    if table.empty:
        page.text("No setting has results of part 'comparison'; nothing to compare.")
        return
    run = list(dict.fromkeys(table["setting"]))
    page.text(
        "Test accuracy of the dense network in %, and the drop from it in points: mean ± sd over "
        "fresh seeds (n), paired by seed, searches averaged first. Compare drops, not accuracies. "
        f"{_alike({name: descriptions[name] for name in run})}"
    )
    lines = []
    # Table 1's order; dense first, at no sparsity of its own.
    for (label, level), rows in table.groupby(["label", "sparsity"], sort=False):
        of = rows.set_index("setting")
        dense = (rows["name"] == "dense").all()
        what = ("accuracy", "sd", "n") if dense else ("drop", "drop_sd", "drop_n")
        line = {"arm": f"{label}, accuracy" if dense else f"{label}, s = {level:g}"}
        for name in run:
            title = f"{name} ({descriptions[name]['recipe']})"
            line[title] = _drop(of.loc[name], what) if name in of.index else NOT_RUN
        lines.append((list(dict.fromkeys(table["label"])).index(label), level, line))
    page.table(pd.DataFrame([line for *_, line in sorted(lines, key=lambda entry: entry[:2])]))


def _drop(row: pd.Series, what: tuple[str, str, str]) -> str:
    mean, sd, n = (row[name] for name in what)
    return cells.accuracy(mean, sd, f"{n:g}", "" if what[0] == "accuracy" else "+")


def _alike(descriptions: Mapping[str, Description]) -> str:
    """Which settings differ in the recipe alone, as a sentence."""
    pairs = [
        f"{a} and {b}"
        for a, b in combinations(descriptions, 2)
        if descriptions[a]["recipe"] != descriptions[b]["recipe"]
        and all(descriptions[a][key] == descriptions[b][key] for key in ("nodes", "scope"))
        and network(descriptions[a]) == network(descriptions[b])
    ]
    if not pairs:
        return "No two settings differ in the recipe alone."
    return f"These differ in the recipe alone: {'; '.join(pairs)}."


def _verdicts(settings: list[str], claims: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Claims down, settings across."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for setting in settings:
        for row in _deciding(claims.get(setting)):
            key = (row["claim"], f"{row['criterion']}: {row['cell']}")
            found.setdefault(key, {})[setting] = f"{row['verdict']} ({row['n']})"
    lines = [
        {
            "claim": claim,
            "what": what,
            **{name: verdicts.get(name, NOT_RUN) for name in settings},
        }
        for (claim, what), verdicts in sorted(found.items(), key=lambda entry: entry[0][0])
    ]
    return pd.DataFrame(lines)


def _deciding(table: pd.DataFrame | None) -> list[dict[str, str]]:
    rows = []
    for row in [] if table is None else table.to_dict("records"):
        wanted = _DECIDING.get(row["claim"], {})
        if all(row[column] in values for column, values in wanted.items()):
            rows.append({str(name): value for name, value in row.items()})
    return rows


def _effect(row: pd.Series, name: str) -> str:
    n = f"{row[f'{name}_n']:g}"
    if pd.isna(row[name]):
        return f"{cells.NONE} ({n})"
    low, high = (_number(row[f"{name}_{end}"]) for end in ("low", "high"))
    return f"{_number(row[name])} [{low}, {high}] ({n})"


def _number(value: float) -> str:
    return cells.NONE if pd.isna(value) else f"{value:.2f}"
