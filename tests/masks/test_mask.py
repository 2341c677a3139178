import copy

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from safetensors.torch import save_file
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.mask import Masks


def model() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def masks() -> Masks:
    first = torch.ones(4, 3, dtype=torch.bool)
    first[0] = False
    second = torch.zeros(2, 4, dtype=torch.bool)
    second[1, 3] = True
    return Masks({"0.weight": first, "2.weight": second})


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Masks, Masks]:
    shapes = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=3))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 1000)))
    one, two = (
        Masks({str(i): torch.rand(s, generator=generator) < 0.5 for i, s in enumerate(shapes)})
        for _ in range(2)
    )
    return one, two


def test_counts_and_densities_are_those_of_a_hand_count():
    assert masks().kept() == {"0.weight": 9, "2.weight": 1}
    assert masks().total() == {"0.weight": 12, "2.weight": 8}
    assert masks().densities() == {"0.weight": 0.75, "2.weight": 0.125}
    assert masks().density() == 10 / 20  # of all weights, not the mean over layers
    assert masks().density("2.weight") == 0.125


def test_no_masks_at_all_prune_nothing():
    nothing = Masks({})
    nothing.apply_(model())
    assert nothing.density() == 1.0
    assert nothing.kept() == {}


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("", torch.ones(2, 2, dtype=torch.bool)),
        ("w", torch.ones(2, 2)),
        ("w", torch.ones(2, 0, dtype=torch.bool)),
        ("w", [[True]]),
    ],
)
def test_what_is_no_mask_is_refused(name, mask):
    with pytest.raises(UserError, match="mask"):
        Masks({name: mask})


def test_a_mask_does_not_follow_the_tensor_it_was_made_from():
    source = torch.ones(2, 2, dtype=torch.bool)
    mask = Masks({"w": source})
    source[:] = False
    assert mask.density() == 1.0


def test_masks_cannot_be_assigned_to():
    with pytest.raises(TypeError):
        masks()["0.weight"] = torch.ones(4, 3, dtype=torch.bool)  # type: ignore[index]


@given(pairs())
def test_and_keeps_what_both_keep(pair):
    one, two = pair
    both = one & two
    for name in one:
        assert torch.equal(both[name], one[name] * two[name])
    assert both.is_subset(one)
    assert both.is_subset(two)
    assert both == two & one
    assert one & one == one


@given(pairs())
def test_subset_is_inclusion_of_the_kept_positions(pair):
    one, two = pair
    inside = all(
        {tuple(p) for p in one[name].nonzero().tolist()}
        <= {tuple(p) for p in two[name].nonzero().tolist()}
        for name in one
    )
    assert one.is_subset(two) == inside


def test_combining_masks_of_different_tensors_names_the_difference():
    other = Masks({"0.weight": masks()["0.weight"], "9.weight": masks()["2.weight"]})
    with pytest.raises(UserError, match=r"2\.weight.*9\.weight"):
        masks() & other
    with pytest.raises(UserError, match=r"2\.weight.*\(2, 4\).*\(4, 2\)"):
        masks() & Masks({"0.weight": masks()["0.weight"], "2.weight": masks()["2.weight"].T})


def test_equality_is_by_value_and_ignores_order():
    backwards = Masks(dict(list(masks().items())[::-1]))
    assert masks() == backwards
    assert masks().digest() == backwards.digest()
    assert masks() != Masks({"0.weight": masks()["0.weight"]})
    changed = masks()["2.weight"].clone()
    changed[0, 0] = True
    other = Masks({"0.weight": masks()["0.weight"], "2.weight": changed})
    assert masks() != other
    assert masks().digest() != other.digest()


def test_full_keeps_everything_and_the_order_of_names():
    full = Masks.full(model(), ["2.weight", "0.weight"])
    assert list(full) == ["2.weight", "0.weight"]
    assert full.density() == 1.0
    assert masks().is_subset(full)


def test_apply_zeroes_the_pruned_weights_and_nothing_else():
    net, before = model(), model()
    masks().apply_(net)
    for name, parameter in net.named_parameters():
        old = dict(before.named_parameters())[name]
        expected = old * masks()[name] if name in masks() else old
        assert torch.equal(parameter, expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_apply_follows_a_model_that_changes_its_dtype(dtype):
    net, mask = model(), masks()
    mask.apply_(net)
    net.to(dtype)
    with torch.no_grad():
        net.get_parameter("0.weight").fill_(1.0)
    mask.apply_(net)
    assert net.get_parameter("0.weight").dtype == dtype
    assert torch.equal(net.get_parameter("0.weight").bool(), mask["0.weight"])


def test_apply_works_on_leaves_that_require_gradients_and_leaves_no_graph():
    net = model()
    masks().apply_(net)
    assert all(p.requires_grad and p.is_leaf for p in net.parameters())


def test_masks_leave_state_dict_and_deepcopy_of_the_model_alone():
    net = model()
    keys = list(net.state_dict())
    mask = masks()
    mask.apply_(net)
    twin = copy.deepcopy(net)
    assert list(net.state_dict()) == list(twin.state_dict()) == keys
    twin.load_state_dict(net.state_dict())
    assert copy.deepcopy(mask) == mask


def test_check_accepts_its_model_and_names_what_does_not_fit():
    masks().check(model())
    with pytest.raises(UserError, match=r"'0\.wieght' \(did you mean '0\.weight'\?\)"):
        Masks({"0.wieght": masks()["0.weight"]}).check(model())
    with pytest.raises(UserError, match=r"0\.weight.*\(1, 3\).*\(4, 3\)"):
        Masks({"0.weight": masks()["0.weight"][:1]}).check(model())


def test_apply_refuses_a_mask_that_would_broadcast():
    row = Masks({"0.weight": torch.zeros(1, 3, dtype=torch.bool)})
    net = model()
    with pytest.raises(UserError, match="another network"):
        row.apply_(net)
    assert torch.equal(net.get_parameter("0.weight"), model().get_parameter("0.weight"))


@settings(max_examples=20)
@given(pairs())
def test_saved_masks_come_back_equal_and_in_order(tmp_path_factory, pair):
    path = tmp_path_factory.mktemp("masks") / "masks.safetensors"
    mask = Masks(dict(list(pair[0].items())[::-1]))
    mask.save(path)
    back = Masks.load(path)
    assert back == mask
    assert list(back) == list(mask)


def test_saving_leaves_no_other_file(tmp_path):
    masks().save(tmp_path / "a.safetensors")
    masks().save(tmp_path / "a.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_every_flipped_byte_of_the_content_is_noticed(tmp_path):
    path = tmp_path / "masks.safetensors"
    masks().save(path)
    whole = path.read_bytes()
    for at in range(len(whole) - 20, len(whole)):  # 12 + 8 mask bytes end the file
        for flip in (1, 2, 128):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            with pytest.raises(UserError, match="damaged"):
                Masks.load(path)


@pytest.mark.parametrize("length", [0, 4, 30, -1])
def test_a_file_cut_short_is_damaged(tmp_path, length):
    path = tmp_path / "masks.safetensors"
    masks().save(path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match="damaged"):
        Masks.load(path)


def test_a_file_of_weights_is_no_file_of_masks(tmp_path):
    save_file({"w": torch.ones(2)}, tmp_path / "weights.safetensors")
    with pytest.raises(UserError, match="not a file of masks"):
        Masks.load(tmp_path / "weights.safetensors")


def test_a_missing_file_is_reported_as_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        Masks.load(tmp_path / "none.safetensors")


def test_a_weight_keeps_its_layout_when_it_is_pruned():
    net = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    before = net.weight.detach().clone()
    mask = torch.rand(4, 3, 3, 3) < 0.5
    masks = Masks({"weight": mask})
    masks.apply_(net)
    assert torch.equal(net.weight, before * mask)
    assert net.weight.is_contiguous(memory_format=torch.channels_last)
    assert masks._factor("weight", net.weight).stride() == net.weight.stride()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_masks_of_two_devices_combine_and_apply():
    net = model().cuda()
    mask = masks()
    mask.apply_(net)
    there = Masks.full(net, mask)
    assert (there & mask)["0.weight"].is_cuda
    assert there & mask == mask
    assert torch.equal(net.get_parameter("0.weight").cpu().bool(), mask["0.weight"])
    assert mask.to("cuda").digest() == mask.digest()
