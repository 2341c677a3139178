"""Collect what jobs of finished runs took, from the benchmark files that Snakemake wrote.

    python benchmarks/job_times.py results [experiments/name.yaml ...]

For every job of the default experiment, or of the overlays named, that has a benchmark file
below the results folder: seconds, and megabytes at the most. On a machine that does other things
as well a job waits for its turn; what it waited longer than Snakemake's samples of its processor
time are apart is left out. Where `share` is given, the job was stopped when that share of it was
done, and the seconds are scaled up from it by hand; a whole run takes the row's place. Rows go to
benchmarks/job_times.csv, in the place of earlier ones of the same job. docs/job_sizes.md is
made from it.
"""

import argparse
from pathlib import Path

import pandas as pd

from graphprune.files import write_text
from graphprune.pipeline.code import ROOT
from graphprune.pipeline.plan import plan

FILE = ROOT / "benchmarks" / "job_times.csv"
SAMPLED = 30  # seconds between samples


def measured(results: Path, overlay: Path | None) -> pd.DataFrame:
    """One row for every job with a benchmark file: job (that file), rule, seconds, megabytes."""
    rows = []
    for job in plan(overlay):
        file = results / Path(job.benchmark).relative_to("results")
        if file.exists():
            last = pd.read_csv(file, sep="\t").iloc[-1]
            rows.append(
                {
                    "job": job.benchmark,
                    "rule": job.rule,
                    "seconds": min(last["s"], last["cpu_time"] + SAMPLED),
                    "mb": last["max_rss"],
                }
            )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("overlays", type=Path, nargs="*")
    arguments = parser.parse_args()
    found = [measured(arguments.results, file) for file in arguments.overlays or [None]]
    table = pd.concat([pd.read_csv(FILE), *found] if FILE.exists() else found)
    table = table.drop_duplicates("job", keep="last").sort_values("job")
    write_text(FILE, table.to_csv(index=False, float_format="%.5g"))
    print(f"{FILE}: {len(table)} jobs")


if __name__ == "__main__":
    main()
