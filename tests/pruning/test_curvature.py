"""Neural curvature against the oracle and its definition; its invariances; what it refuses."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from curvature_cases import NETS, defined_scores, net
from torch import nn

from graphprune.errors import UserError
from graphprune.models.build import build_model
from graphprune.pruning.curvature import Settings, correct_examples, neural_curvature
from graphprune.pruning.curvature_chain import Layer, Transition
from graphprune.pruning.curvature_scene import scenes
from graphprune.pruning.curvature_work import Work, bounds

ORACLE = json.loads((Path(__file__).parent / "curvature_oracle.json").read_text())


def scores(model, examples, **settings):
    return neural_curvature(model, examples, Settings(**settings)).scores()


def same(found, expected, tolerance=1e-9):
    assert list(found) == list(expected)
    for name, values in found.items():
        torch.testing.assert_close(values, expected[name], rtol=tolerance, atol=tolerance)


# --- the oracle


def oracle_work(idleness: float, revive: bool) -> Work:
    weights = [np.abs(np.array(w)).T for w in ORACLE["weights_in_by_out"]]
    chain = [
        Transition(
            f"{t}.weight",
            w[:, :, None, None],
            (1, 1),
            (0, 0),
            (w.shape[1], 1, 1),
            (w.shape[0], 1, 1),
            w.shape,
        )
        for t, w in enumerate(weights)
    ]
    layers = []
    for t in range(4):
        values = np.array([e["normalised_activations"][t] for e in ORACLE["examples"]])
        values = values[:, :, None, None]
        dead = (values == 0) & (0 < t < 3)
        layers.append(Layer(values, dead, np.ones_like(values)))
    return Work(scenes(chain), layers, idleness, exact=True, revive=revive)


@pytest.mark.parametrize("idleness", [0.5, 0.75, ORACLE["idleness"]])
def test_every_edge_of_the_oracle(idleness):
    work = oracle_work(idleness, revive=False)
    for x, example in enumerate(ORACLE["examples"]):
        for t, expected in enumerate(example["NC"]):
            found = bounds(work, (t, x))["lower"][0].T
            np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_least_over_examples_with_the_oracles_dead_rule():
    work = oracle_work(ORACLE["idleness"], revive=True)
    for t, expected in enumerate(ORACLE["least"]):
        found = np.minimum(*(bounds(work, (t, x))["lower"][0].T for x in (0, 1)))
        np.testing.assert_allclose(found, expected, atol=1e-9)


# --- the definition


@pytest.mark.parametrize("idleness", [0.0, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("name", NETS)
def test_it_is_the_definition(name, idleness):
    model, examples = net(name, seed=3)
    expected = defined_scores(model, examples, idleness)
    for tensor, values in scores(model, examples, idleness=idleness).items():
        assert values.shape == model.get_parameter(tensor).shape
        np.testing.assert_allclose(values, expected[tensor], rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", ["linear", "padded strided"])
def test_it_is_the_definition_where_edges_are_absent(name):
    """Weights that are 0 give every unit neighbours of its own."""
    model, examples = net(name, seed=4)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight *= torch.rand(weight.shape, generator=generator) < 0.6
    expected = defined_scores(model, examples)
    for tensor, values in scores(model, examples).items():
        assert not values.isnan().any()
        np.testing.assert_allclose(values, expected[tensor], rtol=1e-7, atol=1e-7)


def test_softmax_values_and_folded_norms_are_the_definition():
    model, examples = net("padded", seed=5)
    model[1].running_var.copy_(torch.tensor([0.3, 2.0]))
    for options in ({"output": "softmax"}, {"batch_norm": "folded"}):
        expected = defined_scores(model, examples, **options)
        for tensor, values in scores(model, examples, **options).items():
            np.testing.assert_allclose(values, expected[tensor], rtol=1e-7, atol=1e-7)


def test_folding_a_norm_is_scaling_the_weights():
    model, examples = net("padded", seed=5)
    model[1].running_var.copy_(torch.tensor([0.3, 2.0]))
    folded = copy.deepcopy(model)
    scale = (folded[1].running_var + folded[1].eps).rsqrt()
    with torch.no_grad():
        folded[0].weight *= scale[:, None, None, None]
        folded[0].bias *= scale
        folded[1].running_var.fill_(1 - folded[1].eps)
    same(scores(model, examples, batch_norm="folded"), scores(folded, examples))
    assert not torch.allclose(
        scores(model, examples)["0.weight"], scores(folded, examples)["0.weight"]
    )


# --- closed forms and invariances


def test_first_and_last_layer_are_closed_forms():
    model, examples = net("linear", seed=6)
    one = examples[:1]
    first, second, *_ = (w.detach().abs() for w in model.parameters() if w.ndim == 2)
    hidden = model[:4](one.double())[0].abs()
    a = (hidden - hidden.min()) / (hidden.max() - hidden.min())
    mass = torch.where(a > 0, torch.exp(-1 / a**2), 0.0)
    mass /= mass.sum()
    two = (1 / first.T[:, :, None] + 1 / second.T[None]).min(1).values  # (inputs, second layer)
    expected = 1 - (two @ mass)[None] * first
    dead = model[:2](one.double())[0] == 0
    dead |= (h := model[:2](one.double())[0].abs()) == h.min()
    expected[dead] = 1.0
    torch.testing.assert_close(scores(model, one)["0.weight"], expected)


@pytest.mark.parametrize("name", NETS)
def test_idleness_does_not_matter_from_one_half_on(name):
    model, examples = net(name, seed=7)
    expected = scores(model, examples, idleness=0.5)
    for idleness in (0.6, 0.9, 0.99):
        same(scores(model, examples, idleness=idleness), expected)


def test_signs_and_a_common_scale_of_the_weights_do_not_matter():
    model, examples = net("unpadded", seed=8)
    chain = neural_curvature(model, examples)
    flipped = copy.deepcopy(chain.work)
    for scene in flipped.scenes:
        for transition in (scene.transition, scene.before, scene.after):
            if transition is not None:
                transition.weight.setflags(write=True)
    scaled = [scene.transition for scene in flipped.scenes]
    for transition in scaled:
        transition.weight[...] *= 7.5
    again = Work(scenes(scaled), chain.work.layers, 0.9, exact=True, revive=True)
    for t in range(len(scaled)):
        found = np.min([bounds(again, (t, x))["lower"] for x in range(len(examples))], axis=0)
        expected = np.min([chain.arrays[t, x]["lower"] for x in range(len(examples))], axis=0)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_flipping_a_hidden_units_signs_does_not_matter():
    """With tanh the network stays the same when a unit's weights in and out change sign."""
    model, examples = net("tanh", seed=9)
    expected = scores(model, examples)
    with torch.no_grad():
        model[0].weight[2] *= -1
        model[0].bias[2] *= -1
        model[2].weight[:, 2] *= -1
    same(scores(model, examples), expected)


def test_units_can_be_renumbered():
    model, examples = net("linear", seed=10)
    expected = scores(model, examples)
    order = torch.tensor([3, 0, 5, 1, 6, 2, 4])
    with torch.no_grad():
        model[0].weight.copy_(model[0].weight[order].clone())
        model[0].bias.copy_(model[0].bias[order].clone())
        model[2].weight.copy_(model[2].weight[:, order].clone())
    expected["0.weight"] = expected["0.weight"][order]
    expected["2.weight"] = expected["2.weight"][:, order]
    same(scores(model, examples), expected)


def test_a_scale_per_layer_does_matter():
    model, examples = net("linear", seed=11)
    before = scores(model, examples)["2.weight"]
    with torch.no_grad():
        model[2].weight *= 3
    assert not torch.allclose(scores(model, examples)["2.weight"], before)


def test_more_examples_never_raise_a_score_and_the_first_ones_can_be_asked_alone():
    model, _ = net("unpadded", seed=12)
    examples = torch.randn(4, *NETS["unpadded"][0], generator=torch.Generator().manual_seed(3))
    found = neural_curvature(model, examples)
    previous = found.scores(1)
    for count in (2, 3, 4):
        same(found.scores(count), scores(model, examples[:count]))
        for name, values in found.scores(count).items():
            assert (values <= previous[name]).all()
        previous = found.scores(count)
    with pytest.raises(UserError, match="holds 4 examples"):
        found.scores(5)


def test_weights_between_dead_units_score_two_inside_and_one_at_the_ends():
    model, examples = net("linear", seed=13)
    with torch.no_grad():
        model[0].bias[4] = -100.0  # dead for every example
        model[4].bias[1] = -100.0
    found = scores(model, examples)
    assert (found["0.weight"][4] == 1).all()
    assert (found["2.weight"][:, 4] == 2).all()
    assert (found["4.weight"][1] == 2).all()
    assert (found["6.weight"][:, 1] == 1).all()


def test_disconnected_units_are_scored_and_never_nan():
    model, examples = net("linear", seed=14)
    with torch.no_grad():
        model[0].weight[1] = 0.0  # a unit that only its bias drives
        model[0].bias[1] = 0.7
        model[4].weight[:, 3] = 0.0  # a unit that nothing reads
    found = scores(model, examples)
    assert not any(values.isnan().any() for values in found.values())
    assert (found["0.weight"][1] == 1).all()
    assert (found["4.weight"][:, 3] == 2).all()


# --- the models it is for


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [
        ("mlp", (1, 4, 4), {"hidden": [6, 5]}),
        ("mlp", (1, 4, 4), {"hidden": [6, 5], "batch_norm": True}),
        ("lenet_like", (1, 16, 16), {"width": 0.2}),
        ("vgg9", (3, 32, 32), {"width": 0.03}),
        ("vgg9", (3, 32, 32), {"width": 0.03, "activation": "tanh"}),
    ],
)
def test_every_weight_of_our_models_has_a_curvature(name, shape, options):
    torch.manual_seed(0)
    model = build_model(name, shape, 3, **options)
    before = copy.deepcopy(model.state_dict())
    found = neural_curvature(model, torch.randn(2, *shape))
    for tensor, values in found.scores().items():
        assert values.shape == model.get_parameter(tensor).shape
        assert not values.isnan().any()
        assert (values <= 2).all()
    assert all(gap == 0 for gap, _ in found.error().values())
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


# --- what it refuses


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 4)

    def forward(self, x):
        return x + self.one(x)


class Decides(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 4)

    def forward(self, x):
        return self.one(x) if x.sum() > 0 else x


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            nn.Sequential(nn.Linear(4, 4), nn.MultiheadAttention(4, 1)),
            r"MultiheadAttention \('1'\)",
        ),
        (nn.Sequential(nn.LSTM(4, 4)), r"LSTM \('0'\)"),
        (nn.Sequential(nn.Linear(4, 4), nn.MaxPool1d(2)), r"MaxPool1d \('1'\)"),
        (nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 2)), r"GELU \('1'\)"),
        (nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Tanh(), nn.Linear(4, 2)), "an activation"),
        (nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "behind the last weight layer"),
        (Residual(), "branches .at add"),
        (Decides(), "cannot follow the forward pass of Decides"),
        (nn.Sequential(nn.Flatten()), "at least one"),
    ],
)
def test_what_has_no_rule_is_named(model, message):
    with pytest.raises(UserError, match=message):
        neural_curvature(model, torch.rand(2, 4))


def test_a_grouped_convolution_and_a_module_used_twice_are_refused():
    grouped = nn.Sequential(nn.Conv2d(2, 2, 1, groups=2), nn.Flatten(), nn.Linear(2, 2))
    with pytest.raises(UserError, match="Conv2d with groups"):
        neural_curvature(grouped, torch.rand(1, 2, 1, 1))
    shared = nn.Linear(4, 4)
    with pytest.raises(UserError, match="used twice"):
        neural_curvature(nn.Sequential(shared, nn.ReLU(), shared), torch.rand(1, 4))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda m, x: m[2].weight[0].fill_(torch.nan), r"'2\.weight' is NaN for 7 of 42 weights"),
        (lambda m, x: m[2].weight[0, 0].fill_(torch.inf), r"'2\.weight' is infinite for 1 of 42"),
        (lambda m, x: m[4].weight.zero_(), r"'4\.weight' is all zero"),
        (lambda m, x: x[1, 0].fill_(torch.nan), "'0' reads are NaN or infinite"),
        (lambda m, x: m[2].bias.fill_(-100.0), "'4' reads are all zero for example 0"),
    ],
)
def test_bad_numbers_are_named(harm, message):
    model, examples = net("linear")
    with torch.no_grad():
        harm(model, examples)
    with pytest.raises(UserError, match=message):
        neural_curvature(model, examples)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "exacd"}, "did you mean 'exact'"),
        ({"idleness": 1.0}, r"idleness must lie in \[0, 1\)"),
        ({"batch_norm": "fold"}, "batch_norm"),
        ({"output": "probability"}, "output"),
    ],
)
def test_unknown_settings_are_named(settings, message):
    model, examples = net("linear")
    with pytest.raises(UserError, match=message):
        neural_curvature(model, examples, Settings(**settings))


def test_no_example_is_refused():
    model, examples = net("linear")
    with pytest.raises(UserError, match="at least one example"):
        neural_curvature(model, examples[:0])


# --- the choice of examples


def test_correct_examples_come_in_rounds_of_one_per_class():
    model = nn.Linear(3, 3, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.eye(3))
    labels = torch.tensor([0, 1, 0, 2, 2, 1, 0])
    images = nn.functional.one_hot(torch.tensor([0, 1, 1, 2, 2, 1, 0]), 3).float()
    assert correct_examples(model, images, labels, 1).tolist() == [0, 1, 3]
    assert correct_examples(model, images, labels, 2).tolist() == [0, 1, 3, 6, 5, 4]
    with pytest.raises(UserError, match="class 0 has 2 correctly classified examples of the 3"):
        correct_examples(model, images, labels, 3)
    with pytest.raises(UserError, match="class 1 has 0"):
        correct_examples(model, images, torch.zeros(7, dtype=torch.long), 1)
