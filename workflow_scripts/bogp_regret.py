"""The best mask of a database, how much of it is luck, and what each search missed."""

from graphprune.files import read_table
from graphprune.pipeline.job import run
from graphprune.report.bogp.regret import regret_figure, regret_table
from graphprune.report.bogp.regret_page import regret_page
from graphprune.report.output import write_figure, write_page


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    exhaustive, _ = read_table(inputs.exhaustive[0])
    searches, _ = read_table(inputs.search[0])
    table = regret_table(exhaustive, searches)
    write_page(regret_page(table, setting=snakemake.wildcards.setting), table, output, "regret")
    write_figure(regret_figure(exhaustive, searches), output, "regret")


if __name__ == "__main__":
    run(main)
