"""Which graph properties tell masks apart: the correlation filter and Figure 8."""

from graphprune.files import write_json
from graphprune.graphs.correlation import correlations, kept_properties, mean_correlation
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
    matrices = {sparsity: correlations(frame) for sparsity, frame in properties.items()}
    kept = {s: kept_properties(matrix, params.threshold) for s, matrix in matrices.items()}
    write_json(output.kept, {f"{sparsity:g}": names for sparsity, names in kept.items()})
    table = kept_table(properties, kept)
    write_page(kept_page(table, params.threshold), table, output, "properties")
    figure = correlation_figure(mean_correlation(matrices), len(databases[0]), len(databases))
    write_figure(figure, output, "correlation")


if __name__ == "__main__":
    run(main)
