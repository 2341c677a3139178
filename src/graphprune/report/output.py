"""Tables and figures to files, each in the formats that its readers need."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import pandas as pd

matplotlib.use("Agg")
# Text stays text in SVG, and nothing in the file changes from run to run.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "graphprune"})

from matplotlib.figure import Figure  # noqa: E402 (after the backend is chosen)

from graphprune.files import whole, write_text  # noqa: E402

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5em; color: #222; }
table { border-collapse: collapse; margin: .6em 0 1.6em; }
th, td { padding: .3em .7em; border-bottom: 1px solid #ddd; }
th, td { text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td:last-child { white-space: normal; min-width: 11em; }
thead th { border-bottom: 2px solid #555; }
p, li { max-width: 60em; }
"""


class Page:
    """A short document of headings, paragraphs and tables, written as Markdown and as HTML.

    All of it is plain text: what would be markup in one of the two is escaped there.
    """

    def __init__(self, title: str):
        self.title = title
        self._parts: list[tuple[str, str | pd.DataFrame]] = []

    def heading(self, text: str) -> None:
        self._parts.append(("heading", text))

    def text(self, text: str) -> None:
        self._parts.append(("text", text))

    def table(self, frame: pd.DataFrame) -> None:
        """Add a table; cells are shown as they are, the index is not."""
        self._parts.append(("table", frame) if len(frame) else ("text", "(no rows)"))

    def markdown(self) -> str:
        blocks = [f"# {_plain(self.title)}"]
        for kind, part in self._parts:
            if isinstance(part, pd.DataFrame):
                blocks.append(_markdown_table(part))
            else:
                blocks.append(f"## {_plain(part)}" if kind == "heading" else _plain(part))
        return "\n\n".join(blocks) + "\n"

    def html(self) -> str:
        blocks = [f"<h1>{html.escape(self.title)}</h1>"]
        for kind, part in self._parts:
            if isinstance(part, pd.DataFrame):
                blocks.append(part.to_html(index=False, border=0, na_rep=""))
            else:
                tag = "h2" if kind == "heading" else "p"
                blocks.append(f"<{tag}>{html.escape(part)}</{tag}>")
        body = "\n".join(blocks)
        return (
            f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
            f"<title>{html.escape(self.title)}</title><style>{_STYLE}</style></head>\n"
            f"<body>\n{body}\n</body></html>\n"
        )


def write_page(page: Page, data: pd.DataFrame, outputs: Mapping[str, str], name: str) -> None:
    """`data` (tidy, full precision) as CSV, and the page that shows it as Markdown and HTML.

    outputs: a rule's files by name, among them <name>_csv, <name>_md and <name>_html.
    """
    with whole(outputs[f"{name}_csv"]) as temporary:
        data.to_csv(temporary, index=False)
    write_text(outputs[f"{name}_md"], page.markdown())
    write_text(outputs[f"{name}_html"], page.html())


def write_figure(figure: Figure, outputs: Mapping[str, str], name: str) -> None:
    """The figure as <name>_svg and, with 150 dots an inch, as <name>_png of a rule's files."""
    with whole(outputs[f"{name}_svg"]) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None})
    with whole(outputs[f"{name}_png"]) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def _markdown_table(frame: pd.DataFrame) -> str:
    def row(cells: Sequence[Any]) -> str:
        return "| " + " | ".join("" if pd.isna(c) else _cell(str(c)) for c in cells) + " |"

    head = [row(list(frame.columns)), "|" + "---|" * len(frame.columns)]
    return "\n".join(head + [row(list(values)) for values in frame.itertuples(index=False)])


def _cell(text: str) -> str:
    """One line, in which a | does not end the cell."""
    return " ".join(_plain(text).split()).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text whose < Markdown does not take for the beginning of a tag."""
    return re.sub(r"<(?=[A-Za-z/!?])", r"\\<", text)
