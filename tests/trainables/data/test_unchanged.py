"""What a data set is read from is the same from the first look to the last, or it is refused."""

import os
import shutil

import numpy as np
import pytest

from trainables.data import csv_files, loading
from trainables.data.catalog import Source, load
from trainables.data.readers import table_of
from trainables.data.unchanged import unchanged
from trainables.errors import DataError

TRAIN = "text,label\n" + "good,pos\nbad,neg\n" * 20


def _in_place(path):
    """As many bytes, and the time of writing set back, as a copy that keeps times does."""
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b"good", b"evil"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _replaced(path):
    shutil.copy2(path, path.with_name("other"))
    path.with_name("other").replace(path)


def _grown(path):
    with path.open("ab") as file:
        file.write(b"one more,third\n")


def _cut(path):
    with path.open("r+b") as file:
        file.truncate(30)


CHANGES = {
    "written in place": _in_place,
    "replaced": _replaced,
    "grown": _grown,
    "cut": _cut,
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_changes_while_it_is_read_is_refused(change, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(TRAIN)
    with unchanged([path]):
        path.read_bytes()
    with pytest.raises(DataError, match=r"x\.csv: changed while it was read"), unchanged([path]):
        change(path)


def test_what_else_comes_of_a_file_that_is_being_written_is_told_as_that(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(TRAIN)
    with pytest.raises(DataError, match="changed while it was read"), unchanged([path]):
        _grown(path)
        raise DataError("line 42: 1 column in place of 2")
    with pytest.raises(DataError, match="line 42"), unchanged([path]):
        raise DataError("line 42: 1 column in place of 2")


def test_a_single_table_such_as_one_of_scores_that_grows_as_it_is_read_is_refused(
    tmp_path, monkeypatch
):
    path = tmp_path / "scores.csv"
    path.write_text("id,score\n0,1\n1,2\n")
    found = csv_files.found
    monkeypatch.setattr(csv_files, "found", lambda *given: (_grown(path), found(*given))[1])
    with pytest.raises(DataError, match=r"scores\.csv: changed while it was read"):
        table_of(path, None, csv_files.Dialect())


@pytest.fixture
def reading(monkeypatch):
    """Has a file changed as the data set's second file is read, when the first one has been."""

    def during(change, path):
        seen, raw = [], loading._raw

        def between(part, *given):
            seen.append(part)
            if len(seen) == 2:
                change(path)
            return raw(part, *given)

        monkeypatch.setattr(loading, "_raw", between)

    return during


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_changes_after_it_was_read_and_before_the_others_is_refused(
    change, tmp_path, reading
):
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text(TRAIN)
    load(str(tmp_path))
    reading(change, tmp_path / "train.csv")
    with pytest.raises(DataError, match=r"train\.csv: changed while it was read"):
        load(str(tmp_path))


def test_shards_of_two_exports_are_not_mixed(tmp_path, reading):
    for n, split in enumerate(("train-00000-of-00002", "train-00001-of-00002", "test")):
        (tmp_path / f"{split}.csv").write_text(TRAIN + f"fine {n},pos\n")
    reading(_in_place, tmp_path / "train-00000-of-00002.csv")
    with pytest.raises(DataError, match=r"train-00000-of-00002\.csv: changed while it was read"):
        load(str(tmp_path))


@pytest.mark.parametrize("name", [".npy", "{split}.npy"])
def test_vectors_are_of_the_tables_export(name, tmp_path, reading):
    from trainables.data.columns import Columns

    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text(TRAIN)
        np.save(tmp_path / f"{split}.npy", np.ones((40, 3), dtype=np.float32))
    source = Source(name=str(tmp_path), columns=Columns(embedding=name, label="label"))
    assert load(source).has_vectors
    reading(
        lambda path: np.save(path, np.full((40, 3), 2, dtype=np.float32)), tmp_path / "train.npy"
    )
    with pytest.raises(DataError, match=r"train\.npy: changed while it was read"):
        load(source)
