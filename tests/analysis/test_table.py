import json
import sys

import pytest
from typer.testing import CliRunner

from analysis.report import app as report_app
from analysis.study import study
from analysis.table import _drawn, app
from trainables.records import to_json

COLUMNS = ["dataset", "method", "delta", "notes"]
ROWS = [
    ["own", "Redundancy within class (stratified)", "-0.13", "a run of the left diverged"],
    ["own", "EL2N (global)", "+1.20", ""],
]


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of so many columns."""

    def of(width):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(width))

    return of


@pytest.mark.parametrize("width", [50, 60, 80, 200])
def test_no_value_is_broken_over_the_lines_of_a_terminal(terminal, width):
    terminal(width)
    drawn = _drawn(COLUMNS, ROWS, "text")
    assert all(len(line) <= width for line in drawn.splitlines())
    assert all(cell in drawn for row in ROWS for cell in row)


def test_a_table_wider_than_the_terminal_has_its_rows_one_below_another(terminal):
    terminal(60)
    assert _drawn(COLUMNS, ROWS, "text").splitlines() == [
        "all rows:   dataset own",
        "",
        "method Redundancy within class (stratified)   delta -0.13",
        "   notes a run of the left diverged",
        "method EL2N (global)   delta +1.20",
    ]


def test_a_file_has_one_line_a_row_however_long():
    assert len(_drawn(COLUMNS, ROWS, "text").splitlines()) == 2 + len(ROWS)


@pytest.fixture(scope="module")
def folders(small_run, tmp_path_factory):
    """Two runs' folders, of the same rows and of one seed less."""
    top = tmp_path_factory.mktemp("runs")
    for name, seeds in (("now", 5), ("old", 4)):
        (top / name / "trials").mkdir(parents=True)
        for row in small_run:
            if row.spec.seed <= seeds:
                path = top / name / "trials" / f"{row.spec.result_key}.json"
                path.write_text(to_json(row), encoding="utf-8")
    return top


@pytest.fixture
def printed(folders, monkeypatch):
    monkeypatch.chdir(folders)
    return lambda *args: CliRunner().invoke(app, ["now", *args])


def test_without_a_name_it_is_the_table_a_sweep_ends_with(printed, small_run):
    shown = printed().stdout.splitlines()
    assert (
        shown[0]
        == "Δ accuracy in pp against the full-data run, 90% interval; ✓ within 1 pp, ✗ outside, ? inconclusive"
    )
    (line,) = [one for one in shown if one.startswith(" imdb") and "Keep one" in one]
    row = next(r for r in study(small_run).rows if r.cell.condition.signal == "keep_one")
    v = row.verdict
    told = f"✓ {v.mean:+.2f} [{v.low:+.2f}, {v.high:+.2f}]"
    assert told.replace("-", "−") in line


def test_what_programs_read_has_the_minus_of_a_keyboard(printed):
    assert "−" not in printed("--format", "csv").stdout + printed("--format", "json").stdout


def test_rows_are_chosen_in_every_table_that_has_the_column(printed):
    rows = json.loads(
        printed(
            "--what", "envelope", "--format", "json", "--rate", "0.3", "--dataset", "imdb"
        ).stdout
    )
    assert {(row["dataset"], row["rate"]) for row in rows} == {("imdb", 0.3)} and len(rows) == 3
    ended = printed("--what", "verdicts", "--rate", "0.3")
    assert (ended.exit_code, "the table verdicts has no column rate" in ended.stderr) == (2, True)


def test_rows_are_chosen_by_lists_with_commas(printed):
    wanted = ("--rate", "0.1,0.3", "--dataset", "imdb,imdb")
    rows = json.loads(printed("--what", "envelope", "--format", "json", *wanted).stdout)
    assert {(row["dataset"], row["rate"]) for row in rows} == {("imdb", 0.1), ("imdb", 0.3)}


@pytest.mark.parametrize("rate", ["nan", "1,5", "-0.1", "0.1,", "0.3x"])
def test_a_share_that_is_none_is_refused(rate, printed):
    assert printed("--rate", rate).exit_code == 2


def test_changes_since_an_older_run_are_a_table(printed):
    ended = printed("--what", "changes", "--against", "old", "--format", "json")
    assert {row["finding"] for row in json.loads(ended.stdout)} == {"same trials"}
    for args in (
        ("--what", "changes"),
        ("--against", "old"),
        ("--what", "changes", "--against", "now"),
    ):
        assert printed(*args).exit_code == 2


def test_a_page_tells_what_changed_only_where_it_is_asked(folders, monkeypatch):
    monkeypatch.chdir(folders)
    for args, is_told in ((["--against", "old"], True), ([], False)):
        assert CliRunner().invoke(report_app, ["now", *args]).exit_code == 0
        page = (folders / "now" / "report.html").read_text(encoding="utf-8")
        assert ("What changed since old" in page) is is_told
