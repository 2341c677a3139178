"""What a job is said to train is what it trains."""

import pytest
from conftest import ROOT, SMOKE

from graphprune.files import read_table
from graphprune.pipeline.plan import plan
from graphprune.pipeline.trainings import load

pytestmark = pytest.mark.workflow

# benchmark file of a job, below results/smoke -> the records of what it trained
EXACTLY = {
    "bogp/main/benchmarks/base.tsv": ["bogp/main/base"],
    "bogp/main/benchmarks/identifiability.tsv": ["bogp/main/identifiability"],
    "bogp/main/benchmarks/tradeoff_final/wide.tsv": ["bogp/main/tradeoff_final/wide"],
    "bogp/benchmarks/five_nodes.tsv": ["bogp/five_nodes"],
    "rgp/mlp/benchmarks/dense.tsv": ["rgp/mlp/dense"],
    "rgp/mlp/k4/benchmarks/comparison.tsv": ["rgp/mlp/k4/comparison"],
    "rgp/mlp/k4/benchmarks/chain.tsv": ["rgp/mlp/k4/chain"],
    "ws_flex/benchmarks/trainings/1of1.tsv": ["ws_flex/trainings/1of1"],
    "edges/mlp/benchmarks/grid.tsv": ["edges/mlp/grid_runs"],
    "edges/mlp/benchmarks/search.tsv": ["edges/mlp/search_log", "edges/mlp/search_runs"],
}
AT_MOST = {
    "bogp/main/benchmarks/final/s0.75.tsv": ["bogp/main/final/s0.75"],
    "rgp/mlp/k3/benchmarks/comparison.tsv": ["rgp/mlp/k3/comparison"],
    "edges/mlp/benchmarks/compared.tsv": ["edges/mlp/compared_runs"],
}


@pytest.fixture(scope="module")
def counted():
    return {job.benchmark: load(job) for job in plan(ROOT / SMOKE[1])}


def trained(smoke, names):
    tables = [read_table(smoke.folder / f"results/smoke/{name}.parquet")[0] for name in names]
    return sum(t["trainings"].sum() if "trainings" in t else len(t) for t in tables)


@pytest.mark.parametrize("file", EXACTLY)
def test_trainings_are_counted_exactly(smoke, counted, file):
    assert counted[f"results/smoke/{file}"].trainings == trained(smoke, EXACTLY[file])


@pytest.mark.parametrize("file", AT_MOST)
def test_where_a_graph_or_mask_may_be_missing_trainings_are_counted_at_most(smoke, counted, file):
    done = trained(smoke, AT_MOST[file])
    assert done <= counted[f"results/smoke/{file}"].trainings <= 1.3 * done
