"""One bad row among ten thousand is named by its number, whatever is wrong with it and whatever the format."""

import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import DataError

N = 10_000
TEXTS = [f"text {k} of them" for k in range(N)]
# Values that no row may have, by column; of a format that tells types, and of CSV.
TYPED = {
    "text": [None, "\x00" * 1_000_001, "x" * 1_000_001],
    "label": [None, -1, -(2**40)],
    "id": [None, "i0"],
}
WRITTEN = {"text": ["x" * 1_000_001], "label": ["", " ", "x", "-1", "1.5", "1e3"], "id": ["i0"]}
OBJECT = {
    "text": [*TYPED["text"], 5, 1.5, True, [], {}, "\ud800"],
    "label": [*TYPED["label"], "x", 1.5, float("nan"), [], 2**70, "\udfff"],
    "id": [*TYPED["id"], 7, 1.5, [], "\ud800"],
}
BAD = {
    ".parquet": TYPED,
    ".arrow": TYPED,
    ".csv": WRITTEN,
    ".tsv": WRITTEN,
    ".jsonl": OBJECT,
    ".json": OBJECT,
}
CASES = [(f, c, v) for f, table in BAD.items() for c, values in table.items() for v in values]


def columns():
    return {"id": [f"i{k}" for k in range(N)], "text": TEXTS[:], "label": [k % 2 for k in range(N)]}


def write(path, held):
    """Rows as a file, whatever stands in them."""
    rows = [dict(zip(held, row, strict=True)) for row in zip(*held.values(), strict=True)]
    if path.suffix == ".parquet":
        pa.parquet.write_table(pa.table(held), path)
    elif path.suffix == ".arrow":
        table = pa.table(held)
        with pa.ipc.new_stream(str(path), table.schema) as file:
            file.write_table(table)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        between = "\t" if path.suffix == ".tsv" else ","
        path.write_text(
            "\n".join(between.join(map(str, row)) for row in [held, *(r.values() for r in rows)])
        )


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=st.sampled_from(CASES), row=st.integers(1, N - 1))
@example(case=(".csv", "label", "x"), row=5_000)
@example(case=(".jsonl", "label", 1.5), row=9_999)
def test_a_bad_row_is_named_by_its_number(tmp_path, case, row):
    suffix, column, value = case
    poisoned = columns()
    poisoned[column][row] = value
    path = tmp_path / f"x{suffix}"
    write(path, poisoned)
    with pytest.raises(DataError) as caught:
        load(Source(name=str(path), columns=Columns(id="id"), test_fraction=0.1))
    said = str(caught.value)
    assert str(path) in said and f"'{column}'" in said and f"row {row}" in said
    assert column == "id" or f"(id 'i{row}')" in said


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", "line 7: not a JSON object"),
        ('{"text": "a", "text": "b"}', "a key is repeated"),
        ("[1]", "line 7: not an object"),
        ('{"text": "caf\\', "line 7"),
    ],
)
def test_lines_that_are_no_objects_are_counted_and_five_are_shown(tmp_path, bad, says):
    good = [json.dumps({"text": text, "label": k % 2}) for k, text in enumerate(TEXTS[:200])]
    path = tmp_path / "x.jsonl"
    lines = [bad if k % 6 == 0 and k else line for k, line in enumerate(good)]
    path.write_text("\n".join(lines))
    with pytest.raises(
        DataError, match=r"33 lines are no objects: .* and 28 more; write one"
    ) as caught:
        load(Source(name=str(path), test_fraction=0.1))
    assert says in str(caught.value)


def test_ragged_rows_are_all_counted(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("text,label\n" + "a,b\n" + "a,b,c\n" * 5_000)
    with pytest.raises(DataError, match=r"5,000 rows are bad: row 1 .* and 4,995 more"):
        load(Source(name=str(path), test_fraction=0.1))


def test_a_null_label_beside_words_is_named(tmp_path):
    path = tmp_path / "x.parquet"
    pa.parquet.write_table(pa.table({"text": TEXTS[:9], "label": ["a", "b", None] * 3}), path)
    with pytest.raises(DataError, match=r"3 rows are bad: row 2 None"):
        load(Source(name=str(path), test_fraction=0.1))
