"""Tables with numbers to predict or none, and the user's own columns, are data sets of a kind."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainables.data.written import SUFFIXES, write_as
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.dataset_file import read, write
from trainables.data.user_tables import UserTables, user_tables
from trainables.errors import DataError

HOUSES = {
    "size": [20 + i for i in range(100)],
    "age": [0.5 * i for i in range(100)],
    "city": [f"c{i % 3}" for i in range(100)],
    "price": [100.0 + 2.5 * i for i in range(100)],
}

PRICED = {"columns": Columns(label="price"), "target": "number", "own_columns": True}


def houses(path, columns=HOUSES, **settings):
    path = write_as(path, columns)
    return load(Source(name=str(path), test_fraction=0.25, **{**PRICED, **settings}))


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".tsv", ".jsonl", ".json", ".arrow"])
def test_a_table_with_numbers_to_predict_is_read_with_its_own_columns(tmp_path, suffix):
    found = houses(tmp_path / f"houses{suffix}")
    assert (found.kind, found.class_names) == ("table", ())
    own = found.train.own
    assert own.column_names == list(HOUSES)
    ids = found.train.ids
    assert own["size"].to_pylist() == [HOUSES["size"][i] for i in ids]
    assert own["age"].to_pylist() == [HOUSES["age"][i] for i in ids]
    np.testing.assert_array_equal(found.train.targets, np.array(HOUSES["price"])[ids])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_own_columns_are_kept_beside_the_data_set_and_named_by_their_content(tmp_path, suffix):
    found = houses(tmp_path / f"houses{suffix}")
    write(found, tmp_path / "kept.parquet")
    again = read(tmp_path / "kept.parquet")
    assert again.sha == found.sha
    assert again.train.own is None
    tables = user_tables(found)
    tables.write(tmp_path / "columns.arrow")
    kept = UserTables.read(tmp_path / "columns.arrow")
    assert (kept.sha, kept.target) == (tables.sha, "price")
    assert kept.tables["test"].equals(tables.tables["test"])
    changed = {**HOUSES, "city": ["elsewhere", *HOUSES["city"][1:]]}
    assert user_tables(houses(tmp_path / f"other{suffix}", changed)).sha != tables.sha


def test_without_own_columns_another_column_changes_nothing(tmp_path):
    rows = {"text": [f"t{i} word" for i in range(40)], "label": [i % 2 for i in range(40)]}
    shas = {
        load(Source(name=str(write_as(tmp_path / "x.csv", columns)), test_fraction=0.25)).sha
        for columns in (rows, {**rows, "more": [*range(40)]})
    }
    assert len(shas) == 1


@pytest.mark.parametrize("value", ["dear", "", "nan", "inf"])
def test_a_number_to_predict_that_is_none_is_named(tmp_path, value):
    prices = [str(price) for price in HOUSES["price"]]
    prices[17] = value
    with pytest.raises(DataError, match=rf"column 'price': 1 row is bad: row 17 '{value}'"):
        houses(tmp_path / "houses.csv", {**HOUSES, "price": prices})


def test_a_null_or_infinite_number_in_a_typed_file_is_named(tmp_path):
    for value in (None, float("inf"), float("nan")):
        prices = [*HOUSES["price"]]
        prices[5] = value
        with pytest.raises(DataError, match="row 5"):
            houses(tmp_path / "houses.parquet", {**HOUSES, "price": prices})


def test_measures_where_classes_are_wanted_are_refused(tmp_path):
    path = write_as(tmp_path / "x.csv", {"text": ["a", "b"] * 20, "label": ["1.5", "2.5"] * 20})
    with pytest.raises(DataError, match="labels are classes, not measurements"):
        load(Source(name=str(path), test_fraction=0.2))


def test_texts_without_labels_are_read_where_none_are_needed(tmp_path):
    path = write_as(tmp_path / "x.jsonl", {"text": [f"text {i}" for i in range(40)]})
    found = load(Source(name=str(path), test_fraction=0.2, target="optional"))
    assert (found.kind, found.class_names, len(found.train)) == ("text", (), 32)
    with pytest.raises(DataError, match="no column of classes"):
        load(Source(name=str(path), test_fraction=0.2))


def test_a_class_is_used_where_there_is_one_though_none_is_needed(tmp_path):
    path = write_as(
        tmp_path / "x.csv", {"text": [f"t{i}" for i in range(40)], "label": ["a", "b"] * 20}
    )
    assert load(Source(name=str(path), test_fraction=0.2, target="optional")).class_names == (
        "a",
        "b",
    )


def test_a_split_that_lacks_a_column_has_nulls_there(tmp_path):
    write_as(tmp_path / "train.parquet", HOUSES)
    short = {name: values[:20] for name, values in HOUSES.items() if name != "city"}
    write_as(tmp_path / "test.parquet", short)
    found = load(Source(name=str(tmp_path), **PRICED))
    assert found.test.own["city"].to_pylist() == [None] * 20
    write(found, tmp_path / "kept.parquet")
    assert read(tmp_path / "kept.parquet").sha == found.sha


def test_a_column_of_another_kind_in_another_shard_is_named(tmp_path):
    for k, sizes in enumerate((HOUSES["size"], ["large"] * 100)):
        table = pa.table({**HOUSES, "size": sizes})
        pq.write_table(table, tmp_path / f"train-0000{k}-of-00002.parquet")
    write_as(tmp_path / "test.parquet", HOUSES)
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet: its columns do not fit"):
        load(Source(name=str(tmp_path), **PRICED))


def test_a_csv_column_is_of_numbers_where_all_files_say_so(tmp_path):
    for name, sizes in (("train", ["1", "", "3"] * 10), ("test", ["x", "2", "3"] * 10)):
        columns = {"size": sizes, "age": ["1", "2.5", ""] * 10, "price": ["1"] * 30}
        write_as(tmp_path / f"{name}.csv", columns)
    found = load(Source(name=str(tmp_path), **PRICED))
    assert found.train.own["size"].to_pylist()[:3] == ["1", "", "3"]
    assert found.train.own["age"].to_pylist()[:3] == [1.0, 2.5, None]


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ([1.5] * 40, "measurements"),
        ([None] + [0, 1] * 19 + [1], "it has no label"),
        ([f"id{i}" for i in range(40)], None),
        ([1] * 40, "two classes or more"),
    ],
)
def test_classes_that_are_none_are_left_out_where_none_are_needed(tmp_path, labels, why):
    path = write_as(tmp_path / "x.parquet", {"text": [f"t{i}" for i in range(40)], "label": labels})
    found = load(Source(name=str(path), test=str(path), target="optional"))
    if why:
        assert found.class_names == ()
        assert any("its classes were not read" in note and why in note for note in found.notes)
    with pytest.raises(DataError, match=r"no column 'lbl'"):
        load(
            Source(name=str(path), test=str(path), target="optional", columns=Columns(label="lbl"))
        )


@pytest.mark.parametrize(
    "values",
    [
        ["02000", "10115"], ["10000000000000000000", "10000000000000000001"], ["12e5", "7"],
        ["1e400", "1.5"], ["1000000000000000007", "1"], ["+1", "2"], ["1.", "2"],
    ],
)  # fmt: skip
def test_what_no_program_writes_as_a_number_stays_text(tmp_path, values):
    columns = {"code": values * 20, "row": [*range(40)], "price": ["1"] * 40}
    own = houses(tmp_path / "x.csv", columns).train.own
    assert set(own["code"].to_pylist()) == set(values)


@pytest.mark.parametrize("value", ["1e-05", "1.5e+20", "-0.25", "3"])
def test_what_programs_write_as_numbers_is_a_number(tmp_path, value):
    own = houses(
        tmp_path / "x.csv", {"code": [value, "0.5"] * 20, "row": [*range(40)], "price": ["1"] * 40}
    ).train.own
    assert {*own["code"].to_pylist()} == {float(value), 0.5}


def test_text_of_a_typed_file_stays_text(tmp_path):
    columns = {
        "zip": ["02000", ""] * 20,
        "digits": ["1", "2"] * 20,
        "row": [*range(40)],
        "price": [1.0] * 40,
    }
    own = houses(tmp_path / "x.parquet", columns).train.own
    assert {*own["zip"].to_pylist()} == {"02000", ""} and {*own["digits"].to_pylist()} == {"1", "2"}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_own_columns_of_one_name_are_refused(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    if suffix == ".csv":
        path.write_text("a,a,price\n" + "1,2,3\n" * 20)
    else:
        pq.write_table(pa.table([[1] * 20, [2] * 20, [3.0] * 20], names=["a", "a", "price"]), path)
    with pytest.raises(DataError, match=r"\['a'\] occur twice"):
        load(Source(name=str(path), test=str(path), **PRICED))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**60] * 40, pa.timestamp("us")),
        pa.array([1] * 40, pa.timestamp("us", tz="Nowhere/Land")),
        pa.Array.from_buffers(pa.string(), 40, pa.array([b"\xff"] * 40).buffers()),
    ],
    ids=["year", "zone", "utf8"],
)
def test_a_value_that_cannot_be_read_names_its_column(tmp_path, column):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"odd": column, "price": [1.0] * 40}), path)
    with pytest.raises(DataError, match=r"x\.parquet: column 'odd': a value cannot be read"):
        load(Source(name=str(path), test=str(path), **PRICED))


def test_string_views_and_mixed_numbers_are_read(tmp_path):
    views = pa.array(["a", "b"] * 20, pa.string_view())
    path = tmp_path / "x.arrow"
    table = pa.table({"city": views, "row": [*range(40)], "price": [1.0] * 40})
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)
    found = load(Source(name=str(path), test_fraction=0.25, **PRICED))
    assert {*found.train.own["city"].to_pylist()} == {"a", "b"}
    lines = "\n".join(f'{{"x": {i}, "price": {3 if i % 2 else 2.5}}}' for i in range(40))
    (tmp_path / "x.jsonl").write_text(lines)
    numbers = load(
        Source(name=str(tmp_path / "x.jsonl"), test_fraction=0.25, **PRICED)
    ).train.targets
    assert {*numbers} == {3.0, 2.5}


@pytest.mark.parametrize("row", ['{"z": ["\\ud800"], "price": 1}', '{"\\ud800": 1, "price": 1}'])
def test_half_a_character_in_a_list_or_a_key_is_refused(tmp_path, row):
    (tmp_path / "x.jsonl").write_text("\n".join([row] * 20))
    with pytest.raises(DataError, match=r"x\.jsonl: (column|key) "):
        houses_at = Source(name=str(tmp_path / "x.jsonl"), test_fraction=0.2, columns=Columns(label="price"),
                           target="number", own_columns=True)  # fmt: skip
        load(houses_at)


@pytest.mark.parametrize(
    "more",
    [{"length": [1.5, 2.5] * 20}, {"tags": [["a"]] * 40}, {"lang": ["en"] * 40}, {"n": [-1] * 40}],
)
def test_no_column_is_taken_for_a_class_by_what_it_holds_where_none_is_needed(tmp_path, more):
    path = write_as(tmp_path / "x.parquet", {"text": [f"t{i}" for i in range(40)], **more})
    found = load(Source(name=str(path), test=str(path), target="optional"))
    assert (found.class_names, len(found.train)) == ((), 40)


def test_rows_without_classes_are_not_said_to_be_held_out_by_class(tmp_path):
    (note,) = [one for one in houses(tmp_path / "x.parquet").notes if "held out" in one]
    assert "by class" not in note


def test_what_is_in_no_column_of_a_built_in_learner_is_in_no_hash_of_it(tmp_path):
    rows = {"text": [f"t{i} word" for i in range(40)], "label": [i % 2 for i in range(40)]}
    path = write_as(tmp_path / "x.csv", {**rows, "more": [*range(40)]})
    with_own, without = (
        load(Source(name=str(path), test_fraction=0.25, own_columns=own)) for own in (True, False)
    )
    assert with_own.sha == without.sha


def test_the_hash_of_columns_does_not_depend_on_chunks(tmp_path):
    tables = user_tables(houses(tmp_path / "houses.parquet"))
    cut = {
        name: pa.concat_tables([table.slice(0, 7), table.slice(7)])
        for name, table in tables.tables.items()
    }
    assert UserTables(tables=cut, target=tables.target).sha == tables.sha


def test_what_is_to_be_predicted_is_held_back_from_the_test_rows_alone(tmp_path):
    tables = user_tables(houses(tmp_path / "houses.parquet"))
    keep = np.arange(75) % 3 > 0
    given = tables.given(keep, shows_answers=False)
    assert "price" in given["train"].column_names and "price" not in given["test"].column_names
    assert given["train"]["id"].to_pylist() == tables.tables["train"]["id"].filter(keep).to_pylist()
    assert "price" in tables.given(keep, shows_answers=True)["test"].column_names


@pytest.mark.parametrize("values", [[*range(5, 45)], [f"x{i}" for i in range(40)]])
def test_a_column_id_by_which_rows_are_not_known_is_refused(tmp_path, values):
    rows = {"id": values, "nr": [*range(40)], "price": [1.0] * 40}
    path = write_as(tmp_path / "x.parquet", rows)
    by_nr = {**PRICED, "columns": Columns(label="price", id="nr")}
    found = load(Source(name=str(path), test_fraction=0.25, **by_nr))
    with pytest.raises(DataError, match=r"column 'id' of train holds .* --id-column id"):
        user_tables(found)


def test_numbers_to_predict_are_numbers_however_a_csv_writes_them(tmp_path):
    columns = {"row": [*range(40)], "price": ["+1", "2.", *["3"] * 38]}
    tables = user_tables(houses(tmp_path / "x.csv", columns))
    assert {*tables.tables["train"]["price"].to_pylist()} <= {1.0, 2.0, 3.0}


def test_images_are_given_as_bytes(tmp_path):
    png = bytes([137, 80, 78, 71, 13, 10, 26, 10]) + b"x" * 40
    rows = [{"bytes": png + bytes([i]), "path": f"{i}.png"} for i in range(40)]
    table = pa.table({"image": rows, "label": [i % 2 for i in range(40)]})
    pq.write_table(table, tmp_path / "x.parquet")
    found = load(Source(name=str(tmp_path / "x.parquet"), test_fraction=0.25, own_columns=True))
    assert user_tables(found).tables["test"]["image"].type == pa.binary()


@pytest.mark.parametrize("own", [True, False], ids=["own trainer", "model"])
def test_a_note_speaks_of_class_numbers_only_where_somebody_sees_them(tmp_path, own):
    held = {"text": [f"t{i}" for i in range(40)], "label": ["no", "yes"] * 20}
    path = write_as(tmp_path / "x.csv", held)
    (note, *_) = load(Source(name=str(path), test_fraction=0.25, own_columns=own)).notes
    assert ("of the classes in this order: 'no', 'yes'" in note) == own
    assert ("'no' is 0, 'yes' is 1" in note) == (not own)


def test_data_that_the_package_makes_are_given_as_their_inputs_and_labels():
    tables = user_tables(load("synthetic:60"))
    assert tables.tables["train"].column_names == ["id", "text", "label"]
    assert tables.target == "label"
