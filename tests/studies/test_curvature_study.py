"""The study of neural curvature: what is measured, what its arms remove, and retraining."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from search_cases import setup as dense_setup
from torch import nn

from graphprune.counts import kept_count
from graphprune.pruning.curvature import neural_curvature
from graphprune.runs.keeping import train_nets
from graphprune.runs.kept import KeptNet
from graphprune.runs.ledger import Ledger
from graphprune.runs.scored import Scored
from graphprune.studies import curvature, curvature_prune
from graphprune.studies.curvature import chosen_examples, dead_weights, score_nets, spearman
from graphprune.studies.curvature_arms import (
    ARMS,
    DEAD_FIRST,
    DEAD_SCALED,
    LAYER_ARMS,
    MAGNITUDE,
    NEGATIVE,
    POSITIVE,
    RANDOM,
    RETRAINED_ARMS,
    SCALED,
    UNIFORM,
    WANDA,
    arm_masks,
    curvature_ranks,
    imitated,
    keep_scores,
)
from graphprune.studies.curvature_prune import Subject, prune_layers, prune_nets, retrain_nets
from graphprune.training.adversarial import Attack
from graphprune.training.evaluate import evaluate

CUTS = [0, 0.25, 0.5, 0.9, 1]
SEEDS = (1, 2)
OPTIONS = {
    "per_class": [1, 2],
    "method": "exact",
    "attack": {"epsilon": 0.1, "step": 0.05, "steps": 2},
}


@pytest.fixture(scope="module")
def setup():
    found = dense_setup(hidden=(12, 8), epochs=30)
    return replace(found, splits={**found.splits, "test": found.splits["val"]})


@pytest.fixture(scope="module")
def measured(setup, tmp_path_factory):
    folder = tmp_path_factory.mktemp("curvature")
    nets = [str(folder / f"{seed}.safetensors") for seed in SEEDS]
    train_nets(setup, SEEDS, nets, Ledger(folder / "train", {}))
    kept = [KeptNet.load(path) for path in nets]
    scores = [str(folder / f"{seed}.npz") for seed in SEEDS]
    table = score_nets(kept, setup, OPTIONS, scores, Ledger(folder / "scores", {}), 1)
    subjects = [Subject(a, Scored.load(b)) for a, b in zip(kept, scores, strict=True)]
    return table, subjects


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", {})


def handmade():
    """Two layers of 2 × 2; the first row of the first layer is dead."""
    names = ("fc1.weight", "fc2.weight")
    lower = {
        names[0]: np.array([[[2.0, 2.0], [0.5, -3.0]]]),
        names[1]: np.array([[[0.9, 0.5], [0.1, 0.5]]]),
    }
    dead = {names[0]: np.array([[True, True], [False, False]]), names[1]: np.zeros((2, 2), bool)}
    return Scored((1,), lower, lower, dead, {n: np.ones((2, 2)) for n in names})


def net():
    model = nn.Sequential()
    for number, rows in enumerate(([[0.1, 0.2], [0.4, 5.0]], [[0.3, 0.05], [0.6, 0.7]]), 1):
        layer = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(rows))
        model.add_module(f"fc{number}", layer)
    return model


def removed(masks):
    return [(n, *map(int, place)) for n in masks for place in (~masks[n]).nonzero().tolist()]


def test_scores_survive_their_file_and_a_failure_is_kept(tmp_path):
    scored = handmade()
    scored.save(tmp_path / "a.npz")
    found = Scored.load(tmp_path / "a.npz")
    assert found.names == scored.names
    assert found.per_class == (1,)
    for kind in ("lower", "upper", "dead", "norms"):
        for name, values in getattr(scored, kind).items():
            assert np.array_equal(getattr(found, kind)[name], values)
    Scored((1,), {}, {}, {}, {}, "too few").save(tmp_path / "b.npz")
    assert Scored.load(tmp_path / "b.npz").failure == "too few"


def test_positive_first_removes_the_most_curved_and_negative_first_the_least():
    model, scored = net(), handmade()
    cuts = [1 / 8, 3 / 8, 1]
    first = [removed(m) for m in arm_masks(model, POSITIVE, cuts, scored, 1, 0)]
    assert first[0] == [("fc1.weight", 0, 1)]  # of equal ones the first is kept longer
    assert set(first[1]) == {("fc1.weight", 0, 0), ("fc1.weight", 0, 1), ("fc2.weight", 0, 0)}
    last = [removed(m) for m in arm_masks(model, NEGATIVE, cuts, scored, 1, 0)]
    assert last[0] == [("fc1.weight", 1, 1)]
    assert len(first[2]) == len(last[2]) == 8


def test_positive_first_and_negative_first_are_reverses(measured):
    _, subjects = measured
    net, scored = subjects[0].net, subjects[0].scored
    model, total = net.build(), sum(a[0].size for a in scored.lower.values())
    for cut in (0.1, 0.25, 0.5):
        keep = kept_count(total, cut)
        (forward,) = arm_masks(model, POSITIVE, [cut], scored, 2, net.seed)
        (backward,) = arm_masks(model, NEGATIVE, [1 - cut], scored, 2, net.seed)
        assert sum(forward.kept().values()) == keep
        both = forward & backward
        assert sum(both.kept().values()) <= abs(total - keep - sum(backward.kept().values()))
    ranks = torch.cat([r.flatten() for r in curvature_ranks(scored, 2).values()])
    assert torch.equal(ranks.sort().values, torch.arange(total, dtype=torch.float64))


def test_dead_units_go_first_and_then_the_smallest():
    model, scored = net(), handmade()
    masks = arm_masks(model, DEAD_FIRST, [1 / 8, 2 / 8, 3 / 8], scored, 1, 0)
    assert removed(masks[0]) == [("fc1.weight", 0, 0)]
    assert removed(masks[1]) == [("fc1.weight", 0, 0), ("fc1.weight", 0, 1)]
    assert set(removed(masks[2])) - set(removed(masks[1])) == {("fc2.weight", 0, 1)}
    scaled = arm_masks(model, DEAD_SCALED, [2 / 8], scored, 1, 0)[0]
    assert removed(scaled) == removed(masks[1])


def test_scaled_magnitude_has_the_order_of_curvature_where_curvature_is_a_line():
    model, scored = net(), handmade()
    sizes = {n: w.detach().abs().double() for n, w in model.named_parameters()}
    slopes = dict(zip(scored.names, (3.0, 0.7), strict=True))
    # Both layers are at an end of the network: 1 − s · |w|.
    line = {n: (1 - slopes[n] * sizes[n]).numpy()[None] for n in scored.names}
    scored = replace(scored, lower=line, upper=line)
    for name, values in imitated(sizes, scored, 1).items():
        assert np.allclose(values.numpy(), line[name][0])
    a, b = (arm_masks(model, arm, CUTS, scored, 1, 0) for arm in (POSITIVE, SCALED))
    assert a == b


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_removes_exactly_what_is_asked_and_nests(measured, arm):
    _, subjects = measured
    net, scored = subjects[0].net, subjects[0].scored
    masks = arm_masks(net.build(), arm, CUTS, scored, 2, net.seed)
    for cut, mask in zip(CUTS, masks, strict=True):
        sizes = mask.total()
        if ARMS[arm][1]:
            assert mask.kept() == {n: kept_count(size, cut) for n, size in sizes.items()}
        else:
            assert sum(mask.kept().values()) == kept_count(sum(sizes.values()), cut)
    assert all(after.is_subset(before) for before, after in pairwise(masks))
    assert masks == arm_masks(net.build(), arm, CUTS, scored, 2, net.seed)
    assert set(keep_scores(net.build(), arm, scored, 2, net.seed)) == set(scored.names)


def test_a_layer_alone_loses_its_own_weights(measured):
    _, subjects = measured
    net, scored = subjects[0].net, subjects[0].scored
    for layer in scored.names:
        whole, alone = (
            arm_masks(net.build(), MAGNITUDE, [0.5], scored, 2, net.seed, layer)[0],
            arm_masks(net.build(), UNIFORM, [0.5], scored, 2, net.seed)[0],
        )
        assert list(whole) == [layer]
        assert torch.equal(whole[layer], alone[layer])


def test_random_is_drawn_anew_for_every_seed(measured):
    _, subjects = measured
    model = subjects[0].net.build()
    a, b = (arm_masks(model, RANDOM, [0.5], subjects[0].scored, 2, seed)[0] for seed in (1, 2))
    assert a != b


def test_curvature_is_that_of_the_first_correct_validation_images(setup, measured):
    _, subjects = measured
    net, scored = subjects[0].net, subjects[0].scored
    model = net.build()
    examples = chosen_examples(model, setup, 2)
    assert len(examples) == 2 * setup.classes
    assert torch.equal(model(examples).argmax(1), torch.arange(3).repeat(2))
    images, _ = setup.examples(len(setup.splits["val"]))
    assert all(any(torch.equal(x, image) for image in images) for x in examples)
    for count in (1, 2):
        direct = neural_curvature(model, examples[: count * setup.classes]).scores()
        lower, upper = scored.interval(count)
        for name, values in direct.items():
            assert np.allclose(lower[name], values.numpy())
            assert np.array_equal(lower[name], upper[name])


def test_norms_and_dead_weights_are_counted_over_the_examples(setup, measured):
    _, subjects = measured
    net, scored = subjects[0].net, subjects[0].scored
    model = net.build()
    examples = chosen_examples(model, setup, 2)
    first, second = scored.names[:2]
    hidden = torch.relu(model.layers[0](examples.flatten(1))).detach()
    expected = hidden.norm(dim=0).expand_as(model.layers[1].weight).numpy()
    assert np.allclose(scored.norms[second], expected, rtol=1e-5)
    asleep = (hidden == 0).all(0).numpy()
    assert np.array_equal(scored.dead[first], np.repeat(asleep[:, None], 16, axis=1))
    keep = keep_scores(model, WANDA, scored, 2, 1)[second]
    assert np.allclose(keep, model.layers[1].weight.detach().abs().numpy() * expected)


def test_a_weight_is_dead_if_no_example_has_both_its_units_awake():
    model = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    inputs = {
        "0.weight": torch.zeros(2, 1),
        "2.weight": torch.tensor([[1.0, 0.0], [0.0, 1.0]]),  # each unit wakes once
        "4.weight": torch.tensor([[1.0, 0.0], [0.0, 0.0]]),
    }
    dead = dead_weights(model, inputs)
    assert not dead["0.weight"].any()
    assert dead["2.weight"].tolist() == [[False, True], [True, True]]
    assert dead["4.weight"].tolist() == [[False, True]]


def test_the_table_says_how_far_curvature_is_magnitude(measured):
    table, subjects = measured
    net, scored = subjects[1].net, subjects[1].scored
    model = net.build()
    for number, name in enumerate(scored.names, 1):
        rows = table[(table["seed"] == net.seed) & (table["layer"] == number)]
        assert list(rows["per_class"]) == [1, 2]
        values = scored.interval(2)[0][name].ravel()
        size = model.get_parameter(name).detach().abs().double().numpy().ravel()
        expected = stats.spearmanr(values, 1 / size).statistic
        assert rows["spearman"].iloc[1] == pytest.approx(expected)
        assert (rows["gap"] == 0).all()
    assert (table["robust"] <= table["accuracy"]).all()
    assert np.isnan(spearman(np.ones(3), np.arange(3)))


def test_a_killed_measurement_goes_on_and_too_few_examples_are_a_failure(
    setup, measured, tmp_path, monkeypatch
):
    table, subjects = measured
    nets = [subject.net for subject in subjects]
    paths = [str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]
    calls = []
    measure = curvature.neural_curvature

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(*arguments)

    monkeypatch.setattr(curvature, "neural_curvature", dying)
    with pytest.raises(KeyboardInterrupt):
        score_nets(nets, setup, OPTIONS, paths, Ledger(tmp_path / "l", {}), 1)
    again = score_nets(nets, setup, OPTIONS, paths, Ledger(tmp_path / "l", {}), 1)
    assert len(calls) == 3
    assert not [path for path in (tmp_path / "l").iterdir() if path.is_dir()]  # nothing half done
    same = [c for c in table if c != "seconds"]
    pd.testing.assert_frame_equal(again[same], table[same])
    options = {**OPTIONS, "per_class": [1000]}
    failed = score_nets(nets[:1], setup, options, paths[:1], Ledger(tmp_path / "m", {}), 1)
    assert "correctly classified examples" in failed["failure"].iloc[0]
    assert Scored.load(paths[0]).failure == failed["failure"].iloc[0]


def test_curves_are_accuracies_of_the_pruned_network(setup, measured, ledger):
    _, subjects = measured
    table = prune_nets(subjects, setup, CUTS, ledger)
    counts = table.groupby(["seed", "arm", "per_class"]).size()
    assert (counts == len(CUTS)).all()
    assert len(counts) == len(SEEDS) * (len(ARMS) + 1)
    dense = table[table["level"] == 0]
    for subject in subjects:
        model = subject.net.build()
        expected, _ = evaluate(model, setup.evaluation_batches("test").epoch(None))
        assert set(dense.loc[dense["seed"] == subject.net.seed, "test_accuracy"]) == {expected}
        (masks,) = arm_masks(model, SCALED, [0.5], subject.scored, 2, subject.net.seed)
        masks.apply_(model)
        expected, _ = evaluate(model, setup.evaluation_batches("val").epoch(None))
        row = table.query(f"seed == {subject.net.seed} and arm == '{SCALED}' and level == 0.5")
        assert row["val_accuracy"].item() == pytest.approx(expected, abs=1e-7)
    assert set(table["scope"]) == {"all"}
    assert table.loc[table["level"] == 1, "sparsity"].eq(1).all()


def test_a_killed_job_prunes_nothing_twice(setup, measured, tmp_path, monkeypatch):
    _, subjects = measured
    first = prune_nets(subjects, setup, CUTS, Ledger(tmp_path / "l", {}))

    def never(*_):
        raise AssertionError

    monkeypatch.setattr(curvature_prune, "evaluate_masked", never)
    again = prune_nets(subjects, setup, CUTS, Ledger(tmp_path / "l", {}))
    pd.testing.assert_frame_equal(first, again)


def test_layers_are_pruned_one_at_a_time(setup, measured, ledger):
    _, subjects = measured
    table = prune_layers(subjects, setup, CUTS, ledger)
    assert set(table["scope"]) == set(subjects[0].scored.names)
    assert set(table["arm"]) == set(LAYER_ARMS)
    assert (table["block"] == "layers").all()
    sizes = {n: a[0].size for n, a in subjects[0].scored.lower.items()}
    asked = [kept_count(sizes[s], k) for s, k in zip(table["scope"], table["level"], strict=True)]
    assert list(table["scope_kept"]) == asked


def test_retraining_goes_on_from_the_pruned_network_and_keeps_it_pruned(setup, measured, ledger):
    _, subjects = measured
    table = retrain_nets(subjects, setup, [0, 0.5], 2, ledger)
    assert set(table["arm"]) == set(RETRAINED_ARMS)
    dense = table[table["level"] == 0].groupby("seed")["test_accuracy"]
    assert (dense.nunique() == 1).all()
    assert (
        table["epochs"] == table["seed"].map({s.net.seed: s.net.epoch for s in subjects}) + 2
    ).all()
    half = table[table["level"] == 0.5]
    assert (half["sparsity"] - 0.5).abs().max() < 0.01
    assert (half["trainings"] == 2).all()


def test_what_failed_is_named_at_every_cut(setup, measured, ledger):
    _, subjects = measured
    failed = Subject(subjects[0].net, Scored((1, 2), {}, {}, {}, {}, "too few"))
    for table in (
        prune_nets([failed], setup, CUTS, ledger),
        prune_layers([failed], setup, CUTS, ledger),
        retrain_nets([failed], setup, [0, 0.5], 1, ledger),
    ):
        assert (table["failure"] == "too few").all()
        assert table["test_accuracy"].isna().all()


def test_a_setup_attacks_its_training_images_alone(setup):
    attack = Attack(0.1, 0.05, 2)
    chosen = replace(setup, attack=attack)
    model = chosen.build()
    (plain, _), (moved, _) = (next(iter(s.batches_for(model).epoch(None))) for s in (setup, chosen))
    assert not torch.equal(plain, moved)
    assert (plain - moved).abs().max() <= attack.epsilon + 1e-6
    assert torch.equal(*(next(s.evaluation_batches("val").epoch(None))[0] for s in (setup, chosen)))
