"""What one way to search finds at every degree on every seed (Figure 6)."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.studies.rgp_theory import searches


def main(snakemake):
    search, output = snakemake.params.search, snakemake.output
    found, traces = searches(snakemake.wildcards.method, search)
    code = {"code": code_digest(snakemake)}
    write_table(output.traces, traces, code)
    write_table(output.searches, found, code)


if __name__ == "__main__":
    run(main)
