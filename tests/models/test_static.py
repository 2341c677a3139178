"""The widths told before a network is built are those of the built network."""

import inspect

import pytest
import torch

from graphprune.errors import UserError
from graphprune.models.build import build_model
from graphprune.models.names import MODELS
from graphprune.models.static import NARROWEST, known_options, masked_widths
from graphprune.pruning.scope import tensors
from graphprune.registry import resolve

SHAPE = (1, 5, 6)
IMAGES = {"lenet_like": (1, 28, 28)}
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


@pytest.mark.parametrize("width", [0.25, 1.0])
@pytest.mark.parametrize("name", NARROWEST)
def test_the_narrowest_layer_is_that_of_the_built_network(name, width):
    with torch.device("meta"):
        model = build_model(name, IMAGES.get(name, (3, 32, 32)), 10, width=width)
    weights = dict(model.named_parameters())
    sides = {side for tensor in tensors(model, "inner") for side in weights[tensor].shape[:2]}
    told = masked_widths({"name": name, "width": width}, (3, 32, 32), "inner")
    assert told == {"the narrowest layer": min(sides)}


def test_networks_that_can_be_narrowed_tell_their_narrowest_layer():
    with_width = {name for name in MODELS if "width" in known_options(name)}
    assert set(NARROWEST) == with_width == set(MODELS) - {"mlp"}


def test_an_mlp_with_one_hidden_layer_has_no_inner_matrix():
    with pytest.raises(UserError, match=r"bogp\.scope is 'inner'.*use scope: first"):
        masked_widths({"name": "mlp", "hidden": [16]}, SHAPE, "inner")


@pytest.mark.parametrize("model", [{"name": "mlp"}, {"name": "mlp", "hidden": None}])
def test_an_mlp_without_widths_is_refused(model):
    with pytest.raises(UserError, match=r"bogp\.model\.hidden is missing"):
        masked_widths(model, SHAPE, "first")
