"""Bad data files: rows of the matrix from B30 on."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bad_inputs.matrix import BadInput, good_rows, rows_csv, rows_jsonl, sweep

HELD_OUT = ("--test-fraction", "0.2")
GOOD = good_rows()
OBJECTS = [{"text": text, "label": label} for text, label in GOOD]


def csv_file(known, what, content, *says, flags=(), ends=4, fine=()):
    """A row with one CSV file."""
    return BadInput(
        id=known,
        what=what,
        files={"x.csv": content},
        argv=sweep(*HELD_OUT, *flags, data="x.csv"),
        says=says,
        exit=ends,
        fine=fine,
    )


def jsonl_file(known, what, content, *says, flags=()):
    """A row with one file of JSON lines."""
    argv = sweep(*HELD_OUT, *flags, data="x.jsonl")
    return BadInput(id=known, what=what, files={"x.jsonl": content}, argv=argv, says=says, exit=4)


def parquet_file(known, what, columns, *says, flags=()):
    """A row with one Parquet file of these columns."""

    def make(folder):
        pq.write_table(pa.table(columns), folder / "x.parquet")

    argv = sweep(*HELD_OUT, *flags, data="x.parquet")
    return BadInput(id=known, what=what, make=make, argv=argv, says=says, exit=4)


def with_row(row, text, label):
    """Good rows as a CSV, one of them another."""
    return rows_csv([*GOOD[:row], (text, label), *GOOD[row + 1 :]])


def with_object(row, **values):
    """Good rows as JSON lines, each with an id, one of them with other values."""
    rows = [{"id": f"i{k}", **one} for k, one in enumerate(OBJECTS)]
    rows[row] |= values
    return rows_jsonl(rows)


def pair(train, test):
    """Good rows of two splits."""
    return {"d/train.csv": rows_csv(train), "d/test.csv": rows_csv(test)}


def columns(n=60, **more):
    """Columns of good rows."""
    return {"text": [one["text"] for one in OBJECTS[:n]], "label": [k % 2 for k in range(n)]} | more


def special(make):
    """What is no regular file, as x.csv."""

    def write(folder):
        make(folder / "x.csv")

    return write


VECTORS = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)


def vectors(row, value):
    """Vectors, one number of them another."""
    changed = VECTORS.copy()
    changed[row] = value
    return columns(embedding=changed.tolist(), id=[f"i{k}" for k in range(60)])


BY_VECTOR = ("--embedding-column", "embedding", "--id-column", "id")
UTF16 = "".join(f"{text},{label}\n" for text, label in GOOD)

ROWS: list[BadInput] = [
    BadInput(id="B30", what="no such file", argv=sweep(*HELD_OUT, data="gone.csv"), exit=4, says=("gone.csv", "no such file")),
    csv_file("B31", "near miss of a column", rows_csv(GOOD, "txt,label"), "x.csv", "no column 'text'", "'txt'", flags=("--text-column", "text")),
    csv_file("B31", "no label", rows_csv(GOOD, "text,when"), "x.csv", "no column 'label'", flags=("--label-column", "label")),
    csv_file("B32", "a name twice", rows_csv([(f"{t},{t}", c) for t, c in GOOD], "text,text,label"), "x.csv", "['text'] occur twice"),
    csv_file("B33", "no bytes", "", "x.csv", "empty (0 bytes)"),
    csv_file("B33", "header alone", "text,label\n", "x.csv", "holds no rows"),
    parquet_file("B33", "no rows", {"text": pa.array([], pa.string()), "label": pa.array([], pa.int64())}, "x.parquet", "holds no rows"),
    jsonl_file("B34", "null text", with_object(7, text=None), "x.jsonl", "'text'", "row 7 (id 'i7') None", "fill or remove", flags=("--id-column", "id")),
    csv_file("B35", "NA is a text", with_row(7, "NA", "c1"), ends=0, fine=("48 train, 12 test",)),
    csv_file("B36", "empty texts", rows_csv([("", c) for _, c in GOOD[:9]] + GOOD[9:]), "x.csv", "'text'", "9 rows are bad", "row 0 ''", "fill or remove"),
    csv_file("B37", "words as labels", rows_csv(GOOD), ends=0, fine=("'c0' is 0, 'c1' is 1",)),
    jsonl_file("B38", "a label of another type", with_object(7, label=3), "x.jsonl", "'label'", "row 7 (id 'i7') 3", "write every row", flags=("--id-column", "id")),
    jsonl_file("B38", "a label that is no whole number", rows_jsonl({"text": o["text"], "label": k % 2 + (k == 7) / 2} for k, o in enumerate(OBJECTS)), "x.jsonl", "'label'", "row 7 1.5", "cast them"),
    jsonl_file("B38", "a negative label", rows_jsonl({"text": o["text"], "label": -1 if k == 7 else k % 2} for k, o in enumerate(OBJECTS)), "x.jsonl", "'label'", "row 7 -1", "remove these rows"),
    csv_file("B39", "numbers with gaps", rows_csv([(t, 7 * (k % 2)) for k, (t, _) in enumerate(GOOD)]), ends=0, fine=("'7' is 1",)),
    csv_file("B40", "one class", rows_csv([(t, "a") for t, _ in GOOD]), "x.csv", "all labels are 'a'", "two classes"),
    csv_file("B41", "a class of one row", with_row(7, "a single one", "c9"), ends=0, fine=("3 classes", "'c9'")),
    csv_file("B42", "classes of a few rows", rows_csv([(t, f"c{max(0, k - 56)}") for k, (t, _) in enumerate(GOOD)]), ends=0, fine=("4 classes",)),
    BadInput(id="B43", what="a class of the test split alone", files=pair(GOOD, [*GOOD[:3], ("a", "c9")]), argv=sweep(data="d"), exit=4, says=("test.csv", "row 3 'c9'", "correct it")),
    BadInput(id="B44", what="no test split", files={"x.csv": rows_csv(GOOD)}, argv=sweep(data="x.csv"), exit=2, says=("x.csv", "--test-fraction")),
    jsonl_file("B45", "an id twice", with_object(7, id="i3"), "x.jsonl", "'id'", "row 7", "'i3'", "one row each", flags=("--id-column", "id")),
    csv_file("B46", "no ids", rows_csv(GOOD), ends=0, fine=("48 train, 12 test",)),
    csv_file("B47", "a text twice", with_row(7, GOOD[9][0], "c1"), ends=0, fine=("copies in training: 2",)),
    csv_file("B48", "a text with two labels", with_row(7, GOOD[8][0], "c1"), ends=0, fine=("another label",)),
    BadInput(id="B49", what="a test text in training", files=pair(GOOD[:40], GOOD[39:]), argv=sweep(data="d"), exit=0, fine=("occurs in the training split",)),
    parquet_file("B50", "a vector with nan", vectors(7, np.nan), "x.parquet", "'embedding'", "row 7 (id 'i7') number 0 is nan", "finite", flags=BY_VECTOR),
    parquet_file("B50", "a vector of zeros", vectors(7, 0), "x.parquet", "row 7 (id 'i7') all zeros", "fill or remove", flags=BY_VECTOR),
    parquet_file("B51", "a vector of another width", columns(embedding=[*VECTORS[:59].tolist(), [1.0]]), "x.parquet", "'embedding'", "row 59 1 numbers", "as many", flags=("--embedding-column", "embedding")),
    csv_file("B52", "a text of two million letters", with_row(7, "x" * 2 * 10**6, "c1"), "x.csv", "'text'", "row 7", "1,000,000 bytes", "cut the text"),
    csv_file("B52", "a line without end", with_row(7, "x" * (2**25 + 9), "c1"), "x.csv", "line 9", "33,554,432", "line feed"),
    csv_file("B53", "texts longer than is read", rows_csv([(f"{t} " * 20, c) for t, c in GOOD]), ends=0, fine=("have more than 128 word pieces", "--max-length")),
    csv_file("B54", "Latin-1", rows_csv(GOOD).encode() + b"caf\xe9,c1\n", "x.csv", "line 62", "0xe9", "iconv"),
    csv_file("B55", "UTF-16", ("text,label\n" + UTF16).encode("utf-16"), "x.csv", "utf-16", "iconv -f utf-16"),
    jsonl_file("B56", "half of a character", with_object(7, text="\ud800"), "x.jsonl", "'text'", "row 7 (id 'i7')", "surrogate", flags=("--id-column", "id")),
    csv_file("B57", "control letters in a text", with_row(7, "a\x00\x1b[2J\u202e", "c1"), ends=0, fine=("48 train, 12 test",)),
    csv_file("B58", "one text in two Unicode forms", with_row(7, "cafe\u0301", "c1"), ends=0, fine=("48 train, 12 test",)),
    csv_file("B59", "a row of three values", with_row(7, "a,b", "c1"), "x.csv", "row 7 (line 9) has 3 values, not 2", "quote values"),
    csv_file("B59", "an open quote", with_row(7, '"a', "c1"), "x.csv", "line 9", "never closes", "--no-quotes"),
    jsonl_file("B60", "a line cut short", rows_jsonl(OBJECTS)[:-9], "x.jsonl", "line 60", "one object a line"),
    jsonl_file("B60", "a key twice", rows_jsonl(OBJECTS) + '{"text": "a", "text": "b", "label": "c0"}\n', "x.jsonl", "line 61", "repeated"),
    BadInput(id="B61", what="no Parquet", files={"x.parquet": b"PAR1" * 9}, argv=sweep(*HELD_OUT, data="x.parquet"), exit=4, says=("x.parquet", "cannot be read as parquet")),
    parquet_file("B62", "a few bytes that decode to gigabytes", {"text": pa.DictionaryArray.from_arrays(np.zeros(2000, np.int32), ["x" * 10**6]), "label": [0, 1] * 1000}, "x.parquet", "decode to more than", "where the file is from"),
    parquet_file("B63", "lists as texts", columns() | {"text": [["a"]] * 60}, "x.parquet", "'text' holds list<element: string>, not text"),
    BadInput(id="B65", what="a pickle", files={"x.pkl": b"x"}, argv=sweep(*HELD_OUT, data="x.pkl"), exit=6, says=("x.pkl", "run code", "convert it")),
    BadInput(id="B67", what="an archive", files={"x.zip": b"PK\x03\x04"}, argv=sweep(*HELD_OUT, data="x.zip"), exit=4, says=("x.zip", "unpack it")),
    BadInput(id="B67", what="a packed archive", files={"x.tar.gz": b"\x1f\x8b"}, argv=sweep(*HELD_OUT, data="x.tar.gz"), exit=4, says=("x.tar.gz", "unpack it")),
    BadInput(id="B71", what="a pipe", make=special(os.mkfifo), argv=sweep(*HELD_OUT, data="x.csv"), exit=4, says=("x.csv", "not a regular file")),
    BadInput(id="B71", what="a device", argv=sweep(*HELD_OUT, data="/dev/zero"), exit=4, says=("/dev/zero",)),
    BadInput(id="B71", what="a folder of a file's name", make=lambda folder: (folder / "x.parquet").mkdir(), argv=sweep(*HELD_OUT, data="x.parquet"), exit=4, says=("x.parquet", "no train")),
    csv_file("B72", "ids as labels", rows_csv([(t, f"i{k}") for k, (t, _) in enumerate(GOOD * 4)]), "x.csv", "240 different labels", "--label-column"),
]  # fmt: skip
