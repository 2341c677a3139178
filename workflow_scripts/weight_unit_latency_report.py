"""Inference time over density, the break-even densities, and the verdict on unit-3."""

from graphprune.claims.weight_unit_time import break_even, latency_summary, unit_3
from graphprune.files import read_table
from graphprune.pipeline.job import run
from graphprune.report.output import write_figure, write_page
from graphprune.report.weight_unit.figures import latency_figure
from graphprune.report.weight_unit.latency_page import latency_page


def main(snakemake):
    latency, _ = read_table(snakemake.input[0])
    summary = latency_summary(latency)
    even = break_even(summary)
    threads = int(latency["threads"].iloc[0])
    page = latency_page(summary, even, unit_3(latency), threads)
    write_page(page, summary, snakemake.output, "unit_latency")
    write_figure(latency_figure(summary, even), snakemake.output, "unit_latency")


if __name__ == "__main__":
    run(main)
