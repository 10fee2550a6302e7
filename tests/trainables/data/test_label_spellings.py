import pytest

from trainables.data.label_spellings import Spelling, label_spellings


@pytest.mark.parametrize(
    ("one", "other", "by"),
    [
        ("neg", " neg ", ("outer space",)),
        ("neg", "neg\t", ("outer space",)),
        ("not sure", "not  sure", ("inner space",)),
        ("pos", "POS", ("case",)),
        ("stra\u00dfe", "STRASSE", ("case",)),
        ("caf\u00e9", "cafe\u0301", ("Unicode form",)),
        ("a\u00a0b", "a b", ("Unicode form",)),
        ("\ufb01ne", "fine", ("Unicode form",)),
        ("caf\u00e9", "CAFE\u0301", ("Unicode form", "case")),
        ("\uff21\uff22 ", "ab", ("Unicode form", "case", "outer space")),
    ],
)
def test_names_that_may_be_one_are_told_with_all_that_they_differ_by(one, other, by):
    assert label_spellings(["x", one, other]) == (Spelling(names=(one, other), differ_by=by),)


@pytest.mark.parametrize(
    "names", [("a", "b"), ("na\u00efve", "naive"), ("a b", "ab"), ("1", "1.0"), ("I", "\u0131")]
)
def test_names_of_other_letters_are_not(names):
    assert label_spellings(names) == ()


def test_more_than_two_spellings_are_one_group():
    (found,) = label_spellings(["neg", " neg", "Neg", "pos"])
    assert found == Spelling(names=("neg", " neg", "Neg"), differ_by=("case", "outer space"))
