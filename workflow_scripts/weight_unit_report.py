"""Training curves, accuracy over k, which weights go, and the verdicts on unit-1, -2 and -4."""

from graphprune.claims.records import claim
from graphprune.claims.sigmoid import aic_table
from graphprune.claims.weight_unit import unit_1, unit_2, unit_4
from graphprune.files import read_json, read_table
from graphprune.pipeline.job import run
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page
from graphprune.report.weight_unit.figures import accuracy_figure, training_figure
from graphprune.report.weight_unit.page import weight_unit_page
from graphprune.report.weight_unit.tables import accuracy_table, auc_summary
from graphprune.report.weight_unit.weights_figures import auc_figure, histogram_figure
from graphprune.report.weight_unit.weights_page import weights_page


def main(snakemake):
    inputs, output = snakemake.input, snakemake.output
    curves, auc, histograms = (
        read_table(path)[0] for path in (inputs.curves, inputs.auc, inputs.histograms)
    )
    records = read_tables(inputs.records)
    table = accuracy_table(records)
    aics = aic_table(records)
    verdicts = {"unit-1": unit_1(records), "unit-4": unit_4(aics)}
    note = read_json(inputs.meta)["note"]
    page = weight_unit_page(curves, records, table, aics, verdicts, note)
    write_page(page, table, output, "unit_accuracy")
    summary = auc_summary(auc)
    write_page(weights_page(summary, unit_2(auc)), summary, output, "unit_weights")
    write_figure(training_figure(curves), output, "unit_training")
    write_figure(accuracy_figure(table), output, "unit_accuracy")
    write_figure(histogram_figure(histograms), output, "unit_weights")
    (criterion,) = claim("unit-2").criteria
    write_figure(auc_figure(summary, criterion.threshold), output, "unit_auc")


if __name__ == "__main__":
    run(main)
