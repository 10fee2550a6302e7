"""Numbers as they are written: a count and its noun agree."""

import pytest

from trainables.written_numbers import first_few, many


@pytest.mark.parametrize(
    ("count", "noun", "told"),
    [(0, "trial", "0 trials"), (1, "trial", "1 trial"), (2, "class", "2 classes"), (1000, "row", "1,000 rows")],
)  # fmt: skip
def test_a_count_and_its_noun_agree(count, noun, told):
    assert many(count, noun) == told


def test_a_noun_may_name_its_plural():
    assert (many(1, "entry", "entries"), many(2, "entry", "entries")) == ("1 entry", "2 entries")


@pytest.mark.parametrize(
    ("values", "told"),
    [([3], "3"), ([1, 2, 3, 4, 5], "1, 2, 3, 4, 5"), (range(2000), "0, 1, 2, 3, 4 and 1,995 more")],
)
def test_of_many_values_five_are_shown_and_the_others_counted(values, told):
    assert first_few(values) == told
