"""File systems with locks and without."""

import errno
import fcntl
import os

import pytest

from trainables.locks import take_lock


@pytest.fixture
def file(tmp_path):
    opened = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def test_a_lock_keeps_others_away_until_its_file_is_closed(file, tmp_path):
    other = os.open(tmp_path / "lock", os.O_RDWR)
    assert take_lock(other)
    with pytest.raises(BlockingIOError):
        take_lock(file)
    os.close(other)
    assert take_lock(file)


@pytest.mark.parametrize("name", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_told_from_one_whose_lock_is_taken(file, name, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", _raising(name))
    assert not take_lock(file)


def test_any_other_error_is_raised(file, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", _raising("EIO"))
    with pytest.raises(OSError, match="EIO"):
        take_lock(file)


def _raising(name):
    def flock(*_):
        raise OSError(getattr(errno, name), name)

    return flock
