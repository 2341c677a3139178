"""Scores shared by jobs: whoever trained it, nobody trains it again."""

import pytest

from graphprune.runs.scores import Scores

ROW = {"score": 0.5, "seconds": 1.25}
OTHER = {"score": float("nan"), "seconds": 2.0}


def test_a_score_is_seen_by_jobs_that_began_before_and_after_it(tmp_path):
    before = Scores(tmp_path, {"recipe": "a"})
    writer = Scores(tmp_path, {"recipe": "a"})
    assert before.get("k") is None
    writer.add("k", ROW)
    after = Scores(tmp_path, {"recipe": "a"})
    assert before.get("k") == writer.get("k") == after.get("k") == ROW


def test_other_identities_share_nothing(tmp_path):
    Scores(tmp_path, {"recipe": "a"}).add("k", ROW)
    assert Scores(tmp_path, {"recipe": "b"}).get("k") is None
    assert Scores(tmp_path, {"recipe": "a", "code": {}}).get("k") is None


def test_a_failed_training_is_a_score_too(tmp_path):
    Scores(tmp_path, {}).add("k", OTHER)
    found = Scores(tmp_path, {}).get("k")
    assert found["score"] != found["score"]
    assert found["seconds"] == 2.0


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_line_cut_short_by_a_kill_is_not_there_and_harms_no_other(tmp_path, cut):
    killed = Scores(tmp_path, {})
    killed.add("whole", ROW)
    killed.add("torn", ROW)
    (file,) = killed.folder.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-cut])
    resumed = Scores(tmp_path, {})
    assert resumed.get("whole") == ROW
    assert resumed.get("torn") is None
    resumed.add("torn", OTHER)
    assert Scores(tmp_path, {}).get("torn")["seconds"] == 2.0


def test_a_line_that_is_being_written_is_seen_once_it_is_whole(tmp_path):
    writer, reader = Scores(tmp_path, {}), Scores(tmp_path, {})
    writer.add("k", ROW)
    (file,) = writer.folder.glob("*.jsonl")
    line = file.read_bytes()
    file.write_bytes(line[:20])
    assert reader.get("k") is None
    file.write_bytes(line)
    assert reader.get("k") == ROW


def test_fresh_uses_nothing_that_was_there_before(tmp_path):
    old = Scores(tmp_path, {})
    old.add("k", ROW)
    fresh = Scores(tmp_path, {}, fresh=True)
    assert fresh.get("k") is None
    old.add("later", ROW)  # by a job of the same run
    assert fresh.get("later") == ROW


def test_a_checkpoint_is_forgotten_once_its_score_is_there(tmp_path):
    scores = Scores(tmp_path, {})
    scores.checkpoint("k").write_bytes(b"state")
    assert Scores(tmp_path, {}).checkpoint("k").exists()
    scores.add("k", ROW)
    assert not scores.checkpoint("k").exists()
