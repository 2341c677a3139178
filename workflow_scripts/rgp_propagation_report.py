"""Figure 3, its numbers, and the verdict on rgp-3."""

from graphprune.claims.rgp_3 import rgp_3
from graphprune.files import read_table
from graphprune.pipeline.job import run
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp_theory.propagation import figure3, propagation_page


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    spread, _ = read_table(snakemake.input.spread)
    size = (params.nodes, params.degree, params.layers)
    write_page(propagation_page(spread, rgp_3(spread), *size), spread, output, "propagation")
    write_figure(figure3(spread, *size), output, "propagation")


if __name__ == "__main__":
    run(main)
