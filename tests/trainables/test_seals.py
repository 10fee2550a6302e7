"""Records and tables that carry their checksum."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults import corrupt
from trainables.errors import DamagedError
from trainables.sealed_tables import open_sealed, sealed_parquet
from trainables.seals import file_bytes, read_sealed, seal, unseal, with_check

RECORD = {
    "key": "a" * 64,
    "about": {"rate": 0.1, "classes": ["neg", "pos", "ä"]},
    "size": 1234,
    "schema_version": 5,
}
TABLE = pa.table({"row": ["a", "b", "b" * 50], "n": [1, 2, 3]})
TABLE = TABLE.replace_schema_metadata({"about": "prune-envelope-check of a text"})


def flips(data, every=1):
    for at in range(0, 8 * len(data), every):
        yield data[: at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1 :]


def read_or_none(data):
    try:
        return read_sealed(data)
    except DamagedError:
        return None


def test_a_sealed_record_is_read_as_it_was():
    assert unseal(seal(RECORD)) == RECORD == read_sealed(seal(RECORD))
    assert read_sealed(json.dumps(with_check(RECORD), indent=1, ensure_ascii=False)) == RECORD


def test_no_flipped_bit_of_a_sealed_record_gives_another_one():
    found = [read_or_none(each) for each in flips(seal(RECORD), every=3)]
    assert all(one in (None, RECORD) for one in found)
    assert found.count(None) > 0.99 * len(found)


def test_a_record_of_an_earlier_release_is_read_without_a_checksum():
    assert read_sealed(json.dumps({"schema_version": 4, "n": 1})) == {"schema_version": 4, "n": 1}


def test_a_pipe_in_place_of_a_file_is_damage_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "plan.json")
    with pytest.raises(DamagedError, match="is no file"):
        file_bytes(tmp_path / "plan.json")


@pytest.mark.parametrize("without", ["check", "n"])
def test_a_record_from_which_something_was_taken_is_refused(without):
    sealed = with_check({"schema_version": 5, "n": 1})
    del sealed[without]
    with pytest.raises(DamagedError, match="damaged, or edited by hand"):
        read_sealed(json.dumps(sealed))


def test_a_sealed_record_does_not_pass_as_one_of_an_earlier_release():
    sealed = with_check({"schema_version": 5, "n": 1}) | {"schema_version": 4}
    with pytest.raises(DamagedError, match="damaged, or edited by hand"):
        read_sealed(json.dumps(sealed))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_was_never_sealed_is_not_read(data):
    assert unseal(data) is None
    with pytest.raises(DamagedError, match="holds no JSON"):
        read_sealed(data)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(sealed_parquet(TABLE, of="trial"))
    return path


def test_a_sealed_table_is_read_as_it_was_by_any_reader(table):
    assert open_sealed(table, of="trial").read() == TABLE
    assert pq.read_table(table).to_pydict() == TABLE.to_pydict()


def test_no_flipped_bit_of_a_sealed_table_is_read(table):
    silent = []
    for number, data in enumerate(flips(file_bytes(table), every=61)):
        flipped = table.with_name("flipped")
        flipped.write_bytes(data)
        try:
            silent += [number] * (open_sealed(flipped).read() is not None)
        except DamagedError:
            continue
    assert silent == []


@pytest.mark.parametrize("how", ["truncated", "zeroed", "emptied", "a-folder"])
def test_a_sealed_table_spoilt_otherwise_is_refused(how, table):
    corrupt(table, how, at=table.stat().st_size // 2)
    with pytest.raises(DamagedError):
        open_sealed(table)


def test_a_sealed_table_of_another_trial_is_refused(table):
    with pytest.raises(DamagedError, match="is of trial, not of other"):
        open_sealed(table, of="other")


def test_a_table_of_an_earlier_release_is_read_and_one_whose_checksum_was_taken_out_is_not(table):
    pq.write_table(TABLE, table)
    assert open_sealed(table, of="any").read() == TABLE
    pq.write_table(TABLE.replace_schema_metadata({"schema_version": "5"}), table)
    with pytest.raises(DamagedError, match="damaged, or edited by hand"):
        open_sealed(table)
