import pytest

from orchestrator.store import atomic
from orchestrator.store.atomic import StoreError, atomic_write

RECORD = {"key": "a" * 64, "about": {"rate": 0.1, "classes": ["neg", "pos", "ä"]}, "size": 1234}


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


def test_a_sealed_record_is_unsealed_as_it_was():
    assert atomic.unseal(atomic.seal(RECORD)) == RECORD


def test_no_flipped_bit_of_a_sealed_record_gives_another_one():
    data = atomic.seal(RECORD)
    flipped = (
        data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        for at in range(len(data))
        for bit in range(8)
    )
    assert all(atomic.unseal(each) in (None, RECORD) for each in flipped)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"check": 1}'])
def test_what_was_never_sealed_is_not_unsealed(data):
    assert atomic.unseal(data) is None
