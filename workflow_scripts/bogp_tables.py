"""Table 1, and the table of the searches."""

from graphprune.files import read_json
from graphprune.pipeline.job import run
from graphprune.report.bogp import pages, tables
from graphprune.report.bogp.table1_page import table1_page
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_page


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    records = read_tables([inputs.base, *inputs.final])
    searches = read_tables(inputs.searches)
    note = pages.setup_note(records, read_json(inputs.recipe))
    table1 = tables.table1(records, searches)
    setting = snakemake.wildcards.setting
    write_page(table1_page(table1, note, setting), table1, output, "table1")
    found = tables.search_table(searches, records)
    write_page(pages.search_page(found, setting), found, output, "search")


if __name__ == "__main__":
    run(main)
