"""Quotes that are not what their writer meant are named by the line on which they open."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trainables.data.written import made_rows
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.csv_dialects import Dialect
from trainables.errors import DataError

ROWS = made_rows()
LINES = [f"{label},{text}" for text, label in ROWS]


def load_lines(tmp_path, lines, header="label,text", end="\n", **settings):
    path = tmp_path / "x.csv"
    path.write_bytes((end.join([header, *lines]) + end).encode())
    return load(Source(name=str(path), test_fraction=0.25, **settings))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('neg,"an open quote here', "line 62: a quote opens and never closes"),
        ('"neg,an open quote here', "line 62: a quote opens and never closes"),
        ('neg,"a ""doubled"" one, then open', "line 62: a quote opens and never closes"),
        (
            'neg,"he said "hi" to me"',
            "line 62: a quote opens, and on line 62 one closes in the middle",
        ),
        (r'neg,"he said \"hi\" to me"', "line 62: a quote opens, and on line 62 one closes"),
    ],
)
def test_a_quote_that_does_not_close_where_its_value_ends_is_named(tmp_path, row, says, end):
    with pytest.raises(DataError, match=says):
        load_lines(tmp_path, [*LINES[:60], row, *LINES[60:]], end=end)


def test_the_line_of_a_quote_that_opens_late_in_a_record_of_several_lines_is_named(tmp_path):
    row = '"neg","two\nlines, closed","open'
    with pytest.raises(DataError, match="line 13: a quote opens and never closes"):
        rows = [f"{line},x" for line in LINES]
        load_lines(tmp_path, [*rows[:10], row, *rows[10:]], header="label,text,more")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(opened=st.integers(0, 90), gap=st.integers(1, 20), last=st.booleans())
def test_records_between_an_open_quote_and_a_later_one_are_never_swallowed(
    tmp_path, opened, gap, last
):
    """Also where the quotes pair up, and the file is well formed for a parser."""
    lines = list(LINES)
    label, _, text = lines[opened].partition(",")
    lines[opened] = f'{label},"{text}'
    closing = opened + gap
    lines[closing] += '"' if last else '" and more'
    with pytest.raises(DataError, match=rf"line {opened + 2}: a quote opens"):
        load_lines(tmp_path, lines)


def test_texts_of_several_lines_are_read_where_their_lines_are_no_records(tmp_path):
    lines = [
        f'{label},"Dear all,\n1,000 words, or more,\n{text}\n\nYours, me"' for text, label in ROWS
    ]
    dataset = load_lines(tmp_path, [*lines, *LINES])
    assert len(dataset.train) + len(dataset.test) == 2 * len(ROWS)


def test_quotes_can_be_plain_letters(tmp_path):
    rows = [*LINES[:60], 'neg,"an open quote here', *LINES[60:]]
    dataset = load_lines(tmp_path, rows, dialect=Dialect(quotes=False))
    assert '"an open quote here' in {*dataset.train.texts, *dataset.test.texts}
    assert len(dataset.train) + len(dataset.test) == 121


def test_quotes_inside_a_value_that_is_not_quoted_are_letters(tmp_path):
    dataset = load_lines(tmp_path, [*LINES, 'neg,a 5" disk and a "word"'])
    assert 'a 5" disk and a "word"' in {*dataset.train.texts, *dataset.test.texts}


def test_the_lines_of_ragged_rows_are_named(tmp_path):
    rows = [*LINES[:3], "neg,a,b", *LINES[3:9], "pos", *LINES[9:]]
    with pytest.raises(
        DataError, match=r"2 rows are bad: row 3 \(line 5\) has 3 .*row 10 \(line 12\)"
    ):
        load_lines(tmp_path, rows)


@pytest.mark.parametrize("header", ["v1,v2,,,", "v1,v2,other,other,x", "v1,v2,v3,,"])
def test_only_the_names_of_columns_that_are_used_must_be_there_once(tmp_path, header):
    rows = [f"{line},,," for line in LINES]
    columns = Columns(text=("v2",), label="v1")
    assert load_lines(tmp_path, rows, header=header, columns=columns).class_names == ("neg", "pos")


def test_a_name_twice_is_refused_where_it_is_used(tmp_path):
    rows = [f"{line},x" for line in LINES]
    with pytest.raises(DataError, match=r"\['text'\] occur twice"):
        load_lines(tmp_path, rows, header="label,text,text")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(row=st.integers(0, 9_999), bad=st.sampled_from(["quote", "ragged", "empty", "word", "huge"]))
def test_one_bad_row_of_ten_thousand_is_named(tmp_path, row, bad):
    lines = [f"{i % 2},text {i}" for i in range(10_000)]
    text = f"text {row}"
    lines[row] = {"quote": f'0,"{text}', "ragged": f"0,{text},x", "empty": f" ,{text}",
                  "word": f"x,{text}", "huge": "0," + "x" * 1_000_001}[bad]  # fmt: skip
    with pytest.raises(DataError, match=rf"(row {row}\b|line {row + 2}\b)"):
        load_lines(tmp_path, lines)


def test_a_bad_row_is_named_without_loading_a_learner(tmp_path):
    import subprocess
    import sys

    lines = [f"{i % 2},text {i}" for i in range(10_000)]
    lines[7_123] = '0,"open'
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["label,text", *lines]))
    script = (
        "import sys\nfrom trainables.data.catalog import load\ntry:\n    load(sys.argv[1])\n"
        "except ValueError as error:\n    print(error)\nprint('torch' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r"line 7125: a quote opens and never closes", said)
    assert said.endswith("False\n")
