"""The ablation's table and figure."""

from graphprune.files import read_table
from graphprune.pipeline.job import run
from graphprune.report.bogp.ablation import ablation_figure, ablation_table
from graphprune.report.bogp.ablation_page import ablation_page
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    setting = snakemake.wildcards.setting
    log, _ = read_table(inputs.log[0])
    truth = read_tables(inputs.exhaustive) if inputs.exhaustive else None
    table = ablation_table(log, truth)
    write_page(ablation_page(table, setting=setting), table, output, "ablation")
    write_figure(ablation_figure(log), output, "ablation")


if __name__ == "__main__":
    run(main)
