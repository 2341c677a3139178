"""Killed runs go on and end with the same numbers; processes do not change them either."""

import numpy as np
import pytest
import torch
from curvature_cases import net

from graphprune.pruning import curvature_work
from graphprune.pruning.curvature import Settings, neural_curvature
from graphprune.pruning.curvature_decide import decide


def equal(one, two):
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


class Killed(BaseException):
    pass


def dies_after(tasks: int, function):
    """`function`, which raises at its call number `tasks` + 1."""
    calls = iter(range(tasks))

    def wrapped(*arguments):
        if next(calls, None) is None:
            raise Killed
        return function(*arguments)

    return wrapped


def test_a_killed_run_goes_on_with_what_it_had(tmp_path, monkeypatch):
    model, examples = net("unpadded", seed=40)
    expected = neural_curvature(model, examples).scores()
    monkeypatch.setattr("graphprune.pruning.curvature.bounds", dies_after(5, curvature_work.bounds))
    with pytest.raises(Killed):
        neural_curvature(model, examples, checkpoint=tmp_path)
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.iterdir())) == 5
    monkeypatch.setattr("graphprune.pruning.curvature.bounds", dies_after(3, curvature_work.bounds))
    equal(neural_curvature(model, examples, checkpoint=tmp_path).scores(), expected)
    # All is there now: nothing is computed any more.
    equal(neural_curvature(model, examples, checkpoint=tmp_path).scores(), expected)


def test_a_killed_decision_goes_on(tmp_path, monkeypatch):
    model, examples = net("wide", seed=41)
    expected = decide(neural_curvature(model, examples, Settings("bounds")), 0.8)
    first = neural_curvature(model, examples, Settings("bounds"), checkpoint=tmp_path)
    monkeypatch.setattr(
        "graphprune.pruning.curvature_decide.resolve", dies_after(1, curvature_work.resolve)
    )
    with pytest.raises(Killed):
        decide(first, 0.8)
    monkeypatch.undo()
    again = neural_curvature(model, examples, Settings("bounds"), checkpoint=tmp_path)
    assert decide(again, 0.8) == expected


def test_a_damaged_file_is_made_anew(tmp_path):
    model, examples = net("linear", seed=42)
    expected = neural_curvature(model, examples, checkpoint=tmp_path).scores()
    (folder,) = tmp_path.iterdir()
    victim = sorted(folder.iterdir())[1]
    victim.write_bytes(victim.read_bytes()[:-40])
    equal(neural_curvature(model, examples, checkpoint=tmp_path).scores(), expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda model, examples: model[0].weight.data.mul_(1.01),
        lambda model, examples: examples.mul_(-1.01).add_(0.1),
    ],
)
def test_other_weights_or_examples_are_not_mistaken_for_these(tmp_path, change):
    model, examples = net("linear", seed=43)
    neural_curvature(model, examples, checkpoint=tmp_path)
    change(model, examples)
    found = neural_curvature(model, examples, checkpoint=tmp_path).scores()
    equal(found, neural_curvature(model, examples).scores())
    assert len(list(tmp_path.iterdir())) == 2


def test_processes_give_the_same_numbers(tmp_path):
    model, examples = net("unpadded", seed=44)
    expected = neural_curvature(model, examples)
    found = neural_curvature(model, examples, checkpoint=tmp_path, jobs=2)
    equal(found.scores(), expected.scores())
    for task, arrays in expected.arrays.items():
        for name, values in arrays.items():
            np.testing.assert_array_equal(found.arrays[task][name], values)
