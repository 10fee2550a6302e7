"""Vectors made beforehand are read from lists, tensors and NumPy files, each row checked."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, write_as
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.dataset_file import read, write
from trainables.errors import DataError

ROWS = made_rows(60)
LABELS = [label for _, label in ROWS]
VECTORS = np.random.default_rng(3).normal(size=(60, 6)).astype(np.float32)


def save(tmp_path, column, name="embedding", **more):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({name: column, "label": LABELS, **more}), path)
    return path


def held_out(path, **settings):
    return load(Source(name=str(path), test_fraction=0.25, **settings))


def all_vectors(dataset):
    ids = np.concatenate([dataset.train.ids, dataset.test.ids])
    whole = np.concatenate([dataset.vectors("train"), dataset.vectors("test")])
    return whole[np.argsort(ids)]


FORMS = {
    "list of doubles": lambda v: pa.array(v.astype(float).tolist()),
    "list of floats": lambda v: pa.array(v.tolist(), pa.list_(pa.float32())),
    "large list": lambda v: pa.array(v.tolist(), pa.large_list(pa.float32())),
    "fixed-size list": lambda v: pa.FixedSizeListArray.from_arrays(pa.array(v.ravel()), 6),
    "tensor": lambda v: pa.FixedShapeTensorArray.from_numpy_ndarray(v.reshape(-1, 6)),
    "tensor of two axes": lambda v: pa.FixedShapeTensorArray.from_numpy_ndarray(
        v.reshape(-1, 2, 3)
    ),
    "list of lists": lambda v: pa.array(v.reshape(-1, 2, 3).tolist()),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_column_of_vectors_is_read(tmp_path, form):
    path = save(tmp_path, FORMS[form](VECTORS))
    found = held_out(path, columns=Columns(embedding="embedding"))
    assert found.kind == "vectors"
    np.testing.assert_array_equal(all_vectors(found), VECTORS)


def test_half_numbers_and_whole_ones_are_read(tmp_path):
    for kind in (pa.float16(), pa.int8()):
        whole = np.rint(VECTORS * 8).astype(np.float32)
        column = pa.FixedSizeListArray.from_arrays(pa.array(whole.ravel()).cast(kind), 6)
        found = held_out(save(tmp_path, column), columns=Columns(embedding="embedding"))
        np.testing.assert_array_equal(all_vectors(found), whole)


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_lists_in_json_are_read(tmp_path, suffix):
    columns = {"embedding": VECTORS.astype(float).tolist(), "label": LABELS}
    found = held_out(write_as(tmp_path / f"x{suffix}", columns))
    np.testing.assert_array_equal(all_vectors(found), VECTORS)


@pytest.mark.parametrize(
    ("row", "value", "says"),
    [
        (7, [1.0, np.nan, 0, 0, 0, 0], "row 7 number 1 is nan"),
        (0, [np.inf] * 6, "row 0 number 0 is inf"),
        (59, [1e300] + [0.0] * 5, "row 59 number 0 is inf"),
        (31, [0.0] * 6, "row 31 all zeros"),
        (9, [1.0] * 5, "row 9 5 numbers.*row 0 has 6"),
        (9, [], "row 9 0 numbers"),
        (5, None, "row 5 null"),
        (5, [1.0, None, 0, 0, 0, 1], "row 5 null.*a number in it is null"),
    ],
)
def test_one_bad_vector_is_named(tmp_path, row, value, says):
    rows = VECTORS.astype(float).tolist()
    rows[row] = value
    path = save(tmp_path, pa.array(rows), key=[f"k{i}" for i in range(60)])
    for columns, named in ((Columns(), ""), (Columns(id="key"), rf"\(id 'k{row}'\) ")):
        _, _, shown = says.partition(f"row {row} ")
        with pytest.raises(
            DataError, match=rf"column 'embedding': 1 row is bad: row {row} {named}{shown}"
        ):
            held_out(path, columns=columns)


@pytest.mark.parametrize(
    "column", [pa.array(LABELS), pa.array([["a"]] * 60), pa.array([{"x": 1.0}] * 60)]
)
def test_a_column_of_something_else_is_no_column_of_vectors(tmp_path, column):
    path = save(tmp_path, column)
    with pytest.raises(DataError, match="not vectors"):
        held_out(path, columns=Columns(embedding="embedding"))


def test_a_numpy_file_beside_the_table_is_read(tmp_path):
    path = write_as(tmp_path / "mine.csv", {"label": LABELS})
    np.save(tmp_path / "mine.npy", VECTORS)
    np.save(tmp_path / "clip.npy", VECTORS[::-1].astype(np.float64))
    np.testing.assert_array_equal(all_vectors(held_out(path)), VECTORS)
    named = held_out(path, columns=Columns(embedding="clip.npy"))
    np.testing.assert_array_equal(all_vectors(named), VECTORS[::-1])


def test_each_split_has_a_numpy_file_of_its_own(tmp_path):
    for name, part in (("train", slice(0, 40)), ("test", slice(40, 60))):
        write_as(tmp_path / f"{name}.jsonl", {"label": LABELS[part]})
        np.save(tmp_path / f"{name}.npy", VECTORS[part])
    for columns in (Columns(), Columns(embedding=".npy"), Columns(embedding="{split}.npy")):
        found = load(Source(name=str(tmp_path), columns=columns))
        np.testing.assert_array_equal(found.vectors("test"), VECTORS[40:])


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (VECTORS[:59], "59 vectors for the 60 rows"),
        (VECTORS.ravel(), "shape"),
        (np.array([["a"]] * 60), "holds <U1"),
        (np.where(np.arange(60)[:, None] == 4, np.nan, VECTORS), "row 4 number 0 is nan"),
    ],
)
def test_a_numpy_file_that_does_not_fit_is_refused(tmp_path, array, says):
    path = write_as(tmp_path / "mine.csv", {"label": LABELS})
    np.save(tmp_path / "mine.npy", array)
    with pytest.raises(DataError, match=rf"mine\.npy: .*{says}"):
        held_out(path, columns=Columns(embedding="mine.npy"))


def test_a_numpy_file_of_objects_is_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            import os

            return (os.mkdir, (str(tmp_path / "sprung"),))

    path = write_as(tmp_path / "mine.csv", {"label": LABELS})
    np.save(tmp_path / "mine.npy", np.array([Trap()] * 60, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="without running code"):
        held_out(path, columns=Columns(embedding="mine.npy"))
    assert not (tmp_path / "sprung").exists()


def test_a_numpy_file_that_is_not_there_is_named(tmp_path):
    path = write_as(tmp_path / "mine.csv", columns_of_rows(ROWS))
    with pytest.raises(
        DataError, match=r"other\.npy: not there; it must hold the vectors of .*mine\.csv"
    ):
        held_out(path, columns=Columns(embedding="other.npy"))


@pytest.mark.parametrize("has_text", [True, False])
def test_vectors_are_part_of_the_content_and_are_kept(tmp_path, has_text):
    more = {"text": [text for text, _ in ROWS]} if has_text else {}
    path = save(tmp_path, FORMS["fixed-size list"](VECTORS), **more)
    columns = Columns(embedding="embedding")
    found = held_out(path, columns=columns)
    assert found.kind == ("text" if has_text else "vectors")
    write(found, tmp_path / "kept.parquet")
    again = read(tmp_path / "kept.parquet")
    assert again.sha == found.sha
    np.testing.assert_array_equal(all_vectors(again), VECTORS)
    other = VECTORS.copy()
    other[3, 2] += 1
    assert (
        held_out(save(tmp_path, FORMS["fixed-size list"](other), **more), columns=columns).sha
        != found.sha
    )
    assert held_out(path, columns=Columns(text=("text",))).sha != found.sha if has_text else True


def test_rows_taken_of_vectors_take_them_along(tmp_path):
    found = held_out(save(tmp_path, FORMS["list of floats"](VECTORS)))
    some = found.train.take(np.array([3, 1]))
    expected = VECTORS[found.train.ids[[3, 1]]]
    np.testing.assert_array_equal(
        np.frombuffer(b"".join(some.inputs.to_pylist()), "<f4").reshape(2, 6), expected
    )


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_of_vectors_is_refused_and_not_waited_for(tmp_path, make):
    write_as(tmp_path / "mine.csv", columns_of_rows(ROWS))
    make(tmp_path / "mine.npy")
    for name in (".npy", "mine.npy", str(tmp_path / "mine.npy")):
        with pytest.raises(DataError, match=r"mine\.npy: not a regular file; save the vectors of"):
            held_out(tmp_path / "mine.csv", columns=Columns(embedding=name))


def test_one_numpy_file_is_never_taken_for_two_tables(tmp_path):
    for name in ("train", "test"):
        write_as(tmp_path / f"{name}.csv", {"label": LABELS})
    np.save(tmp_path / "vectors.npy", VECTORS)
    with pytest.raises(DataError, match=r"one file of vectors for 2 tables .*\{split\}\.npy"):
        load(Source(name=str(tmp_path), columns=Columns(embedding="vectors.npy")))


def test_the_numpy_file_beside_a_table_goes_before_one_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in ("train", "test"):
        write_as(tmp_path / "data" / f"{name}.csv", {"label": LABELS})
        np.save(tmp_path / "data" / f"{name}.npy", VECTORS)
        np.save(tmp_path / "work" / f"{name}.npy", 100 * VECTORS)
    for embedding in ("{split}.npy", ".npy", ""):
        found = load(Source(name=str(tmp_path / "data"), columns=Columns(embedding=embedding)))
        np.testing.assert_array_equal(found.vectors("train"), VECTORS)


def test_a_numpy_file_is_found_by_the_path_that_is_typed_and_by_no_other(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    path = write_as(tmp_path / "data" / "mine.csv", {"label": LABELS})
    np.save(tmp_path / "data" / "v.npy", VECTORS)
    with pytest.raises(DataError, match=r"/nowhere/v\.npy: not there"):
        held_out(path, columns=Columns(embedding="/nowhere/v.npy"))
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(
        all_vectors(held_out(path, columns=Columns(embedding="data/v.npy"))), VECTORS
    )
    (tmp_path / "data" / "v.npy").rename(tmp_path / "w.npy")
    np.testing.assert_array_equal(
        all_vectors(held_out(path, columns=Columns(embedding="w.npy"))), VECTORS
    )


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_without_a_named_column_has_its_vectors_beside(tmp_path, suffix):
    path = write_as(tmp_path / f"mine{suffix}", {"other": [*range(60)]})
    np.save(tmp_path / "mine.npy", VECTORS)
    found = held_out(path, target="none", columns=Columns(embedding=".npy"))
    np.testing.assert_array_equal(all_vectors(found), VECTORS)


def test_vectors_of_no_numbers_are_refused(tmp_path):
    path = save(tmp_path, pa.array([[]] * 60, pa.list_(pa.float32())))
    with pytest.raises(DataError, match="vectors of no numbers"):
        held_out(path)


@pytest.mark.parametrize("where", ["shard", "test"])
@pytest.mark.parametrize("has_text", [True, False])
def test_vectors_of_two_widths_are_refused_with_both_files(tmp_path, where, has_text):
    names = {
        "shard": ("train-00000-of-00002", "train-00001-of-00002", "test"),
        "test": ("train", "test"),
    }[where]
    for k, name in enumerate(names):
        width = 4 if k == 1 else 6
        table = {"embedding": VECTORS[k:, :width].tolist(), "label": LABELS[k:]}
        more = {"text": [f"t{k} {i}" for i in range(60 - k)]} if has_text else {}
        pq.write_table(pa.table({**table, **more}), tmp_path / f"{name}.parquet")
    with pytest.raises(
        DataError, match=rf"{names[1]}\.parquet: vectors of 4 numbers, and of 6 in .*{names[0]}"
    ):
        load(Source(name=str(tmp_path), columns=Columns(embedding="embedding")))


def test_minus_zero_is_zero(tmp_path):
    rows = VECTORS.copy()
    rows[:, 0] = np.where(np.arange(60) % 2, 0.0, -0.0)
    zeros = rows.copy()
    zeros[:, 0] = 0.0
    shas = {held_out(save(tmp_path, FORMS["list of floats"](one))).sha for one in (rows, zeros)}
    assert len(shas) == 1


def test_whole_numbers_in_lists_are_vectors_where_they_are_named(tmp_path):
    path = save(tmp_path, pa.array([[i, 1] for i in range(60)]))
    assert held_out(path, columns=Columns(embedding="embedding")).kind == "vectors"
