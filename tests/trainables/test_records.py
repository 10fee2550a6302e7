import json
import math
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.errors import DamagedError, DataError
from trainables.records import (
    TRIAL_COLUMNS,
    from_json,
    measured_columns,
    read_parquet,
    to_json,
    write_parquet,
)
from trainables.result import Phase, TrialResult
from trainables.seals import read_sealed, seal
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="imdb",
    data_sha="d" * 64,
    model="tiny",
    model_sha="tiny",
    learner="tiny",
    seed=11,
    warmup=0.15,
    signal="redundancy",
    settings=(("k", 10),),
    selector="global",
    rate=0.1,
)
ROW = TrialResult(
    spec=SPEC,
    accuracy=0.875,
    recall=(0.75, math.nan),
    correct=bytes([0b10100000]),
    n_test=4,
    class_names=("<b>neg</b>", "pos\n"),
    class_counts=(6, 4),
    kept_counts=(5, 4),
    phases={"training": Phase(seconds=1.5, steps=3, examples=9, tokens=90, padded_tokens=96)},
    found={"duplicates": 0.5},
    environment={"torch": "2.13.0"},
    warnings=("one",),
)


def test_a_row_is_read_back_as_it_was():
    back = from_json(to_json(ROW))
    assert math.isnan(back.recall[1])
    assert replace(back, recall=(0.75,)) == replace(ROW, recall=(0.75,))


def test_a_failed_row_is_read_back_as_it_was():
    failed = TrialResult(spec=SPEC, status="failed", error="the loss is nan")
    assert from_json(to_json(failed)) == failed


def test_a_table_gives_back_its_rows(tmp_path):
    path = tmp_path / "trials.parquet"
    rows = [ROW, TrialResult(spec=SPEC, status="failed")]
    write_parquet(rows, map(measured_columns, rows), path)
    back = read_parquet(path)
    assert to_json(back[0]) == to_json(ROW)
    assert len(back) == 2


def test_an_empty_table_has_its_columns(tmp_path):
    write_parquet([], [], tmp_path / "trials.parquet")
    assert read_parquet(tmp_path / "trials.parquet") == []
    assert pq.read_schema(tmp_path / "trials.parquet").names == list(TRIAL_COLUMNS)


def test_a_table_of_another_release_is_read_by_its_rows_alone(tmp_path):
    path = tmp_path / "trials.parquet"
    pq.write_table(pa.table({"row": [to_json(ROW)], "colour": [1]}), path)
    assert to_json(read_parquet(path)[0]) == to_json(ROW)


def test_what_was_measured_has_a_column_and_a_phase_that_did_not_run_is_none():
    found = measured_columns(ROW)
    assert set(found) <= set(TRIAL_COLUMNS)
    assert (found["n_train"], found["n_kept"]) == (10, 9)
    assert (found["training_tokens"], found["warmup_tokens"]) == (90, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row | {"schema_version": 99}, "schema version 99"),
        (lambda row: row | {"result_key": "0" * 64}, "its spec gives"),
        (lambda row: row | {"correct": "?"}, "not a trial's row"),
        (lambda row: {k: v for k, v in row.items() if k != "spec"}, "not a trial's row"),
        (lambda row: row | {"colour": 1}, "not a trial's row"),
    ],
)
def test_a_row_that_was_tampered_with_is_refused(change, message):
    row = change(read_sealed(to_json(ROW)))
    with pytest.raises(DataError, match=message):
        from_json(seal(row))
    with pytest.raises(DamagedError, match="damaged, or edited by hand"):
        from_json(json.dumps(row | {"check": "0" * 64}))


def test_a_row_of_an_earlier_release_is_read_without_its_checksum():
    row = read_sealed(to_json(ROW)) | {"schema_version": 4}
    assert to_json(from_json(json.dumps(row))) == to_json(ROW)
    with pytest.raises(DamagedError, match="damaged, or edited by hand"):
        from_json(json.dumps(row | {"schema_version": 5}))


def test_text_cut_short_is_no_row():
    with pytest.raises(DamagedError, match="holds no JSON"):
        from_json(to_json(ROW)[:-5])


def test_a_baseline_and_a_row_of_no_number_are_told_apart():
    assert TrialResult(spec=SPEC.baseline).spec.is_baseline
    assert not TrialResult(spec=SPEC, status="failed").is_ok
