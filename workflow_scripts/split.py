"""The stratified train/val split of a data set, as stored indices."""

from pathlib import Path

import numpy as np

from graphprune.data.split import save_split, stratified_split
from graphprune.pipeline.job import run


def main(snakemake):
    labels = np.load(snakemake.input.labels, allow_pickle=False)
    train, val = stratified_split(labels, snakemake.params.fraction, snakemake.params.seed)
    save_split(Path(snakemake.output[0]), labels, train, val)


if __name__ == "__main__":
    run(main)
