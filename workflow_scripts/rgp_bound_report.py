"""Figure 6, its numbers, the searches step by step, and the verdict on rgp-4."""

from graphprune.claims.rgp_4 import rgp_4
from graphprune.pipeline.job import run
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp_theory.bound import bound_table, figure6, traces_figure
from graphprune.report.rgp_theory.bound_page import bound_page


def main(snakemake):
    output = snakemake.output
    searches = read_tables(snakemake.input.searches)
    page = bound_page(searches, rgp_4(searches))
    write_page(page, bound_table(searches), output, "bound")
    write_figure(figure6(searches), output, "bound")
    write_figure(traces_figure(read_tables(snakemake.input.traces)), output, "traces")


if __name__ == "__main__":
    run(main)
