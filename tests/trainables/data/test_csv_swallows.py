"""A quote that opens by mistake and closes rows later is found by the lines it holds, in any layout."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.csv_dialects import Dialect
from trainables.errors import DataError

WORDS = ["apple", "river", "stone", "cloud", "paper", "horse", "green"]


def text_of(i):
    return f"text {i} about {WORDS[i % 7]} and {WORDS[(3 * i) % 7]}"


LAYOUTS = {
    "label,text": lambda i: (("neg", "pos")[i % 2], text_of(i)),
    "text,label": lambda i: (text_of(i), ("neg", "pos")[i % 2]),
    "id,text,label": lambda i: (str(100 + i), text_of(i), ("neg", "pos")[i % 2]),
    "number,text": lambda i: (str(i % 2), text_of(i)),
    "text,number": lambda i: (text_of(i), str(i % 2)),
    "id,text": lambda i: (str(100 + i), text_of(i)),
    "target,text": lambda i: (str(0.5 + i), text_of(i)),
    "sorted label,text": lambda i: ("abc"[i // 20], text_of(i)),
    "many labels,text": lambda i: (f"c{i // 4}", text_of(i)),
}
WANTED = {
    "id,text": {"target": "optional", "columns": Columns(text=("text",))},
    "target,text": {"target": "number", "columns": Columns(label="target")},
}


def write(path, layout, opened=None, closing=None):
    names = layout.split(" ")[-1].replace("number", "label").split(",")
    at = names.index("text")
    lines = [",".join(names)]
    for i in range(60):
        values = list(LAYOUTS[layout](i))
        if i == opened:
            values[at] = f'"{values[at]}'
        if i == closing:
            values[at] = f'{values[at]}"'
        lines.append(",".join(values))
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path, layout, **settings):
    wanted = {**WANTED.get(layout, {}), **settings}
    return load(Source(name=str(path), test=str(path), **wanted))


@pytest.mark.parametrize("own_columns", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(opened=st.integers(0, 50), gap=st.integers(1, 9))
def test_no_row_is_ever_swallowed(tmp_path, layout, own_columns, opened, gap):
    assert len(read(write(tmp_path / "x.csv", layout), layout, own_columns=own_columns).train) == 60
    path = write(tmp_path / "x.csv", layout, opened, opened + gap)
    with pytest.raises(DataError, match=rf"line {opened + 2}: a quote opens in row {opened}\b"):
        read(path, layout, own_columns=own_columns)


def test_a_class_that_one_value_swallowed_whole_is_missed_by_its_own_label(tmp_path):
    path = write(tmp_path / "x.csv", "sorted label,text", 20, 39)
    with pytest.raises(DataError, match="line 22: a quote opens in row 20"):
        read(path, "sorted label,text")


def test_records_among_lines_of_texts_of_several_lines_are_found(tmp_path):
    lines = ["label,text"]
    for i in range(60):
        label = ("neg", "pos")[i % 2]
        lines.append(
            f'{label},"Hello,\nthis is {text_of(i)}\nBye, me"' if i % 3 else f"{label},{text_of(i)}"
        )
    lines[1] = 'neg,"opened by mistake'
    closing = next(k for k in range(40, len(lines)) if lines[k].startswith(("neg,t", "pos,t")))
    lines[1:closing] = [line.replace('"', "") for line in lines[1:closing]]
    lines[1] = 'neg,"opened by mistake'
    lines[closing] += '"'
    path = tmp_path / "x.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="line 2: a quote opens in row 0"):
        load(Source(name=str(path), test=str(path)))


@pytest.mark.parametrize("header", ['label,"text', '"label,text'])
def test_a_quote_that_opens_in_the_header_is_named(tmp_path, header):
    lines = [header, *(",".join(LAYOUTS["label,text"](i)) for i in range(40))]
    lines[11] += '"'
    path = tmp_path / "x.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="line 1: a quote opens"):
        load(Source(name=str(path), test=str(path), columns=Columns(label="label")))


ORDINARY = {
    "a question and its answer": ("label,text", 'no,"Do you agree?\nno, not at all"'),
    "steps": ("number,text", '1,"Steps:\n1, open\n2, close"'),
    "an example": ("text,label", '"e.g.\nfoo,pos",neg'),
    "a letter": ("label,text", 'pos,"Dear all,\n1,000 words, or more,\nas said\n\nYours, me"'),
    "a carriage return": ("text,label", '"\r0\n",pos'),
    "two of them, and nothing": ("label,text", 'pos,"\x00\r\n\ra"'),
    "a poem": ("text,label", '"Roses are red,\nviolets are blue",pos'),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_texts_of_several_lines_are_read(tmp_path, name):
    layout, record = ORDINARY[name]
    path = write(tmp_path / "x.csv", layout)
    path.write_bytes(path.read_bytes() + record.encode() + b"\n")
    assert len(read(path, layout).train) == 61


def test_lines_that_read_like_records_can_be_meant_as_one_value(tmp_path):
    path = write(tmp_path / "x.csv", "label,text")
    path.write_text(path.read_text() + 'pos,"Quoted:\nneg,this was said\npos,and this"\n')
    with pytest.raises(DataError, match="say with --quotes that these lines are one value"):
        read(path, "label,text")
    meant = read(path, "label,text", dialect=Dialect(quotes=True))
    assert meant.train.texts[-1] == "Quoted:\nneg,this was said\npos,and this"
    with pytest.raises(ValueError, match=r"delimiter is '\|\|'"):
        Dialect(delimiter="||")


def test_a_lone_carriage_return_is_no_line_end_where_lines_end_otherwise(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"text\n" + b"".join(b"text %d\n" % i for i in range(20)) + b"one\rtwo\n")
    assert load(Source(name=str(path), test=str(path), target="none")).train.texts[-1] == "one\rtwo"
    path.write_bytes(b"text\n" + b"".join(b"text %d\n" % i for i in range(20)) + b'"one\rtwo"\n')
    assert load(Source(name=str(path), test=str(path), target="none")).train.texts[-1] == "one\rtwo"
    path.write_bytes(b"text,label\r" + b"".join(b"text %d,%d\r" % (i, i % 2) for i in range(20)))
    assert len(load(Source(name=str(path), test=str(path))).train) == 20
