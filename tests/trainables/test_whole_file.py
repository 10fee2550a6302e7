import pytest

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
