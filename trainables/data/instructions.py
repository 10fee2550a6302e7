"""Instructions and answers that the package makes, so that what is found in them can be checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trainables.data import instruction_words as words
from trainables.data.dataset import Dataset, Split
from trainables.data.instruction_tasks import TASK_FAMILIES, Item, Posed
from trainables.data.messages import ANSWERS, conversation
from trainables.data.planting import Plants, copies_truth, labels_by_share, text_column, zipf
from trainables.errors import UsageError

PLANTED_ANSWERS = Plants(imbalance=1, duplicates=0.3, exact=0.4, wrong=0.06)
# Shares of the conversations that begin with a system turn, and that have a second question.
WITH_SYSTEM, WITH_SECOND = 0.2, 0.12
# One conversation in so many is copied, some of them again and again.
COPIED = 12
# So many different tasks are found by drawing; of many more some families have no more.
MOST_ROWS = 10_000


@dataclass(frozen=True, kw_only=True)
class _Round:
    """A question as it is put: opening, one of the ways to ask, closing."""

    posed: Posed
    way: int
    opening: str
    closing: str

    @property
    def asked(self) -> str:
        told = (self.opening, self.posed.asks[self.way], self.closing)
        return " ".join(part for part in told if part)


@dataclass(frozen=True, kw_only=True)
class _Conversation:
    """Rounds, and before them a system turn or none."""

    system: str
    rounds: tuple[_Round, ...]

    def written(self, *, is_wrong: bool) -> str:
        turns = [{"role": "system", "content": self.system}] if self.system else []
        for one in self.rounds:
            answer = one.posed.wrong if is_wrong else one.posed.right
            told = answer.alone if self.system else answer.sentence
            turns.append({"role": "user", "content": one.asked})
            turns.append({"role": ANSWERS, "content": told})
        return conversation(turns)


def instructions(
    *, n_train: int = 2400, n_test: int = 1000, seed: int = 0, plants: Plants = PLANTED_ANSWERS
) -> Dataset:
    """Conversations of seven kinds of small tasks, with planted copies and wrong answers.

    Near copies ask for the same in other words and have the same answer. In a row with wrong
    answers none is right, and each is of the kind of the right one; such a row is no copy and has
    none. What a test row asks for, no other row asks for, in whatever words; test rows have no
    copies and no wrong answers.

    Args:
        n_train: Training rows.
        n_test: Test rows.
        seed: Decides everything; equal seeds give equal data.
        plants: What is planted; there are no classes, so `imbalance` is not read.

    Returns:
        A data set of conversations without classes, whose `truth` has, for each training row,
        `duplicate_of` (the row it copies, or -1), `group` (the lowest row of its group of copies,
        or itself) and `is_wrong`.

    Raises:
        UsageError: If there are too many rows, or too few for what is planted.
    """
    copies, wrong = int(plants.duplicates * n_train), int(plants.wrong * n_train)
    originals = n_train - copies
    _check(n_train, n_test, originals, wrong)
    rng = np.random.default_rng([seed, 0x15F7])
    known: set[tuple[object, ...]] = set()
    made = _new(rng, originals, known)
    often = rng.permutation(originals)[: -(-originals // COPIED)]
    sources = often[zipf(len(often), rng, copies, power=0.8)]
    made += [_again(rng, made[source], plants.exact) for source in sources]
    order = rng.permutation(n_train)
    truth = copies_truth(order, sources)
    alone = np.flatnonzero(np.bincount(truth["group"], minlength=n_train)[truth["group"]] == 1)
    is_wrong = np.zeros(n_train, dtype=bool)
    is_wrong[rng.permutation(alone)[:wrong]] = True
    told = [made[row].written(is_wrong=bool(is_wrong[at])) for at, row in enumerate(order)]
    tests = [one.written(is_wrong=False) for one in _new(rng, n_test, known)]
    return Dataset(
        name="instructions",
        kind="messages",
        class_names=(),
        train=_split(told, 0),
        test=_split(tests, n_train),
        truth={**truth, "is_wrong": is_wrong},
        notes=(
            f"the package made these conversations (seed {seed}): of {n_train:,} training rows "
            f"{copies:,} copy another one, word for word or asked in other words, and {wrong:,} have "
            "a wrong answer",
        ),
    )


def _check(n_train: int, n_test: int, originals: int, wrong: int) -> None:
    if n_train + n_test > MOST_ROWS:
        raise UsageError(
            f"n_train {n_train}, n_test {n_test}; there are different tasks for {MOST_ROWS:,} rows "
            "of both; give fewer"
        )
    if min(originals - -(-originals // COPIED) - wrong, n_test) < 1:
        raise UsageError(
            f"n_train {n_train} with {originals} rows that copy no other and {wrong} wrong answers, "
            f"n_test {n_test}; give more rows"
        )


def _split(texts: list[str], start: int) -> Split:
    ids = [f"C-{row:05d}" for row in range(start, start + len(texts))]
    return Split(
        inputs=text_column(texts),
        labels=np.zeros(len(texts), dtype=np.int64),
        ids=np.array(ids, dtype=object),
    )


def _new(
    rng: np.random.Generator, count: int, known: set[tuple[object, ...]]
) -> list[_Conversation]:
    """Conversations that ask for what none before them asks for."""
    families = tuple(TASK_FAMILIES.values())
    shares = np.array([family.share for family in families])
    made = []
    for kind in labels_by_share(shares, count, rng):
        system = _one(rng, words.SYSTEMS) if rng.random() < WITH_SYSTEM else ""
        rounds = [_round(rng, _unknown(rng, int(kind), known), words.OPENINGS)]
        if rng.random() < WITH_SECOND:
            rounds.append(_round(rng, _unknown(rng, int(kind), known), words.NEXT))
        made.append(_Conversation(system=system, rounds=tuple(rounds)))
    return made


def _unknown(rng: np.random.Generator, kind: int, known: set[tuple[object, ...]]) -> Posed:
    draw = tuple(TASK_FAMILIES.values())[kind].draw
    while (posed := draw(rng)).content in known:
        pass
    known.add(posed.content)
    return posed


def _round(rng: np.random.Generator, posed: Posed, openings: tuple[str, ...]) -> _Round:
    return _Round(
        posed=posed,
        way=int(rng.integers(len(posed.asks))),
        opening=_one(rng, openings),
        closing=_one(rng, words.CLOSINGS),
    )


def _again(rng: np.random.Generator, one: _Conversation, exact: float) -> _Conversation:
    """The same conversation, word for word or with its first question asked in other words."""
    if rng.random() < exact:
        return one
    first, *rest = one.rounds
    others = [way for way in range(len(first.posed.asks)) if way != first.way]
    other = _one(rng, others)
    return replace(one, rounds=(replace(first, way=other), *rest))


def _one(rng: np.random.Generator, among: Sequence[Item]) -> Item:
    return among[int(rng.integers(len(among)))]
