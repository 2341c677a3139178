"""What made this run's results: config, commit and versions."""

import json

from graphprune.files import write_json
from graphprune.pipeline.code import ROOT
from graphprune.pipeline.job import run
from graphprune.pipeline.provenance import provenance


def main(snakemake):
    config = json.loads(snakemake.params.config)
    write_json(snakemake.output[0], provenance(config, ROOT))


if __name__ == "__main__":
    run(main)
