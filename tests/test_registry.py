"""Names -> code, and a wrong name gets a helpful answer."""

import colorsys
import sys

import pytest

from graphprune.errors import UserError
from graphprune.registry import lookup, module_of, resolve, suggestion

TABLE = {
    "bayesian": "collections:OrderedDict",
    "random": "colorsys:rgb_to_hls",
    "lost": "graphprune.no_such_module:thing",
}


@pytest.mark.parametrize("word", ["bayesain", "Bayesian", "bayes"])
def test_a_close_word_is_suggested(word):
    assert suggestion(word, TABLE) == " (did you mean 'bayesian'?)"


def test_no_suggestion_where_nothing_is_close():
    assert suggestion("grid", TABLE) == ""
    assert suggestion("grid", []) == ""


def test_an_unknown_name_is_answered_with_the_kind_the_guess_and_the_known_names():
    with pytest.raises(UserError) as raised:
        lookup(TABLE, "randon", "search strategy")
    assert str(raised.value) == (
        "unknown search strategy 'randon' (did you mean 'random'?); known: bayesian, lost, random"
    )


def test_lookup_returns_the_entry():
    assert lookup({"a": 3}, "a", "number") == 3


def test_resolve_returns_the_object_the_name_stands_for():
    assert resolve(TABLE, "random", "search strategy") is colorsys.rgb_to_hls


def test_nothing_is_imported_until_a_name_is_resolved(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys")
    assert module_of(TABLE, "random", "search strategy") == "colorsys"
    assert "colorsys" not in sys.modules
    resolve(TABLE, "random", "search strategy")
    assert "colorsys" in sys.modules


@pytest.mark.parametrize("function", [resolve, module_of])
def test_every_way_in_refuses_an_unknown_name(function):
    with pytest.raises(UserError, match="unknown search strategy 'grid'; known: bayesian"):
        function(TABLE, "grid", "search strategy")


def test_an_entry_that_leads_nowhere_is_a_bug_and_not_the_users_fault():
    with pytest.raises(ModuleNotFoundError):
        resolve(TABLE, "lost", "search strategy")
