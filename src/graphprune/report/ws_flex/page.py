"""The page of graph2nn's study: the graphs at equal MACs, and what their accuracy follows."""

import pandas as pd

from graphprune.claims.ws_flex import (
    COMPLETE,
    among_themselves,
    associations,
    explained,
    in_bands,
    swept,
)
from graphprune.report import cells
from graphprune.report.output import Page
from graphprune.report.ws_flex import words
from graphprune.report.ws_flex.words import NAMES, named

TOP = 10


def ws_flex_page(
    table: pd.DataFrame, records: pd.DataFrame, of_data: str = "", draws: int = 2000
) -> Page:
    """For readers. table: of `graphs.graphs_table`; of_data: the note of the stored data set."""
    page = Page("WS-flex graphs on an MLP at equal MACs (graph2nn)")
    page.text(
        "graph2nn (You et al. 2020) draws relational graphs all over the plane of clustering C and "
        "average shortest path length L, gives every node a self-loop, masks the matrices between "
        "the hidden layers of an MLP by the graph, and widens these layers until the masked "
        "network costs as much as the dense one, the complete graph. Accuracy over the plane has a "
        "sweet spot, it says, in which networks beat the dense one."
    )
    page.text(words.run_note(table, records, of_data))
    known = swept(table)
    if len(known) < 2:
        page.text("Fewer than two graphs have a training that did not fail; nothing to compare.")
        return page
    found = associations(table, draws=draws)
    page.heading("What it comes to")
    for sentence in (
        words.graphs_or_seeds(records),
        words.beside_dense(table, records),
        words.best_graph(table, records),
        words.confounded(found, table),
    ):
        page.text(sentence)
    _add_associations(page, found, table, draws)
    page.heading("The sweet spot")
    page.text(words.sweet_spot(table, records))
    _add_graphs(page, table)
    return page


def _add_associations(page: Page, found: pd.DataFrame, table: pd.DataFrame, draws: int) -> None:
    page.heading("What the accuracy of a graph follows")
    page.text(
        "Spearman's rank correlation of the graphs' mean test accuracies with each quantity, plain "
        "and with the ranks of others held fixed, with 95 % bootstrap intervals over graphs; the "
        "complete graph is left out. The intervals are not corrected for their number."
    )
    page.table(
        pd.DataFrame(
            {
                "quantity": found["quantity"].map(NAMES),
                "held fixed": found["given"].map(named).replace("", "nothing"),
                "accuracy follows it by": [_interval(row) for _, row in found.iterrows()],
                "n (graphs)": found["n"],
            }
        )
    )
    page.text(
        "The quantities among themselves. Width follows from density, as all networks cost the "
        "same, so the two cannot be told apart here."
    )
    own = among_themselves(table).map(lambda value: f"{value:+z.2f}")
    shown = own.rename(index=NAMES, columns=NAMES)
    page.table(shown.rename_axis(index="rank correlation of").reset_index())
    page.text(
        "Among graphs of similar density, a third of them in each band. From graph2nn's own runs "
        "(MLP, CIFAR-10, 3942 graphs), Pearson's correlation of L with the error was calculated "
        "anew from its published results and changes sign: +.74 at k/n of .125 to .15, near 0 at "
        "middle and -.56 at k/n of .4 to .6; quoted here, not a result of this run."
    )
    page.table(_bands_shown(in_bands(table, draws=draws)))
    models = explained(table, draws=draws)
    page.text(
        "Share of the variance of the graphs' mean accuracies that least squares on each quantity "
        "and its square predicts for graphs it has not seen (five folds; at most 1, below 0 worse "
        "than the mean), with the 95 % bootstrap interval over graphs."
    )
    page.table(
        pd.DataFrame(
            {
                "from": models["quantities"].map(named),
                "R², out of fold": [_interval(row) for _, row in models.iterrows()],
                "n (graphs)": models["n"],
            }
        )
    )


def _bands_shown(bands: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for _, rows in bands.groupby("band"):
        by = rows.set_index("quantity")
        first = rows.iloc[0]
        lines.append(
            {
                "density": f"{first['least']:.3f} … {first['most']:.3f}" if first["n"] else "–",
                "accuracy with L": _interval(by.loc["aspl"]),
                "accuracy with C": _interval(by.loc["clustering"]),
                "n (graphs)": first["n"],
            }
        )
    return pd.DataFrame(lines)


def _add_graphs(page: Page, table: pd.DataFrame) -> None:
    ranked = swept(table).sort_values("accuracy", ascending=False, kind="stable")
    dense = table[table["kind"] == COMPLETE]
    page.heading(f"The dense network, and the best {min(TOP, len(ranked))} of {len(ranked)} graphs")
    page.text(
        "Test accuracy in %, mean ± sd over seeds (n); runs that failed are left out. The best of "
        "many means is too high by the luck of the choice. All graphs are in the CSV file."
    )
    shown = pd.concat([dense, ranked.head(TOP)])
    page.table(pd.DataFrame([_line(row) for _, row in shown.iterrows()]))


def _line(row: pd.Series) -> dict[str, object]:
    failed = f", {row['failed']} failed" if row["failed"] else ""
    return {
        "graph": row["graph"].replace("_", "-"),
        "k": f"{row['k']:.2f}",
        "p": f"{row['p']:.3f}",
        "seed": row["seed"],
        "density": f"{row['density']:.3f}",
        "C": f"{row['clustering']:.3f}",
        "L": f"{row['aspl']:.3f}",
        "width": row["width"],
        "MACs": f"{row['macs']:,} ({cells.points(row['macs_excess'], '+')} %)",
        "test accuracy": cells.accuracy(row["accuracy"], row["sd"], f"{row['n']}{failed}"),
    }


def _interval(row: pd.Series) -> str:
    estimate, low, high = (
        cells.NONE if pd.isna(row[name]) else f"{row[name]:+z.2f}"
        for name in ("estimate", "low", "high")
    )
    return f"{estimate} [{low}, {high}]"
