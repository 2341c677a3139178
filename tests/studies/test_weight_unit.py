"""Weight and unit pruning: what is kept, what is pruned, which weights go, and the timed forms."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from search_cases import setup as dense_setup

from graphprune.errors import UserError
from graphprune.runs.keeping import KeepBest, train_nets
from graphprune.runs.kept import KeptNet
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import to_frame
from graphprune.studies.weight_unit import prune_nets, retrain_nets
from graphprune.studies.weight_unit_arms import ARMS, pruned_masks
from graphprune.studies.weight_unit_latency import first_whole, forms, latency_table
from graphprune.studies.weight_unit_weights import (
    BINS,
    auc,
    auc_table,
    histogram_table,
    magnitudes,
    shuffled_aucs,
    units_interval,
)
from graphprune.training.evaluate import evaluate

KS = [0, 0.25, 0.5, 1]
SEEDS = (1, 2)


def network(**recipe):
    found = dense_setup(hidden=(12, 8))
    found = replace(found, splits={**found.splits, "test": found.splits["val"]})
    return replace(found, recipe=replace(found.recipe, **recipe)) if recipe else found


@pytest.fixture(scope="module")
def setup():
    return network(epochs=6)


@pytest.fixture(scope="module")
def trained(setup, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    paths = [str(folder / f"{seed}.safetensors") for seed in SEEDS]
    curves = train_nets(setup, SEEDS, paths, Ledger(folder / "ledger", {}))
    return curves, [KeptNet.load(path) for path in paths]


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", {})


def test_the_epoch_of_least_val_loss_is_kept(setup, trained):
    curves, nets = trained
    assert (curves.groupby("seed").size() == 6).all()
    for net in nets:
        mine = curves[curves["seed"] == net.seed].set_index("epoch")
        assert mine["val_loss"].idxmin() == net.epoch
        assert list(mine.index[mine["kept"]]) == [net.epoch]
        accuracy, loss = evaluate(net.build(), setup.evaluation_batches("val").epoch(None))
        assert (accuracy, loss) == tuple(mine.loc[net.epoch, ["val_accuracy", "val_loss"]])


def test_a_job_that_was_killed_trains_no_seed_twice(setup, tmp_path, monkeypatch):
    job = Ledger(tmp_path / "ledger", {})
    paths = [str(tmp_path / "a"), str(tmp_path / "b")]
    first = train_nets(setup, SEEDS, paths, job)

    def never(*_):
        raise AssertionError

    monkeypatch.setattr("graphprune.runs.keeping.train_task", never)
    again = train_nets(setup, SEEDS, paths, Ledger(tmp_path / "ledger", {}))
    assert again.equals(first)


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_training_killed_in_the_middle_goes_on_with_its_best_weights(
    setup, trained, tmp_path, monkeypatch
):
    curves, nets = trained
    often = replace(setup, checkpoint_seconds=0)
    after_epoch = KeepBest.after_epoch

    def dying(self, state):
        if state.epoch == 4:
            raise Killed
        after_epoch(self, state)

    monkeypatch.setattr(KeepBest, "after_epoch", dying)
    with pytest.raises(Killed):
        train_nets(often, [SEEDS[0]], [str(tmp_path / "net")], Ledger(tmp_path / "ledger", {}))
    monkeypatch.setattr(KeepBest, "after_epoch", after_epoch)
    job = Ledger(tmp_path / "ledger", {})
    assert list(job.folder.glob("*.checkpoint"))
    found = train_nets(often, [SEEDS[0]], [str(tmp_path / "net")], job)
    whole = curves[curves["seed"] == SEEDS[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, whole)
    weights = KeptNet.load(tmp_path / "net").weights
    assert all(torch.equal(value, weights[name]) for name, value in nets[0].weights.items())


def test_a_failed_training_is_named_and_never_pruned(tmp_path, ledger):
    diverging = network(learning_rate=1e30, epochs=3)
    path = str(tmp_path / "net")
    curves = train_nets(diverging, [1], [path], ledger)
    assert (curves["failure"] != "").all()
    assert not curves["kept"].any()
    net = KeptNet.load(path)
    records = to_frame(prune_nets([net], diverging, KS, ledger))
    assert (records["failure"] == net.failure).all()
    assert records["test_accuracy"].isna().all()
    assert set(auc_table([net], KS, 2)["failure"]) == {net.failure}
    assert histogram_table([net], KS).empty
    with pytest.raises(UserError, match="there is no network to time"):
        first_whole([net])


@pytest.mark.parametrize("arm", ARMS)
def test_each_layer_loses_its_share_and_masks_are_nested(trained, arm):
    model = trained[1][0].build()
    whole = pruned_masks(model, arm, 0, 1)
    assert list(whole) == ["layers.0.weight", "layers.1.weight"]
    before = whole
    for k in (0.25, 0.5, 0.75, 1):
        masks = pruned_masks(model, arm, k, 1)
        assert masks == pruned_masks(model, arm, k, 1)
        assert masks.is_subset(before)
        for kept in masks.values():
            assert kept.float().mean().item() == pytest.approx(1 - k, abs=0.01)
            if "unit" in arm:
                assert (kept.any(1) == kept.all(1)).all()
        before = masks


def test_units_go_by_norm_and_weights_by_magnitude(trained):
    model = trained[1][0].build()
    weight = model.get_parameter("layers.0.weight").detach()
    kept = pruned_masks(model, "unit", 0.5, 1)["layers.0.weight"][:, 0]
    norms = weight.norm(dim=1)
    assert norms[~kept].max() <= norms[kept].min()
    kept = pruned_masks(model, "weight", 0.5, 1)["layers.0.weight"]
    assert weight.abs()[~kept].max() <= weight.abs()[kept].min()


def test_records_are_those_of_the_masked_networks(setup, trained, ledger):
    nets = trained[1]
    records = to_frame(prune_nets(nets, setup, KS, ledger))
    assert len(records) == len(SEEDS) * len(ARMS) * len(KS)
    assert (records["block"] == "pruned").all()
    dense = records[records["level"] == 0]
    assert (dense.groupby("seed")["test_loss"].nunique() == 1).all()
    assert set(dense["arm"]) == set(ARMS)
    row = records[(records["arm"] == "unit") & (records["level"] == 0.5)].iloc[0]
    model = nets[0].build()
    pruned_masks(model, "unit", 0.5, nets[0].seed).apply_(model)
    accuracy, loss = evaluate(model, setup.evaluation_batches("test").epoch(None))
    assert (row["test_accuracy"], row["test_loss"]) == (accuracy, loss)
    assert row["sparsity"] == 0.5
    empty = records[records["level"] == 1]
    assert (empty["empty_layers"] == "layers.0.weight, layers.1.weight").all()


def test_retraining_moves_weights_but_not_masks(setup, trained, ledger):
    nets = trained[1]
    retrained = to_frame(retrain_nets(nets, setup, [0, 0.5], 2, ledger))
    pruned = to_frame(prune_nets(nets, setup, [0, 0.5], ledger))
    assert (retrained["block"] == "retrained").all()
    assert (retrained["epochs"] - pruned["epochs"] == 2).all()
    assert (retrained["scope_kept"] == pruned["scope_kept"]).all()
    assert (retrained["val_loss"] != pruned["val_loss"]).all()
    again = to_frame(retrain_nets(nets, setup, [0, 0.5], 2, ledger))
    assert again.equals(retrained)


def test_auc_is_that_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 6, (9, 5)).astype(float)  # ties
    removed = np.arange(9) % 3 == 0
    ranks = stats.rankdata(weights).reshape(weights.shape)
    expected = stats.mannwhitneyu(weights[~removed].ravel(), weights[removed].ravel()).statistic
    pairs = weights[removed].size * weights[~removed].size
    assert auc(ranks, removed) == pytest.approx(expected / pairs)
    assert np.isnan(auc(ranks, np.zeros(9, dtype=bool)))


def test_the_interval_over_units_is_that_of_resampling_them():
    rng = np.random.default_rng(0)
    weights = np.abs(rng.normal(size=(40, 8))) * np.exp(0.4 * rng.normal(size=(40, 1)))
    ranks = stats.rankdata(weights).reshape(weights.shape)
    removed = np.arange(40) < 16
    low, high = units_interval(weights, removed, 0, "test")
    assert low < auc(ranks, removed) < high
    below, above = weights[removed], weights[~removed]
    drawn = []
    for _ in range(1000):
        one, other = below[rng.integers(16, size=16)], above[rng.integers(24, size=24)]
        pooled = np.concatenate([one, other])
        again = stats.rankdata(pooled).reshape(pooled.shape)
        drawn.append(auc(again, np.arange(40) < 16))
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.02)
    assert np.isnan(units_interval(weights, np.arange(40) < 1, 0, "test")).all()


def test_rows_of_equal_scale_lie_on_the_null_and_of_unequal_scale_above_it():
    rng = np.random.default_rng(0)
    excess = []
    for spread in (0.0, 0.3):
        weights = np.abs(rng.normal(size=(200, 100))) * np.exp(spread * rng.normal(size=(200, 1)))
        ranks = stats.rankdata(weights).reshape(weights.shape)
        order = np.argsort((weights**2).sum(axis=1))
        removed = np.isin(np.arange(200), order[:100])
        null = shuffled_aucs(weights, ranks, [0.5], 5, 0, "test").mean()
        assert 0.5 < null < 0.56
        excess.append(auc(ranks, removed) - null)
    assert abs(excess[0]) < 0.01
    assert excess[1] > 0.05


def test_the_auc_table_has_every_layer_k_and_arm(trained):
    table = auc_table(trained[1], KS, 3)
    assert len(table) == len(SEEDS) * 2 * 2 * 2  # layers, k inside (0, 1), arms
    unit = table[table["arm"] == "unit"]
    assert unit["null"].between(0.4, 0.75).all()
    assert (unit["auc"] > 0.5).all()
    inside = unit.dropna(subset=["low"])
    assert len(inside)
    assert (inside["low"] <= inside["auc"]).all()
    assert (inside["auc"] <= inside["high"]).all()
    assert table.loc[table["arm"] == "random_unit", "null"].isna().all()


def test_histograms_count_every_weight_once(trained):
    nets = trained[1]
    table = histogram_table(nets, KS)
    whole = table.groupby(["seed", "layer", "arm", "k"])[["removed", "kept"]].sum()
    sizes = {1: 12 * 16, 2: 8 * 12}
    for (_, layer, _, k), row in whole.iterrows():
        assert row.sum() == sizes[layer]
        assert row["removed"] == k * sizes[layer]
    assert (table.groupby(["seed", "layer", "arm", "k"]).size() == BINS).all()
    top = table.groupby("layer")["high"].max()
    most = max(magnitudes(net.build(), "layers.0.weight").max() for net in nets)
    assert top[1] == pytest.approx(most)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("arm", ["weight", "unit"])
@pytest.mark.parametrize("k", [0, 0.4, 0.9, 1])
def test_all_forms_compute_the_same(bias, arm, k):
    model = network().with_model(bias=bias).build().eval()
    found = forms(model, pruned_masks(model, arm, k, 0))
    assert ("shrunk" in found) == (arm == "unit" or k in (0, 1))
    x = torch.rand(5, 1, 4, 4)
    with torch.inference_mode():
        expected = found["dense_linear"](x)
        for form in found.values():
            torch.testing.assert_close(form(x), expected, rtol=1e-5, atol=1e-6)


def test_every_form_is_timed_in_every_repeat(trained):
    table = latency_table(trained[1][0], [0, 0.5], [1, 3], 4, torch.get_num_threads())
    assert (table["seconds"] > 0).all()
    counts = table.groupby(["arm", "k", "batch", "form"]).size()
    assert (counts == 4).all()
    assert set(table.loc[table["arm"] == "weight", "form"]) == {
        "dense_linear",
        "dense_mm",
        "coo",
        "csr",
        "gather",
    }
    assert "shrunk" in set(table.loc[table["arm"] == "unit", "form"])
    assert set(table["density"]) == {1.0, 0.5}
