"""One method on one network: exact sparsity, fair arms, one look at the test set."""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
import torch
from run_cases import (
    HIDDEN,
    SIDE,
    N,
    every_few_steps,
    psi,
    reference,
    same_record,
    setup,
    task,
)
from torch import Tensor, nn

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks
from graphprune.masks.mask import Masks
from graphprune.models.init import initialise
from graphprune.pruning.methods import METHODS
from graphprune.pruning.scope import tensors
from graphprune.runs import execute as execution
from graphprune.runs import measured
from graphprune.runs.execute import Task, execute, train_task
from graphprune.runs.setup import Setup
from graphprune.seeds import derive
from graphprune.training.loop import State, train

SIZES = {"layers.0.weight": HIDDEN[0] * SIDE * SIDE, "layers.1.weight": HIDDEN[1] * HIDDEN[0]}
IN_SCOPE = sum(SIZES.values())
ASKED = 0.15  # the methods that prune a tenth every 100 steps get there at the second pruning
EDGES = N * (N - 1) // 2


def example(method: str) -> Task:
    """The method with all that it may need."""
    model = setup().build()
    if method == "dense":
        return task(method, 0.0)
    if method == "block_mask":
        return task(method, 0.5, psi=psi())
    names = tensors(model, "all_but_last")
    if METHODS[method].allocation == "matched":
        return task(method, 0.5, reference=reference(names, model))
    return task(method, ASKED, psi=psi(), examples=2)


def expected_kept(method: str) -> int:
    """Kept weights in scope, worked out from what the method's groups are."""
    row = METHODS[method]
    if method == "dense":
        return IN_SCOPE
    if row.told:  # half of the blocks, all of one size within a layer
        return IN_SCOPE // 2
    if row.granularity == "edge":  # an edge is two blocks; self-loops stay
        return IN_SCOPE * (N + 2 * kept_count(EDGES, ASKED)) // N**2
    if row.granularity == "unit":  # so many rows of each matrix
        return kept_count(HIDDEN[0], ASKED) * SIDE**2 + kept_count(HIDDEN[1], ASKED) * HIDDEN[0]
    if row.allocation == "uniform":
        return sum(kept_count(size, ASKED) for size in SIZES.values())
    return kept_count(IN_SCOPE, ASKED)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_record_with_the_sparsity_it_was_asked_for(method):
    chosen = every_few_steps(setup()) if METHODS[method].schedule == "every" else setup()
    asked = example(method)
    record = execute(asked, chosen)
    assert record.failure == ""
    assert record.scope_weights == IN_SCOPE
    assert record.scope_kept == expected_kept(method)
    assert record.sparsity == 1 - record.scope_kept / IN_SCOPE
    if METHODS[method].granularity == "weight" and METHODS[method].allocation != "uniform":
        assert abs(record.sparsity - asked.sparsity) <= 0.5 / IN_SCOPE
    assert record.sparsity_asked == asked.sparsity
    assert record.parameters - record.parameters_kept == IN_SCOPE - record.scope_kept
    assert record.macs - record.macs_kept == IN_SCOPE - record.scope_kept
    assert (record.method, record.arm, record.seed) == (method, method, 0)
    rounds = len(METHODS[method].plan(asked.sparsity, 280).trained)
    trained = sum(METHODS[method].plan(asked.sparsity, 280).trained)
    assert (record.trainings, record.epochs) == (trained, trained * chosen.recipe.epochs)
    assert trained in (rounds, rounds - 1)
    assert 0 <= record.val_accuracy <= 1
    assert all(map(math.isfinite, (record.val_loss, record.test_loss, record.train_loss)))


@pytest.mark.parametrize("method", [name for name in METHODS if name != "dense"])
def test_pruned_weights_of_the_finished_network_are_zero(method):
    chosen = every_few_steps(setup()) if METHODS[method].schedule == "every" else setup()
    run = train_task(example(method), chosen)
    weights = dict(run.model.named_parameters())
    assert set(run.masks) == set(SIZES)
    for name, mask in run.masks.items():
        assert bool((weights[name][~mask] == 0).all())
        assert bool((weights[name][mask] != 0).all())


def test_the_methods_that_prune_while_training_do_so_more_than_once():
    """Else what is asked of them above would hold for one pruning."""
    assert kept_count(EDGES, 0.1) > kept_count(EDGES, ASKED)
    for method in ("edge_pruning", "edge_random", "weight_every"):
        plan = METHODS[method].plan(ASKED, every_few_steps(setup()).recipe.iterations(40))
        assert plan.within(0) == {100: 0.1, 200: ASKED}


def test_a_graph_method_keeps_the_blocks_of_its_graph():
    run = train_task(example("block_mask"), setup())
    assert run.masks == block_masks(run.model, tuple(SIZES), psi())


def test_the_network_has_learnt():
    record = execute(task("dense", 0.0), setup(epochs=30))
    assert record.val_accuracy > 0.9
    assert record.test_accuracy > 0.9
    assert record.train_loss < 0.3


def test_equal_tasks_give_equal_records_whatever_the_global_generator_is_at():
    torch.manual_seed(1)
    first = execute(example("random_global"), setup())
    torch.manual_seed(2)
    assert same_record(first, execute(example("random_global"), setup()))


def test_arms_that_prune_nothing_are_the_dense_network():
    dense = execute(task("dense", 0.0), setup())
    for method in ("glob_1", "unif_1", "random_global", "edge_at_init"):
        record = execute(task(method, 0.0, psi=psi()), setup())
        assert same_record(replace(record, method="dense", arm="dense"), dense)
    full = execute(task("block_mask", 0.0, psi=psi(sparsity=0.0)), setup())
    assert same_record(replace(full, method="dense", arm="dense"), dense)


@dataclass
class Round:
    """What one training starts from, what it is shown, and what it ends with."""

    weights: dict[str, Tensor]
    masks: Masks
    images: list[Tensor] = field(default_factory=list)
    trained: dict[str, Tensor] = field(default_factory=dict)


def copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def watch(monkeypatch: pytest.MonkeyPatch, asked: Task, chosen: Setup | None = None) -> list[Round]:
    """The rounds of a task; weights as `train` was given them, masks not yet applied."""
    rounds: list[Round] = []

    def watched(state: State, batches, recipe, callbacks) -> None:
        seen = Round(copied(state.model), state.masks)
        hook = state.model.register_forward_pre_hook(
            lambda model, inputs: seen.images.append(inputs[0].clone())
        )
        train(state, batches, recipe, callbacks)
        hook.remove()
        seen.trained = copied(state.model)
        rounds.append(seen)

    with monkeypatch.context() as patch:
        patch.setattr(execution, "train", watched)
        train_task(asked, chosen or setup())
    return rounds


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_arms_of_one_seed_share_initial_weights_and_the_order_of_the_data(monkeypatch):
    arms = [
        watch(monkeypatch, example(m))[0]
        for m in ("dense", "block_mask", "glob_1", "random_global")
    ]
    for arm in arms[1:]:
        assert equal(arm.weights, arms[0].weights)
        assert all(map(torch.equal, arm.images, arms[0].images))
        assert len(arm.images) == 16
    other = watch(monkeypatch, task("dense", 0.0, seed=1))[0]
    assert not equal(other.weights, arms[0].weights)
    assert not all(map(torch.equal, other.images, arms[0].images))


def test_seeds_differ_in_weights_data_order_and_random_masks():
    records = [execute(task("random_global", seed=seed), setup()) for seed in range(3)]
    assert len({record.val_loss for record in records}) == 3
    masks = [train_task(task("random_global", seed=seed), setup()).masks for seed in range(2)]
    assert masks[0] != masks[1]


def test_epochs_and_rounds_see_the_data_in_orders_of_their_own(monkeypatch):
    rounds = watch(monkeypatch, example("glob_5"))
    assert len(rounds) == 5
    orders = [torch.cat(seen.images[i : i + 4]) for seen in rounds for i in (0, 4)]
    for i, order in enumerate(orders):
        assert not any(torch.equal(order, other) for other in orders[:i])


def test_carried_weights_go_on_from_where_the_last_round_ended(monkeypatch):
    rounds = watch(monkeypatch, task("glob_5", 0.8))
    for before, after in pairwise(rounds):
        assert equal(after.weights, before.trained)
        assert after.masks.is_subset(before.masks)
    kept = [round_.masks.density() for round_ in rounds]
    exact = [kept_count(IN_SCOPE, 1 - 0.2 ** (i / 5)) / IN_SCOPE for i in range(1, 6)]
    assert kept == pytest.approx(exact)


@pytest.mark.parametrize("method", ["glob_5_rewind", "unif_5_rewind"])
def test_rewound_weights_are_the_initial_ones_in_every_round(monkeypatch, method):
    rounds = watch(monkeypatch, task(method, 0.8))
    initial = setup().build()
    initialise(initial, derive(0, "init"))
    expected = {n: p.detach() for n, p in initial.named_parameters()}
    for seen in rounds:
        assert equal(seen.weights, expected)
    masks = [seen.masks for seen in rounds]
    assert all(later.is_subset(earlier) for earlier, later in pairwise(masks))
    # Pruned by the weights as trained, not as rewound: else the rounds would be one pruning.
    assert masks[-1] != train_task(task(method.replace("5_rewind", "1"), 0.8), setup()).masks


def test_sparse_init_scales_each_layer_by_the_root_of_its_density(monkeypatch):
    sparse = replace(setup(), init="sparse")
    dense_start = watch(monkeypatch, task("glob_1", 0.7), setup())[0]
    sparse_start = watch(monkeypatch, task("glob_1", 0.7), sparse)[0]
    masks = sparse_start.masks
    assert masks == dense_start.masks
    densities = masks.densities()
    assert len(set(densities.values())) == 2
    for name, weight in dense_start.weights.items():
        tensor = name.replace("bias", "weight")  # a bias has its layer's fan-in
        expected = weight / math.sqrt(densities.get(tensor, 1.0))
        torch.testing.assert_close(sparse_start.weights[name], expected, rtol=1e-6, atol=0)


def test_a_layer_that_lost_everything_is_named_and_does_not_stop_sparse_init():
    empty_second = {"layers.0.weight": psi(), "layers.1.weight": psi(sparsity=1.0)}
    model = setup().build()
    asked = task("magnitude_matched", reference=block_masks(model, tuple(SIZES), empty_second))
    record = execute(asked, replace(setup(), init="sparse"))
    assert record.empty_layers == "layers.1.weight"
    assert record.failure == ""


def test_the_test_set_is_not_read_where_the_setup_does_not_hold_it():
    record = execute(task("dense", 0.0), setup().without_test())
    assert math.isnan(record.test_accuracy)
    assert math.isnan(record.test_loss)
    full = execute(task("dense", 0.0), setup())
    assert (record.val_accuracy, record.val_loss) == (full.val_accuracy, full.val_loss)
    assert math.isfinite(full.test_accuracy)


def test_each_part_is_evaluated_once_after_the_last_epoch(monkeypatch):
    calls = []
    evaluate, run = measured.evaluate, execution.train_task

    def counted(model, batches):
        calls.append("evaluate")
        return evaluate(model, batches)

    def trained(*arguments):
        result = run(*arguments)
        calls.append("trained")
        return result

    monkeypatch.setattr(measured, "evaluate", counted)
    monkeypatch.setattr(execution, "train_task", trained)
    execute(task("glob_5"), setup())
    assert calls == ["trained", "evaluate", "evaluate"]


def test_a_failed_training_has_its_reason_and_no_outcome():
    record = execute(task("glob_1"), setup(optimiser="sgd", learning_rate=1e30, epochs=10))
    assert record.failure.startswith("the loss is ")
    outcome = (record.val_accuracy, record.val_loss, record.test_accuracy, record.test_loss)
    assert all(map(math.isnan, outcome))
    assert record.epochs < 10
    assert record.sparsity == pytest.approx(0.5)


def test_rounds_after_a_failed_one_are_not_trained():
    record = execute(task("glob_5"), setup(optimiser="sgd", learning_rate=1e30))
    assert record.failure
    assert record.trainings == 1
    assert record.epochs <= 4


@pytest.mark.parametrize("method", ["weight_every", "edge_pruning"])
def test_a_network_that_diverges_before_a_pruning_is_a_failed_run_and_no_crash(method):
    """NaN has no rank, but pruning in the middle of an epoch comes before its loss is known."""
    chosen = setup(optimiser="sgd", learning_rate=1e30, epochs=1, batch_size=1)
    many = {"train": chosen.splits["train"], "val": chosen.splits["val"]}
    images, labels = many["train"].images.repeat(4, 1, 1, 1), many["train"].labels.repeat(4)
    many["train"] = replace(many["train"], images=images, labels=labels)
    record = execute(task(method, psi=psi()), replace(chosen, splits=many))
    assert record.failure.startswith("the loss is ")


def test_an_unknown_method_is_named():
    with pytest.raises(UserError, match=r"unknown pruning method 'glob1'.*did you mean 'glob_1'"):
        execute(task("glob1"), setup())


def test_a_graph_for_each_layer_masks_each_layer():
    given = {"layers.0.weight": psi(0), "layers.1.weight": psi(1)}
    masks = train_task(task("block_mask", psi=given), setup(epochs=1)).masks
    for name, block in given.items():
        expected = block_masks(setup().build(), [name], block)[name]
        assert (masks[name] == expected).all()
