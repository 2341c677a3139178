"""Tables 1 to 3 and Figures 8 and 9, with the verdicts on rgp-2, rgp-5, rgp-8 and rgp-9."""

import pandas as pd

from graphprune.claims.rgp_pairs import rgp_2, rgp_5, rgp_8, rgp_9
from graphprune.files import read_json, read_table
from graphprune.pipeline.job import run
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp.accuracy import accuracy_table
from graphprune.report.rgp.accuracy_figures import arms_figure, regular_figure
from graphprune.report.rgp.accuracy_page import accuracy_page
from graphprune.report.rgp.note import note


def main(snakemake):
    inputs, params, output = snakemake.input, snakemake.params, snakemake.output
    dense = [
        read_table(path)[0].assign(network=network)
        for network, path in zip(params.networks, inputs.dense, strict=True)
    ]
    pruned = read_tables(inputs.records)
    runs = pd.concat([*dense, pruned], ignore_index=True)
    full = pruned.groupby("network")["full_width"].first()
    runs["full_width"] = runs["network"].map(full)
    table = accuracy_table(runs)
    judges = {"rgp-9": rgp_9, "rgp-2": rgp_2, "rgp-5": rgp_5, "rgp-8": rgp_8}
    verdicts = {identifier: judge(runs) for identifier, judge in judges.items()}
    told = note(runs, read_json(inputs.meta)["note"], params.outstanding)
    page = accuracy_page(table, verdicts, told, params.scope, params.init)
    write_page(page, table, output, "rgp_accuracy")
    write_figure(arms_figure(table), output, "rgp_arms")
    write_figure(regular_figure(table), output, "rgp_regular")


if __name__ == "__main__":
    run(main)
