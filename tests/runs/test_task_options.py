"""A task may change its method's choices, and an observer sees the training it is given to."""

import pytest
from run_cases import N, setup, task

from graphprune.errors import UserError
from graphprune.runs.execute import Observer, train_task


class Steps(Observer):
    def before_step(self, state):
        self.seen.append({"iteration": state.iteration, "kept": sum(state.masks.kept().values())})


def edges(**changes):
    return task("edge_pruning", 1.0, scope="inner", nodes=N, **changes)


def test_options_change_the_choices_of_a_method():
    options = {"schedule_options": {"p": 0.5, "k": 4}, "aggregate": "max"}
    observer = Steps()
    run = train_task(edges(options=options), setup(), observer=observer)  # 16 steps
    # Edges of 8 nodes: 28, 14, 7, 4 (3.5, halves removed up: 25 of 28) left of an 8 × 16 matrix,
    # each two blocks of 2 weights, beside the 8 self-loops.
    assert [row["iteration"] for row in observer.seen] == list(range(16))
    assert sorted({row["kept"] for row in observer.seen}, reverse=True) == [
        4 * edges + 16 for edges in (28, 14, 7, 3)
    ]
    assert sum(run.masks.kept().values()) == 4 * 3 + 16


def test_an_unknown_option_is_named():
    with pytest.raises(UserError, match=r"has no setting 'agregate' .did you mean 'aggregate'"):
        train_task(edges(options={"agregate": "max"}), setup())


def test_edges_need_a_number_of_nodes():
    short = {"schedule_options": {"k": 4}}
    with pytest.raises(UserError, match="needs the node count"):
        train_task(task("edge_pruning", 1.0, scope="inner", options=short), setup())
