"""Labels are read over all files together: one type, one list of names, or a refusal."""

import json

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, write_as
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import DataError

ROWS = made_rows()
TEXTS = [text for text, _ in ROWS]


def write_named(path, labels, names, start=0):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(names))}
    )
    held = {"text": TEXTS[start:][: len(labels)], "label": [names.index(label) for label in labels]}
    table = datasets.Dataset.from_dict(held, features=features)
    pq.write_table(
        table.with_format("arrow")[:].replace_schema_metadata(features.arrow_schema.metadata), path
    )


def write_labels(path, labels):
    write_as(path, {"text": TEXTS[: len(labels)], "label": labels})


def loaded(folder):
    return load(str(folder))


def labels_by_name(split, dataset):
    return [dataset.class_names[k] for k in split.labels]


@pytest.mark.parametrize(
    "second", [("pos", "neg"), ("neg", "pos")], ids=["turned round", "the same"]
)
@pytest.mark.parametrize("where", ["shard", "test"])
def test_class_numbers_are_matched_by_their_names(tmp_path, second, where):
    truth = [label for _, label in ROWS[:40]]
    other = "train-00001-of-00002" if where == "shard" else "test"
    first = "train-00000-of-00002" if where == "shard" else "train"
    write_named(tmp_path / f"{first}.parquet", truth, ("neg", "pos"))
    if where == "shard":
        write_named(tmp_path / "test.parquet", truth[::-1], ("neg", "pos"))
    write_named(tmp_path / f"{other}.parquet", truth, second, start=40)
    dataset = loaded(tmp_path)
    assert dataset.class_names == ("neg", "pos")
    read = labels_by_name(dataset.train, dataset)
    assert read == truth * (2 if where == "shard" else 1)
    if where == "test":
        assert labels_by_name(dataset.test, dataset) == truth


def test_three_classes_in_a_cycle_are_matched_by_name(tmp_path):
    truth = [("a", "b", "c")[i % 3] for i in range(60)]
    write_named(tmp_path / "train.parquet", truth, ("a", "b", "c"))
    write_named(tmp_path / "test.parquet", truth, ("c", "a", "b"))
    dataset = loaded(tmp_path)
    assert labels_by_name(dataset.test, dataset) == truth


@pytest.mark.parametrize("other", [("neg", "positive"), ("neg", "pos", "more"), ("neg", "POS")])
@pytest.mark.parametrize("where", ["train-00001-of-00002", "test"])
def test_other_class_names_are_refused_with_both_lists_and_files(tmp_path, other, where):
    truth = [label for _, label in ROWS[:40]]
    first = "train-00000-of-00002" if where != "test" else "train"
    write_named(tmp_path / f"{first}.parquet", truth, ("neg", "pos"))
    write_named(tmp_path / "test.parquet", truth, ("neg", "pos"))
    write_named(tmp_path / f"{where}.parquet", ["neg"] * 40, other)
    says = rf"{where}\.parquet.*{other[1]}.* differ from .*neg.*pos.*{first}\.parquet"
    with pytest.raises(DataError, match=says):
        loaded(tmp_path)


def test_words_are_matched_with_the_names_of_numbers(tmp_path):
    truth = [label for _, label in ROWS[:40]]
    write_named(tmp_path / "train.parquet", truth, ("pos", "neg"))
    write_labels(tmp_path / "test.csv", truth)
    dataset = loaded(tmp_path)
    assert labels_by_name(dataset.test, dataset) == truth
    write_labels(tmp_path / "test.csv", ["neutral", *truth[1:]])
    with pytest.raises(DataError, match=r"row 0 'neutral'.*not one of the classes"):
        loaded(tmp_path)


def test_numbers_without_names_beside_numbers_with_names_are_refused(tmp_path):
    truth = [label for _, label in ROWS[:40]]
    write_named(tmp_path / "train.parquet", truth, ("neg", "pos"))
    write_labels(tmp_path / "test.parquet", [0, 1] * 20)
    with pytest.raises(DataError, match="without class names, differ from"):
        loaded(tmp_path)


@pytest.mark.parametrize(
    ("train", "test"),
    [(("404", "timeout"), ("404",)), (("1", "x"), ("1", "x")), (("x", "y", "3"), ("3",))],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_labels_of_a_csv_are_words_where_those_of_any_file_are(tmp_path, train, test, suffix):
    write_labels(tmp_path / f"train{suffix}", [train[i % len(train)] for i in range(60)])
    write_labels(tmp_path / f"test{suffix}", [test[i % len(test)] for i in range(20)])
    dataset = loaded(tmp_path)
    assert set(dataset.class_names) == set(train)
    assert labels_by_name(dataset.test, dataset)[0] == test[0]


def test_labels_of_a_csv_are_numbers_where_those_of_all_files_are(tmp_path):
    write_labels(tmp_path / "train.csv", [(2, 10)[i % 2] for i in range(60)])
    write_labels(tmp_path / "test.parquet", [(2, 10)[i % 2] for i in range(20)])
    dataset = loaded(tmp_path)
    assert dataset.class_names == ("2", "10")
    assert dataset.test.labels.tolist() == [0, 1] * 10


@pytest.mark.parametrize(
    "kinds", [(".jsonl", ".csv"), (".parquet", ".jsonl"), (".csv", ".parquet")]
)
def test_numbers_as_words_are_the_same_classes_as_numbers(tmp_path, kinds):
    write_labels(tmp_path / f"train{kinds[0]}", [(2, 10)[i % 2] for i in range(60)])
    write_labels(tmp_path / f"test{kinds[1]}", [("2", "10")[i % 2] for i in range(20)])
    dataset = loaded(tmp_path)
    assert labels_by_name(dataset.test, dataset) == ["2", "10"] * 10
    assert labels_by_name(dataset.train, dataset) == ["2", "10"] * 30


def test_a_word_in_one_file_among_numbers_of_another_is_named(tmp_path):
    write_labels(tmp_path / "train.parquet", [0, 1] * 30)
    write_labels(tmp_path / "test.jsonl", ["0", "one"] * 10)
    with pytest.raises(
        DataError, match=r"test\.jsonl.*row 1 'one'.*train\.parquet has whole numbers"
    ):
        loaded(tmp_path)


def test_decimals_of_a_csv_are_numbers_over_all_files(tmp_path):
    write_labels(tmp_path / "train.csv", ["0", "1"] * 30)
    write_labels(tmp_path / "test.csv", ["0.0", "1.0"] * 10)
    assert loaded(tmp_path).test.labels.tolist() == [0, 1] * 10
    write_labels(tmp_path / "test.csv", ["0.0", "1.5"] * 10)
    with pytest.raises(DataError, match=r"test\.csv.*row 1 '1\.5'"):
        loaded(tmp_path)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.uint64, np.int8])
def test_labels_of_any_width_are_read(tmp_path, kind):
    labels = pa.array(np.array([0, 1] * 30).astype(kind))
    for name in ("train", "test"):
        pq.write_table(
            pa.table({"text": TEXTS[:60], "label": labels}), tmp_path / f"{name}.parquet"
        )
    assert loaded(tmp_path).train.labels.tolist() == [0, 1] * 30


def test_hidden_test_labels_say_which_split_can_be_tested_on(tmp_path):
    for name, labels in (("train", [0, 1] * 30), ("validation", [0, 1] * 10), ("test", [-1] * 20)):
        write_labels(tmp_path / f"{name}.parquet", labels)
    with pytest.raises(DataError, match=r"to test on validation: --test validation$"):
        loaded(tmp_path)
    dataset = load(Source(name=str(tmp_path), test="validation"))
    assert (len(dataset.test), dataset.validation) == (20, None)


def test_a_few_words_among_very_many_numbers_are_slips(tmp_path):
    labels = ["x" if i == 1234 else str(i % 2) for i in range(3000)]
    write_as(tmp_path / "x.csv", {"text": [f"t{i}" for i in range(3000)], "label": labels})
    with pytest.raises(DataError, match=r"row 1234 'x'.*nearly all labels are whole numbers"):
        load(Source(name=str(tmp_path / "x.csv"), test_fraction=0.2))


def test_the_rows_of_either_format_are_the_same_classes(tmp_path):
    for name, suffix in (("train", ".csv"), ("test", ".feather")):
        write_as(tmp_path / f"{name}{suffix}", columns_of_rows(ROWS[:60]))
    dataset = loaded(tmp_path)
    assert dataset.train.labels.tolist() == dataset.test.labels.tolist()


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
def test_class_numbers_of_any_size_are_told_apart(tmp_path, kind):
    large = [2**53, 2**53 + 1, 2**62]
    labels = pa.array([large[i % 3] for i in range(60)], kind)
    for name in ("train", "test"):
        pq.write_table(
            pa.table({"text": TEXTS[:60], "label": labels}), tmp_path / f"{name}.parquet"
        )
    assert loaded(tmp_path).class_names == tuple(map(str, large))


@pytest.mark.parametrize(("kind", "last"), [(pa.uint64(), 2**64 - 1), (pa.float64(), 2.0**63)])
def test_class_numbers_beyond_63_bits_are_named_by_their_row(tmp_path, kind, last):
    labels = pa.array([0, 1] * 29 + [0, last], kind)
    for name in ("train", "test"):
        pq.write_table(
            pa.table({"text": TEXTS[:60], "label": labels}), tmp_path / f"{name}.parquet"
        )
    with pytest.raises(DataError, match=r"'label': 1 row is bad: row 59 .* beyond 63 bits"):
        loaded(tmp_path)


def test_large_numbers_of_a_csv_stay_apart_beside_a_decimal(tmp_path):
    labels = ["10000000000000001", "10000000000000000", "1.0"] * 20
    for name in ("train", "test"):
        write_labels(tmp_path / f"{name}.csv", labels)
    assert loaded(tmp_path).class_names == ("1", "10000000000000000", "10000000000000001")


@pytest.mark.parametrize("words", [("True", "False"), ("TRUE", "false"), ("true", "false")])
def test_true_and_false_are_two_classes_however_they_are_written(tmp_path, words):
    truth = pa.array([i % 2 == 0 for i in range(60)])
    pq.write_table(pa.table({"text": TEXTS[:60], "label": truth}), tmp_path / "train.parquet")
    write_labels(tmp_path / "test.csv", [words[i % 2] for i in range(20)])
    dataset = loaded(tmp_path)
    assert dataset.class_names == ("false", "true")
    assert labels_by_name(dataset.test, dataset) == ["true", "false"] * 10
    write_labels(tmp_path / "test.csv", ["yes", *(words[i % 2] for i in range(19))])
    with pytest.raises(DataError, match=r"row 0 'yes'.*neither true nor false"):
        loaded(tmp_path)


def test_names_that_are_digits_are_matched_with_those_of_a_csv(tmp_path):
    truth = [str(1 + i % 5) for i in range(60)]
    write_named(tmp_path / "train.parquet", truth, ("5", "4", "3", "2", "1"))
    write_labels(tmp_path / "test.csv", truth)
    dataset = loaded(tmp_path)
    assert labels_by_name(dataset.test, dataset) == truth


@pytest.mark.parametrize("names", [5, "negpos", ["a", "a"]])
def test_class_names_that_are_no_list_of_names_are_refused(tmp_path, names):
    about = json.dumps({"info": {"features": {"label": {"names": names}}}})
    table = pa.table({"text": TEXTS[:60], "label": [0, 1] * 30})
    path = tmp_path / "x.parquet"
    pq.write_table(table.replace_schema_metadata({"huggingface": about}), path)
    with pytest.raises(DataError, match="no list of different names"):
        load(Source(name=str(path), test=str(path)))


@pytest.mark.parametrize("column", ["label", "key"])
def test_labels_and_ids_that_are_not_utf8_are_named(tmp_path, column):
    raw = pa.array([b"x%d" % i for i in range(59)] + [b"caf\xe9"]).cast(pa.binary())
    odd = pa.Array.from_buffers(pa.string(), 60, raw.buffers())
    plain = {"text": TEXTS[:60], "label": ["a", "b"] * 30}
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({**plain, column: odd}), path)
    with pytest.raises(DataError, match=rf"column '{column}': 1 row is bad: row 59 .*not UTF-8"):
        load(
            Source(
                name=str(path), test=str(path), columns=Columns(id="key" if column == "key" else "")
            )
        )


def test_hidden_labels_that_are_null_say_which_split_can_be_tested_on(tmp_path):
    for name, labels in (
        ("train", [0, 1] * 30),
        ("validation", [0, 1] * 10),
        ("test", [None] * 20),
    ):
        table = pa.table({"text": TEXTS[: len(labels)], "label": pa.array(labels, pa.int64())})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match=r"no label.*--test validation$"):
        loaded(tmp_path)


def test_rows_without_a_gold_label_are_named(tmp_path):
    labels = ["entailment", "neutral", "-", "contradiction"] * 10
    columns = {"gold_label": labels, "sentence1": TEXTS[:40], "sentence2": TEXTS[40:80]}
    path = write_as(tmp_path / "snli.jsonl", columns)
    with pytest.raises(
        DataError, match=r"column 'gold_label': 10 rows are bad: row 2 '-'.*did not agree"
    ):
        load(Source(name=str(path), test=str(path)))


@pytest.mark.parametrize("order", ["text,label", "label,text"])
def test_a_label_that_swallowed_a_record_is_named(tmp_path, order):
    rows = [["neg" if i % 2 else "pos", f"text {i}"] for i in range(60)]
    rows[10][0], rows[11][0] = '"neg', 'pos"'
    lines = [",".join(row if order == "label,text" else row[::-1]) for row in rows]
    (tmp_path / "x.csv").write_text("\n".join([order, *lines]))
    with pytest.raises(DataError, match=r"row 10|line 12"):
        load(Source(name=str(tmp_path / "x.csv"), test=str(tmp_path / "x.csv")))
