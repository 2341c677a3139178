"""The critical reading, what the run cannot say, and what would decide."""

import re
from collections.abc import Mapping

import pandas as pd

from graphprune.report.bogp.arms import PAPER_SPARSITIES
from graphprune.report.bogp.reading_words import (
    LEAST,
    Statement,
    Tables,
    between,
    claim_rows,
    listed,
)
from graphprune.report.bogp.settings import PARTS, Description, extent

_NEEDED = re.compile(r"about n = (\d+) would decide")
PROTOCOLS = {
    "held_out": "choices on a validation split, the test set read once",
    "paper": "the paper's, whose validation set is the test set, so accuracies are optimistic",
}


def limits(
    descriptions: Mapping[str, Description],
    tables: Tables,
    dataset: str,
    protocol: str,
    precision: str,
) -> list[Statement]:
    """What this run cannot say, and what would decide."""
    products = "auto (fp32 on a CPU, bf16 on CUDA)" if precision == "auto" else precision
    return [
        *_few(descriptions),
        *_left_out(descriptions),
        Statement(
            f"One data set ({dataset}); protocol {PROTOCOLS.get(protocol, protocol)}; matrix "
            f"products in {products}. What holds elsewhere is not known from this."
        ),
        Statement(
            "Intervals on this page are single 95 % ones unless it says Holm: among many, one in "
            "twenty excludes 0 by chance. The verdicts on the claims page are corrected."
        ),
        *_would_decide(tables),
    ]


def _few(descriptions: Mapping[str, Description]) -> list[Statement]:
    few: dict[str, list[str]] = {}
    for setting, description in descriptions.items():
        found = {part: extent(description, part) for part in PARTS}
        counts = {part: e.seeds for part, e in found.items() if e}
        if {"comparison", "tradeoff"} & set(counts):
            counts["retraining"] = len(description["final_seeds"])
        short = [f"{part} {n}" for part, n in counts.items() if n < LEAST]
        if short:
            few.setdefault(listed(short), []).append(setting)
    if not few:
        return [Statement(f"Every part has at least {LEAST} seeds.")]
    shown = "; ".join(f"{what} in {listed(names)}" for what, names in few.items())
    return [Statement(f"Fewer than {LEAST} seeds, too few for a verdict: {shown}.")]


def _left_out(descriptions: Mapping[str, Description]) -> list[Statement]:
    missing: dict[str, list[str]] = {}
    single: dict[str, list[str]] = {}
    for setting, description in descriptions.items():
        found = {part: extent(description, part) for part in PARTS}
        if lacking := [part for part, e in found.items() if e is None]:
            missing.setdefault(listed(lacking), []).append(setting)
        for part, e in found.items():
            if e and set(PAPER_SPARSITIES) - set(e.sparsities):
                at = ", ".join(f"{level:g}" for level in e.sparsities)
                single.setdefault(f"{part} (s = {at})", []).append(setting)
    texts = []
    if missing:
        parts = "; ".join(f"{what} in {listed(names)}" for what, names in missing.items())
        texts.append(f"Not run: {parts}.")
    if single:
        levels = "; ".join(f"{what} in {listed(names)}" for what, names in single.items())
        texts.append(f"Not at all of the paper's {len(PAPER_SPARSITIES)} sparsities: {levels}.")
    return [Statement(" ".join(texts) or "Every part was run in every setting.")]


def _would_decide(tables: Tables) -> list[Statement]:
    """How many units the undecided rows of each claim would take, as the claims' table has it."""
    if not tables.get("claims"):
        return [Statement("The paper's claims, and what would decide them: not run.")]
    texts = []
    for claim in (f"bogp-{k}" for k in range(1, 6)):
        rows = claim_rows(tables, claim)
        if claim == "bogp-4":  # one study, repeated in every setting
            rows = [(setting, row) for setting, row in rows if setting == rows[0][0]]
        open_rows = [
            row for _, row in rows if row["verdict"] == "undecided" and pd.notna(row["effect"])
        ]
        if not open_rows:
            continue
        needed = [int(m[1]) for row in open_rows if (m := _NEEDED.search(str(row["reason"])))]
        share = f"{len(needed)} of {len(open_rows)} undecided intervals"
        count = f"about {between(needed, str)} {open_rows[0]['unit']}s" if needed else "no n named"
        texts.append(f"{claim} {count} ({share})")
    if not texts:
        return [Statement("No claim is undecided for want of seeds or masks.")]
    return [
        Statement(
            f"What would decide, if effect and spread stay as they are: {'; '.join(texts)}. For "
            "the rest no n can be named."
        )
    ]
