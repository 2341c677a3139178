"""Pruning by neural curvature: tables, figures, and the verdicts on nc-1, nc-2 and nc-3."""

from graphprune.claims.curvature import curve_table, nc_1, nc_2, nc_3
from graphprune.claims.records import claim
from graphprune.files import read_json
from graphprune.pipeline.job import run
from graphprune.report.curvature.figures import (
    accuracy_figure,
    examples_figure,
    layers_figure,
    spearman_figure,
)
from graphprune.report.curvature.layers_page import layers_page
from graphprune.report.curvature.page import curvature_page, networks_table
from graphprune.report.curvature.tables import accuracy_table, agreement_table, curve_summary
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp.note import note


def main(snakemake):
    files, output = snakemake.input, snakemake.output
    records, agreement = read_tables(files.records), read_tables(files.agreement)
    curves = curve_table(records)
    table, summary, found = (
        accuracy_table(records),
        curve_summary(curves),
        agreement_table(agreement),
    )
    verdicts = {"nc-1": nc_1(curves), "nc-2": nc_2(curves)}
    told = note(records, read_json(files.meta)["note"])
    networks = networks_table(agreement, records)
    write_page(
        curvature_page(table, summary, networks, verdicts, told), table, output, "nc_accuracy"
    )
    write_page(layers_page(found, summary, nc_3(agreement), told), found, output, "nc_layers")
    write_figure(accuracy_figure(table), output, "nc_accuracy")
    write_figure(accuracy_figure(table, "retrained"), output, "nc_retrained")
    write_figure(examples_figure(table), output, "nc_examples")
    write_figure(layers_figure(table), output, "nc_layers")
    (criterion,) = claim("nc-3").criteria
    write_figure(spearman_figure(found, criterion.threshold), output, "nc_spearman")


if __name__ == "__main__":
    run(main)
