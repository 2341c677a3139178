"""Table 1, the table of the searches, and the verdicts on the claims."""

from graphprune.pipeline.job import run
from graphprune.report import bogp_tables as tables
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_page


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    records = read_tables([inputs.base, *inputs.baselines, *inputs.final])
    searches = read_tables(inputs.searches)
    table1 = tables.table1(records, searches)
    found = tables.search_table(searches, records)
    claims = tables.claims_table(records)
    write_page(tables.table1_page(table1, tables.setup_note(records)), table1, output, "table1")
    write_page(tables.search_page(found), found, output, "search")
    write_page(tables.claims_page(claims), claims, output, "claims")


if __name__ == "__main__":
    run(main)
