"""Names and errors from outside, in every format of every table and on the page: seen, and never obeyed."""

import csv
import gzip
import io
import json
import re
from base64 import b64decode
from dataclasses import replace

import pytest

from analysis.report import build_report
from analysis.run_files import Plan
from analysis.study import study
from analysis.table import Format, What, written
from analysis.table_rows import COLUMNS, TABLES

PAYLOADS = [
    "\x1b[2J\x1b]0;t\x07", "a\u202eb\u2066", "\u200b=cmd", "\x9b31m", "\r\nrow", "=1+1", "＝1+1", "\t=1", "@SUM(1)",
    "<img src=x onerror=alert(1)>", "a|b", "`rm -rf`", "[x](javascript:1)", "https://evil.example", "\\input{x}$%&_#{}~^",
]  # fmt: skip
# What ends a line is a cell's own in a CSV, between quotes.
_OBEYED = re.compile(
    "[^\\S\n\t ]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d")


@pytest.fixture(scope="module")
def hostile(paired, result, pruned):
    """A run whose every name is a payload, one after another, and whose last trial failed by one."""
    made = {}
    for text in PAYLOADS:
        rows = paired([0.1, 0.2, 0.3], dataset=text)
        rows += paired([0.1, 0.2, 0.1], dataset=text, signal="random")
        rows = {row.spec.result_key: replace(row, class_names=(text, "b")) for row in rows}
        failed = replace(result(pruned(9, dataset=text), 0.5), status="failed", error=text)
        plan = Plan(grid=text, command=f"sweep {text}", notes=(text,))
        made[text] = study([*rows.values(), failed], plan, name=text)
    return made


@pytest.mark.parametrize("text", PAYLOADS, ids=ascii)
@pytest.mark.parametrize("form", Format)
def test_no_format_of_a_table_has_anything_that_its_reader_obeys(text, form, hostile):
    for what in (What.ENVELOPE, What.TRIALS, What.BIAS):
        told = written(hostile[text], what.value, form.value)
        assert not _OBEYED.search(told), (what, told)
        rows = len(list(TABLES[what.value](hostile[text])))
        CHECKS[form](told, rows, COLUMNS[what.value])


def is_markdown(told, rows, columns):
    lines = told.strip().splitlines()
    assert len(lines) == rows + 2
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert not re.search(r"<\w|(?<!\\)`|(?<!\\)\]|(?<!\\)://|(?<!\\)\*", told.replace(":---", ""))


def is_csv(told, rows, columns):
    cells = list(csv.reader(io.StringIO(told)))
    assert len(cells) == rows + 1 and {len(row) for row in cells} == {len(columns)}
    texts = [c for row in cells[1:] for c in row if not re.fullmatch(r"-?[\d.e+-]+", c)]
    assert not [c for c in texts if c.lstrip().startswith(_FORMULA)]


def is_latex(told, rows, columns):
    assert r"\input" not in told and not re.search(r"(?<!\\)[$#%]", told.replace("$-$", ""))


CHECKS = {
    Format.TEXT: lambda told, rows, columns: None,
    Format.MD: is_markdown,
    Format.CSV: is_csv,
    Format.JSON: lambda told, rows, columns: json.loads(told),
    Format.LATEX: is_latex,
}


def test_the_page_shows_what_cannot_be_seen_and_hides_a_secret(paired, result, pruned):
    text = "".join(PAYLOADS)
    rows = [replace(row, class_names=(text, "b")) for row in paired([0.1, 0.2], dataset=text)]
    error = f"{text} https://u:hunter2@host /home/me/secret/x.csv"
    rows.append(replace(result(pruned(9, dataset=text), 0.5), status="failed", error=error))
    command = "sweep --dataset /home/me/x.csv --storage s3://KEY:hunter2@bucket"
    plan = Plan.from_json(replace(Plan(), command=command, notes=(text,)).to_json())
    page = build_report(rows, plan, name=text)
    ours, island = re.search(
        r'^(.*)<script[^>]*id="data"[^>]*>([^<]*)</script>', page, re.DOTALL
    ).groups()
    ours = re.sub(r"<(script|style).*?</\1>", "", ours, flags=re.DOTALL)
    whole = ours + gzip.decompress(b64decode(island)).decode()
    assert not _OBEYED.search(whole.replace("\t", " "))
    assert "hunter2" not in whole and "/home/me" not in whole and "…/x.csv" in whole
    assert "<img" not in ours
