"""What a setting changes of BoGP's keys, and what it leaves."""

import copy

import yaml

from graphprune.pipeline.code import ROOT
from graphprune.pipeline.settings import bogp_settings

BOGP = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["bogp"]


def one(**changes):
    bogp = {**copy.deepcopy(BOGP), "settings": [{"name": "x", "parts": ["comparison"], **changes}]}
    before = copy.deepcopy(bogp)
    merged = bogp_settings(bogp)["x"]
    assert bogp == before
    return merged


def test_without_changes_a_setting_is_the_block_itself():
    merged = one()
    assert merged.pop("parts") == ["comparison"]
    assert merged == {key: value for key, value in BOGP.items() if key != "settings"}


def test_changes_reach_the_blocks_they_stand_for():
    merged = one(nodes=8, sparsities=[0.9], sources=["random"], search_seeds=[7], final_seeds=[8])
    assert merged["nodes"] == 8
    assert merged["masks"] == {**BOGP["masks"], "sparsities": [0.9]}
    assert merged["identifiability"] == {**BOGP["identifiability"], "sources": ["random"]}
    assert merged["search"] == {**BOGP["search"], "seeds": [7]}
    assert merged["final_seeds"] == [8]


def test_a_model_of_the_same_name_keeps_the_options_it_does_not_change():
    assert one(model={"bias": False})["model"] == {**BOGP["model"], "bias": False}
    assert one(model={"name": "vgg9"})["model"] == {"name": "vgg9"}


def test_settings_keep_the_order_of_the_config():
    assert list(bogp_settings(BOGP)) == [setting["name"] for setting in BOGP["settings"]]
