"""BoGP read critically: what the tables of all settings carry, in sentences."""

import pandas as pd

from graphprune.pipeline.job import run
from graphprune.report.bogp.reading import Run, reading, reading_page
from graphprune.report.output import write_page


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params

    def tables(name, settings):
        # "none" is a scaling, not a missing value.
        read = (pd.read_csv(file, keep_default_na=False, na_values=[""]) for file in inputs[name])
        return dict(zip(settings, read, strict=True))

    of_settings = {name: tables(name, settings) for name, settings in params.with_table.items()}
    data = reading(params.settings, of_settings, Run(**params.run))
    write_page(reading_page(data), data, snakemake.output, "reading")


if __name__ == "__main__":
    run(main)
