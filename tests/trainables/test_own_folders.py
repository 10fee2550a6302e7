"""Outputs go into folders of ours alone, which their owner alone can read."""

import json
import os
import stat
from pathlib import Path

import pytest

from trainables.errors import UnsafeError, UsageError
from trainables.own_folders import (
    MARKER,
    check_apart,
    file_mode,
    kind_of,
    mark,
    own_place,
    readers,
    refuse_links_above,
    refuse_links_in,
)
from trainables.whole_file import whole_file

PLAN = json.dumps({"grid": "demo", "specs": [], "command": "sweep"})
ROW = "0123456789abcdef.json"


def made(folder, files):
    """A folder with files by name."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder.mkdir(exist_ok=True)
    return folder


FOREIGN = {
    "a page": {"report.html": "mine"},
    "a table": {"envelope.csv": "mine"},
    "a plan of another program": {"plan.json": '{"plan": 1}'},
    "a checkout": {".git/HEAD": "ref"},
    "a version of another program": {"VERSION": "1.2.3"},
    "a hidden file": {".bashrc": ""},
    "folders of our names among others": {"refs/x": "", "blobs/x": "", "mine.txt": ""},
    "trials of another program": {"trials/1.json": "{}"},
}


@pytest.mark.parametrize("kind", ["run", "cache"])
@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_of_anothers_is_refused_by_its_name_and_files(files, kind, tmp_path):
    folder = made(tmp_path / "theirs", files)
    with pytest.raises(UsageError, match=r"--out .*theirs holds .*; name a folder") as refused:
        own_place(folder, kind, "--out")
    assert sorted(files)[0].split("/")[0] in str(refused.value)


OLD = {
    "a run": ("run", {"plan.json": PLAN, "report.html": "", "note.txt": ""}),
    "a run that was killed at its start": ("run", {".lock": "", ".owner": "pid 1 on host"}),
    "a run whose plan is torn": ("run", {"plan.json": "{", ".lock": "", ".owner": "pid 1 on host"}),
    "rows alone": ("run", {f"trials/{ROW}": "{}"}),
    "a run of the theory": ("run", {"points/1.json": "", "report.html": ""}),
    "a cache": ("cache", {"VERSION": "prune-envelope store 1\n", "refs/x": ""}),
    "a cache whose version is damaged": ("cache", {"VERSION": "\x00", "refs/x": "", "blobs/x": ""}),
}


@pytest.mark.parametrize(("kind", "files"), OLD.values(), ids=OLD)
def test_what_an_earlier_release_made_is_known_by_what_it_holds_and_then_marked(
    kind, files, tmp_path
):
    folder = made(tmp_path / "old", files)
    assert own_place(folder, kind, "--out") == folder
    mark(folder, kind)
    assert (folder / MARKER).read_text().startswith(f"prune-envelope {kind}\n")
    other = {"run": "cache", "cache": "run"}[kind]
    with pytest.raises(UsageError, match=f"is the folder of a {kind}"):
        own_place(folder, other, "--out")


@pytest.mark.parametrize("left", [{}, {".DS_Store": ""}, {"lost+found/x": ""}, {MARKER: ""}])
def test_an_empty_folder_is_taken(left, tmp_path):
    folder = made(tmp_path / "free", left)
    assert own_place(folder, "run", "--run") == folder


def test_the_root_the_home_folder_and_a_file_are_refused(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "file").write_text("")
    refused = {
        "/": "is the root",
        tmp_path / "home": "is your home",
        tmp_path / "file": "is a file",
    }
    for place, why in (*refused.items(), ("a\0b", "no name of a folder")):
        with pytest.raises(UsageError, match=f"--run .*{why}"):
            own_place(Path(place), "run", "--run")


def test_a_run_is_neither_in_a_cache_nor_in_another_run(tmp_path):
    for kind in ("run", "cache"):
        mark(tmp_path / kind, kind)
        with pytest.raises(UsageError, match=f"is inside .*{kind}, the folder of a {kind}"):
            own_place(tmp_path / kind / "deep" / "er", "run", "--run")
    with pytest.raises(UsageError, match="is in the cache"):
        check_apart(tmp_path / "c" / "run", tmp_path / "c")


def test_a_link_to_the_folder_is_followed_once_and_one_in_a_circle_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert own_place(tmp_path / "link", "run", "--run") == tmp_path / "real"
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    with pytest.raises(UnsafeError, match="circle"):
        own_place(tmp_path / "one", "run", "--run")


@pytest.mark.parametrize("name", ["trials", "report.html", "logs/x.log", "plan.json"])
def test_a_link_in_a_run_is_refused_and_nothing_is_written_through_it(name, tmp_path):
    run, away = tmp_path / "run", tmp_path / "away"
    mark(run, "run")
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).symlink_to(away)
    with pytest.raises(UnsafeError, match=f"{name} is a link to {away}"):
        own_place(run, "run", "--run")
    assert not away.exists()


def test_a_link_put_there_between_two_writes_is_refused_at_the_second(tmp_path):
    mark(tmp_path / "run", "run")
    mark(tmp_path / "other", "run")
    (tmp_path / "run" / "trials").symlink_to(tmp_path / "other")
    with pytest.raises(UnsafeError), whole_file(tmp_path / "run" / "trials" / "x.json"):
        pass
    assert [path.name for path in (tmp_path / "other").iterdir()] == [MARKER]
    refuse_links_above(tmp_path / "run" / "plan.json")


def test_every_link_of_a_cache_is_looked_for_before_files_are_removed(tmp_path):
    mark(tmp_path / "cache", "cache")
    deep = tmp_path / "cache" / "refs" / "any" / "scores" / "ab"
    deep.parent.mkdir(parents=True)
    deep.symlink_to(tmp_path)
    refuse_links_in(tmp_path / "cache")
    with pytest.raises(UnsafeError, match="ab is a link"):
        refuse_links_in(tmp_path / "cache", deep=True)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_folder_of_ours_and_its_files_are_their_owners_alone_whatever_the_umask(tmp_path):
    mark(tmp_path / "deep" / "run", "run")
    with whole_file(tmp_path / "deep" / "run" / "dropped.json") as draft:
        draft.write_text("texts")
    assert mode(tmp_path / "deep" / "run") == 0o700
    assert mode(tmp_path / "deep" / "run" / "dropped.json") == 0o600


def test_a_folder_that_a_group_can_write_to_is_shared_with_the_group_and_nobody_else(tmp_path):
    (tmp_path / "team").mkdir()
    (tmp_path / "team").chmod(0o2775)
    mark(tmp_path / "team", "cache")
    assert file_mode(tmp_path / "team" / "VERSION") == 0o660
    assert readers(tmp_path / "team") == "everybody on this machine"
    (tmp_path / "team").chmod(0o2770)
    assert readers(tmp_path / "team") == ""


def test_a_folder_that_was_there_keeps_its_mode_and_its_files_are_still_the_owners_alone(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o755)
    mark(tmp_path / "run", "run")
    assert mode(tmp_path / "run") == 0o755
    assert file_mode(tmp_path / "run" / "dropped.json") == 0o600
    assert readers(tmp_path / "run") == "its group and everybody on this machine"


def test_a_marker_that_was_torn_marks_all_the_same(tmp_path):
    made(tmp_path / "run", {MARKER: "", "plan.json": "{"})
    made(tmp_path / "cache", {MARKER: "", "tmp/x": ""})
    assert (kind_of(tmp_path / "run"), kind_of(tmp_path / "cache")) == ("run", "cache")
