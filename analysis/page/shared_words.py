"""Which words two texts share: the longest run of words, in order, that both have."""

import re
from collections.abc import Sequence

# Words and whether the other text has them, too.
Run = tuple[str, bool]
# Named one by one: what else counts as space is not the same in a browser.
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")


def split_words(text: str, *, lines: bool = False) -> list[str]:
    """The words of a text, as dropped.js splits them.

    Args:
        text: Any.
        lines: Whether its line ends are told: each is a word then.
    """
    parts = text.split("\n") if lines else [text]
    words = [[word for word in _SPACE.split(part) if word] for part in parts]
    return [word for i, line in enumerate(words) for word in (*["\n"] * (i > 0), *line)]


def shared_words(mine: Sequence[str], theirs: Sequence[str]) -> tuple[list[Run], list[Run]]:
    """Both texts in runs of words, each with whether the other has it; as dropped.js does it.

    Args:
        mine: Words of one text, n of them.
        theirs: Words of the other, m of them.

    Returns:
        The runs of each. Words are matched in order, as many as can be: n times m steps.
    """
    lengths = _lengths(mine, theirs)
    is_mine, is_theirs = [False] * len(mine), [False] * len(theirs)
    i = j = 0
    while i < len(mine) and j < len(theirs):
        if mine[i] == theirs[j]:
            is_mine[i] = is_theirs[j] = True
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return _runs(mine, is_mine), _runs(theirs, is_theirs)


def _lengths(mine: Sequence[str], theirs: Sequence[str]) -> list[list[int]]:
    """How many words can be matched from word i and word j on, shape (n + 1, m + 1)."""
    lengths = [[0] * (len(theirs) + 1) for _ in range(len(mine) + 1)]
    for i in range(len(mine) - 1, -1, -1):
        below, own = lengths[i + 1], lengths[i]
        for j in range(len(theirs) - 1, -1, -1):
            own[j] = below[j + 1] + 1 if mine[i] == theirs[j] else max(below[j], own[j + 1])
    return lengths


def _runs(words: Sequence[str], is_shared: Sequence[bool]) -> list[Run]:
    runs: list[Run] = []
    for word, shared in zip(words, is_shared, strict=True):
        if runs and runs[-1][1] == shared:
            runs[-1] = (f"{runs[-1][0]} {word}", shared)
        else:
            runs.append((word, shared))
    return runs
