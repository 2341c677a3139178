"""The row of every table."""

import json
from dataclasses import fields, replace

from run_cases import setup, task

from graphprune.runs.execute import execute
from graphprune.runs.record import RunRecord, to_frame


def test_a_record_survives_json_and_a_table():
    record = execute(task("glob_1"), setup(epochs=1))
    assert RunRecord(**json.loads(json.dumps(record.to_dict()))) == record
    frame = to_frame([record, replace(record, seed=1)])
    assert list(frame.columns) == [field.name for field in fields(RunRecord)]
    assert list(frame["seed"]) == [0, 1]
    assert RunRecord(**frame.iloc[0].to_dict()) == record


def test_every_column_is_filled_with_the_kind_it_declares():
    record = execute(task("glob_1"), setup(epochs=1))
    kinds = {"str": str, "int": int, "float": float}
    for field in fields(RunRecord):
        kind = field.type if isinstance(field.type, type) else kinds[str(field.type)]
        assert type(getattr(record, field.name)) is kind, field.name
