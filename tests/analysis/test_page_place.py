"""A page and its tables take the place of what the same runs' page wrote, and of no other file."""

import json

import pytest

from analysis.page_place import BESIDE, page_place
from trainables.errors import UnsafeError, UsageError
from trainables.own_folders import mark

PAGE = "<!doctype html><title>mine · prune-envelope</title>"


@pytest.fixture
def run(tmp_path):
    """A run's folder with its tables."""
    mark(tmp_path / "run", "run")
    for name in ("report.html", *BESIDE):
        (tmp_path / "run" / name).write_text("torn")
    return tmp_path / "run"


@pytest.mark.parametrize("out", ["report.html", "second.html", "pages/both.html"])
def test_in_its_own_folder_a_page_is_written_over(run, out):
    assert page_place(run / out, [run], "run") == run / out


@pytest.mark.parametrize("kind", ["run", "cache"])
def test_in_the_folder_of_another_run_or_a_cache_it_is_refused(run, kind, tmp_path):
    mark(tmp_path / "b", kind)
    for out in ("x.html", "report.html", "deep/er/x.html"):
        with pytest.raises(UsageError, match=f"the folder of another {kind}"):
            page_place(tmp_path / "b" / out, [run], "run")


def test_a_page_of_several_runs_is_in_none_of_their_folders(run, tmp_path):
    mark(tmp_path / "b", "run")
    runs = [run, tmp_path / "b"]
    for folder in runs:
        with pytest.raises(UsageError, match="the folder of one of these runs"):
            page_place(folder / "both.html", runs, "run + b")
    assert page_place(tmp_path / "both.html", runs, "run + b") == tmp_path / "both.html"


def test_beside_tables_of_another_page_or_files_of_anothers_it_is_refused(run, tmp_path):
    out = tmp_path / "pages" / "a.html"
    out.parent.mkdir()
    assert page_place(out, [run], "run") == out
    (out.parent / "envelope.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"envelope\.csv is there and is not of run"):
        page_place(out, [run], "run")
    told = out.with_name("verdicts.json")
    told.write_text(json.dumps({"run": "other"}))
    with pytest.raises(UsageError, match="is not of run"):
        page_place(out, [run], "run")
    told.write_text(json.dumps({"run": "run"}))
    assert page_place(out, [run], "run") == out


def test_a_page_that_another_wrote_is_refused_and_one_of_ours_is_not(run, tmp_path):
    out = tmp_path / "notes.html"
    out.write_text("<title>my notes</title>")
    with pytest.raises(UsageError, match="is no page of prune-envelope"):
        page_place(out, [run], "run")
    out.write_text(PAGE)
    assert page_place(out, [run], "run") == out
    with pytest.raises(UsageError, match="is no page"):
        (run / "plan.json").write_text("{}")
        page_place(run / "plan.json", [run], "run")
    for name in ("trials.parquet", "."):
        with pytest.raises(UsageError, match="name a page"):
            page_place(tmp_path / name, [run], "run")


def test_rows_alone_among_a_users_own_files_get_no_page_over_these(tmp_path):
    (tmp_path / "trials.parquet").write_text("rows")
    assert page_place(tmp_path / "report.html", [tmp_path], "rows").name == "report.html"
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(UsageError, match="is no page"):
        page_place(tmp_path / "report.html", [tmp_path], "rows")


def test_no_page_is_written_through_a_link(run, tmp_path):
    for link in (run / "report2.html", tmp_path / "x.html"):
        link.symlink_to(tmp_path / "bashrc")
        with pytest.raises(UnsafeError, match="is a link"):
            page_place(link, [run], "run")
    (run / "envelope.csv").unlink()
    (run / "envelope.csv").symlink_to(tmp_path / "bashrc")
    with pytest.raises(UnsafeError, match="is a link"):
        page_place(run / "report.html", [run], "run")
