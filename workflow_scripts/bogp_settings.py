"""BoGP's settings side by side: node count, depth, recipe; and what was not run."""

import pandas as pd

from graphprune.pipeline.job import run
from graphprune.report.bogp.settings import settings_table
from graphprune.report.bogp.settings_figure import settings_figure
from graphprune.report.bogp.settings_page import settings_page
from graphprune.report.output import write_figure, write_page


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params

    def tables(part, files):
        return {
            setting: pd.read_csv(file, keep_default_na=False, na_values=[""])
            for setting, file in zip(params.with_part[part], files, strict=True)
        }

    table = settings_table(
        params.settings,
        tables("identifiability", inputs.identifiability),
        tables("comparison", inputs.table1),
    )
    claims = dict(zip(params.settings, map(pd.read_csv, inputs.claims), strict=True))
    page = settings_page(params.settings, table, claims)
    write_page(page, table, snakemake.output, "settings")
    write_figure(settings_figure(table), snakemake.output, "settings")


if __name__ == "__main__":
    run(main)
