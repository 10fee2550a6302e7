"""What is said of the rows at both ends of a signal's scores is there for each, and short."""

import pytest

from trainables.signals import SIGNALS
from trainables.signals.ends import BY_LOT, ENDS, ends_of


def test_every_signal_says_why_rows_go_at_both_ends():
    assert set(ENDS) == set(SIGNALS)


@pytest.mark.parametrize("name", SIGNALS)
def test_words_of_an_end_are_few_and_tell_the_ends_apart(name):
    ends = ENDS[name]
    assert all(0 < len(words.split()) <= 9 for words in (ends.low, ends.high))
    assert (ends.low == ends.high) == (ends.low == BY_LOT)


def test_a_signal_of_ones_own_is_called_by_its_name():
    assert ends_of("mine:longest").low == "scored lowest by mine:longest"
