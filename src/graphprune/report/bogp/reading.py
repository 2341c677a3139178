"""BoGP read as a sceptical reviewer would: short answers, each worded by the run's own numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from graphprune.report.bogp.reading_limits import limits
from graphprune.report.bogp.reading_masks import told_apart
from graphprune.report.bogp.reading_properties import explained
from graphprune.report.bogp.reading_recipes import recipes, tradeoff
from graphprune.report.bogp.reading_rivals import against_rivals, choices
from graphprune.report.bogp.reading_search import against_random
from graphprune.report.bogp.reading_words import Statement, Tables
from graphprune.report.bogp.settings import Description
from graphprune.report.output import Page

COLUMNS = (
    "question",
    "number",
    "statement",
    "setting",
    "quantity",
    "effect",
    "low",
    "high",
    "n",
    "unit",
)


@dataclass(frozen=True)
class Run:
    """What all settings share: data set, protocol and precision, as in the config."""

    dataset: str
    protocol: str
    precision: str


def reading(descriptions: Mapping[str, Description], tables: Tables, run: Run) -> pd.DataFrame:
    """The statements in the page's order, one row for each number in them; COLUMNS.

    descriptions: by setting, its block of the config. tables: "identifiability", "table1",
    "search", "regret", "ablation", "table2" and "claims", each by setting, as their rules wrote
    them; what is not there was not run, and the statement says so. number counts the statements
    of a question; one without numbers has one row. Effects are fractions or plain numbers.
    """
    answers = {
        "Can masks be told apart from seeds?": told_apart(descriptions, tables),
        "Do the graph's properties explain what masks differ in?": explained(descriptions, tables),
        "Does Bayesian search beat random search, and how much is luck?": (
            against_random(descriptions, tables)
        ),
        "Does the searched mask beat an unsearched one, and magnitude?": (
            against_rivals(descriptions, tables)
        ),
        "Do the choices of the search matter?": choices(descriptions, tables),
        "Does α trade accuracy for sparsity?": tradeoff(descriptions, tables),
        "Is the printed base reached, and does the recipe matter?": (
            recipes(descriptions, tables, run.dataset)
        ),
        "What can this run not say?": limits(
            descriptions, tables, run.dataset, run.protocol, run.precision
        ),
    }
    rows = [
        row
        for question, statements in answers.items()
        for count, statement in enumerate(statements, 1)
        for row in _rows(question, count, statement)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(question: str, count: int, statement: Statement) -> list[dict[str, object]]:
    about: dict[str, object] = {"question": question, "number": count, "statement": statement.text}
    return [{**about, **vars(one)} for one in statement.numbers] or [about]


def reading_page(statements: pd.DataFrame) -> Page:
    """`reading` for readers: a section a question, a paragraph a statement."""
    page = Page("BoGP: a critical reading")
    page.text(
        "Every sentence is made from this run's tables. Brackets are 95 % intervals, n the units "
        "behind them. Something is called shown only where its interval excludes 0; where it holds "
        "0 that is no proof of no effect. Points are points of accuracy."
    )
    texts = statements.drop_duplicates(["question", "number"])
    for question, rows in texts.groupby("question", sort=False):
        page.heading(str(question))
        for text in rows["statement"]:
            page.text(text)
    return page
