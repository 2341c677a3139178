"""Databases whose masks have several sparsities: drawn from a range, or pooled from levels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.graphs.property_names import PROPERTIES
from graphprune.masks.build_database import build, drawn
from graphprune.masks.database import MaskDatabase
from graphprune.masks.names import SOURCES
from graphprune.registry import resolve

RANGE = (0.1, 0.95)
FEW = ("aspl", "average_clustering")


def wide(**changes: Any) -> MaskDatabase:
    asked: dict[str, Any] = {"source": "random", "n": 7, "sparsity": RANGE, "count": 20, "seed": 3}
    return build(**{**asked, **changes})


@pytest.fixture(scope="module")
def levels() -> list[MaskDatabase]:
    return [build("random", 6, level, 8, 0, FEW) for level in (0.5, 0.2, 0.8)]


def test_one_sparsity_for_all_is_drawn_as_it_always_was() -> None:
    """What other databases are made of must not move: files of earlier versions stay right."""
    table = build("random", 7, 0.7, 3, 3).table
    assert table["seed"].tolist() == [
        8209628328885403229,
        7614945442498616403,
        534880804308227042,
    ]
    assert [mask.hex() for mask in table["mask"]] == [
        "0053ca5806a000",
        "1e022c49803080",
        "30980221333200",
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_of_a_range_a_seed_gives_the_sparsity_and_then_the_mask(source: str) -> None:
    database = build(source, 9, RANGE, 12, seed=1, properties=FEW)
    draw = resolve(SOURCES, source, "mask source")
    levels = set()
    for id, seed, sparsity in database.table[["id", "seed", "sparsity"]].itertuples(index=False):
        rng = np.random.default_rng(seed)
        level = rng.uniform(*RANGE)
        again = draw(9, level, rng)
        assert (database.mask(id) == again).all()
        assert (drawn(source, 9, RANGE, seed) == again).all()
        assert sparsity == (~again).mean()
        levels.add(level)
        if source == "random":
            assert again.sum() == kept_count(81, level)
    assert len(levels) == 12


def test_one_sparsity_is_drawn_again_by_the_same_function() -> None:
    database = build("random", 7, 0.7, 5, seed=2, properties=FEW)
    for id, seed in database.table[["id", "seed"]].itertuples(index=False):
        assert (drawn("random", 7, 0.7, seed) == database.mask(id)).all()


def test_sparsities_of_a_range_are_uniform() -> None:
    shares = wide(n=30, count=500, properties=FEW).table["sparsity"]
    assert stats.kstest(shares, stats.uniform(RANGE[0], RANGE[1] - RANGE[0]).cdf).pvalue > 0.01
    assert shares.min() > RANGE[0] - 0.5 / 900
    assert shares.max() < RANGE[1] + 0.5 / 900


def test_a_range_is_named_in_the_parameters_and_survives_the_file(tmp_path: Path) -> None:
    database = wide()
    assert database.parameters["sparsity"] == [0.1, 0.95]
    assert wide(sparsity=[0.1, 0.95]).table.equals(database.table)
    database.save(tmp_path / "wide.parquet")
    loaded = MaskDatabase.load(tmp_path / "wide.parquet", {"sparsity": RANGE, "count": 20})
    assert loaded.table.equals(database.table)
    with pytest.raises(UserError, match=r"sparsity is \[0.1, 0.95\], expected \[0.1, 0.9\]"):
        MaskDatabase.load(tmp_path / "wide.parquet", {"sparsity": (0.1, 0.9)})


def test_a_longer_range_database_begins_with_the_shorter() -> None:
    assert (wide(count=30).masks(range(20)) == wide().masks()).all()


@pytest.mark.parametrize("change", [{"seed": 4}, {"sparsity": 0.95}, {"sparsity": (0.1, 0.94)}])
def test_another_range_shares_no_seeds(change: dict) -> None:
    assert not set(wide().table["seed"]) & set(wide(**change).table["seed"])


def test_all_masks_of_a_range_can_be_had_and_are_distinct() -> None:
    """Four entries, 0 to 4 of them removed: 16 masks, however rare some are."""
    masks = build("random", 2, (0, 0.99), 16, seed=0).masks()
    assert len(np.unique(masks.reshape(16, -1), axis=0)) == 16
    with pytest.raises(UserError, match="only 16 of the 17"):
        build("random", 2, (0, 0.99), 17, seed=0)


def test_very_sparse_masks_have_properties_too() -> None:
    table = build("random", 30, (0.9, 0.99), 60, seed=0).table
    parted = ~table["connected"]
    assert 20 < parted.sum() < 60
    assert (np.isinf(table["aspl"]) == parted).all()
    assert ((table["edge_connectivity"] == 0) == parted).all()
    others = [name for name in PROPERTIES if name != "aspl"]
    assert np.isfinite(table[others].to_numpy(dtype=float)).all()


@pytest.mark.parametrize(
    "bad", [(0.9, 0.1), (0.5, 0.5), (0.5,), (0.1, 0.5, 0.9), (-0.1, 0.5), (0.5, 1), (np.nan, 0.5)]
)
def test_what_is_no_range_is_refused(bad: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match=r"0 ≤ low < high < 1, found \["):
        wide(sparsity=bad)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"n": 0}, "n = 0"), ({"count": 0}, "count = 0"), ({"source": "rando"}, "'random'")],
)
def test_other_bad_numbers_are_refused_over_a_range_too(change: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        wide(**change)


def test_a_pool_holds_every_mask_by_rising_sparsity(levels: list[MaskDatabase]) -> None:
    pool = MaskDatabase.pooled(levels)
    assert pool.parameters == {
        "source": "random",
        "n": 6,
        "sparsity": [0.2, 0.5, 0.8],
        "count": 24,
        "seed": 0,
        "properties": list(FEW),
    }
    assert pool.table["id"].tolist() == pool.table.index.tolist() == list(range(24))
    for place, part in enumerate((levels[1], levels[0], levels[2])):
        ids = range(8 * place, 8 * place + 8)
        assert (pool.masks(ids) == part.masks()).all()
        rows = pool.table.iloc[8 * place : 8 * place + 8].drop(columns="id")
        assert rows.reset_index(drop=True).equals(part.table.drop(columns="id"))


def test_the_order_given_does_not_matter_and_nothing_given_is_changed(
    levels: list[MaskDatabase], tmp_path: Path
) -> None:
    before = [part.table.copy() for part in levels]
    pool, other = MaskDatabase.pooled(levels), MaskDatabase.pooled(levels[::-1])
    assert pool.table.equals(other.table)
    assert all(part.table.equals(table) for part, table in zip(levels, before, strict=True))
    pool.save(tmp_path / "pool.parquet")
    loaded = MaskDatabase.load(tmp_path / "pool.parquet")
    assert loaded.parameters == pool.parameters
    assert (loaded.masks() == pool.masks()).all()


def test_seeds_that_differ_are_listed_by_level(levels: list[MaskDatabase]) -> None:
    other = build("random", 6, 0.1, 8, 9, FEW)
    assert MaskDatabase.pooled([levels[0], other]).parameters["seed"] == [9, 0]


def test_one_database_is_its_own_pool(levels: list[MaskDatabase]) -> None:
    for alone in (levels[0], wide()):
        assert MaskDatabase.pooled([alone]) is alone


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"n": 7}, "same n, found 6 and 7"),
        ({"source": "undirected"}, "same source, found random and undirected"),
        ({"properties": ["aspl"]}, "same properties"),
        ({"sparsity": 0.5, "seed": 1}, r"one sparsity of their own, found \[0.5, 0.5\]"),
        ({"sparsity": (0.6, 0.7)}, "a range is a pool by itself"),
    ],
)
def test_what_does_not_go_together_is_refused(
    levels: list[MaskDatabase], other: dict, words: str
) -> None:
    asked = {"source": "random", "n": 6, "sparsity": 0.3, "count": 4, "seed": 0, "properties": FEW}
    with pytest.raises(UserError, match=words):
        MaskDatabase.pooled([levels[0], build(**{**asked, **other})])


def test_nothing_is_no_pool() -> None:
    with pytest.raises(UserError, match="at least one"):
        MaskDatabase.pooled([])
