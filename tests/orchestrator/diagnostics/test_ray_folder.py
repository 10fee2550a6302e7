"""Where Ray keeps its sockets: in a folder that it can use, which is found before Ray fails in it."""

import os
import tempfile
from pathlib import Path

import pytest

from orchestrator.diagnostics import ray_folder
from orchestrator.diagnostics.ray_folder import room_in_ray_folder, settle_ray_folder
from tests.faults import make_read_only, small_disk
from trainables.errors import UnavailableError


@pytest.fixture
def asked(monkeypatch):
    def ask(ray=None, tmp=None):
        for name, value in (("RAY_TMPDIR", ray), ("TMPDIR", tmp)):
            monkeypatch.setenv(name, str(value or ""))
        settle_ray_folder()
        return os.environ["RAY_TMPDIR"]

    return ask


@pytest.fixture
def short(monkeypatch):
    """A folder of a short name."""
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as folder:
        monkeypatch.setattr(ray_folder, "_ELSEWHERE", (folder,))
        yield folder


def test_the_longest_name_that_is_taken_gives_a_socket_that_ray_takes(asked, short):
    from ray._private.utils import validate_socket_filepath

    longest = f"{short}/".ljust(ray_folder._LONGEST, "x")
    Path(longest).mkdir()
    assert asked(tmp=longest) == longest
    validate_socket_filepath(longest + ray_folder._SOCKET)
    with pytest.raises(OSError, match="107 bytes"):
        validate_socket_filepath(f"{longest}x{ray_folder._SOCKET}")


def test_a_tmpdir_that_ray_cannot_use_is_passed_over(asked, short, tmp_path):
    long = tmp_path / ("x" * 60)
    long.mkdir()
    for unfit in (long, tmp_path / "absent", "relative"):
        assert asked(tmp=unfit) == short


def test_a_folder_that_is_asked_for_by_name_is_refused_with_the_reason(asked, tmp_path):
    long = tmp_path / ("x" * 60)
    long.mkdir()
    (tmp_path / "file").touch()
    for unfit, why in ((long, f"{len(str(long))} bytes"), (tmp_path / "file", "no folder")):
        with pytest.raises(UnavailableError, match=f"RAY_TMPDIR=.*{why}"):
            asked(ray=unfit)


def test_a_disk_that_is_read_only_is_passed_over_and_refused_where_there_is_no_other(
    asked, short, monkeypatch
):
    with small_disk(Path(short) / "d") as disk:
        make_read_only(disk)
        assert asked(tmp=disk) == short
        monkeypatch.setattr(ray_folder, "_ELSEWHERE", (str(disk),))
        with pytest.raises(UnavailableError, match="cannot be written to; name one by RAY_TMPDIR"):
            asked()


def test_what_is_free_there_is_said(asked, short):
    asked()
    assert f"bytes are free in {short}" in room_in_ray_folder()
