"""Figure 5, and the rings of its spanning trees."""

from graphprune.files import read_table
from graphprune.pipeline.job import run
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp_theory.trees import figure5, rings_table, trees_page


def main(snakemake):
    trees, _ = read_table(snakemake.input.trees)
    write_page(trees_page(trees), rings_table(trees), snakemake.output, "trees")
    write_figure(figure5(trees), snakemake.output, "trees")


if __name__ == "__main__":
    run(main)
