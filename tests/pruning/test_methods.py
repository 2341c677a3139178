import pytest

from graphprune.errors import UserError
from graphprune.pruning.methods import METHODS, Method, method


def test_the_systems_of_the_study_are_there():
    expected = {"dense", "block_mask", "glob_1", "glob_5", "unif_1", "unif_5", "edge_pruning"}
    assert expected <= set(METHODS)


def test_every_row_builds_a_schedule_that_ends_where_it_was_asked():
    for name, row in METHODS.items():
        if row.source != "none":
            schedule = row.plan(0.3, iterations=1001)
            assert schedule.events[-1].sparsity == 0.3, name


def test_the_first_prune_of_the_baselines_is_at_initialisation():
    for name in ("glob_1", "glob_5", "unif_1", "unif_5"):
        first = METHODS[name].plan(0.9, 100).events[0]
        assert (first.round, first.iteration) == (0, 0)


def test_after_training_is_not_retrained():
    for name in ("weight_magnitude", "unit_magnitude"):
        assert METHODS[name].plan(0.9, 100).trained == (True, False)


def test_told_methods_are_those_that_do_not_work_out_counts():
    told = {name for name, row in METHODS.items() if row.told}
    assert told == {"block_mask", "random_unstructured", "magnitude_matched"}


def test_a_row_can_be_varied_choice_by_choice():
    varied = method("edge_pruning", aggregate="l2", schedule_options={"p": 0.3})
    assert varied.aggregate == "l2"
    assert varied.schedule_options == {"p": 0.3, "k": 100}
    assert METHODS["edge_pruning"].schedule_options == {"p": 0.1, "k": 100}
    retrained = method("unit_magnitude", schedule_options={"retrain": True})
    assert retrained.plan(0.5, 10).trained == (True, True)


def test_another_schedule_does_not_inherit_the_options_of_the_old_one():
    assert method("edge_pruning", schedule="at_init").schedule_options == {}
    rounds = method("edge_pruning", schedule="rounds", schedule_options={"n": 3})
    assert rounds.schedule_options == {"n": 3}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("glob1", {}, "unknown pruning method 'glob1'.*did you mean 'glob_1'"),
        ("glob_1", {"agregate": "l2"}, "no setting 'agregate'.*did you mean 'aggregate'"),
        ("glob_1", {"aggregate": "l3"}, "unknown aggregate 'l3'"),
        ("glob_1", {"score": "magnitud"}, "unknown score.*did you mean 'magnitude'"),
        ("glob_1", {"granularity": "row"}, "unknown granularity 'row'"),
        ("glob_1", {"allocation": "locally"}, "unknown allocation 'locally'"),
        ("glob_1", {"source": "scores"}, "did you mean 'score'"),
        ("glob_1", {"weights": "rewinds"}, "did you mean 'rewind'"),
        ("glob_1", {"schedule": "every"}, "needs the option.*p, k"),
        ("glob_1", {"schedule_options": {"m": 2}}, "no option 'm'"),
    ],
)
def test_an_unknown_choice_is_named(name, changes, message):
    with pytest.raises(UserError, match=message):
        method(name, **changes)


def test_a_method_is_a_value():
    assert method("glob_5") == METHODS["glob_5"]
    assert hash(method("glob_5")) == hash(METHODS["glob_5"])
    assert Method("graph") == METHODS["block_mask"]
