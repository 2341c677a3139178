"""Figure 4 and the same graphs in two networks, with the verdicts on rgp-1 and rgp-7."""

from graphprune.claims.rgp_chain import graph_means, rgp_1, rgp_7
from graphprune.files import read_json
from graphprune.pipeline.job import run
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp.chain import chain_figure, chain_page, transfer_figure
from graphprune.report.rgp.note import note


def main(snakemake):
    inputs, params, output = snakemake.input, snakemake.params, snakemake.output
    runs = read_tables(inputs.records)
    told = note(runs, read_json(inputs.meta)["note"], params.outstanding)
    page = chain_page(runs, rgp_1(runs), rgp_7(runs), told)
    write_page(page, graph_means(runs), output, "rgp_chain")
    write_figure(chain_figure(runs), output, "rgp_chain")
    write_figure(transfer_figure(runs), output, "rgp_transfer")


if __name__ == "__main__":
    run(main)
