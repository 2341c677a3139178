"""Convergence of the searches, accuracy against each property, and Table 1 as a picture."""

import pandas as pd

from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import run
from graphprune.report.bogp import figures
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    searches = read_tables(inputs.searches)
    databases = [MaskDatabase.load(path) for path in inputs.databases]
    properties = {d.parameters["sparsity"]: d.properties() for d in databases}
    table1 = pd.read_csv(inputs.table1, keep_default_na=False, na_values=[""])
    names = snakemake.params.properties
    title = f"setting {snakemake.wildcards.setting}"
    write_figure(figures.drops(table1, title), output, "accuracy")
    write_figure(figures.convergence(searches, title), output, "convergence")
    scatter = figures.accuracy_against_properties(searches, properties, names, title)
    write_figure(scatter, output, "property_scatter")


if __name__ == "__main__":
    run(main)
