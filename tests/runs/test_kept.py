"""Kept networks come back as they were, and damage is noticed."""

import pytest
import torch

from graphprune.errors import UserError
from graphprune.models.build import build_model
from graphprune.runs.kept import KeptNet

MODEL = {"name": "mlp", "hidden": [5], "bias": False}


@pytest.fixture
def net():
    weights = build_model("mlp", (1, 2, 2), 3, hidden=[5], bias=False).state_dict()
    return KeptNet(weights, MODEL, (1, 2, 2), 3, seed=7, epoch=4)


def test_a_kept_network_comes_back_as_it_was(net, tmp_path):
    net.save(tmp_path / "net.safetensors")
    found = KeptNet.load(tmp_path / "net.safetensors")
    assert (found.model, found.input_shape, found.classes) == (MODEL, (1, 2, 2), 3)
    assert (found.seed, found.epoch, found.failure) == (7, 4, "")
    model = found.build()
    assert not model.training
    assert all(torch.equal(v, net.weights[n]) for n, v in model.state_dict().items())


def test_a_failed_training_is_kept_without_weights_and_not_built(tmp_path):
    net = KeptNet({}, MODEL, (1, 2, 2), 3, seed=7, epoch=0, failure="the loss is nan in epoch 1")
    net.save(tmp_path / "net.safetensors")
    found = KeptNet.load(tmp_path / "net.safetensors")
    with pytest.raises(UserError, match="the training of seed 7 failed: the loss is nan"):
        found.build()


@pytest.mark.parametrize("place", [-1, 40, 300])
def test_an_altered_byte_is_noticed(net, tmp_path, place):
    path = tmp_path / "net.safetensors"
    net.save(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"is damaged|its header lacks a note"):
        KeptNet.load(path)


def test_a_file_of_masks_is_no_network(net, tmp_path):
    from graphprune.masks.mask import Masks

    Masks.full(net.build(), ["layers.0.weight"]).save(tmp_path / "masks.safetensors")
    with pytest.raises(UserError, match="is not a file of a kept network"):
        KeptNet.load(tmp_path / "masks.safetensors")
