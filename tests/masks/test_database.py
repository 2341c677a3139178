from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from graphprune.errors import UserError
from graphprune.files import write_table
from graphprune.graphs.properties import graph_properties
from graphprune.graphs.property_names import PROPERTIES
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks import build_database as module
from graphprune.masks.build_database import build
from graphprune.masks.database import MaskDatabase
from graphprune.masks.names import SOURCES
from graphprune.masks.sources import number_of_masks
from graphprune.registry import resolve

PARAMETERS: dict[str, Any] = {"source": "random", "n": 7, "sparsity": 0.7, "count": 20, "seed": 3}


@pytest.fixture(scope="module")
def database() -> MaskDatabase:
    return build(**PARAMETERS)


@pytest.fixture
def saved(database: MaskDatabase, tmp_path: Path) -> Path:
    database.save(tmp_path / "masks.parquet")
    return tmp_path / "masks.parquet"


def equal(a: MaskDatabase, b: MaskDatabase) -> bool:
    return a.parameters == b.parameters and a.table.equals(b.table)


def test_a_row_says_all_about_its_mask(database: MaskDatabase) -> None:
    columns = ["id", "seed", "sparsity", "mask", "connected", *PROPERTIES]
    assert list(database.table) == columns
    assert database.table["id"].tolist() == list(range(20))
    assert database.parameters == {**PARAMETERS, "properties": list(PROPERTIES)}
    assert len(database) == 20


@pytest.mark.parametrize("source", SOURCES)
def test_each_mask_is_drawn_again_from_its_seed_alone(source: str) -> None:
    database = build(source, 9, 0.6, 12, seed=1, properties=["aspl"])
    draw = resolve(SOURCES, source, "mask source")
    for id, seed, sparsity in database.table[["id", "seed", "sparsity"]].itertuples(index=False):
        again = draw(9, 0.6, np.random.default_rng(seed))
        assert (database.mask(id) == again).all()
        assert sparsity == (~again).mean()


def test_properties_are_those_of_the_masks(database: MaskDatabase) -> None:
    graphs = mask_to_adjacency(database.masks())
    pd.testing.assert_frame_equal(database.properties(), graph_properties(graphs))
    connected = np.isfinite(database.table["aspl"])
    assert (database.table["connected"] == connected).all()
    assert 0 < connected.sum() < 20


def test_masks_come_in_the_order_asked(database: MaskDatabase) -> None:
    everything = database.masks()
    assert everything.shape == (20, 7, 7)
    assert everything.dtype == bool
    assert (database.masks([4, 0, 4]) == everything[[4, 0, 4]]).all()
    assert database.masks([]).shape == (0, 7, 7)


@pytest.mark.parametrize("id", [-1, 20])
def test_unknown_id_is_refused(database: MaskDatabase, id: int) -> None:
    with pytest.raises(UserError, match=f"mask id {id} .* 0 … 19"):
        database.mask(id)


def test_same_parameters_same_database(database: MaskDatabase) -> None:
    assert equal(build(**PARAMETERS), database)


def test_a_longer_database_begins_with_the_shorter(database: MaskDatabase) -> None:
    longer = build(**{**PARAMETERS, "count": 30})
    assert (longer.masks(range(20)) == database.masks()).all()


@pytest.mark.parametrize("change", [{"seed": 4}, {"sparsity": 0.75}, {"source": "undirected"}])
def test_other_parameters_share_no_seeds(database: MaskDatabase, change: dict) -> None:
    other = build(**{**PARAMETERS, **change})
    assert not set(other.table["seed"]) & set(database.table["seed"])


def test_only_the_properties_asked_for_are_columns() -> None:
    database = build("random", 6, 0.5, 3, 0, properties=("transitivity", "aspl"))
    assert list(database.properties()) == ["transitivity", "aspl"]
    assert "cycle_rank" not in database.table


def test_chunks_do_not_change_the_database(
    database: MaskDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 7)
    assert equal(build(**PARAMETERS), database)


@pytest.mark.parametrize("source", SOURCES)
def test_all_masks_there_are_can_be_had_and_are_distinct(source: str) -> None:
    count = number_of_masks(source, 3, 0.5)
    masks = build(source, 3, 0.5, count, seed=0).masks()
    assert len(np.unique(masks.reshape(count, -1), axis=0)) == count


def test_one_mask_more_than_there_are_is_refused() -> None:
    with pytest.raises(UserError, match=r"only 6 at n = 2.*count ≤ 6"):
        build("random", 2, 0.5, 7, seed=0)


def test_a_source_that_repeats_itself_ends_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "number_of_masks", lambda *arguments: 10**6)
    with pytest.raises(UserError, match="only 6 of the 8"):
        build("random", 2, 0.5, 8, seed=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sparsity": 1.0}, "sparsity"),
        ({"sparsity": -0.1}, "sparsity"),
        ({"sparsity": float("nan")}, "sparsity"),
        ({"n": 0}, "n = 0"),
        ({"count": 0}, "count = 0"),
        ({"source": "rando"}, "did you mean 'random'"),
        ({"properties": ["clustering"]}, "unknown graph property"),
    ],
)
def test_bad_parameters_are_refused(change: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        build(**{**PARAMETERS, **change})


def test_load_returns_what_was_saved(database: MaskDatabase, saved: Path) -> None:
    loaded = MaskDatabase.load(saved, {**PARAMETERS, "properties": PROPERTIES})
    pd.testing.assert_frame_equal(loaded.table, database.table)
    assert loaded.parameters == database.parameters
    assert (loaded.masks() == database.masks()).all()


def test_infinite_properties_survive_the_file(database: MaskDatabase, saved: Path) -> None:
    assert np.isinf(database.table["aspl"]).any()
    assert MaskDatabase.load(saved).table["aspl"].equals(database.table["aspl"])


def test_other_parameters_are_refused_by_name(saved: Path) -> None:
    with pytest.raises(UserError) as caught:
        MaskDatabase.load(saved, {"n": 8, "seed": 3, "sparsity": 0.9})
    message = str(caught.value)
    assert "n is 7, expected 8" in message
    assert "sparsity is 0.7, expected 0.9" in message
    assert "seed" not in message


def test_another_kind_of_table_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "other.parquet", pd.DataFrame({"x": [1]}))
    with pytest.raises(UserError, match="not a mask database"):
        MaskDatabase.load(tmp_path / "other.parquet")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="damaged"):
        MaskDatabase.load(saved)


def test_one_altered_byte_is_refused_or_harmless(database: MaskDatabase, saved: Path) -> None:
    content = saved.read_bytes()
    positions = np.random.default_rng(0).choice(len(content), 400, replace=False)
    refused = 0
    for position in positions:
        altered = bytearray(content)
        altered[position] ^= 1 << int(position % 8)
        saved.write_bytes(altered)
        try:
            loaded = MaskDatabase.load(saved)
        except UserError:
            refused += 1
        else:
            assert equal(loaded, database), f"byte {position} went unnoticed"
    assert refused > 100


def test_a_full_disk_leaves_nothing_under_the_final_name(
    database: MaskDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fills_up(table, where, **options) -> None:
        Path(where).write_bytes(b"PAR1" + bytes(1000))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", fills_up)
    with pytest.raises(OSError, match="No space"):
        database.save(tmp_path / "masks.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_an_older_file_as_it_was(
    database: MaskDatabase, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def fills_up(table, where, **options) -> None:
        Path(where).write_bytes(before[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", fills_up)
    with pytest.raises(OSError, match="No space"):
        database.save(saved)
    assert saved.read_bytes() == before
