"""A user's folder is whole or absent, whatever happens, and nothing is overwritten."""

import os
import signal
from pathlib import Path

import pytest

from orchestrator.store import whole_folder as whole_folders
from orchestrator.store.whole_folder import check_place, whole_folder
from trainables.errors import UnavailableError, UsageError


def full(out):
    out.mkdir()
    (out / ".hidden").write_text("mine")


def link(out):
    full(out.parent / "there")
    out.symlink_to(out.parent / "there")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (full, "is not empty"),
        (link, "is not empty"),
        (lambda out: out.write_text("x"), "is no folder"),
    ],
)
def test_what_is_there_is_never_overwritten(tmp_path, make, said):
    make(tmp_path / "out")
    with pytest.raises(UsageError, match=said):
        check_place(tmp_path / "out")


def test_what_comes_there_meanwhile_is_not_overwritten(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="was filled meanwhile"), whole_folder(out):
        full(tmp_path / "out")
    assert (out / ".hidden").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def killed_at(stage, out):
    """Writes a folder in a process that is killed at a stage of it; what there is afterwards."""
    child = os.fork()
    if child == 0:
        try:
            with whole_folder(out) as draft:
                if stage == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                (draft / "data").mkdir()
                (draft / "data" / "train.csv").write_text("a")
                if stage == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                (draft / "prune.json").write_text("{}")
                if stage == 2:
                    whole_folders._put = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_killed_at_any_moment_it_leaves_no_folder_and_the_next_takes_the_rest_away(tmp_path, stage):
    out = tmp_path / "o[u]t"
    other = tmp_path / ".o[u]t2.abc.partial"
    other.mkdir()
    assert killed_at(stage, out)
    assert not out.exists()
    (left,) = tmp_path.glob(".o[[]u]t.*.partial")
    assert not killed_at(None, out)
    assert not left.exists() and sorted(path.name for path in out.iterdir()) == [
        "data",
        "prune.json",
    ]
    assert other.exists()  # of another folder


def test_two_commands_do_not_write_one_folder(tmp_path):
    out = tmp_path / "out"
    with whole_folder(out) as draft:
        with (
            pytest.raises(UnavailableError, match="being written by another command"),
            whole_folder(out),
        ):
            pass
        assert draft.exists()
    assert out.is_dir()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file/out", "is a file, so that"),
        ("file/deep/out", "is a file, so that"),
        ("n" * 230, "a name is too long; give one of 213 bytes"),
        (f"{'ü' * 128}/out", "a name is too long"),
        ("loop", "is no folder"),
    ],
)
def test_where_no_folder_could_be_put_is_told_before_anything_is_run(tmp_path, place, said):
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=said):
        check_place(tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]


def test_a_name_as_long_as_is_told_has_room(tmp_path):
    out = tmp_path / ("n" * 213)
    check_place(out)
    with whole_folder(out) as draft:
        assert len(draft.name) == 255
    assert out.is_dir()


def test_the_place_of_a_mounted_disk_is_refused_and_a_folder_in_it_named(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: path == tmp_path / "out")
    with pytest.raises(UsageError, match=r"where a disk is mounted.*out/pruned"):
        check_place(tmp_path / "out")
    check_place(tmp_path / "out/pruned")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_place_that_cannot_be_written_to_is_told_before(tmp_path, monkeypatch, is_there):
    out = tmp_path / "out"
    if is_there:
        out.mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(UnavailableError, match="cannot be written to"):
        check_place(out)


def test_the_folder_that_one_is_in_is_not_put_another_in_place_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="the folder that you are in"):
        check_place(Path.cwd())


def test_a_folder_of_the_user_s_is_not_taken_for_a_draft(tmp_path):
    mine = [tmp_path / name for name in (".out.tmp", ".out.old.partial", ".out.partial")]
    for folder in mine:
        full(folder)
    with whole_folder(tmp_path / "out"):
        pass
    assert all((folder / ".hidden").exists() for folder in mine)


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o2770])
def test_an_empty_folder_stays_as_private_as_it_was(tmp_path, mode):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(mode)
    with whole_folder(out) as draft:
        assert draft.stat().st_mode == out.stat().st_mode
        (draft / "a").write_text("a")
    assert out.stat().st_mode & 0o7777 == mode and (out / "a").exists()
