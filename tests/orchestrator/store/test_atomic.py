import pytest

from orchestrator.store import atomic
from orchestrator.store.atomic import StoreError, atomic_write


def test_a_file_replaces_the_one_before_and_leaves_no_draft(tmp_path):
    atomic_write(tmp_path / "rows" / "row.json", b"old")
    atomic_write(tmp_path / "rows" / "row.json", b"new")
    assert [path.read_bytes() for path in (tmp_path / "rows").iterdir()] == [b"new"]


def test_a_new_file_does_not_follow_a_link_out_of_its_folder(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(FileExistsError):
        atomic.write_new(tmp_path / "link", b"bytes")


def test_an_error_that_is_not_of_the_folder_is_passed_on_as_it_is(tmp_path):
    error = PermissionError(13, "denied", "/elsewhere")
    with pytest.raises(PermissionError) as caught, atomic.store_errors(tmp_path):
        raise error
    assert caught.value is error and not isinstance(error, StoreError)
