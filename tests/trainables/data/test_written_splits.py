"""Every split is written with exactly its rows: shards, vectors and files of other formats as they are."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, DatasetDict, Features, Value, load_dataset
from datasets import Dataset as HubDataset

from tests.trainables.data.pruning import arrow_is_trusted, kept, pruned, whole  # noqa: F401 - a fixture
from tests.trainables.data.written import (
    PACKED,
    SUFFIXES,
    columns_of_rows,
    made_rows,
    pack,
    write_as,
)
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.csv_dialects import Dialect
from trainables.data.readers import FORMATS, header_of, table_of
from trainables.data.rewriting import check_written, write_splits
from trainables.data.row_marks import RowMarks
from trainables.data.same_rows import difference
from trainables.errors import DataError

pytestmark = pytest.mark.usefixtures("arrow_is_trusted")
ROWS = made_rows(60)
STAYS = [row for row in range(60) if row % 3]


def rows_in(path):
    """The rows of a file, by our reader."""
    return table_of(path, None, Dialect()).to_pylist()


def table_rows(rows=ROWS):
    return [{"text": text, "label": label} for text, label in rows]


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_keeps_the_rows_that_stay_in_order(suffix, packed, tmp_path):
    path = write_as(tmp_path / f"mine{suffix}", columns_of_rows(ROWS), packed)
    write_as(tmp_path / "test.csv", columns_of_rows(ROWS[:8]))
    pruned(tmp_path / "OUT", Source(name=str(path), test=str(tmp_path / "test.csv")), STAYS)
    out = tmp_path / f"OUT/data/train{suffix}{packed}"
    assert rows_in(out) == [table_rows()[row] for row in STAYS]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_marks_go_on_where_a_batch_ended(suffix, tmp_path):
    rows = [(f"t{k}", ("neg", "pos")[k % 2]) for k in range(9_001)]
    path = write_as(tmp_path / f"mine{suffix}", columns_of_rows(rows))
    stays = np.flatnonzero(np.random.default_rng(0).random(9_001) < 0.6)
    marks, out = RowMarks(stays), tmp_path / f"out{suffix}"
    FORMATS[suffix].rewrite(path, out, marks, Dialect())
    assert [row["text"] for row in rows_in(out)] == [f"t{k}" for k in stays]
    assert (marks.seen, marks.kept) == (9_001, len(stays))


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_every_format_can_be_left_without_rows(suffix, tmp_path):
    written = suffix if suffix in SUFFIXES else ".feather"
    path = write_as(tmp_path / f"mine{written}", columns_of_rows(ROWS)).rename(
        tmp_path / f"in{suffix}"
    )
    marks = RowMarks(np.arange(0))
    FORMATS[suffix].rewrite(path, tmp_path / f"out{suffix}", marks, Dialect())
    assert marks.seen == len(ROWS)
    if suffix not in (".jsonl", ".json"):
        out = tmp_path / f"out{suffix}"
        assert header_of(out, Dialect()) == header_of(path, Dialect())


def test_what_stays_and_what_goes_are_together_the_input(tmp_path):
    path = write_as(tmp_path / "mine.csv", columns_of_rows(ROWS))
    source = Source(name=str(path), test_fraction=0.2, validation_fraction=0.2)
    pruned(tmp_path / "one", source, STAYS)
    dataset = load(source)
    rest = kept(dataset, [row for row in range(60) if row not in STAYS])
    write_splits(source, dataset, rest, tmp_path / "other" / "data")
    lines = [
        line
        for name in ("one/data/train", "other/data/train", "one/data/test", "one/data/validation")
        for line in (tmp_path / f"{name}.csv").read_bytes().splitlines(keepends=True)[1:]
    ]
    assert sorted(lines) == sorted(path.read_bytes().splitlines(keepends=True)[1:])


def test_what_is_loaded_again_is_what_was_taken(tmp_path):
    path = write_as(tmp_path / "mine.jsonl", columns_of_rows(ROWS))
    source = Source(name=str(path), test_fraction=0.2, limit=30, limit_test=6)
    pruned(tmp_path / "OUT", source, STAYS)
    dataset, again = load(source), load(str(tmp_path / "OUT"))
    mine = dataset.train.take(np.isin(dataset.train.rows, STAYS))
    assert (again.train.texts, again.test.texts) == (mine.texts, dataset.test.texts)
    np.testing.assert_array_equal(again.train.labels, mine.labels)
    np.testing.assert_array_equal(again.train.rows, np.arange(len(mine)))


def test_other_splits_are_the_same_bytes_and_keep_formats_of_their_own(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write_as(folder / "train.csv", columns_of_rows(ROWS))
    test = write_as(folder / "test.parquet", columns_of_rows(ROWS[:9]))
    lines = [json.dumps(row) for row in table_rows(ROWS[9:20])]
    dev = pack(folder / "dev.jsonl", "\n\n".join(lines).encode(), ".gz")  # blank lines, too
    pruned(tmp_path / "OUT", Source(name=str(folder)), STAYS)
    out = tmp_path / "OUT" / "data"
    assert files_in(out) == ["test.parquet", "train.csv", "validation.jsonl.gz"]
    assert (out / "test.parquet").read_bytes() == test.read_bytes()
    assert (out / "validation.jsonl.gz").read_bytes() == dev.read_bytes()


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl", ".json", ".arrow"])
def test_shards_stay_shards_and_one_without_rows_is_left_out(suffix, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(3):
        part = columns_of_rows(ROWS[20 * k : 20 * k + 20])
        write_as(folder / f"train-0000{k}-of-00003{suffix}", part)
    write_as(folder / "test.csv", columns_of_rows(ROWS[:8]))
    stays = [row for row in STAYS if not 20 <= row < 40]
    written, _ = pruned(tmp_path / "OUT", Source(name=str(folder)), stays)
    tables = [file for file in written if file.split == "train"]
    assert [(file.path, file.rows) for file in tables] == [
        (f"data/train-00000-of-00002{suffix}", sum(row < 20 for row in stays)),
        (f"data/train-00001-of-00002{suffix}", sum(row >= 40 for row in stays)),
    ]
    there = [row for file in tables for row in rows_in(tmp_path / "OUT" / file.path)]
    assert there == [table_rows()[row] for row in stays]


def vectors_of(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float16)


@pytest.mark.parametrize(
    ("called", "typed", "out"),
    [
        ("mine.npy", "", "train.npy"),
        ("mine.npy", ".npy", "train.npy"),
        ("some.npy", "some.npy", "train.npy"),
        ("emb_mine.npy", "emb_{split}.npy", "emb_train.npy"),
    ],
)
def test_vectors_beside_a_table_stay_with_their_rows(called, typed, out, tmp_path):
    path = write_as(
        tmp_path / "mine.jsonl", {"n": range(60), "label": [label for _, label in ROWS]}
    )
    np.save(tmp_path / called, vectors_of(60))
    source = Source(name=str(path), columns=Columns(embedding=typed), test_fraction=0.2)
    written, _ = pruned(tmp_path / "OUT", source, STAYS)
    rows = [row["n"] for row in rows_in(tmp_path / "OUT/data/train.jsonl")]
    there = np.load(tmp_path / "OUT/data" / out)
    assert there.dtype == np.float16
    np.testing.assert_array_equal(there, vectors_of(60)[rows])
    assert [file.path for file in written if not file.is_table] == [
        f"data/{out}",
        f"data/{out.replace('train', 'test')}",
    ]


def test_images_stay_as_they_are(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    images = [{"bytes": bytes([k]) * 5, "path": f"{k}.png"} for k in range(60)]
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["a", "b"]}}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"image": images, "label": [k % 2 for k in range(60)]})
    for split in ("train", "test"):
        pq.write_table(table.replace_schema_metadata(about), folder / f"{split}.parquet")
    pruned(tmp_path / "OUT", Source(name=str(folder)), STAYS)
    out = pq.read_table(tmp_path / "OUT/data/train.parquet")
    assert out.to_pylist() == [table.to_pylist()[row] for row in STAYS]
    assert out.schema.metadata == {key.encode(): value.encode() for key, value in about.items()}


@pytest.mark.parametrize("name", ["synthetic:80", "tickets:80"])
def test_data_that_the_package_made_are_written_as_parquet(name, tmp_path):
    source = Source(name=name)
    written, told = made(tmp_path, source)
    assert [file.path for file in written] == ["data/train.parquet", "data/test.parquet"]
    assert all("in no file of yours" in file.note for file in written)
    out = pq.read_table(tmp_path / "OUT/data/train.parquet")
    assert out.column_names == ["id", "text", "label"]
    assert not told


def made(tmp_path, source):
    """Every second row of data that are in no file, written and checked."""
    dataset = load(source)
    marks = whole(dataset)
    marks["train"][1::2] = False
    written = write_splits(source, dataset, marks, tmp_path / "OUT" / "data")
    return written, check_written(source, dataset, marks, tmp_path / "OUT" / "data")


def test_altered_rows_are_written_as_they_were_altered(tmp_path):
    path = write_as(tmp_path / "mine.csv", {"id": range(60), **columns_of_rows(ROWS)})
    source = Source(
        name=str(path),
        columns=Columns(id="id"),
        test_fraction=0.2,
        flip_labels=0.2,
        inject_copies=0.3,
    )
    made(tmp_path, source)
    dataset, out = load(source), pq.read_table(tmp_path / "OUT/data/train.parquet")
    assert out["text"].to_pylist() == dataset.train.texts[::2]
    names = [dataset.class_names[k] for k in dataset.train.labels]
    assert out["label"].to_pylist() == names[::2]
    assert out["id"].to_pylist() == dataset.train.ids.tolist()[::2]


def test_altered_pairs_are_written_as_pairs(tmp_path):
    firsts = [f"a{k}" * (k % 5 > 0) for k in range(60)]
    seconds = [f"b{k}" * (k % 7 > 0 or k % 5 == 0) for k in range(60)]
    columns = {"premise": firsts, "hypothesis": seconds, "label": [label for _, label in ROWS]}
    path = write_as(tmp_path / "mine.jsonl", columns)
    source = Source(name=str(path), test_fraction=0.2, inject_copies=0.5)
    assert made(tmp_path, source)[1] == ()


def test_altered_rows_with_vectors_say_how_they_are_read(tmp_path):
    columns = {**columns_of_rows(ROWS), "emb": [[float(k), 1.0] for k in range(60)]}
    path = write_as(tmp_path / "mine.jsonl", columns)
    source = Source(
        name=str(path),
        columns=Columns(text=("text",), embedding="emb"),
        test_fraction=0.2,
        inject_copies=0.5,
    )
    (told,) = made(tmp_path, source)[1]
    assert "--embedding-column embedding" in told


def test_what_lies_beside_the_data_does_not_disturb_their_reading(tmp_path):
    path = write_as(tmp_path / "mine.csv", columns_of_rows(ROWS))
    pruned(tmp_path / "OUT", Source(name=str(path), test_fraction=0.2), STAYS)
    alone = load(str(tmp_path / "OUT"))
    for name in ("kept.parquet", "removed.parquet"):
        pq.write_table(
            pa.table({"row": [1], "text": ["x"], "label": ["neg"]}), tmp_path / "OUT" / name
        )
    (tmp_path / "OUT/prune.json").write_text('{"kept": 3}')
    (tmp_path / "OUT/README.md").write_text("---\nlicense: mit\n---\n")
    assert load(str(tmp_path / "OUT")).sha == alone.sha


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".jsonl", ".json", ".arrow"])
def test_datasets_reads_what_was_written(suffix, tmp_path):
    path = write_as(tmp_path / f"mine{suffix}", columns_of_rows(ROWS))
    pruned(tmp_path / "OUT", Source(name=str(path), test_fraction=0.2), STAYS)
    out = tmp_path / "OUT"
    there = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    again = load(str(out))
    assert there["train"]["text"][:] == again.train.texts
    assert there["test"]["text"][:] == again.test.texts


def test_what_save_to_disk_wrote_is_read_as_any_data_set(tmp_path):
    names = ClassLabel(names=["neg", "pos"])
    numbers = {"text": [text for text, _ in ROWS], "label": [k % 2 for k in range(60)]}
    features = Features({"text": Value("string"), "label": names})
    held = DatasetDict(
        {split: HubDataset.from_dict(numbers, features=features) for split in ("train", "test")}
    )
    held.save_to_disk(str(tmp_path / "in"))
    written, _ = pruned(tmp_path / "OUT", Source(name=str(tmp_path / "in")), STAYS)
    assert [file.path for file in written] == ["data/train.arrow", "data/test.arrow"]
    assert all("not load_from_disk" in file.note for file in written)
    there = load_dataset(str(tmp_path / "OUT"), cache_dir=str(tmp_path / "cache"))
    assert there["train"].features == features
    assert there["train"]["text"][:] == [ROWS[row][0] for row in STAYS]


def test_names_that_only_the_card_on_the_hub_has_are_those_of_the_numbers(tmp_path):
    path = write_as(tmp_path / "mine.jsonl", {**columns_of_rows(ROWS), "label": [0, 1] * 30})
    read = load(Source(name=str(path), test_fraction=0.2))
    named = replace(read, class_names=("neg", "pos"))
    marks = whole(read)
    assert not difference(read, named, marks, card_names=("neg", "pos"), own_ids=False)
    assert "has the class" in difference(
        read, named, marks, card_names=("pos", "neg"), own_ids=False
    )
    assert "has the class" in difference(read, named, marks, own_ids=False)


def test_pandas_reads_a_csv_by_what_is_said_of_it(tmp_path):
    path = tmp_path / "mine.csv"
    rows = [("text", "label"), *((f'{text} "x', label) for text, label in ROWS)]
    path.write_text("".join(f"{text};{label}\n" for text, label in rows), encoding="utf-8")
    source = Source(name=str(path), test_fraction=0.2, dialect=Dialect(delimiter=";", quotes=False))
    written, _ = pruned(tmp_path / "OUT", source, STAYS)
    assert dict(written[0].reading) == {"sep": ";", "quoting": 3}
    frame = pd.read_csv(tmp_path / "OUT" / written[0].path, **written[0].reading)
    assert (
        frame["text"].tolist()
        == load(source).train.take(np.isin(load(source).train.rows, STAYS)).texts
    )


def test_a_line_end_of_old_macs_and_one_within_a_value_are_kept(tmp_path):
    path = tmp_path / "mine.csv"
    lines = [f"{text} a,{label}\r" for text, label in ROWS]
    path.write_bytes(("text,label\r" + "".join(lines)).encode())
    source = Source(name=str(path), test_fraction=0.2)
    pruned(tmp_path / "OUT", source, STAYS)
    rows = [row for row in load(source).train.rows if row in STAYS]
    out = (tmp_path / "OUT/data/train.csv").read_bytes().decode()
    assert out == "text,label\r" + "".join(lines[row] for row in rows)


def test_a_return_within_an_unquoted_value_is_no_end_of_a_record(tmp_path):
    path = tmp_path / "mine.csv"
    lines = [f"{text}\rmore,{label}\n" for text, label in ROWS]
    path.write_bytes(("text,label\n" + "".join(lines)).encode())
    source = Source(name=str(path), test_fraction=0.2)
    pruned(tmp_path / "OUT", source, STAYS)
    rows = [row for row in load(source).train.rows if row in STAYS]
    out = (tmp_path / "OUT/data/train.csv").read_bytes().decode()
    assert out == "text,label\n" + "".join(lines[row] for row in rows)


def test_columns_that_were_told_are_told_of_what_is_written(tmp_path):
    columns = {"title": ["a", "b"] * 30, "content": [f"c{k}" for k in range(60)]}
    path = write_as(tmp_path / "mine.csv", {**columns, "label": [one for _, one in ROWS]})
    source = Source(
        name=str(path), columns=Columns(text=("content",), label="label"), test_fraction=0.2
    )
    assert pruned(tmp_path / "OUT", source, STAYS)[1] == ()


def test_a_delimiter_that_would_be_found_otherwise_is_told(tmp_path):
    # In the lines that stay commas fit as well as semicolons do, and commas are looked at first.
    path = tmp_path / "mine.csv"
    lines = [
        f"t{k} x, y;{label}\n" if k % 3 else f"t{k};{label}\n" for k, (_, label) in enumerate(ROWS)
    ]
    path.write_text("text, it;label\n" + "".join(lines))
    write_as(tmp_path / "test.jsonl", {"text, it": ["a", "b"], "label": ["neg", "pos"]})
    source = Source(name=str(path), test=str(tmp_path / "test.jsonl"))
    (told,) = pruned(tmp_path / "OUT", source, STAYS)[1]
    assert "--delimiter ';'" in told


def test_a_class_that_only_another_split_has_is_refused(tmp_path):
    path = write_as(tmp_path / "mine.csv", columns_of_rows(made_rows(60, ("neg", "odd", "pos"))))
    source = Source(name=str(path), test_fraction=0.2)
    dataset = load(source)
    marks = whole(dataset) | {"train": dataset.train.labels != 1}
    with pytest.raises(DataError, match="no training row of class 'odd' stays"):
        write_splits(source, dataset, marks, tmp_path / "OUT" / "data")
    assert not (tmp_path / "OUT").exists()


def test_classes_that_are_numbered_anew_are_compared_by_name(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    rows = made_rows(60, ("a", "b", "c"))
    write_as(folder / "train.csv", columns_of_rows(rows))
    write_as(folder / "test.csv", columns_of_rows([row for row in rows if row[1] != "a"]))
    stays = [row for row in range(60) if rows[row][1] != "a"]
    assert pruned(tmp_path / "OUT", Source(name=str(folder)), stays)[1] == ()


def test_what_stays_may_be_no_data_set_of_its_own_and_that_is_told(tmp_path):
    # Of 400 empty texts in a hundred may be empty, of those that stay more are.
    rows = [(f"t{k}" if k % 100 else "", ("neg", "pos")[k % 2]) for k in range(401)]
    path = write_as(tmp_path / "mine.csv", columns_of_rows([*rows[1:], ("t", "neg")]))
    write_as(tmp_path / "test.csv", columns_of_rows(ROWS[:8]))
    source = Source(name=str(path), test=str(tmp_path / "test.csv"))
    stays = [row for row in range(401) if row % 100 in (99, 3, 4) or row > 300]
    (told,) = pruned(tmp_path / "OUT", source, stays)[1]
    assert "prune-envelope refuses it" in told
    assert "more than 1% of the rows are empty" in told


def test_files_of_what_is_refused_are_compared_all_the_same(tmp_path):
    path = write_as(tmp_path / "mine.csv", columns_of_rows(ROWS))
    write_as(tmp_path / "test.csv", columns_of_rows([row for row in ROWS if row[1] == "neg"]))
    source = Source(name=str(path), test=str(tmp_path / "test.csv"))
    dataset = load(source)
    marks = whole(dataset) | {"train": dataset.train.labels == 0}
    folder = tmp_path / "OUT" / "data"
    write_splits(source, dataset, marks, folder)
    (told,) = check_written(source, dataset, marks, folder)
    assert "a classifier needs two classes" in told
    lines = (folder / "train.csv").read_bytes().splitlines(keepends=True)
    (folder / "train.csv").write_bytes(b"".join([*lines[:4], lines[5], lines[4], *lines[6:]]))
    with pytest.raises(DataError, match=r"row 3 of train\.csv has the 'text'"):
        check_written(source, dataset, marks, folder)


def test_numbers_to_predict_and_own_columns_stay_with_their_rows(tmp_path):
    path = tmp_path / "mine.csv"
    # The row that goes is the one without which x is a column of numbers.
    x = ["n/a", *(k / 7 for k in range(1, 60))]
    frame = pd.DataFrame({"x": x, "word": [text for text, _ in ROWS], "y": range(60)})
    frame.to_csv(path, index=False)
    source = Source(
        name=str(path),
        columns=Columns(label="y"),
        target="number",
        own_columns=True,
        test_fraction=0.2,
    )
    assert pruned(tmp_path / "OUT", source, STAYS)[1] == ()


@pytest.fixture
def written_once(tmp_path):
    """A data set, what stays of it, and the file of its training rows."""
    path = write_as(tmp_path / "mine.csv", {"id": range(60), **columns_of_rows(ROWS)})
    source = Source(name=str(path), columns=Columns(id="id"), test_fraction=0.2)
    dataset = load(source)
    marks = kept(dataset, STAYS)
    write_splits(source, dataset, marks, tmp_path / "OUT" / "data")
    return source, dataset, marks, tmp_path / "OUT" / "data"


SPOILED = {
    "two rows change places": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a row is lost": lambda lines: lines[:-1],
    "a row is there twice": lambda lines: [*lines, lines[1].replace("1", "999", 1)],
    "a letter changed": lambda lines: [*lines[:3], lines[3].replace("c", "C"), *lines[4:]],
    "a class changed": lambda lines: [
        lines[0], lines[1].replace("pos", "neg?").replace("neg\r", "pos\r").replace("?", ""), *lines[2:]
    ],
    "an id changed": lambda lines: [*lines[:-1], "9" + lines[-1]],
}  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_the_check_names_the_first_row_that_differs(spoil, written_once):
    *asked, folder = written_once
    path = folder / "train.csv"
    lines = path.read_bytes().decode().splitlines(keepends=True)
    assert spoil(lines) != lines
    path.write_bytes("".join(spoil(lines)).encode())
    with pytest.raises(DataError, match=r"what was written is not what it should be: (row|its)"):
        check_written(*asked, folder)


def test_a_file_that_lost_rows_since_it_was_read_is_refused(written_once, tmp_path):
    source, dataset, marks, _ = written_once
    path = tmp_path / "mine.csv"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:20]))
    with pytest.raises(DataError, match="not there any more"):
        write_splits(source, dataset, marks, tmp_path / "again" / "data")


def test_marks_that_do_not_fit_are_refused(written_once, tmp_path):
    source, dataset, marks, _ = written_once
    with pytest.raises(ValueError, match="give a boolean for each of"):
        write_splits(source, dataset, {**marks, "train": marks["train"][1:]}, tmp_path / "x")
    none = np.zeros(len(dataset.train), dtype=bool)
    with pytest.raises(DataError, match="no row of its train split stays"):
        write_splits(source, dataset, {**marks, "train": none}, tmp_path / "x")
