"""The words that two texts share, against a slow search."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from analysis.page.shared_words import shared_words, split_words


def most_shared(mine, theirs):
    """How many words can be matched in order, by trying all."""

    @cache
    def best(i, j):
        if i == len(mine) or j == len(theirs):
            return 0
        same = best(i + 1, j + 1) + 1 if mine[i] == theirs[j] else 0
        return max(same, best(i + 1, j), best(i, j + 1))

    return best(0, 0)


def shared(runs):
    return [word for text, same in runs if same for word in text.split()]


@pytest.mark.parametrize("seed", range(40))
def test_as_many_words_are_shared_as_can_be_and_none_is_lost(seed):
    rng = np.random.default_rng(seed)
    mine, theirs = (list(rng.choice(list("abcd"), rng.integers(0, 12))) for _ in range(2))
    left, right = shared_words(mine, theirs)
    assert shared(left) == shared(right) and len(shared(left)) == most_shared(mine, theirs)
    for words, runs in ((mine, left), (theirs, right)):
        assert [word for text, _ in runs for word in text.split()] == words
        assert all(a[1] != b[1] for a, b in pairwise(runs))


def test_words_are_what_stands_between_spaces():
    assert split_words(" a\tb\u00a0 c\n") == ["a", "b", "c"] and split_words(" ") == []


def test_of_a_conversation_each_line_end_is_a_word():
    assert split_words("a  b\n\nc", lines=True) == ["a", "b", "\n", "\n", "c"]
