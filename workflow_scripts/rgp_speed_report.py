"""Theoretical against measured speed-up as figure, table and page, and the verdict on rgp-6."""

from graphprune.claims.rgp_6 import rgp_6
from graphprune.files import read_table
from graphprune.pipeline.job import run
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp_speed.speed import speed_figure, speed_table
from graphprune.report.rgp_speed.speed_page import speed_page


def main(snakemake):
    times, layers = (read_table(snakemake.input[name])[0] for name in ("times", "layers"))
    table = speed_table(times, layers)
    write_page(speed_page(table, rgp_6(times)), table, snakemake.output, "speed")
    write_figure(speed_figure(table), snakemake.output, "speed")


if __name__ == "__main__":
    run(main)
