"""A split is read whole, from one export, wherever a folder keeps it, or what is wrong is named."""

import json
import shutil

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, pack, write_as
from trainables.data.catalog import Source, load
from trainables.errors import DataError, UnsafeError

ROWS = made_rows()
TEXTS = [text for text, _ in ROWS]
datasets.disable_progress_bars()


def save(path, start=0, stop=40, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_as(path, {**columns_of_rows(ROWS[start:stop]), **more})


def named(start, stop, names=("neg", "pos")):
    """Rows with their class as a number of these names."""
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(names))}
    )
    labels = [names.index(label) for _, label in ROWS[start:stop]]
    return datasets.Dataset.from_dict(
        {"text": TEXTS[start:stop], "label": labels}, features=features
    )


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "mine" / "test.csv", 80, 120)
    return tmp_path / "mine"


def shards(folder, names, each=20):
    for k, name in enumerate(names):
        save(folder / name, each * k, each * (k + 1))


@pytest.mark.parametrize(
    "names",
    [
        ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"],
        ["train-00000-of-00002-1a2b3c4d5e6f7a8b.parquet", "train-00001-of-00002-0000000000000000.parquet"],
        ["train_0_of_2.csv", "train_1_of_2.csv"],
        ["train-1-of-2.jsonl", "train-2-of-2.jsonl"],
        ["data/train-00000-of-00002.tsv", "data/train-00001-of-00002.tsv"],
        ["plain_text/train-00000-of-00002.parquet", "plain_text/train-00001-of-00002.parquet"],
        ["train/0000.parquet", "train/0001.parquet"],
        ["train/train-00000-of-00002.json", "train/train-00001-of-00002.json"],
        ["train/part-00000-c000.snappy.parquet", "train/part-00001-c000.snappy.parquet"],
        ["train/part.0.parquet", "train/part.1.parquet"],
        ["train/train_0.csv", "train/train_1.csv"],
        ["train/bq-000000000000.parquet", "train/bq-000000000001.parquet"],
        ["train/part-00000-tid-46-0a2e1111-4-1-c000.parquet", "train/part-00001-tid-46-0a2e1111-5-1-c000.parquet"],
        ["train-0.parquet", "train-1.parquet"],
        ["train_part_0.csv", "train_part_1.csv"],
        ["Train-00000-of-00002.csv", "Train-00001-of-00002.csv"],
        ["train/data-00000-of-00002.arrow", "train/data-00001-of-00002.arrow"],
    ],
)  # fmt: skip
def test_shards_are_read_in_order_wherever_they_are_kept(folder, names):
    shards(folder, names)
    if "/" in names[0] and not names[0].startswith("train/"):
        shutil.move(folder / "test.csv", (folder / names[0]).parent / "test.csv")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    assert load(str(folder)).train.texts == TEXTS[:40]


def test_ten_parts_are_in_the_order_of_their_numbers(folder):
    shards(folder, [f"train/part.{k}.parquet" for k in range(11)], each=6)
    assert load(str(folder)).train.texts == TEXTS[:66]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["train-00000-of-00003.parquet", "train-00002-of-00003.parquet"],
         "train: 2 of 3 shards are there, 00001 is missing"),
        (["train-00001-of-00004.csv", "train-00002-of-00004.csv"], "2 of 4 .*00000, 00003 are missing"),
        (["train-00000-of-00002.parquet", "train-00000-of-00001.parquet"], "two exports"),
        (["train-00000-of-00002-aa.parquet", "train-00000-of-00002-bb.parquet",
          "train-00001-of-00002.parquet"], "same shard"),
        (["train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "train.parquet"],
         "there twice, as train.parquet and as train-00000"),
        (["train.csv", "train.parquet"], "there twice"),
        (["train.csv", "train/0000.parquet"], "there twice"),
        (["train-00000-of-00002.parquet", "train-00001-of-00002.csv"], "differ in format"),
        (["train/part-0.parquet", "train/part-1.csv"], "differ in format"),
        (["train-00000-of-00002.csv", "train-00001-of-00002.csv", "train-00005-of-00002.csv"],
         "shard 5 of 2 cannot be"),
        (["a/train.csv", "b/train.csv"], "give one of .*a, .*b"),
        (["other.csv"], "no train.parquet.*holds"),
        (["train/data-00000-of-00002.csv", "train/extra.csv"], "stands beside shards"),
        (["train/part-00000-aaa.csv", "train/part-00000-bbb.csv"], "two exports"),
        (["train/part-1.csv", "train/part-01.csv"], "the same part"),
        (["train/part-00000.csv", "train/part-00000 (1).csv"], "two exports"),
        (["train/0.csv", "train/00.csv"], "the same part"),
        (["train/a.csv", "train/b.csv"], "a.csv and b.csv are in it.*number them"),
    ],
)  # fmt: skip
def test_a_split_that_is_not_whole_or_there_twice_is_refused(folder, names, says):
    shards(folder, names)
    with pytest.raises(DataError, match=says):
        load(str(folder))


def test_the_same_bytes_as_two_shards_are_refused(folder):
    save(folder / "train-00000-of-00002.csv")
    shutil.copy(folder / "train-00000-of-00002.csv", folder / "train-00001-of-00002.csv")
    with pytest.raises(DataError, match="same bytes"):
        load(str(folder))


def test_a_missing_shard_of_a_validation_split_leaves_it_out_and_says_so(folder):
    save(folder / "train.csv")
    save(folder / "validation-00001-of-00002.csv", 40, 60)
    dataset = load(str(folder))
    assert dataset.validation is None
    assert any("validation split was left out: " in note for note in dataset.notes)


@pytest.mark.parametrize("name", ["validation", "valid", "val", "dev"])
def test_a_validation_split_goes_by_the_names_it_is_known_by(folder, name):
    save(folder / "train.csv")
    save(folder / f"{name}.csv", 40, 60)
    assert load(str(folder)).validation.texts == TEXTS[40:60]
    assert load(Source(name=str(folder), test=name)).test.texts == TEXTS[40:60]


def test_a_gap_in_parts_without_a_total_is_told(folder):
    shards(folder, ["train/part-00000.parquet", "train/part-00002.parquet"])
    assert any("part 1 is not there" in note for note in load(str(folder)).notes)


def test_one_shard_alone_is_told_to_be_one(tmp_path):
    path = save(tmp_path / "train-00000-of-00002.csv")
    notes = load(Source(name=str(path), test_fraction=0.25)).notes
    assert any("is one of 2 shards" in note for note in notes)


def test_a_folder_of_parts_is_one_table(tmp_path):
    shards(tmp_path / "mine", ["part-00000.parquet", "part-00001.parquet", "_SUCCESS.csv"][:2])
    dataset = load(Source(name=str(tmp_path / "mine"), test_fraction=0.25))
    assert len(dataset.train) + len(dataset.test) == 40


@pytest.mark.parametrize("is_dict", [True, False])
def test_what_save_to_disk_wrote_is_read(tmp_path, is_dict):
    whole = named(0, 80)
    saved = datasets.DatasetDict({"train": whole, "test": named(80, 120)}) if is_dict else whole
    saved.save_to_disk(tmp_path / "saved", num_shards={"train": 3, "test": 1} if is_dict else 3)
    found = load(Source(name=str(tmp_path / "saved"), test_fraction=0 if is_dict else 0.25))
    assert found.class_names == ("neg", "pos")
    assert len(found.train) + len(found.test) == (120 if is_dict else 80)
    (next((tmp_path / "saved").rglob("data-00001-of-00003.arrow"))).unlink()
    with pytest.raises(DataError, match=r"2 of 3 files of state.json are there, 'data-00001"):
        load(Source(name=str(tmp_path / "saved"), test_fraction=0 if is_dict else 0.25))


def test_rows_that_were_chosen_or_shuffled_before_saving_stay_so(tmp_path):
    chosen = named(0, 120).select([5, 3, 100, 8, 2, 1])
    chosen.save_to_disk(tmp_path / "train")
    named(80, 120).save_to_disk(tmp_path / "test")
    assert load(str(tmp_path)).train.texts == [TEXTS[k] for k in (5, 3, 100, 8, 2, 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.string(), pa.large_string()),
        (pa.large_string(), pa.string_view()),
        (pa.dictionary(pa.int32(), pa.string()), pa.string()),
        (pa.dictionary(pa.int8(), pa.large_string()), pa.large_string()),
    ],
)
def test_shards_of_any_kind_of_text_are_one_table(folder, one, other):
    for k, kind in enumerate((one, other)):
        columns = {
            n: pa.array(v).cast(kind) for n, v in columns_of_rows(ROWS[40 * k :][:40]).items()
        }
        pq.write_table(pa.table(columns), folder / f"train-0000{k}-of-00002.parquet")
    assert load(str(folder)).train.texts == TEXTS[:80]


@pytest.mark.parametrize("other", [pa.int8(), pa.uint64(), pa.float32(), pa.float16(), pa.int32()])
def test_shards_of_any_kind_of_whole_number_are_one_table(tmp_path, other):
    for k, kind in enumerate((pa.int64(), other)):
        labels = pa.array([float(i % 3) for i in range(40)]).cast(pa.float32()).cast(kind)
        table = pa.table({"text": TEXTS[40 * k :][:40], "label": labels})
        pq.write_table(table, tmp_path / f"train-0000{k}-of-00002.parquet")
    pq.write_table(table, tmp_path / "test.parquet")
    assert load(str(tmp_path)).train.labels.tolist() == [i % 3 for i in range(40)] * 2


def test_a_column_that_is_null_in_one_shard_is_text_of_the_rest(tmp_path):
    for k, more in enumerate((pa.nulls(40), pa.array(["b"] * 40))):
        table = pa.table({**columns_of_rows(ROWS[40 * k :][:40]), "body": more})
        pq.write_table(table, tmp_path / f"train-0000{k}-of-00002.parquet")
    pq.write_table(table, tmp_path / "test.parquet")
    from trainables.data.columns import Columns

    dataset = load(Source(name=str(tmp_path), columns=Columns(text=("text", "body"))))
    assert dataset.train.texts[0] == TEXTS[0]
    assert dataset.train.texts[40] == f"{TEXTS[40]}\nb"


def test_a_column_that_one_shard_lacks_is_named_with_the_shard(folder):
    save(folder / "train-00000-of-00002.csv")
    write_as(folder / "train-00001-of-00002.csv", {"texts": ["a"], "label": ["b"]})
    with pytest.raises(
        DataError, match=r"train-00001-of-00002\.csv: no column 'text'.*'text, label'|'texts'"
    ):
        load(str(folder))


def test_a_bad_row_is_named_by_its_shard_and_its_row_in_it(folder):
    save(folder / "train-00000-of-00002.parquet")
    columns = columns_of_rows(ROWS[40:80])
    columns["text"][7] = None
    pq.write_table(pa.table(columns), folder / "train-00001-of-00002.parquet")
    with pytest.raises(
        DataError, match=r"train-00001-of-00002\.parquet: column 'text': .*row 7 None"
    ):
        load(str(folder))


def test_the_rows_of_shards_are_numbered_through_and_own_ids_stay_apart(folder):
    from trainables.data.columns import Columns

    for k in range(2):
        save(folder / f"train-0000{k}-of-00002.csv", 40 * k, 40 * k + 40, key=[*range(40)])
    assert load(str(folder)).train.ids.tolist() == [*range(80)]
    columns = {**columns_of_rows(ROWS[80:]), "key": [*range(40)]}
    write_as(folder / "test.csv", columns)
    with pytest.raises(DataError, match=r"00001-of-00002.csv: row 0 has id '0', which stands in"):
        load(Source(name=str(folder), columns=Columns(id="key")))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_shards_are_found(folder, suffix):
    for k in range(2):
        path = save(folder / "plain.csv", 40 * k, 40 * k + 40)
        pack(folder / f"train-0000{k}-of-00002.csv", path.read_bytes(), suffix)
        path.unlink()
    assert load(str(folder)).train.texts == TEXTS[:80]


def test_columns_and_splits_that_are_not_used_are_not_looked_at(folder):
    odd = [{"deep": {"list": [1]}}] * 40
    table = pa.table({**columns_of_rows(ROWS[:40]), "meta": odd, "when": [None] * 40})
    pq.write_table(table, folder / "train.parquet")
    (folder / "extra.csv").write_bytes(b"\xff\xfe not text")
    (folder / "validation.csv").write_text("text,label\na,-1\n")
    dataset = load(str(folder))
    assert (len(dataset.train), dataset.validation) == (40, None)
    assert "validation split was left out" in json.dumps(dataset.notes)


def test_shards_without_leading_zeros_are_in_the_order_of_their_numbers(folder):
    shards(folder, [f"train-{k}-of-12.csv" for k in range(12)], each=5)
    assert load(str(folder)).train.texts == TEXTS[:60]


def test_several_files_of_one_part_of_one_export_are_read(folder):
    shards(folder, [f"train/part-00000-1a2b.c00{k}.snappy.parquet" for k in range(2)])
    assert load(str(folder)).train.texts == TEXTS[:40]


def test_the_same_bytes_as_two_parts_and_a_packed_copy_are_refused(folder):
    path = save(folder / "train" / "part-0.csv")
    pack(folder / "train" / "part-0.csv", path.read_bytes(), ".gz")
    with pytest.raises(DataError, match="the same part"):
        load(str(folder))
    (folder / "train" / "part-0.csv.gz").unlink()
    shutil.copy(path, folder / "train" / "part-1.csv")
    with pytest.raises(DataError, match="same bytes"):
        load(str(folder))


@pytest.mark.parametrize("name", ["part-1.csv.crdownload", "part-1.csv.part", "part-1.csv.tmp"])
def test_a_download_that_has_not_ended_is_named(folder, name):
    save(folder / "train" / "part-0.csv")
    (folder / "train" / name).write_bytes(b"text,la")
    with pytest.raises(DataError, match=f"{name} is an unfinished download"):
        load(str(folder))


@pytest.mark.parametrize("name", ["train-1.csv", "train_part2.csv", "train (1).csv"])
def test_a_file_beside_a_split_that_could_be_more_of_it_is_told_not_to_be_read(folder, name):
    save(folder / "train.csv")
    save(folder / name, 40, 60)
    assert any(
        f"{name} stands beside train.csv and is not read" in note
        for note in load(str(folder)).notes
    )


def test_a_gap_in_numbered_files_is_told(folder):
    shards(folder, ["train/0.csv", "train/2.csv"])
    assert any("part 1 is not there" in note for note in load(str(folder)).notes)


def test_shards_without_rows_are_passed_over_but_not_all_of_them(folder):
    for k, rows in enumerate((0, 20, 0)):
        columns = columns_of_rows(ROWS[:rows])
        table = pa.table(
            {n: pa.array(v, pa.string() if rows else pa.null()) for n, v in columns.items()}
        )
        pq.write_table(table, folder / f"train-0000{k}-of-00003.parquet")
    assert load(str(folder)).train.texts == TEXTS[:20]
    pq.write_table(table, folder / "train-00001-of-00003.parquet")
    with pytest.raises(DataError, match=r"same bytes|holds no rows"):
        load(str(folder))


def test_a_test_file_of_ones_own_goes_before_what_the_folder_has(folder, tmp_path):
    save(folder / "train.csv")
    save(folder / "test-00001-of-00002.csv", 80, 100)
    other = save(tmp_path / "other.csv", 100, 120)
    assert load(Source(name=str(folder), test=str(other))).test.texts == TEXTS[100:]


@pytest.mark.parametrize("form", ["empty", "folder", "header"])
def test_a_validation_file_that_cannot_be_read_is_left_out(folder, form):
    save(folder / "train.csv")
    path = folder / "validation.csv"
    path.mkdir() if form == "folder" else path.write_text("text,label\n" * (form == "header"))
    dataset = load(str(folder))
    assert dataset.validation is None
    assert form == "folder" or any(
        "validation split was left out" in note for note in dataset.notes
    )


def test_a_folder_named_like_a_file_holds_the_parts_of_a_split(folder):
    shards(folder, ["train.parquet/part.0.parquet", "train.parquet/part.1.parquet"])
    assert load(str(folder)).train.texts == TEXTS[:40]


def test_a_second_text_of_a_pair_that_is_null_in_the_first_shard_is_read(tmp_path):
    for k, second in enumerate((pa.nulls(20), pa.array(["b"] * 20))):
        table = {"premise": TEXTS[20 * k :][:20], "hypothesis": second, "label": ["x", "y"] * 10}
        pq.write_table(pa.table(table), tmp_path / f"train-0000{k}-of-00002.parquet")
    pq.write_table(pa.table(table), tmp_path / "test.parquet")
    assert load(str(tmp_path)).train.encodable()[-1] == (TEXTS[39], "b")


def test_a_pickle_in_place_of_a_split_is_never_opened(tmp_path):
    (tmp_path / "train.pkl").write_bytes(b"x")
    with pytest.raises(UnsafeError, match=r"train\.pkl can run code"):
        load(str(tmp_path))


def test_splits_are_found_whatever_the_case_of_their_names(tmp_path):
    for k, name in enumerate(("Train", "TEST", "Valid")):
        save(tmp_path / f"{name}.csv", 40 * k, 40 * k + 40)
    dataset = load(str(tmp_path))
    assert (dataset.train.texts, dataset.validation.texts) == (TEXTS[:40], TEXTS[80:])
    for name in ("Mine.csv", "Shards-0-of-1.csv"):
        save(tmp_path / name, 40, 60)
    for asked in ("Mine", "mine", "MINE", "Shards", "shards"):
        assert load(Source(name=str(tmp_path), test=asked)).test.texts == TEXTS[40:60]


def test_a_test_split_without_classes_says_what_to_do(tmp_path):
    save(tmp_path / "train.csv")
    write_as(tmp_path / "test.csv", {"text": TEXTS[40:60]})
    with pytest.raises(
        DataError, match=r"no column 'label'.*train\.csv alone with --test-fraction 0\.2$"
    ):
        load(str(tmp_path))


def test_a_folder_data_that_holds_a_train_split_too_is_told_not_to_be_read(folder):
    save(folder / "train.csv")
    save(folder / "data" / "train.csv", 40, 60)
    assert any(
        "data holds a train split too, and is not read" in note for note in load(str(folder)).notes
    )
