import pytest
from pruning_cases import conv, mlp
from torch import nn

from graphprune.errors import UserError
from graphprune.pruning.scope import SCOPES, tensors

LAYERS = ("0.weight", "3.weight", "6.weight", "8.weight")  # of the convolutional net


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("all", LAYERS), ("first", LAYERS[:1]), ("inner", LAYERS[1:3]), ("all_but_last", LAYERS[:3])],
)
def test_scopes_by_name(scope, expected):
    assert tensors(conv(), scope) == expected


def test_biases_and_batch_normalisation_are_never_in_scope():
    net = conv()
    for scope in SCOPES:
        for name in tensors(net, scope):
            assert net.get_parameter(name).ndim >= 2


def test_an_explicit_list_comes_back_in_module_order():
    assert tensors(conv(), ["6.weight", "0.weight"]) == ("0.weight", "6.weight")
    assert tensors(conv(), "masked", masked=["6.weight", "0.weight"]) == ("0.weight", "6.weight")


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ("iner", "did you mean 'inner'"),
        (["0.wieght"], "'0.wieght'.*did you mean '0.weight'"),
        (["1.weight"], "no linear or convolution weight"),  # batch normalisation
        (["0.bias"], "no linear or convolution weight"),
        ([], "holds no tensor"),
        ("masked", "needs the masks"),
    ],
)
def test_an_unknown_or_empty_scope_is_named(scope, message):
    with pytest.raises(UserError, match=message):
        tensors(conv(), scope)


def test_a_net_of_two_layers_has_no_inner_one():
    with pytest.raises(UserError, match="'inner' holds no tensor"):
        tensors(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), "inner")


def test_a_model_that_is_itself_a_layer():
    assert tensors(nn.Linear(3, 2), "all") == ("weight",)


def test_a_shared_tensor_is_in_scope_once():
    net = mlp()
    net.append(nn.Linear(8, 4))
    net[6].weight = net[5].weight
    assert tensors(net, "all") == ("0.weight", "2.weight", "4.weight", "5.weight")


def test_a_layer_whose_weight_is_not_its_own_parameter_is_an_error_not_a_gap():
    net = mlp()
    nn.utils.parametrizations.weight_norm(net[2])
    with pytest.raises(UserError, match="layer '2'"):
        tensors(net, "all")


def test_transposed_convolutions_store_inputs_first_and_are_left_out():
    net = nn.Sequential(nn.Conv2d(2, 3, 1), nn.ConvTranspose2d(3, 2, 1))
    assert tensors(net, "all") == ("0.weight",)
