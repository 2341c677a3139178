"""The widths told before a network is built are those of the built network."""

import inspect

import pytest

from graphprune.errors import UserError
from graphprune.models.build import build_model
from graphprune.models.names import MODELS
from graphprune.models.static import known_options, masked_widths
from graphprune.pruning.scope import tensors
from graphprune.registry import resolve

SHAPE = (1, 5, 6)
SCOPES = ("first", "inner", "all_but_last")


@pytest.mark.parametrize("name", MODELS)
def test_the_options_read_from_the_source_are_those_of_the_builder(name):
    builder = resolve(MODELS, name, "model")
    assert known_options(name) == list(inspect.signature(builder).parameters)[2:]


@pytest.mark.parametrize(
    ("hidden", "scope"),
    [
        ([16], "first"),
        ([16], "all_but_last"),
        *[(hidden, s) for hidden in ([16, 8], [7, 9, 11], [16, 16, 16, 5]) for s in SCOPES],
    ],
)
def test_the_widths_are_those_of_the_tensors_that_the_scope_names(hidden, scope):
    model = build_model("mlp", SHAPE, 10, hidden=hidden)
    weights = dict(model.named_parameters())
    sides = {side for name in tensors(model, scope) for side in weights[name].shape}
    assert set(masked_widths({"name": "mlp", "hidden": hidden}, SHAPE, scope).values()) == sides


def test_each_side_is_called_by_its_place():
    model = {"name": "mlp", "hidden": [7, 9]}
    assert masked_widths(model, SHAPE, "all_but_last") == {
        "the input": 30,
        "hidden layer 1": 7,
        "hidden layer 2": 9,
    }


def test_an_input_not_known_yet_is_left_out():
    model = {"name": "mlp", "hidden": [7, 9]}
    assert masked_widths(model, None, "first") == {"hidden layer 1": 7}


@pytest.mark.parametrize("scope", SCOPES)
def test_other_networks_are_checked_when_they_are_built(scope):
    assert masked_widths({"name": "vgg16", "width": 0.25}, (3, 32, 32), scope) == {}


def test_an_mlp_with_one_hidden_layer_has_no_inner_matrix():
    with pytest.raises(UserError, match=r"bogp\.scope is 'inner'.*use scope: first"):
        masked_widths({"name": "mlp", "hidden": [16]}, SHAPE, "inner")


@pytest.mark.parametrize("model", [{"name": "mlp"}, {"name": "mlp", "hidden": None}])
def test_an_mlp_without_widths_is_refused(model):
    with pytest.raises(UserError, match=r"bogp\.model\.hidden is missing"):
        masked_widths(model, SHAPE, "first")
