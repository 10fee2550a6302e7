import errno

import pytest

from trainables.errors import UnavailableError
from trainables.whole_file import whole_file


def test_a_file_takes_the_place_of_an_older_one(tmp_path):
    (tmp_path / "a").write_text("old")
    with whole_file(tmp_path / "a") as draft:
        draft.write_text("new")
        assert (tmp_path / "a").read_text() == "old"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "new")]


def test_an_error_leaves_the_older_file_and_no_draft(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a") as draft:
        draft.write_text(str(1 / 0))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


@pytest.mark.parametrize("names_its_file", [True, False])
def test_a_full_disk_is_named_by_the_file_with_what_is_free(tmp_path, names_its_file):
    (tmp_path / "a").write_text("old")

    def fill(draft):
        draft.write_bytes(bytes(2000))
        raise OSError(errno.ENOSPC, "No space left", *([str(draft)] if names_its_file else []))

    told = r"no room to write .*/a: it needs more than 2,000 bytes, and [\d,]+ are free .* goes on"
    with pytest.raises(UnavailableError, match=told), whole_file(tmp_path / "a") as draft:
        fill(draft)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]
