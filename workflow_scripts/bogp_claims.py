"""The verdicts on BoGP's claims that a setting's parts allow."""

import pandas as pd

from graphprune.claims.bogp import bogp_2_and_3
from graphprune.claims.bogp_1 import bogp_1
from graphprune.claims.bogp_4 import bogp_4
from graphprune.claims.bogp_5 import bogp_5
from graphprune.pipeline.job import run
from graphprune.report.bogp.pages import claims_page
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_page


def main(snakemake):
    inputs = snakemake.input
    judged = [bogp_4(pd.read_csv(inputs.five_nodes))]
    if "identifiability" in inputs.keys():  # noqa: SIM118 (a Namedlist holds files, not names)
        judged.append(bogp_1(pd.read_csv(inputs.identifiability)))
    if "runs" in inputs.keys():  # noqa: SIM118
        judged.append(bogp_2_and_3(read_tables(inputs.runs)))
    if "tradeoff" in inputs.keys():  # noqa: SIM118
        judged.append(bogp_5(read_tables(inputs.tradeoff)))
    table = pd.concat([rows for rows in judged if len(rows)], ignore_index=True)
    page = claims_page(table, snakemake.wildcards.setting)
    write_page(page, table, snakemake.output, "claims")


if __name__ == "__main__":
    run(main)
