"""Pages and figures on disk: every format, nothing lost, nothing taken for markup."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from graphprune.report.output import Page, write_figure, write_page

LONG = "the interval leaves open whether the effect lies above the threshold, " * 4


class Document(HTMLParser):
    """Tags and texts of a page as a browser reads them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def page():
    made = Page("Title <b> & more")
    made.text("p < .05, and <script>alert(1)</script>")
    made.heading("A <i>heading</i>")
    made.table(pd.DataFrame({"arm|x": ["a|b", "<u>c</u>", "two\nlines"], "n": [1, 2, 3]}))
    return made


def cells(line):
    """The cells of a Markdown row: split at every | that no backslash precedes."""
    return [cell.strip() for cell in line.replace("\\|", "\0").strip("|").split("|")]


def test_a_page_is_title_text_heading_and_table_in_order(page):
    blocks = page.markdown().split("\n\n")
    assert [block[:2] for block in blocks] == ["# ", "p ", "##", "| "]
    tags = Document(page.html()).tags
    wanted = ["h1", "p", "h2", "table"]
    assert [tag for tag in tags if tag in wanted] == wanted


def test_a_pipe_or_a_line_break_does_not_break_a_markdown_table(page):
    rows = [cells(line) for line in page.markdown().splitlines() if line.startswith("|")]
    assert [len(row) for row in rows] == [2] * 5
    assert rows[0] == ["arm\0x", "n"]
    assert rows[2] == ["a\0b", "1"]
    assert rows[4] == ["two lines", "3"]


def test_nothing_in_a_page_is_taken_for_markup(page):
    document = Document(page.html())
    assert not {"b", "script", "i", "u"} & set(document.tags)
    texts = [text.strip() for text in document.texts]
    for text in ("Title <b> & more", "A <i>heading</i>", "<u>c</u>", "a|b"):
        assert text in texts
    markdown = page.markdown()
    assert "p < .05" in markdown  # no tag, so it stays as it is
    assert "\\<script>" in markdown
    assert "\\<u>" in markdown
    assert markdown.startswith("# Title \\<b>")


def test_long_cells_and_long_tables_are_shown_in_full():
    page = Page("t")
    page.table(pd.DataFrame({"why": [f"{i} {LONG}" for i in range(200)]}))
    for text in (page.markdown(), " ".join(Document(page.html()).texts)):
        assert all(f"{i} {LONG.strip()}" in text for i in range(200))


def test_missing_cells_are_empty():
    page = Page("t")
    page.table(pd.DataFrame({"a": ["x", None], "b": [np.nan, 1.5]}))
    lines = page.markdown().splitlines()
    assert [cells(line) for line in lines[-2:]] == [["x", ""], ["", "1.5"]]
    assert "nan" not in page.html().lower()


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []})])
def test_a_table_without_rows_says_so(frame):
    page = Page("t")
    page.table(frame)
    assert page.markdown() == "# t\n\n(no rows)\n"
    assert "(no rows)" in page.html()


def outputs(folder, *kinds):
    return {f"table1_{kind}": str(folder / "tables" / f"t.{kind}") for kind in kinds}


def test_a_page_is_written_as_csv_markdown_and_html(tmp_path, page):
    data = pd.DataFrame(
        {"accuracy": [0.1 + 0.2, np.nan], "arm": ['a, "b"', ""], "n": [3, 4], "ok": [True, False]}
    )
    files = outputs(tmp_path, "csv", "md", "html")
    write_page(page, data, files, "table1")
    read = pd.read_csv(files["table1_csv"], keep_default_na=False, na_values={"accuracy": [""]})
    pd.testing.assert_frame_equal(read, data, check_exact=True)
    assert (tmp_path / "tables/t.md").read_text(encoding="utf-8") == page.markdown()
    assert (tmp_path / "tables/t.html").read_text(encoding="utf-8") == page.html()
    assert len(list((tmp_path / "tables").iterdir())) == 3


def test_a_figure_is_written_as_svg_and_png_and_is_the_same_every_time(tmp_path):
    def drawn(folder):
        figure = Figure()
        figure.subplots().plot([1, 2], [3, 4], "o-", label="accuracy (%)")
        figure.supxlabel("sparsity")
        files = outputs(folder, "svg", "png")
        write_figure(figure, files, "table1")
        return {kind: open(path, "rb").read() for kind, path in files.items()}

    first, second = drawn(tmp_path / "a"), drawn(tmp_path / "b")
    assert first == second
    assert first["table1_png"].startswith(b"\x89PNG")
    svg = first["table1_svg"].decode()
    assert ">sparsity<" in svg.replace(" ", "")  # text is text, not paths
    assert "<dc:date>" not in svg
