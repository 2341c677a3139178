"""Figure 8, and the table of which properties are kept."""

from graphprune.files import read_json
from graphprune.graphs.correlation import correlations, mean_correlation
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import run
from graphprune.report.bogp.correlation import correlation_figure, kept_page, kept_table
from graphprune.report.output import write_figure, write_page


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    databases = [MaskDatabase.load(path) for path in snakemake.input.databases]
    properties = {
        sparsity: database.table[params.properties]
        for sparsity, database in zip(params.sparsities, databases, strict=True)
    }
    kept = read_json(snakemake.input.kept)
    table = kept_table(properties, {sparsity: kept[f"{sparsity:g}"] for sparsity in properties})
    write_page(kept_page(table, params.threshold), table, output, "properties")
    mean = mean_correlation({s: correlations(frame) for s, frame in properties.items()})
    figure = correlation_figure(mean, len(databases[0]), len(databases))
    write_figure(figure, output, "correlation")


if __name__ == "__main__":
    run(main)
