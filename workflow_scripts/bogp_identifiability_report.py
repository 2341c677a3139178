"""Is the graph identifiable at all? Masks against seeds, and how far the sources spread."""

from graphprune.files import read_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import run
from graphprune.report.bogp import identifiability_figures as figures
from graphprune.report.bogp.identifiability import identifiability_table, spread_table
from graphprune.report.bogp.identifiability_page import identifiability_note, identifiability_page
from graphprune.report.output import write_figure, write_page


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    records, _ = read_table(inputs.records)
    databases = [MaskDatabase.load(path) for path in inputs.databases]
    properties, _ = read_table(inputs.properties)
    table = identifiability_table(records, properties)
    page = identifiability_page(table, identifiability_note(records), spread_table(databases))
    write_page(page, table, output, "identifiability")
    write_figure(figures.spread(databases), output, "spread")
    write_figure(figures.mask_means(records), output, "mask_means")


if __name__ == "__main__":
    run(main)
