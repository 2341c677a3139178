"""Table 2: what α trades, over the levels of sparsity and over the wide pool."""

from graphprune.claims.bogp_5 import bogp_5
from graphprune.files import read_json
from graphprune.pipeline.job import run
from graphprune.report.bogp.pages import setup_note
from graphprune.report.bogp.tradeoff import table2, table2_page, tradeoff_figure
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    records = read_tables(inputs.records)
    table = table2(records, read_tables(inputs.logs))
    note = setup_note(read_tables([inputs.base]), read_json(inputs.recipe))
    page = table2_page(table, bogp_5(records), note, snakemake.wildcards.setting)
    write_page(page, table, output, "table2")
    write_figure(tradeoff_figure(table), output, "tradeoff")


if __name__ == "__main__":
    run(main)
